/* What each player adds to the LINEAR tensors, which players are live, and everybody's
 * sum.
 *
 * A difference of a TWO tensor is nonzero on the player's own channels only, so the
 * product that reads it needs only those rows of its weights: all n differences
 * together cost about one ordinary convolution. They stand in a window of places, of
 * which each player that was computed last has one. A batch shares the rows of weights,
 * which come from far away.
 *
 * A player is live on a block if keeping it changes the frontier at all. A silent one
 * (after a ReLU there are many when a block is one image) has marginals that are
 * exactly zero and takes part in no step. */
#ifndef NEURANK_GAME_FILTER_DELTAS_H
#define NEURANK_GAME_FILTER_DELTAS_H

#include "states.h"

typedef struct {
    const nr_board *board;
    const nr_cursor *cursor;
    const nr_states *states;
    /* of the batch: [batch, ...] images from here to `exec` */
    float **full;       /* [graph size] where full_is_sum, of LINEAR: [batch, size] */
    float **difference; /* [graph size] kept - ablated of TWO tensors: [batch, size] or
                           NULL */
    float **sparse; /* [graph size] the same, one row a player: [window, batch, size] */
    float **entry;  /* [graph size] LINEAR products of TWO tensors, likewise */
    nr_exec *exec;  /* the other LINEAR tensors, linear parts only */
    const float **added; /* [n_frontier] of LINEAR: [window, batch, size]; nr_delta */
    uint32_t *place;     /* [n] in the window */
    /* where `scaled`, by player */
    const float **weight; /* [n] row of the dense layer's weights */
    uint32_t *channel;    /* [n] its input */
    bool *nonzero;        /* [n] is there a weight in it? */
    /* of the batch */
    bool *all_live;    /* [batch_blocks, n] */
    bool *candidates;  /* [n] */
    uint32_t *scratch; /* [n] */
    /* of the open block */
    const bool *live; /* [n] */
    size_t n_live;
    uint32_t *players; /* [n_live] live ones, ascending */
    bool formed;       /* their differences stand in the window */
} nr_deltas;

nr_status nr_deltas_new(const nr_board *board, const nr_cursor *cursor,
                        const nr_states *states, nr_deltas **out);
void nr_deltas_free(nr_deltas *deltas);
size_t nr_deltas_bytes(const nr_deltas *deltas);

/* Finds the live players of the open batch; leaves their differences in the window if
 * all fit and are not `scaled`. */
void nr_deltas_open(nr_deltas *deltas);
/* Turns to the open block. */
void nr_deltas_block(nr_deltas *deltas);
/* Makes the live players' differences stand in the window, where all fit. */
void nr_deltas_form(nr_deltas *deltas);
/* Puts the differences of these players into the window's places 0, 1, ... */
void nr_deltas_compute(nr_deltas *deltas, const uint32_t *players, size_t count);

/* LINEAR or TWO tensor of the frontier when nobody or everybody is kept: [batch, size].
 */
const float *nr_deltas_end(const nr_deltas *deltas, uint32_t node, nr_end end);

/* What the player adds to a LINEAR tensor of the frontier on the open block: [T, size].
 */
static inline const float *nr_delta(const nr_deltas *deltas, size_t f,
                                    uint32_t player) {
    size_t row =
        deltas->place[player] * deltas->cursor->batch_images + deltas->cursor->row;
    return deltas->added[f] + row * deltas->board->frontier[f].size;
}

#endif
