#include "board.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"

/* Differences of all players are held together in up to this part of the memory. */
enum { WINDOW_PART = 4 };
/* Blocks of a batch: together they should stay in the second-level cache. */
enum { BATCH_BYTES = 1 << 19, BATCH_BLOCKS_MAX = 8 };

bool nr_board_is_entry(const nr_board *board, uint32_t node) {
    const nr_node *n = nr_board_node(board, node);
    return nr_cut_part(board->cut, node) == NR_PART_LINEAR &&
           (n->op == NR_OP_CONV || n->op == NR_OP_DENSE) &&
           nr_cut_part(board->cut, nr_graph_input_of(board->spec.graph, node, 0)) ==
               NR_PART_TWO;
}

/* ---- executions of a part ---- */

nr_status nr_board_leaving(const nr_board *board, nr_part part, uint32_t **out,
                           size_t *n) {
    nr_node_list list = nr_cut_nodes(board->cut, part);
    uint32_t *keep;
    if (!NR_NEW(keep, list.n)) return NR_ERR_INTERNAL;
    *n = 0;
    for (size_t i = 0; i < list.n; i++)
        if (nr_cut_leaves_part(board->cut, list.nodes[i]) ||
            list.nodes[i] == board->spec.layer)
            keep[(*n)++] = list.nodes[i];
    *out = keep;
    return NR_OK;
}

nr_status nr_board_exec(const nr_board *board, nr_part part, const uint32_t *keep,
                        size_t n_keep, size_t rows, nr_exec **out) {
    nr_node_list list = nr_cut_nodes(board->cut, part);
    nr_exec_spec spec = {.graph = board->spec.graph,
                         .kernels = board->spec.kernels,
                         .nodes = list.nodes,
                         .n_nodes = list.n,
                         .keep = keep,
                         .n_keep = n_keep,
                         .packs = board->packs,
                         .rows_max = rows};
    return nr_exec_new(&spec, out);
}

/* ---- the frontier ---- */

/* The node of the suffix that alone reads `node`, or NULL. */
static const nr_node *only_reader(const nr_board *board, uint32_t node, uint32_t *out) {
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_MIXED);
    size_t readers = node == nr_graph_output(board->spec.graph);
    for (size_t i = 0; i < list.n; i++)
        for (uint32_t k = 0; k < nr_board_node(board, list.nodes[i])->n_inputs; k++)
            if (nr_graph_input_of(board->spec.graph, list.nodes[i], k) == node) {
                readers++;
                *out = list.nodes[i];
            }
    return readers == 1 && *out != node ? nr_board_node(board, *out) : NULL;
}

static void find_clamp(const nr_board *board, nr_front *front) {
    uint32_t reader = front->node;
    const nr_node *n = only_reader(board, front->node, &reader);
    front->row_node = front->node;
    if (board->spec.kernels->plain || front->part != NR_PART_LINEAR || !n) return;
    if (n->op != NR_OP_RELU && n->op != NR_OP_CLIP) return;
    front->clamp = true;
    front->low = n->op == NR_OP_RELU ? 0 : n->low;
    front->high = n->op == NR_OP_RELU ? INFINITY : n->high;
    front->row_node = reader;
}

static nr_status find_frontier(nr_board *board) {
    nr_node_list list = nr_cut_frontier(board->cut);
    if (!NR_NEW(board->frontier, list.n)) return NR_ERR_INTERNAL;
    board->n_frontier = list.n;
    for (size_t f = 0; f < list.n; f++) {
        nr_front *front = &board->frontier[f];
        front->node = list.nodes[f];
        front->part = nr_cut_part(board->cut, front->node);
        front->size = nr_board_size(board, front->node);
        find_clamp(board, front);
    }
    return NR_OK;
}

/* ---- short cuts ---- */

static bool is_full_sum(const nr_board *board) {
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_LINEAR);
    for (size_t i = 0; i < list.n; i++)
        if (!nr_board_is_entry(board, list.nodes[i])) return false;
    return !board->spec.kernels->plain;
}

/* The suffix from the frontier's rows on: views, then a dense layer that is the output.
 * NULL: it is something else. */
static const nr_node *find_dense(const nr_board *board) {
    const nr_graph *graph = board->spec.graph;
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_MIXED);
    size_t n_nodes = list.n - board->frontier[0].clamp, seen = 0;
    uint32_t at = board->frontier[0].row_node;
    for (size_t i = 0; i < list.n; i++) {
        const nr_node *n = nr_graph_node(graph, list.nodes[i]);
        if (list.nodes[i] == at) continue;
        if (n->n_inputs != 1 || nr_graph_input_of(graph, list.nodes[i], 0) != at)
            return NULL;
        at = list.nodes[i];
        seen++;
        if (n->op == NR_OP_DENSE)
            return at == nr_graph_output(graph) && seen == n_nodes ? n : NULL;
        if (n->op != NR_OP_RESHAPE || !nr_reshape_is_view(graph, at)) return NULL;
    }
    return NULL;
}

/* One LINEAR tensor in front of a dense layer for which there is a kernel. */
static void find_short_suffix(nr_board *board) {
    const nr_kernels *kernels = board->spec.kernels;
    if (board->n_frontier != 1 || board->frontier[0].part != NR_PART_LINEAR ||
        !kernels->walk_packed)
        return;
    const nr_node *dense = find_dense(board);
    if (!dense) return;
    board->dense_floats =
        kernels->walk_packed(kernels, board->frontier[0].size, board->classes - 1);
    if (board->dense_floats) board->dense = dense;
}

/* ---- what is held at a time ---- */

/* Floats a player takes in the window. */
static size_t floats_per_player(const nr_board *board) {
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_LINEAR);
    size_t floats = 0;
    for (size_t i = 0; i < list.n; i++) {
        floats = nr_size_add(floats, nr_board_size(board, list.nodes[i]));
        if (nr_board_is_entry(board, list.nodes[i])) continue;
        for (uint32_t k = 0; k < nr_board_node(board, list.nodes[i])->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(board->spec.graph, list.nodes[i], k);
            if (nr_cut_part(board->cut, input) == NR_PART_TWO)
                floats = nr_size_add(floats, nr_board_size(board, input));
        }
    }
    return nr_size_mul(floats, board->rows_block);
}

/* How many players' differences, of how many blocks, are held at a time. */
static void choose_window(nr_board *board) {
    board->player_floats = floats_per_player(board);
    size_t bytes = nr_size_mul(board->player_floats, sizeof(float));
    board->window = bytes ? board->spec.memory_bytes / WINDOW_PART / bytes : board->n;
    /* Products over players begin anew at multiples of this: of the smallest window
     * there is, so that their rounding does not depend on memory. */
    board->together = bytes ? NR_FILTER_MEMORY_MIN / WINDOW_PART / bytes : board->n;
    if (board->together < 1) board->together = 1;
    if (board->window < board->together) board->window = board->together;
    if (board->window > board->n || board->spec.enumerated) board->window = board->n;
    board->all_fit = board->window == board->n;
    board->batch_blocks = 1;
    size_t all = nr_size_mul(bytes, board->n);
    while (2 * board->batch_blocks <= BATCH_BLOCKS_MAX &&
           board->spec.group_blocks % (2 * board->batch_blocks) == 0 &&
           nr_size_mul(all, 2 * board->batch_blocks) <= BATCH_BYTES)
        board->batch_blocks *= 2;
}

/* Room for packed weights goes to who comes first, which decides about rounding, and
 * these have always come first: LINEAR nodes that act on every player's difference. */
static nr_status pack_linear(const nr_board *board) {
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_LINEAR);
    for (size_t i = 0; i < list.n; i++)
        if (!nr_board_is_entry(board, list.nodes[i]))
            NR_TRY(nr_packs_add(board->packs, list.nodes[i]));
    return NR_OK;
}

static nr_status fill(nr_board *board) {
    const nr_filter_spec *spec = &board->spec;
    NR_TRY(nr_cut_new(spec->graph, spec->layer, spec->ablation, spec->filters,
                      spec->n_players, &board->cut));
    NR_TRY(nr_packs_new(spec->graph, spec->kernels, NR_PACKS_BYTES, &board->packs));
    NR_TRY(pack_linear(board));
    NR_TRY(find_frontier(board));
    board->full_is_sum = is_full_sum(board);
    find_short_suffix(board);
    board->scaled = board->dense && board->full_is_sum && nr_cut_is_scaled(board->cut);
    choose_window(board);
    return NR_OK;
}

nr_status nr_board_new(const nr_filter_spec *spec, nr_board **out) {
    nr_board *board;
    if (!NR_NEW(board, 1)) return NR_ERR_INTERNAL;
    board->spec = *spec;
    if (spec->memory_bytes == 0) board->spec.memory_bytes = NR_FILTER_MEMORY;
    board->n = spec->n_players;
    board->rows_block = spec->block_images;
    board->classes = nr_board_node(board, nr_graph_output(spec->graph))->shape.c;
    nr_status status = fill(board);
    if (status != NR_OK) {
        nr_board_free(board);
        return status;
    }
    *out = board;
    return NR_OK;
}

void nr_board_free(nr_board *board) {
    if (!board) return;
    free(board->frontier);
    nr_packs_free(board->packs);
    nr_cut_free(board->cut);
    free(board);
}
