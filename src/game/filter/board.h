/* What the filter game is played on: fixed before anything is computed.
 *
 * All later stages read it. It decides what is held at a time (window, batch) and which
 * short cuts the network allows (full_is_sum, dense, scaled). */
#ifndef NEURANK_GAME_FILTER_BOARD_H
#define NEURANK_GAME_FILTER_BOARD_H

#include "neurank/game/filter_spec.h"
#include "neurank/nn/exec.h"

typedef enum { NR_EMPTY, NR_FULL } nr_end; /* nobody, everybody kept */

/* One tensor of the frontier. */
typedef struct {
    uint32_t node;
    nr_part part;
    size_t size; /* floats a row */
    /* A ReLU or Clip that alone reads a LINEAR tensor is done while rows are written.
     */
    bool clamp;
    float low, high;
    uint32_t row_node; /* whose tensor the suffix reads: node, or that ReLU */
} nr_front;

typedef struct {
    nr_filter_spec spec; /* memory_bytes is not 0 */
    nr_cut *cut;
    nr_packs *packs;               /* shared by all executions */
    size_t n, classes, rows_block; /* players; classes; T: images of a block */
    nr_front *frontier;
    size_t n_frontier;
    bool full_is_sum; /* every LINEAR node is an entry: everybody's is nobody's + D_i */
    /* The suffix is a clamp or nothing and this dense layer; NULL: it is longer. */
    const nr_node *dense;
    size_t dense_floats; /* of its packed weights */
    /* Every player is one input of the dense layer in front of the clamp, too: what it
     * adds is a row of that layer's weights times its value, and is not formed. */
    bool scaled;
    size_t player_floats; /* of differences, for each image */
    size_t window;        /* players whose differences are held at a time */
    size_t together;      /* players of one product: whole groups make a window */
    bool all_fit;         /* window holds every player */
    size_t batch_blocks;  /* most blocks whose states and differences are held */
} nr_board;

/* spec: its parts are borrowed. */
nr_status nr_board_new(const nr_filter_spec *spec, nr_board **out);
void nr_board_free(nr_board *board);

static inline const nr_node *nr_board_node(const nr_board *board, uint32_t node) {
    return nr_graph_node(board->spec.graph, node);
}

/* Floats of the node's tensor, a row. */
static inline size_t nr_board_size(const nr_board *board, uint32_t node) {
    return nr_shape_size(nr_board_node(board, node)->shape);
}

/* LINEAR products of TWO tensors: what one player adds takes few rows of weights. */
bool nr_board_is_entry(const nr_board *board, uint32_t node);

/* Nodes of the part that a later part reads, *out owned by the caller. */
nr_status nr_board_leaving(const nr_board *board, nr_part part, uint32_t **out,
                           size_t *n);
/* An execution of the part that keeps these nodes. */
nr_status nr_board_exec(const nr_board *board, nr_part part, const uint32_t *keep,
                        size_t n_keep, size_t rows, nr_exec **out);

#endif
