#include "deltas.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

/* ---- making ---- */

/* Which of the tensors that `exec` reads from outside differ between players. */
static nr_status make_exec(nr_deltas *d) {
    const nr_board *board = d->board;
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_LINEAR);
    size_t size = nr_graph_size(board->spec.graph), n = 0, n_keep = 0;
    uint32_t *nodes, *keep = NULL;
    bool *varying = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(nodes, list.n) || !NR_NEW(keep, list.n) || !NR_NEW(varying, size))
        goto err_free;
    for (size_t i = 0; i < list.n; i++)
        if (!nr_board_is_entry(board, list.nodes[i])) nodes[n++] = list.nodes[i];
    for (size_t i = 0; i < n; i++)
        if (nr_cut_leaves_part(board->cut, nodes[i])) keep[n_keep++] = nodes[i];
    for (uint32_t i = 0; i < size; i++)
        varying[i] = nr_cut_part(board->cut, i) != NR_PART_CONST;
    nr_exec_spec spec = {.graph = board->spec.graph,
                         .kernels = board->spec.kernels,
                         .nodes = nodes,
                         .n_nodes = n,
                         .keep = keep,
                         .n_keep = n_keep,
                         .packs = board->packs,
                         .rows_max =
                             board->window * board->batch_blocks * board->rows_block,
                         .linear = true,
                         .varying = varying};
    status = nr_exec_new(&spec, &d->exec);
err_free:
    free(varying);
    free(keep);
    free(nodes);
    return status;
}

static nr_status new_rows(const nr_deltas *d, float **slot, uint32_t node,
                          size_t rows) {
    if (*slot) return NR_OK;
    *slot = nr_new_floats(nr_size_mul(rows, nr_board_size(d->board, node)));
    return *slot ? NR_OK : NR_ERR_INTERNAL;
}

static nr_status new_tensors(nr_deltas *d) {
    const nr_board *board = d->board;
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_LINEAR);
    nr_node_list ends = nr_cut_two_ends(board->cut);
    size_t batch = nr_size_mul(board->batch_blocks, board->rows_block);
    size_t rows = nr_size_mul(board->window, batch);
    for (size_t i = 0; i < ends.n; i++)
        NR_TRY(new_rows(d, &d->difference[ends.nodes[i]], ends.nodes[i], batch));
    for (size_t i = 0; i < list.n; i++) {
        uint32_t node = list.nodes[i];
        bool entry = nr_board_is_entry(board, node);
        if (board->full_is_sum) NR_TRY(new_rows(d, &d->full[node], node, batch));
        if (entry) NR_TRY(new_rows(d, &d->entry[node], node, rows));
        for (uint32_t k = 0; !entry && k < nr_board_node(board, node)->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(board->spec.graph, node, k);
            if (nr_cut_part(board->cut, input) == NR_PART_TWO)
                NR_TRY(new_rows(d, &d->sparse[input], input, rows));
        }
    }
    return NR_OK;
}

static nr_status point_at_weights(nr_deltas *d) {
    const nr_board *board = d->board;
    uint32_t node = board->frontier[0].node;
    uint32_t input = nr_graph_input_of(board->spec.graph, node, 0);
    const nr_node *n = nr_board_node(board, node);
    const float *weight = nr_graph_weight(board->spec.graph, n->weight);
    size_t n_channels, out = n->shape.c;
    if (!NR_NEW(d->weight, board->n) || !NR_NEW(d->channel, board->n) ||
        !NR_NEW(d->nonzero, board->n))
        return NR_ERR_INTERNAL;
    for (uint32_t p = 0; p < board->n; p++) {
        d->channel[p] = *nr_cut_channels(board->cut, input, p, &n_channels);
        d->weight[p] = weight + d->channel[p] * out;
        for (size_t i = 0; i < out; i++) d->nonzero[p] |= d->weight[p][i] != 0;
    }
    return NR_OK;
}

static nr_status fill(nr_deltas *d) {
    const nr_board *board = d->board;
    size_t size = nr_graph_size(board->spec.graph);
    if (!NR_NEW(d->full, size) || !NR_NEW(d->difference, size) ||
        !NR_NEW(d->sparse, size) || !NR_NEW(d->entry, size) ||
        !NR_NEW(d->added, board->n_frontier) || !NR_NEW(d->place, board->n) ||
        !NR_NEW(d->all_live, nr_size_mul(board->batch_blocks, board->n)) ||
        !NR_NEW(d->candidates, board->n) || !NR_NEW(d->scratch, board->n) ||
        !NR_NEW(d->players, board->n))
        return NR_ERR_INTERNAL;
    NR_TRY(new_tensors(d));
    NR_TRY(make_exec(d));
    for (size_t f = 0; f < board->n_frontier; f++) {
        uint32_t node = board->frontier[f].node;
        if (board->frontier[f].part == NR_PART_LINEAR)
            d->added[f] =
                d->entry[node] ? d->entry[node] : nr_exec_output(d->exec, node);
    }
    return board->scaled ? point_at_weights(d) : NR_OK;
}

nr_status nr_deltas_new(const nr_board *board, const nr_cursor *cursor,
                        const nr_states *states, nr_deltas **out) {
    nr_deltas *d;
    if (!NR_NEW(d, 1)) return NR_ERR_INTERNAL;
    d->board = board;
    d->cursor = cursor;
    d->states = states;
    nr_status status = fill(d);
    if (status != NR_OK) {
        nr_deltas_free(d);
        return status;
    }
    *out = d;
    return NR_OK;
}

size_t nr_deltas_bytes(const nr_deltas *d) {
    size_t images = d->board->window * d->board->batch_blocks;
    return images * d->board->player_floats * sizeof(float) + nr_exec_bytes(d->exec);
}

static void free_tensors(float **tensors, size_t size) {
    for (size_t i = 0; tensors && i < size; i++) free(tensors[i]);
    free(tensors);
}

void nr_deltas_free(nr_deltas *d) {
    if (!d) return;
    size_t size = nr_graph_size(d->board->spec.graph);
    free_tensors(d->full, size);
    free_tensors(d->difference, size);
    free_tensors(d->sparse, size);
    free_tensors(d->entry, size);
    nr_exec_free(d->exec);
    free(d->added);
    free(d->place);
    free(d->weight);
    free(d->channel);
    free(d->nonzero);
    free(d->all_live);
    free(d->candidates);
    free(d->scratch);
    free(d->players);
    free(d);
}

/* ---- one window ---- */

/* One image through an entry. */
static nr_window_args entry_args(const nr_board *board, uint32_t node) {
    const nr_graph *graph = board->spec.graph;
    const nr_node *n = nr_board_node(board, node);
    uint32_t input = nr_graph_input_of(graph, node, 0);
    nr_window_args args = {.rows = 1,
                           .in = nr_board_node(board, input)->shape,
                           .out = n->shape,
                           .window = n->window,
                           .weight = nr_graph_weight(graph, n->weight)};
    if (n->op == NR_OP_DENSE)
        args.window = (nr_window){.kernel_h = 1,
                                  .kernel_w = 1,
                                  .stride_h = 1,
                                  .stride_w = 1,
                                  .dilation_h = 1,
                                  .dilation_w = 1,
                                  .group = 1};
    return args;
}

static void compute_entry(nr_deltas *d, uint32_t node, uint32_t player, size_t place) {
    const nr_kernels *kernels = d->board->spec.kernels;
    uint32_t input = nr_graph_input_of(d->board->spec.graph, node, 0);
    size_t in = nr_board_size(d->board, input), out = nr_board_size(d->board, node);
    size_t n_channels, batch = d->cursor->batch_images;
    const uint32_t *channels =
        nr_cut_channels(d->board->cut, input, player, &n_channels);
    nr_window_args args = entry_args(d->board, node);
    for (size_t t = 0; t < batch; t++) {
        args.x = d->difference[input] + t * in;
        args.y = d->entry[node] + (place * batch + t) * out;
        memset(args.y, 0, out * sizeof *args.y);
        kernels->conv_channels(kernels, &args, channels, n_channels);
    }
}

static void fill_sparse(nr_deltas *d, uint32_t node, uint32_t player, size_t place) {
    nr_shape shape = nr_board_node(d->board, node)->shape;
    size_t size = nr_shape_size(shape), n_channels, pixels = size / shape.c;
    size_t batch = d->cursor->batch_images;
    const uint32_t *channels =
        nr_cut_channels(d->board->cut, node, player, &n_channels);
    for (size_t t = 0; t < batch; t++) {
        const float *from = d->difference[node] + t * size;
        float *to = d->sparse[node] + (place * batch + t) * size;
        memset(to, 0, size * sizeof *to);
        for (size_t p = 0; p < pixels; p++)
            for (size_t i = 0; i < n_channels; i++)
                to[p * shape.c + channels[i]] = from[p * shape.c + channels[i]];
    }
}

/* Everything `exec` reads: differences of TWO tensors and of entries by player, and
 * tensors that are the same for all players. */
static void bind_inputs(nr_deltas *d, size_t rows) {
    const nr_cut *cut = d->board->cut;
    for (uint32_t i = 0; i < nr_graph_size(d->board->spec.graph); i++) {
        if (d->entry[i]) nr_exec_bind(d->exec, i, d->entry[i], rows);
        else if (d->sparse[i]) nr_exec_bind(d->exec, i, d->sparse[i], rows);
        else if (nr_cut_part(cut, i) == NR_PART_CONST && nr_cut_leaves_part(cut, i))
            nr_exec_bind(d->exec, i, nr_states_tensor(d->states, i, NR_EMPTY),
                         d->cursor->batch_images);
    }
}

void nr_deltas_compute(nr_deltas *d, const uint32_t *players, size_t count) {
    size_t rows = count * d->cursor->batch_images;
    NR_ASSERT(count <= d->board->window);
    for (uint32_t i = 0; i < nr_graph_size(d->board->spec.graph); i++)
        for (size_t k = 0; k < count; k++) {
            if (d->entry[i]) compute_entry(d, i, players[k], k);
            if (d->sparse[i]) fill_sparse(d, i, players[k], k);
        }
    for (size_t k = 0; k < count; k++) d->place[players[k]] = (uint32_t)k;
    if (count == 0) return;
    bind_inputs(d, rows);
    nr_exec_run(d->exec, rows);
}

/* ---- everybody's sums ---- */

/* Nobody's, before the first window. */
static void start_full(nr_deltas *d) {
    nr_node_list list = nr_cut_nodes(d->board->cut, NR_PART_LINEAR);
    for (size_t i = 0; i < list.n && d->board->full_is_sum; i++) {
        size_t n = d->cursor->batch_images * nr_board_size(d->board, list.nodes[i]);
        memcpy(d->full[list.nodes[i]],
               nr_states_tensor(d->states, list.nodes[i], NR_EMPTY), n * sizeof(float));
    }
}

static void add_to_full(nr_deltas *d, size_t count) {
    nr_node_list list = nr_cut_nodes(d->board->cut, NR_PART_LINEAR);
    for (size_t i = 0; i < list.n && d->board->full_is_sum; i++) {
        uint32_t node = list.nodes[i];
        size_t n = d->cursor->batch_images * nr_board_size(d->board, node);
        float *restrict sum = d->full[node];
        for (size_t k = 0; k < count; k++) {
            const float *restrict delta = d->entry[node] + k * n;
            for (size_t e = 0; e < n; e++) sum[e] += delta[e];
        }
    }
}

const float *nr_deltas_end(const nr_deltas *d, uint32_t node, nr_end end) {
    return end == NR_FULL && d->full[node] ? d->full[node]
                                           : nr_states_tensor(d->states, node, end);
}

/* ---- which players are live ---- */

static bool all_zero(const float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (values[i] != 0) return false;
    return true;
}

static void make_differences(nr_deltas *d) {
    nr_node_list ends = nr_cut_two_ends(d->board->cut);
    for (size_t i = 0; i < ends.n; i++) {
        uint32_t node = ends.nodes[i];
        const float *full = nr_states_tensor(d->states, node, NR_FULL);
        const float *empty = nr_states_tensor(d->states, node, NR_EMPTY);
        float *difference = d->difference[node];
        size_t n = d->cursor->batch_images * nr_board_size(d->board, node);
        for (size_t k = 0; k < n; k++) difference[k] = full[k] - empty[k];
    }
}

/* Does keeping the player change this TWO tensor on the block? Its states are compared,
 * not their difference: that one is zero for a tiny change of a large number. */
static bool moves_two(const nr_deltas *d, uint64_t block, uint32_t node,
                      uint32_t player) {
    nr_shape shape = nr_board_node(d->board, node)->shape;
    size_t n_channels, from, images, size = nr_shape_size(shape);
    nr_cursor_range(d->cursor, d->board, block, &from, &images);
    size_t pixels = images * shape.h * shape.w;
    const uint32_t *channels =
        nr_cut_channels(d->board->cut, node, player, &n_channels);
    const float *full = nr_states_tensor(d->states, node, NR_FULL) + from * size;
    const float *empty = nr_states_tensor(d->states, node, NR_EMPTY) + from * size;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++)
            if (full[p * shape.c + channels[i]] != empty[p * shape.c + channels[i]])
                return true;
    return false;
}

static bool moves_frontier(const nr_deltas *d, uint64_t block, uint32_t player) {
    size_t from, images;
    nr_cursor_range(d->cursor, d->board, block, &from, &images);
    for (size_t f = 0; f < d->board->n_frontier; f++) {
        const nr_front *front = &d->board->frontier[f];
        size_t row = d->place[player] * d->cursor->batch_images + from;
        if (front->part == NR_PART_TWO
                ? moves_two(d, block, front->node, player)
                : !all_zero(d->added[f] + row * front->size, images * front->size))
            return true;
    }
    return false;
}

/* Players that change a TWO tensor which something else reads. */
static void find_candidates(nr_deltas *d, uint64_t block, bool *live) {
    nr_node_list ends = nr_cut_two_ends(d->board->cut);
    for (uint32_t p = 0; p < d->board->n; p++) {
        live[p] = false;
        for (size_t i = 0; i < ends.n && !live[p]; i++)
            live[p] = moves_two(d, block, ends.nodes[i], p);
        if (live[p]) d->candidates[p] = true;
    }
}

/* Of the candidates, those that move the frontier. */
static void find_live(nr_deltas *d, const uint32_t *players, size_t count) {
    for (uint64_t block = d->cursor->batch_first; block < d->cursor->batch_end;
         block++) {
        bool *live = d->all_live + (block - d->cursor->batch_first) * d->board->n;
        for (size_t k = 0; k < count; k++)
            if (live[players[k]])
                live[players[k]] = moves_frontier(d, block, players[k]);
    }
}

/* Adds everybody's rows at once and forms none. */
static void open_scaled(nr_deltas *d) {
    const nr_board *board = d->board;
    const nr_kernels *kernels = board->spec.kernels;
    uint32_t node = board->frontier[0].node;
    uint32_t input = nr_graph_input_of(board->spec.graph, node, 0);
    size_t in = nr_board_size(board, input), out = nr_board_size(board, node);
    nr_window_args args = entry_args(board, node);
    size_t n = 0;
    for (uint32_t p = 0; p < board->n; p++)
        if (d->candidates[p]) d->scratch[n++] = d->channel[p];
    for (size_t t = 0; t < d->cursor->batch_images; t++) {
        args.x = d->difference[input] + t * in;
        args.y = d->full[node] + t * out;
        kernels->conv_channels(kernels, &args, d->scratch, n);
    }
    for (uint64_t b = 0; b < d->cursor->batch_end - d->cursor->batch_first; b++)
        for (uint32_t p = 0; p < board->n; p++)
            d->all_live[b * board->n + p] &= d->nonzero[p];
}

static void open_windows(nr_deltas *d) {
    uint32_t *players = d->scratch;
    size_t n = 0, window = d->board->window;
    for (uint32_t p = 0; p < d->board->n; p++)
        if (d->candidates[p]) players[n++] = p;
    for (size_t first = 0; first < n; first += window) {
        size_t count = n - first < window ? n - first : window;
        nr_deltas_compute(d, players + first, count);
        add_to_full(d, count);
        find_live(d, players + first, count);
    }
}

void nr_deltas_open(nr_deltas *d) {
    const nr_cursor *cursor = d->cursor;
    size_t n = d->board->n;
    make_differences(d);
    start_full(d);
    memset(d->candidates, 0, n * sizeof *d->candidates);
    for (uint64_t block = cursor->batch_first; block < cursor->batch_end; block++)
        find_candidates(d, block, d->all_live + (block - cursor->batch_first) * n);
    if (d->board->scaled) open_scaled(d);
    else open_windows(d);
}

void nr_deltas_block(nr_deltas *d) {
    d->live = d->all_live + (d->cursor->block - d->cursor->batch_first) * d->board->n;
    d->n_live = 0;
    for (uint32_t p = 0; p < d->board->n; p++)
        if (d->live[p]) d->players[d->n_live++] = p;
    d->formed = !d->board->scaled;
}

void nr_deltas_form(nr_deltas *d) {
    if (d->formed || !d->board->all_fit) return;
    nr_deltas_compute(d, d->players, d->n_live);
    d->formed = true;
}
