#include "neurank/estim/results.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/estim/student.h"

enum { COLUMNS = 9 };
static const double share_max = 0.25;

static nr_status allocate(size_t n, nr_results *r) {
    double *columns;
    r->n = n;
    if (!NR_NEW(columns, nr_size_mul(COLUMNS, n)) || !NR_NEW(r->dead, n) ||
        !NR_NEW(r->unreliable, n) || !NR_NEW(r->rank, n)) {
        free(columns);
        return NR_ERR_INTERNAL;
    }
    double **fields[COLUMNS] = {
        &r->shapley,         &r->std_error,        &r->ci_low,
        &r->ci_high,         &r->population_error, &r->population_low,
        &r->population_high, &r->freedom,          &r->antithetic};
    for (size_t k = 0; k < COLUMNS; k++) *fields[k] = columns + k * n;
    return NR_OK;
}

static void fill_player(const nr_tally *tally, uint64_t sweeps, double confidence,
                        size_t i, nr_results *r) {
    nr_player_estimate e = nr_tally_estimate(tally, i, sweeps);
    double upper = 0.5 + confidence / 2;
    double t = isnan(e.variance) ? NAN : nr_student_quantile(upper, e.freedom);
    double blocks = (double)nr_tally_visits(tally) / (double)sweeps;
    double t_images = blocks > 1 ? nr_student_quantile(upper, blocks - 1) : NAN;
    if (t_images < t) t_images = t;
    r->shapley[i] = e.shapley;
    r->std_error[i] = sqrt(e.variance);
    r->ci_low[i] = e.shapley - t * r->std_error[i];
    r->ci_high[i] = e.shapley + t * r->std_error[i];
    r->population_error[i] = sqrt(e.population);
    r->population_low[i] = e.shapley - t_images * r->population_error[i];
    r->population_high[i] = e.shapley + t_images * r->population_error[i];
    r->freedom[i] = e.freedom;
    r->antithetic[i] = e.antithetic;
    r->dead[i] = e.dead;
    /* The only player has the same marginal in every walk. */
    bool unknown = !(e.variance > 0) && r->n > 1;
    r->unreliable[i] = !e.dead && (unknown || e.largest_share > share_max);
}

typedef struct {
    double value;
    uint32_t player;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->player > y->player) - (x->player < y->player);
}

static nr_status fill_ranks(nr_results *r) {
    ranked *order;
    if (!NR_NEW(order, r->n)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < r->n; i++) order[i] = (ranked){r->shapley[i], i};
    qsort(order, r->n, sizeof *order, by_value);
    for (uint32_t k = 0; k < r->n; k++) r->rank[order[k].player] = k;
    free(order);
    return NR_OK;
}

nr_status nr_results_new(const nr_fold *fold, double confidence, nr_results **out) {
    nr_results *r;
    uint64_t sweeps;
    const nr_tally *tally = nr_fold_result(fold, &sweeps);
    if (!NR_NEW(r, 1)) return NR_ERR_INTERNAL;
    nr_status status = allocate(nr_tally_players(tally), r);
    if (status == NR_OK) {
        for (size_t i = 0; i < r->n; i++) fill_player(tally, sweeps, confidence, i, r);
        status = fill_ranks(r);
    }
    if (status != NR_OK) {
        nr_results_free(r);
        return status;
    }
    r->value_full = nr_tally_value_full(tally);
    r->value_empty = nr_tally_value_empty(tally);
    r->sweeps = nr_fold_complete_sweeps(fold);
    r->visits = nr_tally_visits(tally);
    r->walks = NR_WALKS_PER_VISIT * r->visits;
    r->coalition_images = nr_tally_coalition_images(tally);
    *out = r;
    return NR_OK;
}

void nr_results_free(nr_results *r) {
    if (!r) return;
    free(r->shapley); /* the first of the columns */
    free(r->dead);
    free(r->unreliable);
    free(r->rank);
    free(r);
}
