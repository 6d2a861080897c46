/* What each player adds to the LINEAR tensors, and which players are live.
 *
 * A difference of a TWO tensor is nonzero on the player's own channels only, so the
 * product that reads it needs only those rows of its weights: all n differences
 * together cost about one ordinary convolution. */
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"

/* Differences of all players are held together up to this much memory. A constant: the
 * size of the window must not depend on the machine. */
enum { WINDOW_BYTES = 64 << 20 };

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
                         .rows_max = game->window * game->rows_block,
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

nr_status nr_filter_deltas_new(nr_filter *game) {
    size_t size = nr_graph_size(game->spec.graph);
    size_t bytes = nr_size_mul(floats_per_player(game), sizeof(float));
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_LINEAR);
    nr_node_list ends = nr_cut_two_ends(game->cut);
    game->window = bytes ? WINDOW_BYTES / bytes : game->n;
    if (game->window < 1) game->window = 1;
    if (game->window > game->n || game->spec.enumerated) game->window = game->n;
    game->all_fit = game->window == game->n;
    if (!NR_NEW(game->difference, size) || !NR_NEW(game->sparse, size) ||
        !NR_NEW(game->entry, size) || !NR_NEW(game->live, game->n) ||
        !NR_NEW(game->slot, game->n))
        return NR_ERR_INTERNAL;
    for (size_t i = 0; i < ends.n; i++)
        NR_TRY(new_rows(game, &game->difference[ends.nodes[i]], ends.nodes[i],
                        game->rows_block));
    for (size_t i = 0; i < list.n; i++) {
        uint32_t node = list.nodes[i];
        size_t rows = nr_size_mul(game->window, game->rows_block);
        if (is_entry(game, node))
            NR_TRY(new_rows(game, &game->entry[node], node, rows));
        for (uint32_t k = 0; !is_entry(game, node) && k < node_at(game, node)->n_inputs;
             k++) {
            uint32_t input = nr_graph_input_of(game->spec.graph, node, k);
            if (nr_cut_part(game->cut, input) == NR_PART_TWO)
                NR_TRY(new_rows(game, &game->sparse[input], input, rows));
        }
    }
    return make_delta_exec(game);
}

void nr_filter_deltas_free(nr_filter *game) {
    size_t size = nr_graph_size(game->spec.graph);
    for (size_t i = 0; i < size; i++) {
        if (game->difference) free(game->difference[i]);
        if (game->sparse) free(game->sparse[i]);
        if (game->entry) free(game->entry[i]);
    }
    free(game->difference);
    free(game->sparse);
    free(game->entry);
    free(game->live);
    free(game->slot);
    nr_exec_free(game->delta);
}

/* ---- one window ---- */

static void compute_entry(nr_filter *game, uint32_t node, uint32_t player,
                          size_t slot) {
    const nr_graph *graph = game->spec.graph;
    uint32_t input = nr_graph_input_of(graph, node, 0);
    const nr_node *n = node_at(game, node);
    size_t n_channels, in = node_size(game, input), out = node_size(game, node);
    const uint32_t *channels = nr_cut_channels(game->cut, input, player, &n_channels);
    nr_window_args args = {.rows = 1,
                           .in = node_at(game, input)->shape,
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
    for (size_t t = 0; t < game->images; t++) {
        args.x = game->difference[input] + t * in;
        args.y = game->entry[node] + (slot * game->images + t) * out;
        memset(args.y, 0, out * sizeof *args.y);
        game->spec.kernels->conv_channels(&args, channels, n_channels);
    }
}

static void fill_sparse(nr_filter *game, uint32_t node, uint32_t player, size_t slot) {
    nr_shape shape = node_at(game, node)->shape;
    size_t size = nr_shape_size(shape), n_channels, pixels = size / shape.c;
    const uint32_t *channels = nr_cut_channels(game->cut, node, player, &n_channels);
    for (size_t t = 0; t < game->images; t++) {
        const float *from = game->difference[node] + t * size;
        float *to = game->sparse[node] + (slot * game->images + t) * size;
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
                         game->images);
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
    bind_delta(game, count * game->images);
    nr_exec_run(game->delta, count * game->images);
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
        size_t n = game->images * node_size(game, node);
        for (size_t k = 0; k < n; k++) difference[k] = full[k] - empty[k];
    }
}

/* Does keeping the player change this TWO tensor? Its states are compared, not their
 * difference: that one is zero for a tiny change of a large number. */
static bool moves_two(const nr_filter *game, uint32_t node, uint32_t player) {
    nr_shape shape = node_at(game, node)->shape;
    size_t n_channels, pixels = game->images * shape.h * shape.w;
    const uint32_t *channels = nr_cut_channels(game->cut, node, player, &n_channels);
    const float *full = nr_filter_state(game, node, NR_FULL);
    const float *empty = nr_filter_state(game, node, NR_EMPTY);
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++)
            if (full[p * shape.c + channels[i]] != empty[p * shape.c + channels[i]])
                return true;
    return false;
}

static bool moves_frontier(const nr_filter *game, uint32_t player) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        const nr_frontier *front = &game->frontier[f];
        size_t n = game->images * front->size;
        if (front->part == NR_PART_TWO
                ? moves_two(game, front->node, player)
                : !all_zero(front->delta + game->slot[player] * n, n))
            return true;
    }
    return false;
}

void nr_filter_deltas_open(nr_filter *game) {
    nr_node_list ends = nr_cut_two_ends(game->cut);
    uint32_t *candidates = game->order;
    size_t n = 0;
    make_differences(game);
    game->n_live = 0;
    for (uint32_t p = 0; p < game->n; p++) {
        game->live[p] = false;
        for (size_t i = 0; i < ends.n && !game->live[p]; i++)
            game->live[p] = moves_two(game, ends.nodes[i], p);
        if (game->live[p]) candidates[n++] = p;
    }
    for (size_t first = 0; first < n; first += game->window) {
        size_t count = n - first < game->window ? n - first : game->window;
        nr_filter_deltas_compute(game, candidates + first, count);
        for (size_t k = first; k < first + count; k++) {
            game->live[candidates[k]] = moves_frontier(game, candidates[k]);
            game->n_live += game->live[candidates[k]];
        }
    }
}
