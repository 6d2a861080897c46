#include "neurank/shapley/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/game/channel_means.h"
#include "neurank/game/cost.h"
#include "neurank/game/filter.h"
#include "neurank/nn/blas_core.h"
#include "neurank/plan/index_list.h"
#include "neurank/plan/shard.h"
#include "neurank/run/kernel_choice.h"
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
    return nr_estimator_is_exact(layer->estimator) &&
           layer->n_players <= NR_EXACT_PLAYERS_MAX;
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
    layer->units = nr_estimator_get(layer->estimator)->plan(&costs);
    layer->spec.group_blocks = layer->units.group_blocks;
    layer->spec.enumerated = can_enumerate(layer);
    /* Prefixes are worth keeping if there is another sweep. */
    layer->spec.again =
        !nr_estimator_is_exact(layer->estimator) && request->goal.sweeps != 1;
    layer->spec.memory_bytes = (size_t)request->memory_mib << 20;
    return NR_OK;
}

static size_t class_count(const nr_graph *graph) {
    return nr_graph_node(graph, nr_graph_output(graph))->shape.c;
}

nr_status nr_run_layer_plan(const nr_inputs *inputs, const nr_layers_request *request,
                            uint32_t node, const char *kernels, nr_run_layer *out) {
    const nr_node *n = nr_graph_node(inputs->graph, node);
    nr_run_layer layer = {.node = node,
                          .name = nr_graph_text(inputs->graph, n->short_name),
                          .estimator = request->method == NR_METHOD_EXACT
                                           ? NR_BY_ENUMERATION
                                           : NR_BY_PAIRS,
                          .per_image = request->per_image};
    const nr_kernels *found;
    NR_TRY(nr_require_kernels(kernels, &found));
    if (request->by_class) layer.n_classes = class_count(inputs->graph);
    NR_TRY(choose_filters(request, n->shape, &layer));
    layer.spec = (nr_filter_spec){.graph = inputs->graph,
                                  .images = inputs->images,
                                  .kernels = found,
                                  .layer = node,
                                  .ablation = request->ablation,
                                  .filters = layer.filters,
                                  .n_players = layer.n_players,
                                  .metric = request->metric,
                                  .block_images = (uint32_t)request->block};
    nr_status status = NR_OK;
    if (request->goal.top > layer.n_players)
        status =
            nr_fail(NR_ERR_USAGE, "--top %llu: layer \"%s\" has %zu filters",
                    (unsigned long long)request->goal.top, layer.name, layer.n_players);
    if (status == NR_OK) status = plan_units(inputs, request, &layer);
    if (status != NR_OK) {
        nr_run_layer_free(&layer);
        return status;
    }
    *out = layer;
    return NR_OK;
}

void nr_run_layer_free(nr_run_layer *layer) {
    free(layer->filters);
    layer->filters = NULL;
}

nr_goal nr_run_goal(const nr_layers_request *request) {
    nr_goal goal = request->goal;
    if (nr_goal_is_none(&goal)) goal.sweeps = 1;
    return goal;
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

static nr_status set_filters(const nr_run_layer *layer, uint32_t channels,
                             nr_plan *plan) {
    char *text;
    NR_TRY(name_filters(layer, channels, &text));
    nr_status status = nr_plan_set(plan, "filters", text);
    free(text);
    return status;
}

/* "2/5" for any way to say so. */
static nr_status set_shard(const nr_layers_request *request, nr_plan *plan) {
    char text[48] = "none";
    nr_shard shard;
    if (request->shard && nr_shard_parse(request->shard, &shard))
        snprintf(text, sizeof text, "%llu/%llu", (unsigned long long)shard.number,
                 (unsigned long long)shard.count);
    return nr_plan_set(plan, "shard", text);
}

static nr_status set_plan(const nr_run_layer *layer, const nr_layers_request *request,
                          const nr_graph *graph, nr_plan *plan) {
    const nr_node *node = nr_graph_node(graph, layer->node);
    NR_TRY(nr_plan_set(plan, "node", nr_graph_text(graph, node->name)));
    NR_TRY(nr_plan_set(plan, "method", nr_method_words[request->method]));
    NR_TRY(nr_plan_set(plan, "estimator", nr_estimator_name(layer->estimator)));
    NR_TRY(nr_plan_set(plan, "metric", nr_metric_words[request->metric]));
    NR_TRY(nr_plan_set(plan, "ablate", nr_ablation_words[request->ablation]));
    NR_TRY(set_filters(layer, node->shape.c, plan));
    NR_TRY(nr_plan_set_u64(plan, "block", request->block));
    NR_TRY(nr_plan_set_u64(plan, "strata", layer->units.strata));
    NR_TRY(nr_plan_set_u64(plan, "unit", layer->units.blocks_per_unit));
    NR_TRY(nr_plan_set_u64(plan, "pieces", layer->units.pieces));
    NR_TRY(nr_plan_set_u64(plan, "units_per_sweep", layer->units.units_per_sweep));
    /* The kind, not the option: "fast" is another one on another processor. */
    NR_TRY(nr_plan_set(plan, "kernels", layer->spec.kernels->name));
    NR_TRY(nr_plan_set_u64(plan, "by_class", layer->n_classes));
    NR_TRY(nr_plan_set(plan, "per_image", layer->per_image ? "yes" : "no"));
    NR_TRY(set_shard(request, plan));
    NR_TRY(nr_plan_set_u64(plan, "numbers", NR_NUMBERS_VERSION));
    return nr_plan_set(plan, NR_PLAN_BLAS, nr_blas_core());
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
    NR_TRY(set_plan(layer, request, inputs->graph, &out->plan));
    if (!(out->name = nr_strdup(layer->name)) ||
        !NR_NEW(out->filters, layer->n_players))
        return NR_ERR_INTERNAL;
    memcpy(out->filters, layer->filters, layer->n_players * sizeof *out->filters);
    out->n_players = layer->n_players;
    out->estimator = layer->estimator;
    out->units = layer->units;
    out->block_images = layer->spec.block_images;
    out->n_classes = layer->n_classes;
    if (request->shard) nr_shard_parse(request->shard, &out->shard);
    if (!nr_estimator_is_exact(layer->estimator)) {
        out->goal = nr_run_goal(request);
        out->sequence_sweeps = nr_goal_sequence_sweeps(&out->goal);
    }
    if (layer->per_image)
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
    nr_unit_spec unit = {.estimator = layer->estimator,
                         .game = &p->game,
                         .seed = seed,
                         .layer = layer->node,
                         .units = layer->units,
                         .n_classes = layer->n_classes,
                         .per_image = layer->per_image};
    if (status == NR_OK &&
        (!nr_estimator_is_exact(layer->estimator) || can_enumerate(layer)))
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
