/* What each player adds to the LINEAR tensors, and which players are live.
 *
 * A difference of a TWO tensor is nonzero on the player's own channels only, so the
 * product that reads it needs only those rows of its weights: all n differences
 * together cost about one ordinary convolution. */
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"

/* Differences of all players are held together in up to this part of the memory. */
enum { WINDOW_PART = 4 };
/* Blocks of a batch: together they should stay in the second-level cache. */
enum { BATCH_BYTES = 1 << 19, BATCH_BLOCKS_MAX = 8 };

static const nr_node *node_at(const nr_filter *game, uint32_t node) {
    return nr_graph_node(game->spec.graph, node);
}

static size_t node_size(const nr_filter *game, uint32_t node) {
    return nr_shape_size(node_at(game, node)->shape);
}

static bool is_product(const nr_node *node) {
    return node->op == NR_OP_CONV || node->op == NR_OP_DENSE;
}

/* LINEAR products of TWO tensors are computed here, the other LINEAR nodes by `delta`.
 */
static bool is_entry(const nr_filter *game, uint32_t node) {
    return nr_cut_part(game->cut, node) == NR_PART_LINEAR &&
           is_product(node_at(game, node)) &&
           nr_cut_part(game->cut, nr_graph_input_of(game->spec.graph, node, 0)) ==
               NR_PART_TWO;
}

/* Floats a player takes in the window. */
static size_t floats_per_player(const nr_filter *game) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    size_t floats = 0;
    for (size_t i = 0; i < list.n; i++) {
        floats = nr_size_add(floats, node_size(game, list.nodes[i]));
        if (is_entry(game, list.nodes[i])) continue;
        for (uint32_t k = 0; k < node_at(game, list.nodes[i])->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(game->spec.graph, list.nodes[i], k);
            if (nr_cut_part(game->cut, input) == NR_PART_TWO)
                floats = nr_size_add(floats, node_size(game, input));
        }
    }
    return nr_size_mul(floats, game->rows_block);
}

/* Which of the tensors that `delta` reads from outside differ between players. */
static nr_status make_delta_exec(nr_filter *game) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    size_t size = nr_graph_size(game->spec.graph), n = 0, n_keep = 0;
    uint32_t *nodes, *keep = NULL;
    bool *varying = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(nodes, list.n) || !NR_NEW(keep, list.n) || !NR_NEW(varying, size))
        goto err_free;
    for (size_t i = 0; i < list.n; i++)
        if (!is_entry(game, list.nodes[i])) nodes[n++] = list.nodes[i];
    for (size_t i = 0; i < n; i++)
        if (nr_cut_leaves_part(game->cut, nodes[i])) keep[n_keep++] = nodes[i];
    for (uint32_t i = 0; i < size; i++)
        varying[i] = nr_cut_part(game->cut, i) != NR_PART_CONST;
    nr_exec_spec spec = {.graph = game->spec.graph,
                         .kernels = game->spec.kernels,
                         .nodes = nodes,
                         .n_nodes = n,
                         .keep = keep,
                         .n_keep = n_keep,
                         .packs = game->packs,
                         .rows_max =
                             game->window * game->batch_blocks * game->rows_block,
                         .linear = true,
                         .varying = varying};
    status = nr_exec_new(&spec, &game->delta);
err_free:
    free(varying);
    free(keep);
    free(nodes);
    return status;
}

static nr_status new_rows(nr_filter *game, float **slot, uint32_t node, size_t rows) {
    if (*slot) return NR_OK;
    *slot = nr_new_floats(nr_size_mul(rows, node_size(game, node)));
    return *slot ? NR_OK : NR_ERR_INTERNAL;
}

/* How many players' differences, of how many blocks, are held at a time. */
static void choose_window(nr_filter *game) {
    size_t bytes = nr_size_mul(floats_per_player(game), sizeof(float));
    game->window = bytes ? game->spec.memory_bytes / WINDOW_PART / bytes : game->n;
    /* Products over players begin anew at multiples of this: of the smallest window
     * there is, so that their rounding does not depend on memory. */
    game->together = bytes ? NR_FILTER_MEMORY_MIN / WINDOW_PART / bytes : game->n;
    if (game->together < 1) game->together = 1;
    if (game->window < game->together) game->window = game->together;
    if (game->window > game->n || game->spec.enumerated) game->window = game->n;
    game->all_fit = game->window == game->n;
    game->batch_blocks = 1;
    size_t all = nr_size_mul(bytes, game->n);
    while (2 * game->batch_blocks <= BATCH_BLOCKS_MAX &&
           game->spec.group_blocks % (2 * game->batch_blocks) == 0 &&
           nr_size_mul(all, 2 * game->batch_blocks) <= BATCH_BYTES)
        game->batch_blocks *= 2;
}

static nr_status new_tensors(nr_filter *game) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    nr_node_list ends = nr_cut_two_ends(game->cut);
    size_t batch = nr_size_mul(game->batch_blocks, game->rows_block);
    size_t rows = nr_size_mul(game->window, batch);
    for (size_t i = 0; i < ends.n; i++)
        NR_TRY(new_rows(game, &game->difference[ends.nodes[i]], ends.nodes[i], batch));
    for (size_t i = 0; i < list.n; i++) {
        uint32_t node = list.nodes[i];
        if (game->full_is_sum) NR_TRY(new_rows(game, &game->full[node], node, batch));
        if (is_entry(game, node))
            NR_TRY(new_rows(game, &game->entry[node], node, rows));
        for (uint32_t k = 0; !is_entry(game, node) && k < node_at(game, node)->n_inputs;
             k++) {
            uint32_t input = nr_graph_input_of(game->spec.graph, node, k);
            if (nr_cut_part(game->cut, input) == NR_PART_TWO)
                NR_TRY(new_rows(game, &game->sparse[input], input, rows));
        }
    }
    return NR_OK;
}

nr_status nr_filter_deltas_new(nr_filter *game) {
    size_t size = nr_graph_size(game->spec.graph);
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    choose_window(game);
    if (!NR_NEW(game->difference, size) || !NR_NEW(game->sparse, size) ||
        !NR_NEW(game->entry, size) || !NR_NEW(game->full, size) ||
        !NR_NEW(game->all_live, nr_size_mul(game->batch_blocks, game->n)) ||
        !NR_NEW(game->all_n_live, game->batch_blocks) ||
        !NR_NEW(game->candidates, game->n) || !NR_NEW(game->slot, game->n))
        return NR_ERR_INTERNAL;
    game->full_is_sum = !game->spec.kernels->plain;
    for (size_t i = 0; i < list.n; i++)
        game->full_is_sum = game->full_is_sum && is_entry(game, list.nodes[i]);
    NR_TRY(new_tensors(game));
    return make_delta_exec(game);
}

size_t nr_filter_deltas_bytes(const nr_filter *game) {
    size_t images = game->window * game->batch_blocks;
    return images * floats_per_player(game) * sizeof(float) +
           nr_exec_bytes(game->delta);
}

void nr_filter_deltas_free(nr_filter *game) {
    size_t size = nr_graph_size(game->spec.graph);
    for (size_t i = 0; i < size; i++) {
        if (game->difference) free(game->difference[i]);
        if (game->sparse) free(game->sparse[i]);
        if (game->entry) free(game->entry[i]);
        if (game->full) free(game->full[i]);
    }
    free(game->full);
    free(game->difference);
    free(game->sparse);
    free(game->entry);
    free(game->all_live);
    free(game->all_n_live);
    free(game->candidates);
    free(game->slot);
    nr_exec_free(game->delta);
}

/* ---- one window ---- */

/* One image through an entry. */
static nr_window_args entry_args(const nr_filter *game, uint32_t node) {
    const nr_graph *graph = game->spec.graph;
    const nr_node *n = node_at(game, node);
    nr_window_args args = {.rows = 1,
                           .in =
                               node_at(game, nr_graph_input_of(graph, node, 0))->shape,
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

static void compute_entry(nr_filter *game, uint32_t node, uint32_t player,
                          size_t slot) {
    uint32_t input = nr_graph_input_of(game->spec.graph, node, 0);
    size_t n_channels, in = node_size(game, input), out = node_size(game, node);
    const uint32_t *channels = nr_cut_channels(game->cut, input, player, &n_channels);
    nr_window_args args = entry_args(game, node);
    for (size_t t = 0; t < game->batch_images; t++) {
        args.x = game->difference[input] + t * in;
        args.y = game->entry[node] + (slot * game->batch_images + t) * out;
        memset(args.y, 0, out * sizeof *args.y);
        game->spec.kernels->conv_channels(game->spec.kernels, &args, channels,
                                          n_channels);
    }
}

static void fill_sparse(nr_filter *game, uint32_t node, uint32_t player, size_t slot) {
    nr_shape shape = node_at(game, node)->shape;
    size_t size = nr_shape_size(shape), n_channels, pixels = size / shape.c;
    const uint32_t *channels = nr_cut_channels(game->cut, node, player, &n_channels);
    for (size_t t = 0; t < game->batch_images; t++) {
        const float *from = game->difference[node] + t * size;
        float *to = game->sparse[node] + (slot * game->batch_images + t) * size;
        memset(to, 0, size * sizeof *to);
        for (size_t p = 0; p < pixels; p++)
            for (size_t i = 0; i < n_channels; i++)
                to[p * shape.c + channels[i]] = from[p * shape.c + channels[i]];
    }
}

/* Everything `delta` reads: differences of TWO tensors and of entries by player, and
 * tensors that are the same for all players. */
static void bind_delta(nr_filter *game, size_t rows) {
    for (uint32_t i = 0; i < nr_graph_size(game->spec.graph); i++) {
        if (game->entry[i]) nr_exec_bind(game->delta, i, game->entry[i], rows);
        else if (game->sparse[i]) nr_exec_bind(game->delta, i, game->sparse[i], rows);
        else if (nr_cut_part(game->cut, i) == NR_PART_CONST &&
                 nr_cut_leaves_part(game->cut, i))
            nr_exec_bind(game->delta, i, nr_filter_state(game, i, NR_EMPTY),
                         game->batch_images);
    }
}

void nr_filter_deltas_compute(nr_filter *game, const uint32_t *players, size_t count) {
    NR_ASSERT(count <= game->window);
    for (uint32_t i = 0; i < nr_graph_size(game->spec.graph); i++)
        for (size_t k = 0; k < count; k++) {
            if (game->entry[i]) compute_entry(game, i, players[k], k);
            if (game->sparse[i]) fill_sparse(game, i, players[k], k);
        }
    for (size_t k = 0; k < count; k++) game->slot[players[k]] = (uint32_t)k;
    if (count == 0) return;
    bind_delta(game, count * game->batch_images);
    nr_exec_run(game->delta, count * game->batch_images);
}

/* ---- which players are live ---- */

static bool all_zero(const float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (values[i] != 0) return false;
    return true;
}

static void make_differences(nr_filter *game) {
    nr_node_list ends = nr_cut_two_ends(game->cut);
    for (size_t i = 0; i < ends.n; i++) {
        uint32_t node = ends.nodes[i];
        const float *full = nr_filter_state(game, node, NR_FULL);
        const float *empty = nr_filter_state(game, node, NR_EMPTY);
        float *difference = game->difference[node];
        size_t n = game->batch_images * node_size(game, node);
        for (size_t k = 0; k < n; k++) difference[k] = full[k] - empty[k];
    }
}

/* The images of a block of the batch. */
static void block_range(const nr_filter *game, uint64_t block, size_t *from,
                        size_t *n) {
    *from = (size_t)(block - game->batch_first) * game->rows_block;
    *n = game->batch_images - *from < game->rows_block ? game->batch_images - *from
                                                       : game->rows_block;
}

/* Does keeping the player change this TWO tensor on the block? Its states are compared,
 * not their difference: that one is zero for a tiny change of a large number. */
static bool moves_two(const nr_filter *game, uint64_t block, uint32_t node,
                      uint32_t player) {
    nr_shape shape = node_at(game, node)->shape;
    size_t n_channels, from, images, size = nr_shape_size(shape);
    block_range(game, block, &from, &images);
    size_t pixels = images * shape.h * shape.w;
    const uint32_t *channels = nr_cut_channels(game->cut, node, player, &n_channels);
    const float *full = nr_filter_state(game, node, NR_FULL) + from * size;
    const float *empty = nr_filter_state(game, node, NR_EMPTY) + from * size;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++)
            if (full[p * shape.c + channels[i]] != empty[p * shape.c + channels[i]])
                return true;
    return false;
}

static bool moves_frontier(const nr_filter *game, uint64_t block, uint32_t player) {
    size_t from, images;
    block_range(game, block, &from, &images);
    for (size_t f = 0; f < game->n_frontier; f++) {
        const nr_frontier *front = &game->frontier[f];
        size_t row = game->slot[player] * game->batch_images + from;
        if (front->part == NR_PART_TWO
                ? moves_two(game, block, front->node, player)
                : !all_zero(front->delta + row * front->size, images * front->size))
            return true;
    }
    return false;
}

/* Players that change a TWO tensor which something else reads. */
static void find_candidates(nr_filter *game, uint64_t block, bool *live) {
    nr_node_list ends = nr_cut_two_ends(game->cut);
    for (uint32_t p = 0; p < game->n; p++) {
        live[p] = false;
        for (size_t i = 0; i < ends.n && !live[p]; i++)
            live[p] = moves_two(game, block, ends.nodes[i], p);
        if (live[p]) game->candidates[p] = true;
    }
}

/* Of the candidates, those that move the frontier. */
static void find_live(nr_filter *game, const uint32_t *players, size_t count) {
    for (uint64_t block = game->batch_first; block < game->batch_end; block++) {
        bool *live = game->all_live + (block - game->batch_first) * game->n;
        for (size_t k = 0; k < count; k++)
            if (live[players[k]])
                live[players[k]] = moves_frontier(game, block, players[k]);
    }
}

/* Everybody's sums: nobody's, before the first window. */
static void start_full(nr_filter *game) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    for (size_t i = 0; i < list.n && game->full_is_sum; i++)
        memcpy(game->full[list.nodes[i]],
               nr_filter_state(game, list.nodes[i], NR_EMPTY),
               game->batch_images * node_size(game, list.nodes[i]) * sizeof(float));
}

static void add_to_full(nr_filter *game, size_t count) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    for (size_t i = 0; i < list.n && game->full_is_sum; i++) {
        uint32_t node = list.nodes[i];
        size_t n = game->batch_images * node_size(game, node);
        float *restrict sum = game->full[node];
        for (size_t k = 0; k < count; k++) {
            const float *restrict delta = game->entry[node] + k * n;
            for (size_t e = 0; e < n; e++) sum[e] += delta[e];
        }
    }
}

/* Adds everybody's rows at once and forms none. */
static void open_scaled(nr_filter *game) {
    const nr_tail *tail = &game->tail;
    uint32_t node = game->frontier[0].node;
    uint32_t input = nr_graph_input_of(game->spec.graph, node, 0);
    size_t in = node_size(game, input), out = node_size(game, node);
    uint32_t *channels = game->order;
    nr_window_args args = entry_args(game, node);
    size_t n = 0;
    for (uint32_t p = 0; p < game->n; p++)
        if (game->candidates[p]) channels[n++] = tail->channel[p];
    for (size_t t = 0; t < game->batch_images; t++) {
        args.x = game->difference[input] + t * in;
        args.y = game->full[node] + t * out;
        game->spec.kernels->conv_channels(game->spec.kernels, &args, channels, n);
    }
    for (uint64_t b = 0; b < game->batch_end - game->batch_first; b++)
        for (uint32_t p = 0; p < game->n; p++)
            game->all_live[b * game->n + p] &= tail->nonzero[p];
}

static void open_windows(nr_filter *game) {
    uint32_t *players = game->order;
    size_t n = 0;
    for (uint32_t p = 0; p < game->n; p++)
        if (game->candidates[p]) players[n++] = p;
    for (size_t first = 0; first < n; first += game->window) {
        size_t count = n - first < game->window ? n - first : game->window;
        nr_filter_deltas_compute(game, players + first, count);
        add_to_full(game, count);
        find_live(game, players + first, count);
    }
}

void nr_filter_deltas_open(nr_filter *game) {
    make_differences(game);
    start_full(game);
    memset(game->candidates, 0, game->n * sizeof *game->candidates);
    for (uint64_t block = game->batch_first; block < game->batch_end; block++)
        find_candidates(game, block,
                        game->all_live + (block - game->batch_first) * game->n);
    if (game->tail.scaled) open_scaled(game);
    else open_windows(game);
    for (uint64_t b = 0; b < game->batch_end - game->batch_first; b++) {
        game->all_n_live[b] = 0;
        for (uint32_t p = 0; p < game->n; p++)
            game->all_n_live[b] += game->all_live[b * game->n + p];
    }
}

void nr_filter_deltas_block(nr_filter *game) {
    uint64_t b = game->block - game->batch_first;
    game->live = game->all_live + b * game->n;
    game->n_live = game->all_n_live[b];
    game->formed = !game->tail.scaled;
}

void nr_filter_deltas_form(nr_filter *game) {
    size_t n = 0;
    if (game->formed || !game->all_fit) return;
    for (uint32_t p = 0; p < game->n; p++)
        if (game->live[p]) game->order[n++] = p;
    nr_filter_deltas_compute(game, game->order, n);
    game->formed = true;
}
