/* The filter game's state for one block, in the order in which it is computed.
 *
 *   prefix   CONST tensors and the layer, for a group of blocks at once
 *   two      both states of the TWO tensors
 *   ends     LINEAR tensors with everybody ablated and with everybody kept
 *   deltas   what each live player adds to the LINEAR tensors of the frontier
 *   walk     frontier rows of prefixes and complements -> suffix -> values
 *
 * A player is live on a block if keeping it changes the frontier at all. A silent one
 * (after a ReLU there are many when a block is one image) has marginals that are
 * exactly zero and takes part in no step. */
#ifndef NEURANK_GAME_FILTER_PRIVATE_H
#define NEURANK_GAME_FILTER_PRIVATE_H

#include "neurank/game/filter.h"
#include "neurank/nn/exec.h"

typedef enum { NR_EMPTY, NR_FULL } nr_end; /* nobody, everybody kept */

/* One tensor of the frontier. */
typedef struct {
    uint32_t node;
    nr_part part;
    size_t size;         /* floats a row */
    const float *end[2]; /* [T, size] by nr_end, of the open block */
    const float *delta;  /* LINEAR: [window, T, size] */
    float *current;      /* [2, T, size] the walk's prefix and its complement */
    float *rows;         /* [chunk, T, size] input of the suffix */
} nr_frontier;

typedef struct {
    nr_filter_spec spec;
    nr_cut *cut;
    size_t n, classes, rows_block; /* players; classes; T */
    /* prefix */
    nr_exec *prefix;
    float *input; /* [group * T, h, w, c] */
    uint64_t group_first, group_count;
    /* two */
    float *layer_ablated; /* [T, layer] */
    nr_exec *two[2];
    /* ends */
    nr_exec *linear[2];
    /* deltas */
    float *
        *difference; /* [graph size] kept - ablated of TWO tensors: [T, size] or NULL */
    float **sparse;  /* [graph size] the same, one row a player: [window, T, size] */
    float **entry;  /* [graph size] LINEAR products of TWO tensors: [window, T, size] */
    nr_exec *delta; /* the other LINEAR tensors, linear parts only */
    size_t window;  /* players whose differences are held at a time */
    bool all_fit;   /* window holds every player */
    bool *live;     /* [n] */
    size_t n_live;
    uint32_t *slot; /* [n] place in the window */
    /* walk */
    nr_frontier *frontier;
    size_t n_frontier;
    nr_exec *suffix; /* NULL: the frontier is the output */
    size_t chunk;    /* coalitions of a batch */
    uint32_t *order; /* [n] live players of the walk */
    float *members;  /* [chunk, window] who is kept, for products */
    uint32_t *row_labels;
    double *row_values;
    int64_t *prefix_value, *complement_value; /* [n + 1] by size of the prefix */
    /* the open block */
    uint64_t block;
    size_t images; /* of it */
    size_t first_image;
    nr_block_ends ends;
} nr_filter;

/* prefix, two, ends */
nr_status nr_filter_states_new(nr_filter *game);
void nr_filter_states_open(nr_filter *game);
void nr_filter_states_free(nr_filter *game);
/* Tensor `node` of the open block when nobody or everybody is kept: [T, size]. */
const float *nr_filter_state(const nr_filter *game, uint32_t node, nr_end end);

/* deltas */
nr_status nr_filter_deltas_new(nr_filter *game);
void nr_filter_deltas_free(nr_filter *game);
/* Finds the live players; leaves their differences in the window if all fit. */
void nr_filter_deltas_open(nr_filter *game);
/* Puts the differences of these players into the window's places 0, 1, ... */
void nr_filter_deltas_compute(nr_filter *game, const uint32_t *players, size_t count);

/* walk */
nr_status nr_filter_walk_new(nr_filter *game);
void nr_filter_walk_free(nr_filter *game);
nr_status nr_filter_walk_ends(nr_filter *game);
nr_status nr_filter_walk_pair(nr_filter *game, const uint32_t *permutation,
                              int64_t *forward, int64_t *reverse,
                              uint64_t *coalition_images);

/* Runs the suffix on `count` (at most `chunk`) coalitions whose frontier rows stand in
 * `rows`, and sums each one's values over the block's images. False: coalition *bad has
 * no usable value but *bad_value. */
bool nr_filter_evaluate(nr_filter *game, size_t count, int64_t *values, size_t *bad,
                        double *bad_value);
/* Reports that value; which: "a walk's prefix of 3 players", say. */
nr_status nr_filter_not_usable(const nr_filter *game, double value, const char *which);

/* coalitions */
nr_status nr_filter_gray(nr_filter *game, uint64_t first, size_t count,
                         int64_t *values);
nr_status nr_filter_values(nr_filter *game, size_t count, const uint8_t *kept,
                           int64_t *values);

#endif
