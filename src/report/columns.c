#include "columns.h"

#include <string.h>

void nr_columns_of(const nr_results *r, nr_real_column reals[NR_REAL_COLUMNS],
                   nr_place_column places[NR_PLACE_COLUMNS]) {
    const nr_real_column all[NR_REAL_COLUMNS] = {
        {"shapley", r->shapley},
        {"std_error", r->std_error},
        {"ci_low", r->ci_low},
        {"ci_high", r->ci_high},
        {"joint_low", r->joint_low},
        {"joint_high", r->joint_high},
        {"population_error", r->population_error},
        {"population_low", r->population_low},
        {"population_high", r->population_high},
        {"population_joint_low", r->population_joint_low},
        {"population_joint_high", r->population_joint_high},
        {"freedom", r->freedom},
        {"antithetic_ratio", r->antithetic},
        {"strata_ratio", r->strata}};
    const nr_place_column ranks[NR_PLACE_COLUMNS] = {{"rank", r->rank},
                                                     {"rank_low", r->rank_low},
                                                     {"rank_high", r->rank_high},
                                                     {"tie_group", r->group}};
    memcpy(reals, all, sizeof all);
    memcpy(places, ranks, sizeof ranks);
}

const char *nr_interval_name(const nr_store_layer *layer) {
    if (layer->units.pieces > 0) return "exact";
    return layer->sequence_sweeps > 0 ? "confidence sequence" : "Student t";
}
