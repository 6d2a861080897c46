#include "neurank/estim/results.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/estim/student.h"
#include "ties.h"

enum { COLUMNS = 14, PLACES = 4 };
static const double share_max = 0.25;

static nr_status allocate(size_t n, nr_results *r) {
    double *columns;
    uint32_t *places = NULL;
    r->n = n;
    if (!NR_NEW(columns, nr_size_mul(COLUMNS, n)) ||
        !NR_NEW(places, nr_size_mul(PLACES, n)) || !NR_NEW(r->dead, n) ||
        !NR_NEW(r->unreliable, n)) {
        free(columns);
        free(places);
        return NR_ERR_INTERNAL;
    }
    double **fields[COLUMNS] = {&r->shapley,
                                &r->std_error,
                                &r->ci_low,
                                &r->ci_high,
                                &r->joint_low,
                                &r->joint_high,
                                &r->population_error,
                                &r->population_low,
                                &r->population_high,
                                &r->population_joint_low,
                                &r->population_joint_high,
                                &r->freedom,
                                &r->antithetic,
                                &r->strata};
    uint32_t **ranks[PLACES] = {&r->rank, &r->rank_low, &r->rank_high, &r->group};
    for (size_t k = 0; k < COLUMNS; k++) *fields[k] = columns + k * n;
    for (size_t k = 0; k < PLACES; k++) *ranks[k] = places + k * n;
    return NR_OK;
}

typedef struct {
    const nr_interval_spec *spec;
    const nr_tally *tally;
    bool exact, whole; /* whole: every block has been visited */
    uint64_t sweeps;
    double blocks, seen;
} context;

/* Half-widths of the two intervals, for one filter or all together. */
static void half_widths(const context *c, const nr_results *r, size_t i,
                        const nr_player_estimate *e, size_t n_joint, double *images,
                        double *population) {
    const nr_interval_spec *spec = c->spec;
    double upper = 0.5 + spec->confidence / 2, error = r->std_error[i];
    if (n_joint > 1) upper = 1 - (1 - spec->confidence) / 2 / (double)n_joint;
    if (c->exact) *images = 0;
    else
        *images = isnan(error)
                      ? NAN
                      : error * nr_interval_factor(spec, e->freedom, c->seen, n_joint);
    if (!c->exact && e->live && !e->moved && isfinite(spec->marginal_limit))
        *images = nr_interval_silent(spec, (double)r->visits, n_joint);
    double t = c->blocks > 1 ? nr_student_quantile(upper, c->blocks - 1) : NAN;
    *population = hypot(*images, t * sqrt(e->between));
}

static void fill_player(const context *c, size_t i, nr_results *r) {
    nr_player_estimate e = nr_tally_estimate(c->tally, i, c->sweeps);
    double images, population;
    r->shapley[i] = e.shapley;
    r->std_error[i] = c->exact ? 0 : sqrt(e.variance);
    r->population_error[i] = hypot(r->std_error[i], sqrt(e.between));
    r->freedom[i] = e.freedom;
    r->antithetic[i] = e.antithetic;
    r->strata[i] = e.strata;
    r->dead[i] = !e.live && c->whole;
    half_widths(c, r, i, &e, 1, &images, &population);
    r->ci_low[i] = e.shapley - images;
    r->ci_high[i] = e.shapley + images;
    r->population_low[i] = e.shapley - population;
    r->population_high[i] = e.shapley + population;
    half_widths(c, r, i, &e, r->n, &images, &population);
    r->joint_low[i] = e.shapley - images;
    r->joint_high[i] = e.shapley + images;
    r->population_joint_low[i] = e.shapley - population;
    r->population_joint_high[i] = e.shapley + population;
    /* The only player has the same marginal in every walk. */
    bool agree = !(e.variance > 0) && r->n > 1;
    r->unreliable[i] =
        !c->exact && !r->dead[i] && (agree || e.largest_share > share_max);
}

/* Before the last coalition an exact run knows nothing. */
static void fill_unknown(nr_results *r) {
    for (size_t i = 0; i < COLUMNS * r->n; i++) r->shapley[i] = NAN;
}

nr_status nr_results_new(const nr_fold *fold, const nr_interval_spec *spec,
                         nr_results **out) {
    nr_results *r;
    context c = {.spec = spec, .exact = nr_fold_get_spec(fold)->pieces > 0};
    const nr_tally *tally = nr_fold_result(fold, &c.sweeps);
    c.tally = tally;
    c.whole = nr_fold_complete_sweeps(fold) > 0;
    c.blocks = (double)nr_tally_visits(tally) / (double)c.sweeps;
    c.seen = (double)nr_tally_visits(tally) / (double)nr_fold_get_spec(fold)->n_blocks;
    if (!NR_NEW(r, 1)) return NR_ERR_INTERNAL;
    nr_status status = allocate(nr_tally_players(tally), r);
    r->visits = nr_tally_visits(tally);
    r->samples = c.exact ? r->visits : nr_tally_groups(tally);
    if (status == NR_OK) {
        for (size_t i = 0; i < r->n; i++) fill_player(&c, i, r);
        if (c.exact && !c.whole) fill_unknown(r);
        status = nr_ties_fill(r);
    }
    if (status != NR_OK) {
        nr_results_free(r);
        return status;
    }
    r->value_full = nr_tally_value_full(tally);
    r->value_empty = nr_tally_value_empty(tally);
    r->sweeps = nr_fold_complete_sweeps(fold);
    r->seen = c.seen;
    r->walks = c.exact ? 0 : NR_WALKS_PER_VISIT * r->visits;
    r->coalition_images = nr_tally_coalition_images(tally);
    *out = r;
    return NR_OK;
}

void nr_results_free(nr_results *r) {
    if (!r) return;
    free(r->shapley); /* the first of the columns */
    free(r->rank);    /* the first of the places */
    free(r->dead);
    free(r->unreliable);
    free(r);
}

double nr_results_widest(const nr_results *r) {
    double widest = 0;
    for (size_t i = 0; i < r->n; i++) {
        double half = (r->joint_high[i] - r->joint_low[i]) / 2;
        if (!(half <= widest)) widest = half;
    }
    return widest;
}
