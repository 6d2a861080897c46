#include "columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

const char *const nr_method_names[NR_METHODS] = {
    "shapley", "switch",        "l1",    "l2", "bn_scale", "activation",
    "taylor",  "leave_one_out", "random"};

/* ---- Shapley values ---- */

static nr_column real(const char *name, const double *values) {
    return (nr_column){.csv = name, .json = name, .get = nr_get_real, .values = values};
}

static nr_column place(const char *name, const uint32_t *values) {
    return (nr_column){
        .csv = name, .json = name, .get = nr_get_place, .values = values};
}

static nr_column flag(const char *name, const uint8_t *values) {
    return (nr_column){.csv = name, .json = name, .get = nr_get_flag, .values = values};
}

void nr_shapley_table_make(const nr_results *results, const uint32_t *filters,
                           nr_shapley_table *out) {
    static const nr_results none;
    const nr_results *r = results ? results : &none;
    const nr_column columns[] = {
        {.json = "filters", .get = nr_get_count, .values = filters},
        {.csv = "rank", .get = nr_get_place, .values = r->rank},
        real("shapley", r->shapley),
        real("std_error", r->std_error),
        real("ci_low", r->ci_low),
        real("ci_high", r->ci_high),
        real("joint_low", r->joint_low),
        real("joint_high", r->joint_high),
        real("population_error", r->population_error),
        real("population_low", r->population_low),
        real("population_high", r->population_high),
        real("population_joint_low", r->population_joint_low),
        real("population_joint_high", r->population_joint_high),
        real("freedom", r->freedom),
        real("antithetic_ratio", r->antithetic),
        real("strata_ratio", r->strata),
        {.json = "rank", .get = nr_get_place, .values = r->rank},
        place("rank_low", r->rank_low),
        place("rank_high", r->rank_high),
        place("tie_group", r->group),
        flag("dead", r->dead),
        flag("unreliable", r->unreliable)};
    _Static_assert(sizeof columns == sizeof out->columns, "all columns");
    memcpy(out->columns, columns, sizeof columns);
    out->table = (nr_table){
        .columns = out->columns, .n_columns = NR_SHAPLEY_COLUMNS, .n_rows = r->n};
}

const char *nr_interval_name(const nr_store_layer *layer) {
    if (nr_store_is_exact(layer)) return "exact";
    return layer->sequence_sweeps > 0 ? "confidence sequence" : "Student t";
}

/* ---- ratings ---- */

static void add(nr_rating_columns *c, nr_column column) {
    NR_ASSERT(c->n_columns < NR_RATING_COLUMNS);
    c->columns[c->n_columns++] = column;
}

static void add_real(nr_rating_columns *c, const char *csv, const char *json,
                     const double *values) {
    add(c, (nr_column){.csv = csv, .json = json, .get = nr_get_real, .values = values});
}

static void add_place(nr_rating_columns *c, const char *csv, const char *json,
                      const uint32_t *values) {
    add(c,
        (nr_column){.csv = csv, .json = json, .get = nr_get_place, .values = values});
}

static nr_status add_switch(const nr_rating *rating, double confidence,
                            nr_rating_columns *c) {
    NR_TRY(nr_posterior_new(rating->n, rating->arrays[NR_SWITCH_U], confidence,
                            &c->posterior));
    const nr_posterior *p = c->posterior;
    add_real(c, "switch_phi", "phi", p->phi);
    add_real(c, "switch_mean", "mean", p->mean);
    add_real(c, "switch_std_dev", "std_dev", p->std_dev);
    add_real(c, "switch_ci_low", "ci_low", p->ci_low);
    add_real(c, "switch_ci_high", "ci_high", p->ci_high);
    add_real(c, "switch_joint_low", "joint_low", p->joint_low);
    add_real(c, "switch_joint_high", "joint_high", p->joint_high);
    add_place(c, "switch_rank", "rank", p->rank);
    add_place(c, "switch_rank_low", "rank_low", p->rank_low);
    add_place(c, "switch_rank_high", "rank_high", p->rank_high);
    add_place(c, "switch_tie_group", "tie_group", p->group);
    return NR_OK;
}

static nr_status add_baseline(const nr_rating *rating, nr_rating_columns *c) {
    size_t n = rating->n;
    if (!NR_NEW(c->numbers, nr_size_mul(2 * (size_t)NR_BASELINE_MEANS, n)))
        return NR_ERR_INTERNAL;
    add(c, real("l1", rating->arrays[NR_BASELINE_L1]));
    add(c, real("l2", rating->arrays[NR_BASELINE_L2]));
    add(c, real("bn_scale", rating->arrays[NR_BASELINE_BN_SCALE]));
    for (size_t k = 0; k < NR_BASELINE_MEANS; k++) {
        double *mean = c->numbers + 2 * k * n;
        nr_baseline_estimate(rating, k, mean, mean + n);
        add(c, real(nr_baseline_means[k].name, mean));
        add(c, real(nr_baseline_means[k].error_name, mean + n));
    }
    add(c, real("random", rating->arrays[NR_BASELINE_RANDOM]));
    return NR_OK;
}

nr_status nr_rating_columns_make(const nr_rating *rating, double confidence,
                                 nr_rating_columns *out) {
    *out = (nr_rating_columns){.n = rating->n};
    add(out, (nr_column){.json = "filters", .get = nr_get_row});
    return rating->kind == NR_RATING_SWITCH ? add_switch(rating, confidence, out)
                                            : add_baseline(rating, out);
}

void nr_rating_columns_clear(nr_rating_columns *columns) {
    free(columns->numbers);
    nr_posterior_free(columns->posterior);
    *columns = (nr_rating_columns){0};
}

nr_table nr_rating_table(const nr_rating_columns *c) {
    return (nr_table){.columns = c->columns, .n_columns = c->n_columns, .n_rows = c->n};
}

const double *nr_rating_column(const nr_rating_columns *columns, const char *name) {
    for (size_t k = 0; k < columns->n_columns; k++) {
        const nr_column *column = &columns->columns[k];
        const double *values = column->values;
        if (column->get != nr_get_real || strcmp(column->json, name) != 0) continue;
        for (size_t i = 0; i < columns->n; i++)
            if (!isfinite(values[i])) return NULL;
        return values;
    }
    return NULL;
}
