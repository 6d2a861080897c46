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
    bool exact, walked, whole; /* whole: every block has been visited */
    uint64_t sweeps;
    double blocks, seen;
    double reach; /* of the farthest reaching filter */
} context;

/* All samples agree although something is random: the only player of a game has the
 * same marginal in every walk. */
static bool agrees(const nr_results *r, const nr_player_estimate *e) {
    return !(e->variance > 0) && r->n > 1;
}

/* What events may be worth that were too rare to be seen: so often may they occur, so
 * much may each of them change. Where marginals have no limit, a filter whose samples
 * all agree is taken to reach no farther than the farthest reaching one. */
static double unseen(const context *c, const nr_results *r, const nr_player_estimate *e,
                     double trials, size_t n_joint) {
    double limit = c->spec->marginal_limit;
    if (!isfinite(limit)) limit = agrees(r, e) ? c->reach : 0;
    /* from the value that was always seen to one of the other sign */
    if (agrees(r, e) && e->moved) limit *= 2;
    return limit * nr_interval_unseen(c->spec, trials, n_joint);
}

/* For these images. */
static double half_width(const context *c, const nr_results *r, size_t i,
                         const nr_player_estimate *e, size_t n_joint) {
    double error = r->std_error[i], rare = 0;
    if (c->exact) return 0;
    if (isnan(error)) return NAN;
    if (r->unreliable[i]) rare = unseen(c, r, e, 2 * (double)r->visits, n_joint);
    error *= nr_interval_skew(c->spec, e->freedom, (double)r->samples, n_joint);
    return fmax(rare,
                error * nr_interval_factor(c->spec, e->freedom, c->seen, n_joint));
}

/* For the population, around an interval for these images. An event that no image
 * showed, or a filter that is dead on these images, may be there on others. */
static double population_half_width(const context *c, const nr_results *r, size_t i,
                                    const nr_player_estimate *e, size_t n_joint,
                                    double images) {
    double upper = 1 - (1 - c->spec->confidence) / 2 / (double)n_joint, rare = 0;
    if (!(c->blocks > 1) || isnan(images)) return NAN;
    bool same = r->dead[i] || (r->unreliable[i] && agrees(r, e));
    if (same) rare = unseen(c, r, e, c->blocks, n_joint);
    double t = nr_student_quantile(upper, e->between_freedom);
    return fmax(rare, hypot(images, t * sqrt(e->between)));
}

static void fill_intervals(const context *c, size_t i, const nr_player_estimate *e,
                           nr_results *r) {
    double half = half_width(c, r, i, e, 1), joint = half_width(c, r, i, e, r->n);
    r->ci_low[i] = e->shapley - half;
    r->ci_high[i] = e->shapley + half;
    r->joint_low[i] = e->shapley - joint;
    r->joint_high[i] = e->shapley + joint;
    half = population_half_width(c, r, i, e, 1, half);
    joint = population_half_width(c, r, i, e, r->n, joint);
    r->population_low[i] = e->shapley - half;
    r->population_high[i] = e->shapley + half;
    r->population_joint_low[i] = e->shapley - joint;
    r->population_joint_high[i] = e->shapley + joint;
}

static void fill_player(const context *c, size_t i, nr_results *r) {
    nr_player_estimate e = nr_tally_estimate(c->tally, i, c->sweeps);
    r->shapley[i] = e.shapley;
    r->std_error[i] = c->exact ? 0 : sqrt(e.variance);
    r->population_error[i] = hypot(r->std_error[i], sqrt(e.between));
    r->freedom[i] = e.freedom;
    r->antithetic[i] = c->walked ? e.antithetic : NAN;
    r->strata[i] = e.strata;
    r->dead[i] = !e.live && c->whole;
    r->unreliable[i] =
        !c->exact && !r->dead[i] && (agrees(r, &e) || e.largest_share > share_max);
    fill_intervals(c, i, &e, r);
}

static double farthest_reach(const nr_tally *tally, uint64_t sweeps) {
    double reach = 0;
    for (size_t i = 0; i < nr_tally_players(tally); i++)
        reach = fmax(reach, nr_tally_estimate(tally, i, sweeps).reach);
    return reach;
}

/* Before the last coalition an exact run knows nothing. */
static void fill_unknown(nr_results *r) {
    for (size_t i = 0; i < COLUMNS * r->n; i++) r->shapley[i] = NAN;
}

static nr_status fill_places(nr_results *r) {
    const nr_places places = {.n = r->n,
                              .values = r->shapley,
                              .joint_low = r->joint_low,
                              .joint_high = r->joint_high,
                              .rank = r->rank,
                              .rank_low = r->rank_low,
                              .rank_high = r->rank_high,
                              .group = r->group};
    return nr_ties_fill(&places);
}

nr_status nr_results_new(const nr_fold *fold, const nr_interval_spec *spec,
                         nr_results **out) {
    nr_results *r;
    context c = {.spec = spec, .exact = nr_fold_is_exact(fold)};
    const nr_tally *tally = nr_fold_result(fold, &c.sweeps);
    c.walked = nr_estimator_is_walking(nr_fold_get_spec(fold)->estimator);
    c.tally = tally;
    c.whole = nr_fold_complete_sweeps(fold) > 0;
    c.blocks = (double)nr_tally_visits(tally) / (double)c.sweeps;
    c.seen = (double)nr_tally_visits(tally) / (double)nr_fold_get_spec(fold)->n_blocks;
    if (!NR_NEW(r, 1)) return NR_ERR_INTERNAL;
    nr_status status = allocate(nr_tally_players(tally), r);
    r->exact = c.exact;
    r->visits = nr_tally_visits(tally);
    r->samples = c.exact ? r->visits : nr_tally_groups(tally);
    if (status == NR_OK) {
        if (!isfinite(spec->marginal_limit)) c.reach = farthest_reach(tally, c.sweeps);
        for (size_t i = 0; i < r->n; i++) fill_player(&c, i, r);
        if (c.exact && !c.whole) fill_unknown(r);
        status = fill_places(r);
    }
    if (status != NR_OK) {
        nr_results_free(r);
        return status;
    }
    r->value_full = nr_tally_value_full(tally);
    r->value_empty = nr_tally_value_empty(tally);
    r->sweeps = nr_fold_complete_sweeps(fold);
    r->seen = c.seen;
    r->walks = c.walked ? NR_WALKS_PER_VISIT * r->visits : 0;
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
        if (isnan(half)) return NAN;
        if (half > widest) widest = half;
    }
    return widest;
}
