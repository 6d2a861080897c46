/* What a run has to do: model and images, the layers of the command, and the store of
 * that plan. The same on every rank; on one, without a run, for `neurank submit`. */
#ifndef NEURANK_SHAPLEY_WORK_H
#define NEURANK_SHAPLEY_WORK_H

#include "neurank/run/inputs.h"
#include "neurank/run/load.h"
#include "neurank/shapley/shapley.h"

typedef struct {
    nr_world *world;                   /* borrowed */
    const nr_shapley_request *request; /* borrowed */
    nr_inputs inputs;
    nr_run_layer *layers; /* [n_layers] */
    size_t n_layers;
    const nr_kernels *kernels; /* that all ranks use */
} nr_work;

/* Collective, and so is its failure. After one, too, nr_work_free. Fails as
 * nr_load, nr_layers_select and nr_run_layer_plan:
 * NR_ERR_USAGE, NR_ERR_INPUT, NR_ERR_INTERNAL; and as the pilot's game, where the
 * estimator is to be chosen: NR_ERR_UNIT, NR_STOPPED. */
nr_status nr_work_load(nr_world *world, const nr_shapley_request *request,
                       nr_work *out);
void nr_work_free(nr_work *work);

/* The store of this plan with nothing done, the caller's. NR_ERR_INTERNAL: no
 * memory. */
nr_status nr_work_store(const nr_work *work, nr_store **out);

#endif
