#include "rater.h"

void nr_rater_free(nr_rater *rater) {
    if (rater->free) rater->free(rater->self);
    *rater = (nr_rater){0};
}

nr_rating_plan nr_rated_plan(const nr_rated_layer *layer) {
    const nr_graph *graph = layer->inputs->graph;
    return (nr_rating_plan){
        .in = nr_run_inputs(layer->inputs, layer->request->in.seed),
        .node = nr_graph_text(graph, nr_graph_node(graph, layer->node)->name),
        .arithmetic = nr_run_arithmetic(layer->kernels)};
}
