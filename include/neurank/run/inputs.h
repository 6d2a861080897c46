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

/* Collective, and so is its failure: NR_ERR_INPUT or NR_ERR_USAGE as nr_onnx_load and
 * nr_images_load on rank 0, NR_ERR_INTERNAL: no memory on some rank. *out is empty
 * then; else it is the caller's, and of use until nr_world_stop. Digests are set on
 * rank 0 only. */
nr_status nr_inputs_load(nr_world *world, const nr_input_request *request,
                         nr_inputs *out);
void nr_inputs_free(nr_inputs *inputs);

#endif
