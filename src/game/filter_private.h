/* The filter game's state, in the order in which it is computed.
 *
 *   prefix   CONST tensors and the layer, for a group of blocks at once
 *   two      both states of the TWO tensors, for a batch of blocks, a part of the group
 *   ends     LINEAR tensors with everybody ablated and with everybody kept, likewise
 *   deltas   what each live player adds to the LINEAR tensors of the frontier; a batch
 *            shares the rows of weights that have come from far away
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
    const float *delta;  /* LINEAR: [window, batch, size]; nr_filter_delta */
    float *current;      /* [2, T, size] the walk's prefix and its complement */
    float *rows;         /* [chunk, T, size] input of the suffix */
    /* A ReLU or Clip that alone reads a LINEAR tensor is done while rows are written.
     */
    bool clamp;
    float low, high;
    uint32_t row_node; /* whose tensor the rows are: node, or that ReLU */
} nr_frontier;

typedef struct nr_prefix_cache nr_prefix_cache;

/* A suffix of a clamp and a dense layer is computed step by step (filter_tail.c). */
typedef struct {
    bool fits;
    float low, high;
    size_t base;          /* the class whose logit is zero */
    float *bias;          /* [classes - 1] relative to the base */
    float *packed;        /* weights, likewise */
    float *ends;          /* [T, size] everybody's sum plus nobody's */
    float *logits;        /* [chunk, classes], the base's column zero */
    const float **deltas; /* [chunk] */
    float *scales;        /* [chunk] */
    /* Every player is one input of the dense layer in front of the clamp: what it adds
     * is a row of that layer's weights times its value, and is not formed. */
    bool scaled;
    const float **weight; /* [n] that row */
    uint32_t *channel;    /* [n] and that input */
    bool *nonzero;        /* [n] is there a weight in it? */
} nr_tail;

typedef struct {
    nr_filter_spec spec;
    nr_cut *cut;
    nr_packs *packs;
    size_t n, classes, rows_block; /* players; classes; T */
    /* prefix */
    nr_exec *prefix;
    uint32_t *prefix_nodes;         /* whose tensors are read later */
    float *input;                   /* [group * T, h, w, c] */
    uint64_t computed, input_group; /* group + 1 that `prefix`, `input` hold */
    uint64_t group_first;           /* first block of the open one */
    nr_prefix_cache *cache;
    /* batch */
    uint64_t batch_first, batch_end; /* its blocks; empty: none is open */
    size_t batch_blocks;             /* at most */
    size_t batch_images;             /* in it */
    size_t row;                      /* first image of the open block in it */
    /* two: [batch, ...] images from here to `delta` */
    float *layer_ablated;   /* [batch, layer] */
    bool empty_is_constant; /* nobody's state is the same for every block */
    size_t empty_images;    /* of the batch that layer_ablated is of */
    nr_exec *two[2];
    /* ends */
    nr_exec *linear[2];
    bool full_is_sum; /* every LINEAR node is an entry: everybody's is nobody's + D_i */
    float **full;     /* [graph size] then; [batch, size] */
    /* deltas */
    float **difference; /* [graph size] kept - ablated of TWO tensors: [batch, size] or
                           NULL */
    float **sparse; /* [graph size] the same, one row a player: [window, batch, size] */
    float *
        *entry; /* [graph size] LINEAR products of TWO tensors: [window, batch, size] */
    nr_exec *delta;     /* the other LINEAR tensors, linear parts only */
    size_t window;      /* players whose differences are held at a time */
    size_t together;    /* players of one product: whole groups make a window */
    bool all_fit;       /* window holds every player */
    bool *all_live;     /* [batch_blocks, n] */
    size_t *all_n_live; /* [batch_blocks] */
    bool *candidates;   /* [n] */
    const bool *live;   /* [n] of the open block */
    size_t n_live;      /* of it */
    bool formed;        /* the live players' differences stand in the window */
    uint32_t *slot;     /* [n] place in the window */
    /* walk */
    nr_frontier *frontier;
    size_t n_frontier;
    nr_exec *suffix;
    nr_tail tail;
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

/* What the player adds to a LINEAR tensor of the open block: [T, size]. */
static inline const float *nr_filter_delta(const nr_filter *game,
                                           const nr_frontier *front, uint32_t player) {
    size_t row = game->slot[player] * game->batch_images + game->row;
    return front->delta + row * front->size;
}

/* prefix: keep [n_keep] nodes whose tensors are read later */
nr_status nr_filter_prefix_new(nr_filter *game, const uint32_t *keep, size_t n_keep);
/* Keeps prefixes from now on, in at most so many bytes. */
nr_status nr_filter_prefix_keep(nr_filter *game, size_t bytes_max);
void nr_filter_prefix_open(nr_filter *game);
void nr_filter_prefix_free(nr_filter *game);
const float *nr_filter_prefix_tensor(const nr_filter *game, uint32_t node);

/* two, ends; batch_blocks is set */
nr_status nr_filter_states_new(nr_filter *game);
void nr_filter_states_open(nr_filter *game);
void nr_filter_states_free(nr_filter *game);
/* Tensor `node` of the batch when nobody or everybody is kept: [batch, size]. */
const float *nr_filter_state(const nr_filter *game, uint32_t node, nr_end end);

/* deltas */
nr_status nr_filter_deltas_new(nr_filter *game);
size_t nr_filter_deltas_bytes(const nr_filter *game);
void nr_filter_deltas_free(nr_filter *game);
/* Finds the live players of the batch; leaves their differences in the window if all
 * fit. */
void nr_filter_deltas_open(nr_filter *game);
/* Turns to the open block. */
void nr_filter_deltas_block(nr_filter *game);
/* Makes them stand there, where all fit. */
void nr_filter_deltas_form(nr_filter *game);
/* Puts the differences of these players into the window's places 0, 1, ... */
void nr_filter_deltas_compute(nr_filter *game, const uint32_t *players, size_t count);

/* walk */
nr_status nr_filter_walk_new(nr_filter *game);
size_t nr_filter_walk_bytes(const nr_filter *game);
void nr_filter_walk_free(nr_filter *game);
nr_status nr_filter_walk_ends(nr_filter *game);
nr_status nr_filter_walk_pair(nr_filter *game, const uint32_t *order, size_t n,
                              int64_t *forward, int64_t *reverse,
                              uint64_t *coalition_images);

/* Row from [n], a sum over players, as the suffix reads it. */
void nr_filter_put_row(const nr_frontier *front, const float *from, size_t n,
                       float *to);
/* The same for steps first .. first + count - 1 of the walk, without rows. */
nr_status nr_filter_tail_new(nr_filter *game);
void nr_filter_tail_free(nr_filter *game);
void nr_filter_tail_start(nr_filter *game);
bool nr_filter_tail_steps(nr_filter *game, size_t first, size_t count, int64_t *values,
                          size_t *bad, double *bad_value);

/* Runs the suffix on `count` (at most `chunk`) coalitions whose frontier rows stand in
 * `rows`, and sums each one's values over the block's images. False: coalition *bad has
 * no usable value but *bad_value. */
bool nr_filter_evaluate(nr_filter *game, size_t count, int64_t *values, size_t *bad,
                        double *bad_value);
/* Adds the scores of logits [rows, classes] to their coalitions' values: row r is
 * coalition r / images on the image with label labels[r % images]. False as above. */
bool nr_filter_add_scores(nr_filter *game, const float *logits, size_t rows,
                          size_t images, const uint32_t *labels, int64_t *values,
                          size_t *bad, double *bad_value);
/* ---- filter_report.c: NR_ERR_UNIT, after a line with all that repeats the value ----
 */

/* All filters are kept, or none. */
nr_status nr_filter_report_end(const nr_filter *game, double value, bool full);
/* The first `size` of the walk under way, or all but those. */
nr_status nr_filter_report_walk(const nr_filter *game, double value, size_t size,
                                bool complement);
/* kept [n_players] */
nr_status nr_filter_report_coalition(const nr_filter *game, double value,
                                     const uint8_t *kept);

/* coalitions */
nr_status nr_filter_gray(nr_filter *game, uint64_t first, size_t count,
                         int64_t *values);
nr_status nr_filter_values(nr_filter *game, size_t count, const uint8_t *kept,
                           int64_t *values);

#endif
