/* What a few units of a layer tell before its run begins. */
#ifndef NEURANK_SHAPLEY_PILOT_H
#define NEURANK_SHAPLEY_PILOT_H

#include "neurank/shapley/layer.h"

/* Plays the first units into the empty fold, for about `wanted_s` and at least a few of
 * them. *took_s: how long that took. */
nr_status nr_pilot_play(nr_unit_runner *runner, uint64_t n_units, nr_fold *fold,
                        double wanted_s, double *took_s);

/* The estimator of the layer that `planned` describes as one of pairs. As the request
 * says; with `auto` as the store says that is gone on with (NULL: there is none), else
 * by a pilot on rank 0: the one whose variance times time is smaller. The times of a
 * pilot are not repeatable, so the choice is part of the plan. Collective. */
nr_status nr_pilot_choose(nr_world *world, const nr_inputs *inputs,
                          const nr_layers_request *request, const char *store,
                          const nr_run_layer *planned, nr_estimator_kind *out);

#endif
