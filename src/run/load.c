#include "neurank/run/load.h"

#include "neurank/base/log.h"
#include "neurank/nn/blas_core.h"
#include "neurank/run/kernel_choice.h"

nr_status nr_decide(nr_world *world, nr_decision *decide, void *self) {
    if (nr_world_rank(world) != 0) nr_log_set_silent(true);
    nr_status status = decide(self);
    nr_log_set_silent(false);
    return nr_world_share(world, status);
}

typedef struct {
    nr_world *world;
    const char *wanted, *store;
    const nr_kernels **kernels;
} choice;

static nr_status choose(void *self) {
    const choice *c = self;
    return nr_choose_kernels(c->world, c->wanted, c->store, c->kernels);
}

nr_status nr_load(nr_world *world, const nr_input_request *request, const char *store,
                  nr_inputs *out, const nr_kernels **kernels) {
    choice c = {world, request->kernels, store, kernels};
    NR_TRY(nr_inputs_load(world, request, out));
    nr_status status = nr_decide(world, choose, &c);
    if (status != NR_OK) nr_inputs_free(out);
    return status;
}

nr_plan_inputs nr_run_inputs(const nr_inputs *inputs, uint64_t seed) {
    return (nr_plan_inputs){.model = inputs->model_digest,
                            .data = inputs->data_digest,
                            .images = nr_images_count(inputs->images),
                            .seed = seed};
}

nr_plan_arithmetic nr_run_arithmetic(const nr_kernels *kernels) {
    return (nr_plan_arithmetic){.kernels = kernels->name,
                                .numbers = NR_NUMBERS_VERSION,
                                .blas = nr_blas_core()};
}
