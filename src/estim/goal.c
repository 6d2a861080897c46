#include "neurank/estim/goal.h"

#include <math.h>
#include <string.h>

#include "neurank/estim/goal_rows.h"

/* The sequence's asymptotics want some samples before the first look. */
enum { SAMPLES_MIN = 10 };
/* Where nothing is planned the sequence is narrowest here. */
static const double sweeps_default = 16;

/* ---- rules ---- */

/* Those that are no part of a goal. */
static const char *const names[NR_RULE_COUNT] = {
    [NR_RULE_NONE] = "",         [NR_RULE_EXACT] = "exact",
    [NR_RULE_EPOCHS] = "epochs", [NR_RULE_CONVERGED] = "converged",
    [NR_RULE_IMAGES] = "images", [NR_RULE_TIME_LIMIT] = "time-limit",
    [NR_RULE_SIGNAL] = "signal"};

const char *nr_rule_name(nr_rule rule) {
    const nr_goal_row *row = nr_goal_row_of(rule);
    return row ? row->option : names[rule];
}

nr_rule nr_rule_find(const char *name) {
    int rule = 0;
    while (rule < NR_RULE_COUNT && strcmp(nr_rule_name((nr_rule)rule), name) != 0)
        rule++;
    return (nr_rule)rule;
}

bool nr_rule_is_end(nr_rule rule) {
    return rule >= NR_RULE_SWEEPS && rule <= NR_RULE_IMAGES;
}

/* ---- what is asked ---- */

/* The k-th part that is asked for and can end a run, those that watch before the
 * others: the order in which they are looked at, and named. NULL: there are fewer. */
static const nr_goal_row *asked(const nr_goal *goal, size_t k) {
    for (int watches = 1; watches >= 0; watches--)
        for (size_t i = 0; i < NR_GOAL_ROWS; i++) {
            const nr_goal_row *row = &nr_goal_rows[i];
            if (row->rule == NR_RULE_NONE || row->watches != (watches == 1)) continue;
            if (nr_goal_asks(goal, row) && k-- == 0) return row;
        }
    return NULL;
}

bool nr_goal_is_none(const nr_goal *goal) {
    return asked(goal, 0) == NULL;
}

bool nr_goal_is_watching(const nr_goal *goal) {
    const nr_goal_row *first = asked(goal, 0);
    return first && first->watches;
}

void nr_goal_brief(const nr_goal *goal, char *text, size_t bytes) {
    const nr_goal_row *row;
    size_t used = 0;
    text[0] = '\0';
    for (size_t k = 0; (row = asked(goal, k)) && used + 1 < bytes; k++) {
        if (k > 0) text[used++] = ' ';
        used += (size_t)row->brief(goal, text + used, bytes - used);
    }
}

void nr_goal_words(const nr_goal *goal, char *text, size_t bytes) {
    const nr_goal_row *first = asked(goal, 0);
    text[0] = '\0';
    if (first) first->words(goal, text, bytes);
}

double nr_goal_sequence_sweeps(const nr_goal *goal) {
    if (!nr_goal_is_watching(goal)) return 0;
    return goal->sweeps ? (double)goal->sweeps : sweeps_default;
}

static nr_rule rule_reached(const nr_goal *goal, const nr_results *r) {
    const nr_goal_row *row;
    for (size_t k = 0; (row = asked(goal, k)); k++)
        if ((!row->watches || r->samples >= SAMPLES_MIN) && row->reached(goal, r))
            return row->rule;
    return NR_RULE_NONE;
}

nr_status nr_goal_check(const nr_goal *goal, const nr_fold *fold,
                        const nr_interval_spec *spec, nr_rule *out) {
    nr_results *r;
    uint64_t sweeps = nr_fold_complete_sweeps(fold);
    *out = NR_RULE_NONE;
    if (sweeps == 0) return NR_OK;
    const nr_fold_spec *whose = nr_fold_get_spec(fold);
    if (nr_fold_is_exact(fold)) *out = NR_RULE_EXACT;
    else if (!nr_goal_is_watching(goal) && sweeps >= nr_fold_share(whose, goal->sweeps))
        *out = NR_RULE_SWEEPS;
    if (*out != NR_RULE_NONE || !nr_goal_is_watching(goal)) return NR_OK;
    NR_TRY(nr_results_new(fold, spec, &r));
    *out = rule_reached(goal, r);
    nr_results_free(r);
    return NR_OK;
}

/* ---- forecast ---- */

static void take_smaller(double *best, double value) {
    if (value < *best) *best = value;
}

double nr_goal_forecast(const nr_goal *goal, const nr_results *r,
                        const nr_interval_spec *spec) {
    const nr_goal_row *row;
    double planned = goal->sweeps ? (double)goal->sweeps : INFINITY, best = INFINITY;
    double next = (double)r->sweeps + 1;
    if (r->exact) return 1;
    if (r->visits == 0 || rule_reached(goal, r) != NR_RULE_NONE)
        return r->visits == 0 ? planned : (double)r->sweeps;
    for (size_t k = 0; (row = asked(goal, k)); k++)
        if (row->watches) take_smaller(&best, row->sweeps(goal, r, spec));
    double first_look = SAMPLES_MIN * r->seen / (double)r->samples;
    if (best < first_look) best = first_look;
    take_smaller(&best, planned);
    return best < next ? next : ceil(best);
}
