#include "neurank/shapley/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/game/channel_means.h"
#include "neurank/game/cost.h"
#include "neurank/game/filter.h"
#include "neurank/plan/index_list.h"
#include "neurank/run/load.h"
#include "neurank/sample/permutation.h"
#include "neurank/sched/estimator.h"

static nr_status choose_filters(const nr_layers_request *request, nr_shape shape,
                                nr_run_layer *layer) {
    NR_REQUIRE(shape.c <= NR_PLAYERS_MAX, NR_ERR_INPUT,
               "layer \"%s\" has %u filters, a layer of at most %d can be ranked",
               layer->name, shape.c, NR_PLAYERS_MAX);
    if (request->filters)
        return nr_parse_index_list("--filters", request->filters, shape.c,
                                   &layer->filters, &layer->n_players);
    if (!NR_NEW(layer->filters, shape.c)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < shape.c; i++) layer->filters[i] = i;
    layer->n_players = shape.c;
    return NR_OK;
}

/* An exact run keeps all differences at hand, if its players can be enumerated. */
static bool can_enumerate(const nr_run_layer *layer) {
    return nr_estimator_is_exact(layer->plan.estimator) &&
           layer->n_players <= NR_EXACT_PLAYERS_MAX;
}

static size_t class_count(const nr_graph *graph) {
    return nr_graph_node(graph, nr_graph_output(graph))->shape.c;
}

/* "0-4,7" for any way to say so; *out owned by the caller. */
static nr_status name_filters(const nr_run_layer *layer, uint32_t channels,
                              char **out) {
    enum { ENTRY = 24 };
    size_t n = layer->n_players, used = 0;
    char *text = nr_new(nr_size_mul(n + 1, ENTRY), 1);
    if (!text) return NR_ERR_INTERNAL;
    if (n == channels) snprintf(text, ENTRY, "all");
    for (size_t i = 0; i < n && n < channels;) {
        size_t last = i;
        const uint32_t *f = layer->filters;
        while (last + 1 < n && f[last + 1] == f[last] + 1) last++;
        used += (size_t)snprintf(text + used, ENTRY, "%s%u", i ? "," : "", f[i]);
        if (last > i) used += (size_t)snprintf(text + used, ENTRY, "-%u", f[last]);
        i = last + 1;
    }
    *out = text;
    return NR_OK;
}

/* All but the units; by pairs of walks unless all coalitions are asked for. */
static nr_status set_plan(nr_run_layer *layer, const nr_layers_request *request,
                          const nr_graph *graph) {
    const nr_node *node = nr_graph_node(graph, layer->node);
    char *filters;
    NR_TRY(name_filters(layer, node->shape.c, &filters));
    bool exact = request->method == NR_METHOD_EXACT;
    nr_layer_plan plan = {
        .node = nr_graph_text(graph, node->name),
        .method = request->method,
        .estimator = exact ? NR_BY_ENUMERATION : NR_BY_PAIRS,
        .metric = request->metric,
        .ablation = request->ablation,
        .filters = filters,
        .block_images = request->block,
        /* The kind, not the option: "fast" is another one on another processor. */
        .arithmetic = nr_run_arithmetic(layer->spec.kernels),
        .n_classes = request->by_class ? class_count(graph) : 0,
        .per_image = request->per_image};
    if (request->shard) nr_shard_parse(request->shard, &plan.shard);
    nr_status status = nr_plan_copy(&nr_layer_form, &plan, &layer->plan);
    free(filters);
    return status;
}

static nr_status plan_units(const nr_inputs *inputs, const nr_layers_request *request,
                            nr_run_layer *layer) {
    nr_cut *cut;
    uint32_t block = layer->spec.block_images;
    size_t images = nr_images_count(inputs->images);
    /* Blocks are compared with each other, so they have to be of one size. */
    NR_REQUIRE(images % block == 0, NR_ERR_USAGE,
               "--block %u: %zu images do not divide into blocks of that size", block,
               images);
    NR_TRY(nr_cut_new(inputs->graph, layer->node, layer->spec.ablation, layer->filters,
                      layer->n_players, &cut));
    const nr_work_costs costs = {.n_blocks = images / block,
                                 .n_players = layer->n_players,
                                 .visit_macs = nr_filter_planned_macs(cut, block),
                                 .coalition_macs = nr_filter_coalition_macs(cut),
                                 .group_blocks =
                                     nr_filter_group_blocks(inputs->graph, block)};
    nr_cut_free(cut);
    layer->plan.units = nr_estimator_get(layer->plan.estimator)->plan(&costs);
    layer->spec.group_blocks = layer->plan.units.group_blocks;
    layer->spec.enumerated = can_enumerate(layer);
    /* Prefixes are worth keeping if there is another sweep. */
    layer->spec.again =
        !nr_estimator_is_exact(layer->plan.estimator) && request->goal.sweeps != 1;
    layer->spec.memory_bytes = (size_t)request->memory_mib << 20;
    return NR_OK;
}

/* The game that is played, but for how its work is cut. */
static nr_filter_spec game_of(const nr_inputs *inputs, const nr_layers_request *request,
                              const nr_kernels *kernels, const nr_run_layer *layer) {
    return (nr_filter_spec){.graph = inputs->graph,
                            .images = inputs->images,
                            .kernels = kernels,
                            .layer = layer->node,
                            .ablation = request->ablation,
                            .filters = layer->filters,
                            .n_players = layer->n_players,
                            .metric = request->metric,
                            .block_images = (uint32_t)request->block};
}

static nr_status plan_layer(const nr_inputs *inputs, const nr_layers_request *request,
                            const nr_kernels *kernels, nr_run_layer *layer) {
    const nr_node *node = nr_graph_node(inputs->graph, layer->node);
    NR_TRY(choose_filters(request, node->shape, layer));
    NR_REQUIRE(request->goal.top <= layer->n_players, NR_ERR_USAGE,
               "--top %llu: layer \"%s\" has %zu filters",
               (unsigned long long)request->goal.top, layer->name, layer->n_players);
    layer->spec = game_of(inputs, request, kernels, layer);
    NR_TRY(set_plan(layer, request, inputs->graph));
    return plan_units(inputs, request, layer);
}

nr_status nr_run_layer_plan(const nr_inputs *inputs, const nr_layers_request *request,
                            uint32_t node, const nr_kernels *kernels,
                            nr_run_layer *out) {
    const nr_node *n = nr_graph_node(inputs->graph, node);
    *out = (nr_run_layer){.node = node,
                          .name = nr_graph_text(inputs->graph, n->short_name)};
    nr_status status = plan_layer(inputs, request, kernels, out);
    if (status != NR_OK) nr_run_layer_free(out);
    return status;
}

void nr_run_layer_free(nr_run_layer *layer) {
    free(layer->filters);
    layer->filters = NULL;
    nr_plan_clear(&nr_layer_form, &layer->plan);
}

nr_goal nr_run_goal(const nr_layers_request *request) {
    nr_goal goal = request->goal;
    if (nr_goal_is_none(&goal)) goal.sweeps = 1;
    return goal;
}

static nr_status new_image_rows(const nr_images *images, size_t n_players,
                                nr_image_rows **out) {
    size_t n = nr_images_count(images);
    uint32_t *files;
    if (!NR_NEW(files, n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) files[i] = nr_images_index(images, i);
    nr_status status =
        nr_image_rows_new(n, n_players, files, nr_images_labels(images), out);
    free(files);
    return status;
}

nr_status nr_run_layer_store(const nr_run_layer *layer,
                             const nr_layers_request *request, const nr_inputs *inputs,
                             nr_store_layer *out) {
    NR_TRY(nr_plan_copy(&nr_layer_form, &layer->plan, &out->plan));
    if (!(out->name = nr_strdup(layer->name)) ||
        !NR_NEW(out->filters, layer->n_players))
        return NR_ERR_INTERNAL;
    memcpy(out->filters, layer->filters, layer->n_players * sizeof *out->filters);
    out->n_players = layer->n_players;
    if (!nr_estimator_is_exact(layer->plan.estimator)) {
        out->goal = nr_run_goal(request);
        out->sequence_sweeps = nr_goal_sequence_sweeps(&out->goal);
    }
    if (layer->plan.per_image)
        NR_TRY(new_image_rows(inputs->images, layer->n_players, &out->images));
    return nr_store_layer_make_fold(out);
}

/* ---- playing ---- */

enum {
    MEAN_RANGE = 64
}; /* images of a piece: the same batches for any number of ranks */

static nr_status merge_means(nr_world *world, size_t channels, size_t n_images,
                             const uint64_t *mine, float *means) {
    size_t size = (size_t)nr_world_size(world), n = 2 * channels;
    uint64_t *all, *total = NULL;
    nr_status status = NR_OK;
    if (!NR_NEW(all, nr_size_mul(size, n)) || !NR_NEW(total, n))
        status = NR_ERR_INTERNAL;
    status = nr_world_share(world, status);
    if (status == NR_OK) status = nr_world_gather(world, mine, n, all);
    for (size_t rank = 0; rank < size && status == NR_OK; rank++)
        nr_channel_sums_merge(total, all + rank * n, channels);
    if (status == NR_OK) nr_channel_means(total, channels, n_images, means);
    free(total);
    free(all);
    return status;
}

/* Means of the layer's channels over all images: each rank takes its share of them. */
static nr_status find_means(nr_world *world, const nr_inputs *inputs,
                            const nr_run_layer *layer, float *means) {
    size_t n = nr_images_count(inputs->images);
    size_t channels = nr_graph_node(inputs->graph, layer->node)->shape.c;
    size_t step = (size_t)nr_world_size(world) * MEAN_RANGE;
    uint64_t *sums;
    nr_status status = NR_NEW(sums, 2 * channels) ? NR_OK : NR_ERR_INTERNAL;
    for (size_t first = (size_t)nr_world_rank(world) * MEAN_RANGE;
         first < n && status == NR_OK; first += step) {
        size_t count = n - first < MEAN_RANGE ? n - first : MEAN_RANGE;
        status = nr_channel_sums(inputs->graph, inputs->images, layer->spec.kernels,
                                 layer->node, first, count, sums);
    }
    status = nr_world_share(world, status);
    if (status == NR_OK) status = merge_means(world, channels, n, sums, means);
    free(sums);
    return status;
}

static nr_status player_fill(nr_world *world, const nr_inputs *inputs,
                             const nr_run_layer *layer, uint64_t seed, nr_player *p) {
    nr_filter_spec spec = layer->spec;
    if (spec.ablation == NR_ABLATE_MEAN) {
        p->means = nr_new_floats(nr_graph_node(inputs->graph, layer->node)->shape.c);
        NR_TRY(nr_world_share(world, p->means ? NR_OK : NR_ERR_INTERNAL));
        NR_TRY(find_means(world, inputs, layer, p->means));
        spec.channel_means = p->means;
    }
    nr_status status = nr_filter_game_new(&spec, &p->game);
    nr_unit_spec unit = {.estimator = layer->plan.estimator,
                         .game = &p->game,
                         .seed = seed,
                         .layer = layer->node,
                         .units = layer->plan.units,
                         .n_classes = layer->plan.n_classes,
                         .per_image = layer->plan.per_image};
    if (status == NR_OK &&
        (!nr_estimator_is_exact(layer->plan.estimator) || can_enumerate(layer)))
        status = nr_unit_runner_new(&unit, &p->runner);
    return nr_world_share(world, status);
}

nr_status nr_player_new(nr_world *world, const nr_inputs *inputs,
                        const nr_run_layer *layer, uint64_t seed, nr_player *out) {
    *out = (nr_player){0};
    nr_status status = player_fill(world, inputs, layer, seed, out);
    if (status != NR_OK) nr_player_free(out);
    return status;
}

void nr_player_free(nr_player *player) {
    nr_unit_runner_free(player->runner);
    nr_game_free(&player->game);
    free(player->means);
    *player = (nr_player){0};
}
