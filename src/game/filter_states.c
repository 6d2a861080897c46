/* What does not depend on the order of the players: prefix, both states, both ends. */
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"

static size_t node_size(const nr_filter *game, uint32_t node) {
    return nr_shape_size(nr_graph_node(game->spec.graph, node)->shape);
}

void nr_filter_ablate_layer(const nr_cut *cut, nr_ablation ablation, const float *means,
                            size_t rows, const float *kept, float *ablated) {
    const nr_graph *graph = nr_cut_graph(cut);
    const nr_node *layer = nr_graph_node(graph, nr_cut_layer(cut));
    const uint32_t *players = nr_cut_players_of(cut, nr_cut_layer(cut));
    const float *silent = nr_graph_weight(graph, layer->silent);
    size_t c = layer->shape.c, pixels = rows * layer->shape.h * layer->shape.w;
    if (ablation == NR_ABLATE_REMOVE) silent = NULL;
    if (ablation == NR_ABLATE_MEAN) silent = means;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < c; i++)
            ablated[p * c + i] = players[i] == NR_NO_PLAYER ? kept[p * c + i]
                                 : silent                   ? silent[i]
                                                            : 0;
}

void nr_filter_clear_absent(void *context, uint32_t node, size_t rows, float *output) {
    const nr_cut *cut = context;
    nr_shape shape = nr_graph_node(nr_cut_graph(cut), node)->shape;
    const bool *absent = nr_cut_absent(cut, node);
    size_t pixels = rows * shape.h * shape.w;
    for (size_t i = 0; i < shape.c; i++)
        if (absent[i])
            for (size_t p = 0; p < pixels; p++) output[p * shape.c + i] = 0;
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
                           nr_exec **out) {
    nr_node_list list = nr_cut_nodes(game->cut, part);
    uint32_t *keep;
    size_t n_keep;
    NR_TRY(leaving(game, list, &keep, &n_keep));
    nr_exec_spec spec = {.graph = game->spec.graph,
                         .kernels = game->spec.kernels,
                         .nodes = list.nodes,
                         .n_nodes = list.n,
                         .keep = keep,
                         .n_keep = n_keep,
                         .rows_max = rows};
    nr_status status = nr_exec_new(&spec, out);
    free(keep);
    return status;
}

nr_status nr_filter_states_new(nr_filter *game) {
    size_t rows = nr_size_mul(game->spec.group_blocks, game->rows_block);
    NR_TRY(make_exec(game, NR_PART_CONST, rows, &game->prefix));
    game->input = nr_new_floats(nr_size_mul(rows, node_size(game, 0)));
    game->layer_ablated =
        nr_new_floats(nr_size_mul(game->rows_block, node_size(game, game->spec.layer)));
    if (!game->input || !game->layer_ablated) return NR_ERR_INTERNAL;
    for (int end = NR_EMPTY; end <= NR_FULL; end++) {
        NR_TRY(make_exec(game, NR_PART_TWO, game->rows_block, &game->two[end]));
        NR_TRY(make_exec(game, NR_PART_LINEAR, game->rows_block, &game->linear[end]));
    }
    nr_exec_set_hook(game->two[NR_EMPTY], nr_filter_clear_absent, game->cut);
    nr_exec_bind(game->prefix, 0, game->input, rows);
    return NR_OK;
}

void nr_filter_states_free(nr_filter *game) {
    nr_exec_free(game->prefix);
    free(game->input);
    free(game->layer_ablated);
    for (int end = NR_EMPTY; end <= NR_FULL; end++) {
        nr_exec_free(game->two[end]);
        nr_exec_free(game->linear[end]);
    }
}

/* Makes sure that the prefix of the block's group stands in memory. */
static void prefix_open(nr_filter *game) {
    uint64_t group = game->spec.group_blocks, first = game->block / group * group;
    size_t total = nr_images_count(game->spec.images);
    if (game->group_count > 0 && game->group_first == first) return;
    size_t image = (size_t)first * game->rows_block;
    size_t rows = (size_t)group * game->rows_block;
    if (rows > total - image) rows = total - image;
    nr_images_read(game->spec.images, image, rows, game->input);
    nr_exec_bind(game->prefix, 0, game->input, rows);
    nr_exec_run(game->prefix, rows);
    game->group_first = first;
    game->group_count = group;
}

static const float *prefix_tensor(const nr_filter *game, uint32_t node) {
    size_t row = (size_t)(game->block - game->group_first) * game->rows_block;
    return nr_exec_output(game->prefix, node) + row * node_size(game, node);
}

const float *nr_filter_state(const nr_filter *game, uint32_t node, nr_end end) {
    switch (nr_cut_part(game->cut, node)) {
    case NR_PART_CONST: return prefix_tensor(game, node);
    case NR_PART_TWO:
        if (node == game->spec.layer)
            return end == NR_FULL ? prefix_tensor(game, node) : game->layer_ablated;
        return nr_exec_output(game->two[end], node);
    case NR_PART_LINEAR: return nr_exec_output(game->linear[end], node);
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
                             game->images);
        }
}

void nr_filter_states_open(nr_filter *game) {
    prefix_open(game);
    nr_filter_ablate_layer(game->cut, game->spec.ablation, game->spec.channel_means,
                           game->images, prefix_tensor(game, game->spec.layer),
                           game->layer_ablated);
    for (int end = NR_EMPTY; end <= NR_FULL; end++) {
        bind_inputs(game, game->two[end], NR_PART_TWO, (nr_end)end);
        nr_exec_run(game->two[end], game->images);
        bind_inputs(game, game->linear[end], NR_PART_LINEAR, (nr_end)end);
        nr_exec_run(game->linear[end], game->images);
    }
}
