#include "neurank/plan/layer_plan.h"

const char *const nr_method_words[NR_METHODS_OF_RUNS] = {
    [NR_METHOD_SAMPLE] = "sample", [NR_METHOD_EXACT] = "exact"};

static bool is_power_of_two(uint64_t x) {
    return x > 0 && (x & (x - 1)) == 0;
}

bool nr_layer_plan_fits(nr_layer_plan *plan, uint64_t images) {
    enum { PIECES_MAX = 1 << 24 };
    const nr_units *u = &plan->units;
    uint64_t block = plan->block_images, unit = u->blocks_per_unit;
    uint64_t each = u->pieces ? u->pieces : 1;
    bool good = images > 0 && images < UINT32_MAX && block > 0 && images % block == 0 &&
                unit > 0 && unit < UINT32_MAX && is_power_of_two(each) &&
                each <= PIECES_MAX && (u->pieces < 2 || unit == 1) &&
                is_power_of_two(u->strata) && unit % u->strata == 0 &&
                u->strata < UINT32_MAX &&
                u->units_per_sweep == (images / block + unit - 1) / unit * each;
    if (good) plan->units.n_blocks = images / block;
    return good;
}
