/* What every run begins with: model, images and kernels on all ranks, and what all of
 * them then decide alike. */
#ifndef NEURANK_RUN_LOAD_H
#define NEURANK_RUN_LOAD_H

#include "neurank/nn/kernels.h"
#include "neurank/plan/plan.h"
#include "neurank/run/inputs.h"

/* store: the file that the run goes on with, whose kernels are taken where the request
 * leaves the choice and the processor has them; NULL: none. Collective, and so is its
 * failure, as nr_inputs_load and nr_choose_kernels: NR_ERR_INPUT, NR_ERR_USAGE,
 * NR_ERR_INTERNAL. *out is the caller's (nr_inputs_free), empty after a failure;
 * *kernels a constant. */
nr_status nr_load(nr_world *world, const nr_input_request *request, const char *store,
                  nr_inputs *out, const nr_kernels **kernels);

/* What every rank decides from the same facts, so that it fails on all of them alike:
 * NR_ERR_USAGE, NR_ERR_INPUT, NR_ERR_INTERNAL, or what else it has to refuse. */
typedef nr_status nr_decision(void *self);

/* Calls decide(self) on every rank, and lets one of them say what is wrong. Collective,
 * and so is its failure, with the decision's status: NR_ERR_USAGE, NR_ERR_INPUT, ... */
nr_status nr_decide(nr_world *world, nr_decision *decide, void *self);

/* What a plan says of them; texts are borrowed. Rank 0, which has the digests. */
nr_plan_inputs nr_run_inputs(const nr_inputs *inputs, uint64_t seed);
nr_plan_arithmetic nr_run_arithmetic(const nr_kernels *kernels);

#endif
