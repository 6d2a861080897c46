#include "columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

const char *const nr_method_names[NR_METHODS] = {
    "shapley", "switch",        "l1",    "l2", "bn_scale", "activation",
    "taylor",  "leave_one_out", "random"};

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

/* ---- ratings ---- */

static void add_real(nr_rating_columns *c, const char *name, const double *values) {
    c->reals[c->n_reals++] = (nr_real_column){name, values};
}

static nr_status add_switch(const nr_rating *rating, double confidence,
                            nr_rating_columns *c) {
    NR_TRY(nr_switch_posterior(rating, confidence, &c->numbers, &c->posterior));
    const nr_posterior *p = c->posterior;
    const nr_place_column places[] = {{"rank", p->rank},
                                      {"rank_low", p->rank_low},
                                      {"rank_high", p->rank_high},
                                      {"tie_group", p->group}};
    add_real(c, "phi", c->numbers);
    add_real(c, "mean", p->mean);
    add_real(c, "std_dev", p->std_dev);
    add_real(c, "ci_low", p->ci_low);
    add_real(c, "ci_high", p->ci_high);
    add_real(c, "joint_low", p->joint_low);
    add_real(c, "joint_high", p->joint_high);
    memcpy(c->places, places, sizeof places);
    c->n_places = NR_PLACE_COLUMNS;
    return NR_OK;
}

static nr_status add_baseline(const nr_rating *rating, nr_rating_columns *c) {
    static const char *const error_names[NR_BASELINE_MEANS] = {
        "activation_error", "taylor_error", "leave_one_out_error"};
    size_t n = rating->n;
    if (!NR_NEW(c->numbers, nr_size_mul(2 * (size_t)NR_BASELINE_MEANS, n)))
        return NR_ERR_INTERNAL;
    add_real(c, "l1", rating->arrays[NR_BASELINE_L1]);
    add_real(c, "l2", rating->arrays[NR_BASELINE_L2]);
    add_real(c, "bn_scale", rating->arrays[NR_BASELINE_BN_SCALE]);
    for (size_t k = 0; k < NR_BASELINE_MEANS; k++) {
        double *mean = c->numbers + 2 * k * n;
        nr_baseline_estimate(rating, k, mean, mean + n);
        add_real(c, nr_baseline_means[k], mean);
        add_real(c, error_names[k], mean + n);
    }
    add_real(c, "random", rating->arrays[NR_BASELINE_RANDOM]);
    return NR_OK;
}

nr_status nr_rating_columns_make(const nr_rating *rating, double confidence,
                                 nr_rating_columns *out) {
    *out = (nr_rating_columns){.n = rating->n};
    return rating->kind == NR_RATING_SWITCH ? add_switch(rating, confidence, out)
                                            : add_baseline(rating, out);
}

void nr_rating_columns_clear(nr_rating_columns *columns) {
    free(columns->numbers);
    nr_posterior_free(columns->posterior);
    *columns = (nr_rating_columns){0};
}

const double *nr_rating_column(const nr_rating_columns *columns, const char *name) {
    for (size_t k = 0; k < columns->n_reals; k++) {
        const double *values = columns->reals[k].values;
        if (strcmp(columns->reals[k].name, name) != 0) continue;
        for (size_t i = 0; i < columns->n; i++)
            if (!isfinite(values[i])) return NULL;
        return values;
    }
    return NULL;
}
