#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/nn/layers.h"
#include "pilot.h"

/* ---- kernels ---- */

/* A run goes on with the kernels that it began with, where the processor has them: a
 * job that is queued again may get other nodes. "": the store does not say. Rank 0. */
static void ask_store(const nr_options *options, char name[NR_CHOICE_TEXT]) {
    nr_store *store;
    name[0] = '\0';
    if (options->fresh || access(options->output, F_OK) != 0) return;
    nr_log_set_silent(true); /* what is wrong with it is said when the run opens it */
    nr_status status = nr_store_read(options->output, &store);
    nr_log_set_silent(false);
    if (status != NR_OK) return;
    snprintf(name, NR_CHOICE_TEXT, "%s",
             nr_plan_get(&store->layers[0].plan, "kernels"));
    nr_store_free(store);
}

/* Rank 0's answer on every rank. */
static nr_status share_name(nr_world *world, char name[NR_CHOICE_TEXT]) {
    uint64_t mine[NR_CHOICE_TEXT / 8] = {0}, *all;
    size_t size = (size_t)nr_world_size(world), n = sizeof mine / sizeof *mine;
    _Static_assert(sizeof mine == NR_CHOICE_TEXT, "a name is whole words");
    memcpy(mine, name, strlen(name));
    nr_status status = NR_NEW(all, nr_size_mul(size, n)) ? NR_OK : NR_ERR_INTERNAL;
    status = nr_world_share(world, status);
    if (status == NR_OK) status = nr_world_gather(world, mine, n, all);
    if (status == NR_OK) memcpy(name, all, NR_CHOICE_TEXT);
    free(all);
    return status;
}

/* Ranks on other processors would round otherwise, and which rank does what is chance.
 */
static nr_status require_one_kind(const nr_work *work) {
    int size = nr_world_size(work->world);
    uint64_t mine = 0, *all;
    const char *kind = nr_kernels_find(work->kernels)->name;
    memcpy(&mine, kind, strlen(kind) < sizeof mine ? strlen(kind) : sizeof mine);
    nr_status status = NR_NEW(all, (size_t)size) ? NR_OK : NR_ERR_INTERNAL;
    status = nr_world_share(work->world, status);
    if (status == NR_OK) status = nr_world_gather(work->world, &mine, 1, all);
    for (int rank = 1; rank < size && status == NR_OK; rank++)
        if (all[rank] != all[0])
            status = nr_fail(NR_ERR_USAGE,
                             "rank 0 runs on %.8s and rank %d on %.8s, which round "
                             "differently: choose one that all have, --kernels avx2 or "
                             "blas",
                             (char *)&all[0], rank, (char *)&all[rank]);
    free(all);
    return status;
}

static nr_status choose_kernels(nr_work *work) {
    nr_option_choice("kernels", work->options->kernels, work->kernels);
    if (strcmp(work->kernels, "fast") != 0) return NR_OK;
    char name[NR_CHOICE_TEXT] = "";
    if (nr_world_rank(work->world) == 0) ask_store(work->options, name);
    NR_TRY(share_name(work->world, name));
    if (*name && nr_kernels_find(name)) memcpy(work->kernels, name, sizeof name);
    return require_one_kind(work);
}

/* ---- layers ---- */

static nr_status plan_layers(nr_work *work) {
    uint32_t *nodes;
    nr_status status = nr_layers_select(work->inputs.graph, work->options->layer,
                                        &nodes, &work->n_layers);
    NR_TRY(status);
    if (work->n_layers > 1 && work->options->filters)
        status = nr_fail(NR_ERR_USAGE, "--filters: only with one layer, here are %zu",
                         work->n_layers);
    else if (!NR_NEW(work->layers, work->n_layers)) status = NR_ERR_INTERNAL;
    for (size_t i = 0; i < work->n_layers && status == NR_OK; i++) {
        nr_run_layer *layer = &work->layers[i];
        status = nr_run_layer_plan(&work->inputs, work->options, nodes[i],
                                   work->kernels, layer);
        if (status == NR_OK)
            status = nr_pilot_choose(work->world, &work->inputs, work->options, layer,
                                     &layer->odd);
    }
    free(nodes);
    return status;
}

/* The layers' short names with commas: however the command names them. */
static nr_status join_names(const nr_work *work, char **out) {
    size_t bytes = 1, used = 0;
    for (size_t i = 0; i < work->n_layers; i++)
        bytes += strlen(work->layers[i].name) + 1;
    char *text = nr_new(bytes, 1);
    if (!text) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < work->n_layers; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "",
                                 work->layers[i].name);
    *out = text;
    return NR_OK;
}

/* The store of this plan with nothing done. */
nr_status nr_work_store(const nr_work *work, nr_store **out) {
    nr_store *store;
    char *names;
    NR_TRY(nr_store_new(work->n_layers, &store));
    store->confidence = work->options->confidence;
    nr_plan *plan = &store->plan;
    nr_status status = nr_plan_set(plan, "model", work->inputs.model_digest);
    if (status == NR_OK) status = join_names(work, &names);
    if (status == NR_OK) {
        status = nr_plan_set(plan, "layers", names);
        free(names);
    }
    if (status == NR_OK) status = nr_plan_set(plan, "data", work->inputs.data_digest);
    if (status == NR_OK)
        status = nr_plan_set_u64(plan, "images", nr_images_count(work->inputs.images));
    if (status == NR_OK) status = nr_plan_set_u64(plan, "seed", work->options->seed);
    for (size_t i = 0; i < work->n_layers && status == NR_OK; i++)
        status = nr_run_layer_store(&work->layers[i], work->options, &work->inputs,
                                    &store->layers[i]);
    if (status != NR_OK) {
        nr_store_free(store);
        return status;
    }
    *out = store;
    return NR_OK;
}

nr_status nr_work_load(nr_world *world, const nr_options *options, nr_work *out) {
    *out = (nr_work){.world = world, .options = options};
    NR_TRY(nr_inputs_load(world, options, &out->inputs));
    /* The same decision everywhere, but one message. */
    if (nr_world_rank(world) != 0) nr_log_set_silent(true);
    nr_status status = choose_kernels(out);
    if (status == NR_OK) status = plan_layers(out);
    nr_log_set_silent(false);
    return nr_world_share(world, status);
}

void nr_work_free(nr_work *work) {
    for (size_t i = 0; work->layers && i < work->n_layers; i++)
        nr_run_layer_free(&work->layers[i]);
    free(work->layers);
    nr_inputs_free(&work->inputs);
    *work = (nr_work){0};
}
