#include "trials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/sched/local.h"
#include "neurank/sched/unit.h"

static const double confidence = 0.95;
/* Values are rounded to 2^-40, exact ones to doubles. */
static const double rounding = 1e-11;

static bool covers(double low, double high, double exact) {
    return !(exact < low - rounding || exact > high + rounding);
}

/* ---- fixed length ---- */

typedef struct {
    const double *low, *high, *joint_low, *joint_high;
} ends;

typedef struct {
    uint64_t joint, unreliable, unknown;
    uint64_t *covered; /* [n] */
    double *width;     /* [n] sums */
} counts;

typedef struct {
    size_t n;
    const double *exact;
    counts images, population;
    double *squares; /* [n] of errors */
    uint64_t below, above;
} tallied;

static void count_ends(const tallied *t, const nr_results *r, const ends *e,
                       counts *c) {
    bool all = true;
    for (size_t i = 0; i < t->n; i++) {
        c->covered[i] += covers(e->low[i], e->high[i], t->exact[i]);
        all = all && covers(e->joint_low[i], e->joint_high[i], t->exact[i]);
        c->unreliable += r->unreliable[i];
        c->unknown += isnan(e->low[i]) != 0;
        if (!isnan(e->low[i])) c->width[i] += e->high[i] - e->low[i];
    }
    c->joint += all;
}

static void count_run(tallied *t, const nr_results *r) {
    ends images = {r->ci_low, r->ci_high, r->joint_low, r->joint_high};
    ends population = {r->population_low, r->population_high, r->population_joint_low,
                       r->population_joint_high};
    count_ends(t, r, &images, &t->images);
    count_ends(t, r, &population, &t->population);
    for (size_t i = 0; i < t->n; i++) {
        double error = r->shapley[i] - t->exact[i];
        t->squares[i] += error * error;
        t->below += t->exact[i] < r->ci_low[i] - rounding;
        t->above += t->exact[i] > r->ci_high[i] + rounding;
    }
}

static double relative_width(const tallied *t, const counts *c, double runs) {
    double sum = 0, n = 0;
    for (size_t i = 0; i < t->n; i++) {
        double error = sqrt(t->squares[i] / runs);
        if (!(error > rounding)) continue;
        sum += c->width[i] / runs / (2 * 1.96 * error);
        n++;
    }
    return n > 0 ? sum / n : NAN;
}

static trials_cover summary(const tallied *t, const counts *c, double runs) {
    double all = runs * (double)t->n;
    trials_cover out = {.lowest = 1,
                        .joint = (double)c->joint / runs,
                        .unreliable = (double)c->unreliable / all,
                        .unknown = (double)c->unknown / all,
                        .width = relative_width(t, c, runs)};
    for (size_t i = 0; i < t->n; i++) {
        out.filter += (double)c->covered[i] / all;
        out.lowest = fmin(out.lowest, (double)c->covered[i] / runs);
    }
    return out;
}

static nr_status tallied_new(const trials_game *g, tallied *t) {
    size_t n = g->game->n_players;
    *t = (tallied){.n = n, .exact = g->exact};
    if (!NR_NEW(t->squares, 3 * n) || !NR_NEW(t->images.covered, 2 * n))
        return NR_ERR_INTERNAL;
    t->images.width = t->squares + n;
    t->population.width = t->squares + 2 * n;
    t->population.covered = t->images.covered + n;
    return NR_OK;
}

nr_status trials_run(const trials_game *g, uint64_t sweeps, uint64_t runs,
                     trials_coverage *out) {
    tallied t;
    nr_status status = tallied_new(g, &t);
    for (uint64_t seed = 1; seed <= runs && status == NR_OK; seed++) {
        nr_local run = {.seed = seed,
                        .confidence = confidence,
                        .goal.sweeps = sweeps,
                        .odd = g->odd};
        nr_results *r;
        if (g->prepare) g->prepare(g->context, seed);
        status = nr_local_play(g->game, &run, &r, NULL);
        if (status != NR_OK) break;
        count_run(&t, r);
        nr_results_free(r);
    }
    double all = (double)runs * (double)t.n;
    out->images = summary(&t, &t.images, (double)runs);
    out->population = summary(&t, &t.population, (double)runs);
    out->below = (double)t.below / all;
    out->above = (double)t.above / all;
    free(t.squares);
    free(t.images.covered);
    return status;
}

/* ---- stopping ---- */

enum { WATCHERS = 3, COMPARED = 5 };

/* One way to form intervals, following a run until it would end it. */
typedef struct {
    nr_interval_spec intervals;
    nr_rule rule;
    double sweeps, estimate; /* where it ended; the first filter's value there */
    bool wrong, joint;
} watcher;

typedef struct {
    const nr_goal *goal;
    const double *exact;
    watcher *watchers; /* [WATCHERS] */
    nr_status status;
} watch;

static double largest(const nr_results *r) {
    double most = 0;
    for (size_t i = 0; i < r->n; i++) most = fmax(most, fabs(r->shapley[i]));
    return most;
}

static bool some_error_above(const nr_results *r, const double *exact, double limit) {
    for (size_t i = 0; i < r->n; i++)
        if (fabs(r->shapley[i] - exact[i]) > limit + rounding) return true;
    return false;
}

static bool set_is_wrong(const nr_goal *goal, const nr_results *r,
                         const double *exact) {
    double inside = INFINITY, outside = -INFINITY;
    for (size_t i = 0; i < r->n; i++) {
        if (r->rank[i] < goal->top) inside = fmin(inside, exact[i]);
        else outside = fmax(outside, exact[i]);
    }
    return inside + goal->tolerance < outside - rounding;
}

static bool is_wrong(const nr_goal *goal, nr_rule rule, const nr_results *r,
                     const double *exact) {
    if (rule == NR_RULE_HALF_WIDTH) return some_error_above(r, exact, goal->half_width);
    if (rule == NR_RULE_REL_HALF_WIDTH)
        return some_error_above(r, exact, goal->rel_half_width * largest(r));
    return rule == NR_RULE_TOP && set_is_wrong(goal, r, exact);
}

/* Asks one watcher after a sweep. */
static nr_status look(const watch *all, const nr_fold *fold, watcher *w) {
    nr_results *r;
    NR_TRY(nr_goal_check(all->goal, fold, &w->intervals, &w->rule));
    if (w->rule == NR_RULE_NONE) return NR_OK;
    NR_TRY(nr_results_new(fold, &w->intervals, &r));
    w->wrong = is_wrong(all->goal, w->rule, r, all->exact);
    w->sweeps = (double)r->sweeps;
    w->estimate = r->shapley[0];
    w->joint = true;
    for (size_t i = 0; i < r->n; i++)
        w->joint = w->joint && covers(r->joint_low[i], r->joint_high[i], all->exact[i]);
    nr_results_free(r);
    return NR_OK;
}

static bool judge(void *self, const nr_fold *fold) {
    watch *all = self;
    bool ended = true;
    for (int k = 0; k < WATCHERS && all->status == NR_OK; k++) {
        if (all->watchers[k].rule == NR_RULE_NONE)
            all->status = look(all, fold, &all->watchers[k]);
        ended = ended && all->watchers[k].rule != NR_RULE_NONE;
    }
    return ended || all->status != NR_OK;
}

/* As nr_local_play, with three judges. */
static nr_status play(const trials_game *g, uint64_t seed, watch *all) {
    nr_units units = nr_units_plan(g->game->n_blocks, 0, 1);
    nr_estimator_kind estimator = g->odd ? NR_BY_ODD : NR_BY_PAIRS;
    nr_fold_spec fold_spec = {.n_players = g->game->n_players,
                              .n_blocks = g->game->n_blocks,
                              .estimator = estimator,
                              .units_per_sweep = units.units_per_sweep};
    nr_unit_spec spec = {
        .estimator = estimator, .game = g->game, .seed = seed, .units = units};
    nr_unit_runner *runner = NULL;
    nr_fold *fold = NULL;
    nr_status status = nr_fold_new(&fold_spec, &fold);
    if (status == NR_OK) status = nr_unit_runner_new(&spec, &runner);
    if (status == NR_OK) nr_fold_set_judge(fold, judge, all);
    for (uint64_t unit = 0; status == NR_OK && !nr_fold_ended(fold); unit++) {
        status = nr_unit_play_into(runner, unit, fold);
        if (status == NR_OK) status = all->status;
    }
    nr_unit_runner_free(runner);
    nr_fold_free(fold);
    return status;
}

/* Does the program itself end there with the same estimate? */
static nr_status compare(const trials_game *g, const nr_goal *goal, uint64_t seed,
                         const watcher *w, uint64_t *differ) {
    nr_local run = {
        .seed = seed, .confidence = confidence, .goal = *goal, .odd = g->odd};
    nr_results *r;
    nr_rule rule;
    NR_TRY(nr_local_play(g->game, &run, &r, &rule));
    *differ += rule != w->rule || (double)r->sweeps != w->sweeps ||
               r->shapley[0] != w->estimate;
    nr_results_free(r);
    return NR_OK;
}

static void add_stop(const watcher *w, double runs, trials_stop *stop) {
    stop->wrong += w->wrong / runs;
    stop->reached += (w->rule != NR_RULE_SWEEPS) / runs;
    stop->joint += w->joint / runs;
    stop->sweeps += w->sweeps / runs;
}

nr_status trials_watch(const trials_game *g, const nr_goal *goal, uint64_t runs,
                       trials_stopping *out) {
    double limit = g->game->marginal_limit, n = (double)g->game->n_players;
    double optimum = nr_goal_sequence_sweeps(goal);
    /* Bonferroni undone: alpha of each filter is what it is for all */
    double single = 1 - (1 - confidence) * n;
    *out = (trials_stopping){.differ = 0};
    for (uint64_t seed = 1; seed <= runs; seed++) {
        watcher w[WATCHERS] = {{.intervals = {confidence, optimum, limit}},
                               {.intervals = {confidence, 0, limit}},
                               {.intervals = {single, 0, limit}}};
        watch all = {.goal = goal, .exact = g->exact, .watchers = w};
        if (g->prepare) g->prepare(g->context, seed);
        NR_TRY(play(g, seed, &all));
        add_stop(&w[0], (double)runs, &out->sequence);
        add_stop(&w[1], (double)runs, &out->student);
        add_stop(&w[2], (double)runs, &out->single);
        if (seed <= COMPARED) NR_TRY(compare(g, goal, seed, &w[0], &out->differ));
    }
    return NR_OK;
}

uint64_t trials_place(const double *exact, size_t n, bool least, double *gap) {
    uint64_t best = 0;
    for (size_t i = 0; i < n; i++) {
        double below = -INFINITY;
        uint64_t place = 0;
        for (size_t j = 0; j < n; j++) {
            if (exact[j] >= exact[i]) place++;
            else below = fmax(below, exact[j]);
        }
        double here = exact[i] - below;
        if (place == n || (best && (here < *gap) != least)) continue;
        best = place;
        *gap = here;
    }
    return best;
}
