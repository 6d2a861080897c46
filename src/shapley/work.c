#include "neurank/shapley/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/nn/layers.h"
#include "pilot.h"

/* The store that may be gone on with. */
static const char *store_of(const nr_shapley_request *request) {
    return request->out.fresh ? NULL : request->out.path;
}

/* ---- layers ---- */

static nr_status plan_layers(void *self) {
    nr_work *work = self;
    uint32_t *nodes;
    nr_status status = nr_layers_select(work->inputs.graph, work->request->play.layers,
                                        &nodes, &work->n_layers);
    NR_TRY(status);
    if (work->n_layers > 1 && work->request->play.filters)
        status = nr_fail(NR_ERR_USAGE, "--filters: only with one layer, here are %zu",
                         work->n_layers);
    else if (!NR_NEW(work->layers, work->n_layers)) status = NR_ERR_INTERNAL;
    for (size_t i = 0; i < work->n_layers && status == NR_OK; i++) {
        nr_run_layer *layer = &work->layers[i];
        status = nr_run_layer_plan(&work->inputs, &work->request->play, nodes[i],
                                   work->kernels, layer);
        if (status == NR_OK)
            status =
                nr_pilot_choose(work->world, &work->inputs, &work->request->play,
                                store_of(work->request), layer, &layer->plan.estimator);
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
    nr_run_plan plan = {.in =
                            nr_run_inputs(&work->inputs, work->request->play.in.seed)};
    NR_TRY(nr_store_new(work->n_layers, &store));
    store->confidence = work->request->play.confidence;
    nr_status status = join_names(work, &names);
    if (status == NR_OK) {
        plan.layers = names;
        status = nr_plan_copy(&nr_run_form, &plan, &store->plan);
        free(names);
    }
    for (size_t i = 0; i < work->n_layers && status == NR_OK; i++)
        status = nr_run_layer_store(&work->layers[i], &work->request->play,
                                    &work->inputs, &store->layers[i]);
    if (status != NR_OK) {
        nr_store_free(store);
        return status;
    }
    *out = store;
    return NR_OK;
}

nr_status nr_work_load(nr_world *world, const nr_shapley_request *request,
                       nr_work *out) {
    *out = (nr_work){.world = world, .request = request};
    NR_TRY(nr_load(world, &request->play.in, store_of(request), &out->inputs,
                   &out->kernels));
    return nr_decide(world, plan_layers, out);
}

void nr_work_free(nr_work *work) {
    for (size_t i = 0; work->layers && i < work->n_layers; i++)
        nr_run_layer_free(&work->layers[i]);
    free(work->layers);
    nr_inputs_free(&work->inputs);
    *work = (nr_work){0};
}
