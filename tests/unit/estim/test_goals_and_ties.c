/* Goals, tie groups and possible places on folds whose intervals are known; a run ends
 * at the same sweep in whatever order its units come. */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/estim/goal.h"

enum { N = 5, UNITS = 40 };
/* Filters 0 and 1 are close, 2 and 3 are equal to within the noise, 4 is apart. */
static const double centres[N] = {1, 0.99, 0.5, 0.5, -1};

static nr_fold *new_fold(void) {
    nr_fold *fold;
    nr_fold_spec spec = {.n_players = N, .units_per_sweep = UNITS, .n_blocks = UNITS};
    assert_int_equal(nr_fold_new(&spec, &fold), NR_OK);
    return fold;
}

/* One visit a unit: marginals around the centres, uniform in +-noise. */
static void accept(nr_fold *fold, uint64_t unit, double noise) {
    int64_t marginals[4][N];
    nr_tally *tally;
    size_t n = nr_tally_words(N, 0, 0), used;
    uint64_t *words = nr_new(n, sizeof *words);
    for (uint64_t j = 0; j < 4; j++)
        for (uint64_t i = 0; i < N; i++)
            assert_true(
                nr_quantise(centres[i] + noise * (double)test_random(j, unit * N + i),
                            &marginals[j][i]));
    nr_visit visit = {.forward = {marginals[0], marginals[1]},
                      .reverse = {marginals[2], marginals[3]},
                      .images = 1};
    assert_int_equal(nr_tally_new(N, 0, &tally), NR_OK);
    assert_true(nr_tally_add(tally, &visit) && nr_tally_end_group(tally));
    assert_int_equal(nr_tally_encode(tally, words), n);
    assert_int_equal(nr_fold_accept(fold, unit, words, n, &used), NR_OK);
    assert_int_equal(used, n);
    nr_tally_free(tally);
    free(words);
}

static const nr_interval_spec student = {.confidence = 0.95,
                                         .marginal_limit = INFINITY};

static void test_ties(void **state) {
    (void)state;
    nr_fold *fold = new_fold();
    nr_results *r;
    for (uint64_t u = 0; u < UNITS; u++) accept(fold, u, 0.1);
    assert_int_equal(nr_results_new(fold, &student, &r), NR_OK);
    static const uint32_t groups[N] = {0, 0, 1, 1, 2};
    static const uint32_t low[N] = {0, 0, 2, 2, 4}, high[N] = {1, 1, 3, 3, 4};
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(r->group[i], groups[i]);
        assert_int_equal(r->rank_low[i], low[i]);
        assert_int_equal(r->rank_high[i], high[i]);
        assert_true(r->rank[i] >= low[i] && r->rank[i] <= high[i]);
        assert_true(r->joint_low[i] < r->ci_low[i] && r->ci_high[i] < r->joint_high[i]);
        assert_true(r->population_low[i] <= r->ci_low[i]);
    }
    assert_int_equal(r->samples, UNITS);
    nr_results_free(r);
    nr_fold_free(fold);
}

static nr_rule rule_after(const nr_goal *goal, uint64_t sweeps, double noise) {
    nr_fold *fold = new_fold();
    nr_rule rule;
    nr_interval_spec spec = student;
    spec.sequence_sweeps = nr_goal_sequence_sweeps(goal);
    for (uint64_t u = 0; u < sweeps * UNITS; u++) accept(fold, u, noise);
    assert_int_equal(nr_goal_check(goal, fold, &spec, &rule), NR_OK);
    nr_fold_free(fold);
    return rule;
}

static void test_rules(void **state) {
    (void)state;
    nr_goal sweeps = {.sweeps = 2}, width = {.half_width = 0.05};
    nr_goal relative = {.rel_half_width = 0.05};
    nr_goal top = {.top = 4}, tie = {.top = 3}, tolerant = {.top = 3, .tolerance = 0.2};
    nr_goal both = {.sweeps = 2, .half_width = 1e-9};
    assert_int_equal(rule_after(&sweeps, 0, 0.1), NR_RULE_NONE);
    assert_int_equal(rule_after(&sweeps, 1, 0.1), NR_RULE_NONE);
    assert_int_equal(rule_after(&sweeps, 2, 0.1), NR_RULE_SWEEPS);
    assert_int_equal(rule_after(&width, 1, 1), NR_RULE_NONE);
    assert_int_equal(rule_after(&width, 1, 0.1), NR_RULE_HALF_WIDTH);
    assert_int_equal(rule_after(&relative, 1, 0.1), NR_RULE_REL_HALF_WIDTH);
    assert_int_equal(rule_after(&top, 1, 0.1), NR_RULE_TOP);
    assert_int_equal(rule_after(&tie, 1, 0.1), NR_RULE_NONE);
    assert_int_equal(rule_after(&tolerant, 1, 0.1), NR_RULE_TOP);
    assert_int_equal(rule_after(&both, 1, 0.1), NR_RULE_NONE);
    assert_int_equal(rule_after(&both, 2, 0.1), NR_RULE_SWEEPS);
    for (int k = 0; k < NR_RULE_COUNT; k++)
        assert_int_equal(nr_rule_find(nr_rule_name((nr_rule)k)), k);
    assert_int_equal(nr_rule_find("rain"), NR_RULE_COUNT);
}

/* ---- the same end in any order ---- */

typedef struct {
    nr_goal goal;
    nr_rule rule;
    size_t asked;
} asked;

static bool judge(void *self, const nr_fold *fold) {
    asked *a = self;
    nr_interval_spec spec = student;
    spec.sequence_sweeps = 16;
    a->asked++;
    assert_int_equal(nr_fold_complete_sweeps(fold), a->asked);
    assert_int_equal(nr_goal_check(&a->goal, fold, &spec, &a->rule), NR_OK);
    return a->rule != NR_RULE_NONE;
}

static void test_any_order_ends_at_the_same_sweep(void **state) {
    (void)state;
    enum { SWEEPS = 12 };
    size_t words = nr_tally_words(N, 0, 0), ended[2];
    uint64_t *bits[2] = {nr_new(words, 8), nr_new(words, 8)};
    for (int k = 0; k < 2; k++) {
        nr_fold *fold = new_fold();
        asked a = {.goal = {.half_width = 0.08}};
        nr_fold_set_judge(fold, judge, &a);
        /* in order, and with the stragglers of each sweep three sweeps late */
        for (uint64_t u = 0; u < SWEEPS * UNITS; u++) {
            uint64_t late = 3 * UNITS, unit = u;
            if (k == 1) unit = u % UNITS == 0 ? u + late : u;
            if (unit < SWEEPS * UNITS && !nr_fold_has(fold, unit))
                accept(fold, unit, 1);
            if (k == 1 && u % UNITS == UNITS - 1 && u > late) {
                uint64_t first = u - late - UNITS + 1;
                if (!nr_fold_has(fold, first)) accept(fold, first, 1);
            }
        }
        accept(fold, 0, 1); /* nothing is looked at after the end */
        assert_true(nr_fold_ended(fold));
        assert_int_equal(nr_fold_open_count(fold), 0);
        assert_int_equal(a.rule, NR_RULE_HALF_WIDTH);
        ended[k] = (size_t)nr_fold_complete_sweeps(fold);
        nr_tally_encode(nr_fold_complete_tally(fold), bits[k]);
        nr_fold_free(fold);
    }
    assert_int_equal(ended[0], ended[1]);
    assert_in_range(ended[0], 2, SWEEPS - 4);
    assert_memory_equal(bits[0], bits[1], words * 8);
    free(bits[0]);
    free(bits[1]);
}

/* What a few sweeps forecast is about what it takes. */
static void test_forecast(void **state) {
    (void)state;
    nr_goal goals[] = {
        {.half_width = 0.05}, {.rel_half_width = 0.05}, {.top = 1, .tolerance = 0.1}};
    for (size_t g = 0; g < 3; g++) {
        nr_fold *fold = new_fold();
        nr_interval_spec spec = student;
        double forecast = 0;
        nr_rule rule = NR_RULE_NONE;
        uint64_t sweep = 0;
        spec.sequence_sweeps = nr_goal_sequence_sweeps(&goals[g]);
        for (; rule == NR_RULE_NONE; sweep++) {
            nr_results *r;
            for (uint64_t u = 0; u < UNITS; u++) accept(fold, sweep * UNITS + u, 1);
            assert_int_equal(nr_results_new(fold, &spec, &r), NR_OK);
            if (sweep == 1) forecast = nr_goal_forecast(&goals[g], r, &spec);
            nr_results_free(r);
            assert_int_equal(nr_goal_check(&goals[g], fold, &spec, &rule), NR_OK);
        }
        assert_true(sweep > 2 && forecast > 0.4 * (double)sweep &&
                    forecast < 2.5 * (double)sweep);
        nr_fold_free(fold);
    }
}

/* Those that look at the data come first, whatever the order of fields; a tolerance is
 * no goal of its own; and a column that is too narrow is cut, not overrun. */
static void test_names(void **state) {
    const nr_goal none = {.tolerance = 0.5}, one = {.sweeps = 1};
    const nr_goal all = {
        .sweeps = 5, .half_width = 0.01, .rel_half_width = 0.25, .top = 3};
    char text[64];
    (void)state;
    nr_goal_brief(&none, text, sizeof text);
    assert_string_equal(text, "");
    assert_true(nr_goal_is_none(&none) && !nr_goal_is_watching(&one));
    nr_goal_brief(&one, text, sizeof text);
    assert_string_equal(text, "1 sweep");
    nr_goal_brief(&all, text, sizeof text);
    assert_string_equal(text, "+-0.01 +-25% top 3 5 sweeps");
    nr_goal_words(&all, text, sizeof text);
    assert_string_equal(text, "every joint interval at most \u00b10.01");
    for (size_t bytes = 1; bytes < sizeof text; bytes++) {
        memset(text, 'x', sizeof text);
        nr_goal_brief(&all, text, bytes);
        assert_true(strlen(text) < bytes && text[bytes] == 'x');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ties), cmocka_unit_test(test_rules),
        cmocka_unit_test(test_any_order_ends_at_the_same_sweep),
        cmocka_unit_test(test_forecast), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
