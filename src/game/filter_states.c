/* What does not depend on the order of the players: prefix, both states, both ends. */
#include <stdlib.h>
#include <string.h>

#include "ablate.h"
#include "filter_private.h"
#include "neurank/base/memory.h"

static size_t node_size(const nr_filter *game, uint32_t node) {
    return nr_shape_size(nr_graph_node(game->spec.graph, node)->shape);
}

/* Nodes of the list that a later part reads; *out owned by the caller. */
static nr_status leaving(const nr_filter *game, nr_node_list list, uint32_t **out,
                         size_t *n) {
    uint32_t *keep;
    if (!NR_NEW(keep, list.n)) return NR_ERR_INTERNAL;
    *n = 0;
    for (size_t i = 0; i < list.n; i++)
        if (nr_cut_leaves_part(game->cut, list.nodes[i]) ||
            list.nodes[i] == game->spec.layer)
            keep[(*n)++] = list.nodes[i];
    *out = keep;
    return NR_OK;
}

static nr_status make_exec(const nr_filter *game, nr_part part, size_t rows,
                           const uint32_t *keep, size_t n_keep, nr_exec **out) {
    nr_node_list list = nr_cut_nodes(game->cut, part);
    nr_exec_spec spec = {.graph = game->spec.graph,
                         .kernels = game->spec.kernels,
                         .nodes = list.nodes,
                         .n_nodes = list.n,
                         .keep = keep,
                         .n_keep = n_keep,
                         .packs = game->packs,
                         .rows_max = rows};
    return nr_exec_new(&spec, out);
}

static nr_status make_prefix(nr_filter *game) {
    uint32_t *keep;
    size_t n_keep, rows = nr_size_mul(game->spec.group_blocks, game->rows_block);
    NR_TRY(leaving(game, nr_cut_nodes(game->cut, NR_PART_CONST), &keep, &n_keep));
    nr_status status =
        make_exec(game, NR_PART_CONST, rows, keep, n_keep, &game->prefix);
    if (status == NR_OK) status = nr_filter_prefix_new(game, keep, n_keep);
    free(keep);
    return status;
}

static nr_status make_ends(nr_filter *game, nr_part part, nr_exec *out[2]) {
    uint32_t *keep;
    size_t n_keep;
    NR_TRY(leaving(game, nr_cut_nodes(game->cut, part), &keep, &n_keep));
    nr_status status = NR_OK;
    for (int end = NR_EMPTY; end <= NR_FULL && status == NR_OK; end++)
        status = make_exec(game, part, game->batch_blocks * game->rows_block, keep,
                           n_keep, &out[end]);
    free(keep);
    return status;
}

/* Does a node behind the layer read what differs from block to block, but the layer? */
static bool reads_constants(const nr_filter *game, nr_part part) {
    nr_node_list list = nr_cut_nodes(game->cut, part);
    for (size_t i = 0; i < list.n; i++)
        for (uint32_t k = 0;
             k < nr_graph_node(game->spec.graph, list.nodes[i])->n_inputs; k++)
            if (nr_cut_part(game->cut,
                            nr_graph_input_of(game->spec.graph, list.nodes[i], k)) ==
                NR_PART_CONST)
                return true;
    return false;
}

nr_status nr_filter_states_new(nr_filter *game) {
    size_t rows = nr_size_mul(game->batch_blocks, game->rows_block);
    size_t layer = nr_size_mul(rows, node_size(game, game->spec.layer));
    NR_TRY(make_prefix(game));
    game->layer_ablated = nr_new_floats(layer);
    if (!game->layer_ablated) return NR_ERR_INTERNAL;
    NR_TRY(make_ends(game, NR_PART_TWO, game->two));
    NR_TRY(make_ends(game, NR_PART_LINEAR, game->linear));
    nr_exec_set_hook(game->two[NR_EMPTY], nr_ablate_absent, game->cut);
    game->empty_is_constant =
        game->n == nr_graph_node(game->spec.graph, game->spec.layer)->shape.c &&
        !reads_constants(game, NR_PART_TWO) && !reads_constants(game, NR_PART_LINEAR);
    return NR_OK;
}

void nr_filter_states_free(nr_filter *game) {
    nr_exec_free(game->prefix);
    nr_filter_prefix_free(game);
    free(game->layer_ablated);
    for (int end = NR_EMPTY; end <= NR_FULL; end++) {
        nr_exec_free(game->two[end]);
        nr_exec_free(game->linear[end]);
    }
}

const float *nr_filter_state(const nr_filter *game, uint32_t node, nr_end end) {
    switch (nr_cut_part(game->cut, node)) {
    case NR_PART_CONST: return nr_filter_prefix_tensor(game, node);
    case NR_PART_TWO:
        if (node == game->spec.layer)
            return end == NR_FULL ? nr_filter_prefix_tensor(game, node)
                                  : game->layer_ablated;
        return nr_exec_output(game->two[end], node);
    case NR_PART_LINEAR:
        return end == NR_FULL && game->full[node]
                   ? game->full[node]
                   : nr_exec_output(game->linear[end], node);
    case NR_PART_MIXED: break;
    }
    return NULL;
}

/* Binds every external tensor that the nodes of `part` read. */
static void bind_inputs(nr_filter *game, nr_exec *exec, nr_part part, nr_end end) {
    nr_node_list list = nr_cut_nodes(game->cut, part);
    for (size_t i = 0; i < list.n; i++)
        for (uint32_t k = 0;
             k < nr_graph_node(game->spec.graph, list.nodes[i])->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(game->spec.graph, list.nodes[i], k);
            bool ours =
                nr_cut_part(game->cut, input) == part && input != game->spec.layer;
            if (!ours)
                nr_exec_bind(exec, input, nr_filter_state(game, input, end),
                             game->batch_images);
        }
}

static void run_end(nr_filter *game, nr_end end) {
    bind_inputs(game, game->two[end], NR_PART_TWO, end);
    nr_exec_run(game->two[end], game->batch_images);
    if (end == NR_FULL && game->full_is_sum) return; /* filter_deltas.c */
    bind_inputs(game, game->linear[end], NR_PART_LINEAR, end);
    nr_exec_run(game->linear[end], game->batch_images);
}

/* The layer with nobody kept, and what follows from it. */
static void ablate(nr_filter *game) {
    nr_ablate_layer(game->cut, game->spec.ablation, game->spec.channel_means,
                    game->batch_images, nr_filter_prefix_tensor(game, game->spec.layer),
                    game->layer_ablated);
    game->empty_images = game->batch_images;
    run_end(game, NR_EMPTY);
}

/* What nobody kept looks like is the same for every block where all channels are
 * players and nothing else is read: zero, or means. */
void nr_filter_states_open(nr_filter *game) {
    nr_filter_prefix_open(game);
    bool known = game->empty_is_constant && game->empty_images == game->batch_images;
    if (!known) ablate(game);
    run_end(game, NR_FULL);
}
