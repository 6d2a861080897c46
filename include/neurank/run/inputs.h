/* Model and images on every rank: read by rank 0, held once per node. */
#ifndef NEURANK_RUN_INPUTS_H
#define NEURANK_RUN_INPUTS_H

#include "neurank/dataset/images.h"
#include "neurank/nn/graph.h"
#include "neurank/run/request.h"
#include "neurank/sched/world.h"

typedef struct {
    nr_graph *graph;
    nr_images *images;
    char model_digest[NR_DIGEST_TEXT], data_digest[NR_DIGEST_TEXT];
} nr_inputs;

/* Collective. */
nr_status nr_inputs_load(nr_world *world, const nr_input_request *request,
                         nr_inputs *out);
void nr_inputs_free(nr_inputs *inputs);

#endif
