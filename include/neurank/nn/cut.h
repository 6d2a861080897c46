/* A graph as the players of one layer see it.
 *
 *   CONST   does not depend on the coalition            once per block
 *   TWO     channel by channel kept or ablated          both states, once per block
 *   LINEAR  base + sum over kept players of D_i         n + 2 rows, once per block
 *   MIXED   everything else (the suffix)                once per coalition
 *
 *            layer
 *   CONST --> TWO -- relu, pool, bn, depthwise --> TWO -- conv, dense --> LINEAR
 *     |        ^                                    |                       |
 *     +--------+-- add, mul, concat ----------------+----> add, affine -----+--> relu:
 * MIXED
 *
 * The frontier is the TWO and LINEAR tensors that MIXED operators (or the score) read:
 * what a coalition has to form before the suffix runs.
 *
 * A channel of a TWO tensor belongs to one player or to none. It is `absent` while the
 * ablation `remove` holds and nothing has been added to it: physically pruned channels
 * read as zero through every channel-wise operator, whatever that makes of a zero.
 *
 * Nothing changes after nr_cut_new; what the functions return is the cut's and lives as
 * long. */
#ifndef NEURANK_NN_CUT_H
#define NEURANK_NN_CUT_H

#include "neurank/nn/ablation.h"
#include "neurank/nn/graph.h"

typedef enum { NR_PART_CONST, NR_PART_TWO, NR_PART_LINEAR, NR_PART_MIXED } nr_part;

#define NR_NO_PLAYER UINT32_MAX

typedef struct {
    const uint32_t *nodes; /* ascending */
    size_t n;
} nr_node_list;

typedef struct nr_cut nr_cut;

/* filters [n_players] ascending channels of the layer that are players, copied; the
 * others are always kept. layer: a convolution or dense node. The graph is borrowed for
 * the life of the cut. NR_ERR_INTERNAL: no memory. */
nr_status nr_cut_new(const nr_graph *graph, uint32_t layer, nr_ablation ablation,
                     const uint32_t *filters, size_t n_players, nr_cut **out);
void nr_cut_free(nr_cut *cut);

/* graph, layer, players (how many): as nr_cut_new had them. part: of a node; the layer
 * itself is TWO. */
const nr_graph *nr_cut_graph(const nr_cut *cut);
uint32_t nr_cut_layer(const nr_cut *cut);
size_t nr_cut_players(const nr_cut *cut);
nr_part nr_cut_part(const nr_cut *cut, uint32_t node);

/* Nodes to run, in order. CONST includes the layer itself (its kept state) and not the
 * network's input; TWO starts behind the layer. */
nr_node_list nr_cut_nodes(const nr_cut *cut, nr_part part);

/* TWO and LINEAR nodes that MIXED ones or the score read. */
nr_node_list nr_cut_frontier(const nr_cut *cut);

/* TWO nodes that something else than TWO reads (or the score). */
nr_node_list nr_cut_two_ends(const nr_cut *cut);

/* Does a node of another part than this one's (but the layer), or the score, read
 * it? */
bool nr_cut_leaves_part(const nr_cut *cut, uint32_t node);

/* Is the only LINEAR tensor a dense layer's, of which every player is one input? Then
 * what a player adds is a row of that layer's weights times the input's difference. */
bool nr_cut_is_scaled(const nr_cut *cut);

/* Of each channel [c] of a TWO node: its player or NR_NO_PLAYER; is it absent? NULL for
 * nodes of other parts. */
const uint32_t *nr_cut_players_of(const nr_cut *cut, uint32_t node);
const bool *nr_cut_absent(const nr_cut *cut, uint32_t node);

/* Channels [n] of a TWO node that belong to a player, ascending. */
const uint32_t *nr_cut_channels(const nr_cut *cut, uint32_t node, uint32_t player,
                                size_t *n);

#endif
