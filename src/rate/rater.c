#include "rater.h"

#include "neurank/nn/blas_core.h"

void nr_rater_free(nr_rater *rater) {
    if (rater->free) rater->free(rater->self);
    *rater = (nr_rater){0};
}

nr_status nr_rated_plan(const nr_rated_layer *layer, nr_plan *plan) {
    const nr_graph *graph = layer->inputs->graph;
    NR_TRY(nr_plan_set(plan, "model", layer->inputs->model_digest));
    NR_TRY(nr_plan_set(plan, "data", layer->inputs->data_digest));
    NR_TRY(nr_plan_set_u64(plan, "images", nr_images_count(layer->inputs->images)));
    NR_TRY(nr_plan_set_u64(plan, "seed", layer->request->in.seed));
    NR_TRY(nr_plan_set(plan, "node",
                       nr_graph_text(graph, nr_graph_node(graph, layer->node)->name)));
    NR_TRY(nr_plan_set(plan, "kernels", layer->kernels->name));
    NR_TRY(nr_plan_set_u64(plan, "numbers", NR_NUMBERS_VERSION));
    return nr_plan_set(plan, NR_PLAN_BLAS, nr_blas_core());
}
