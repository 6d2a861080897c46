/* A game of one's own, and games whose Shapley values are known in closed form.
 *
 * The first test is the worked example: glove_values is all that a game takes. The
 * others play games of support/games.h: exact runs equal the closed form, sampled ones
 * come within their errors of it, and the axioms hold. */
#include "../support/games.h"
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/game/callback.h"
#include "neurank/sample/permutation.h"
#include "neurank/sched/local.h"
#include "neurank/sched/unit.h"

/* ---- the worked example ---- */

/* Player 0 has a left glove, players 1 and 2 have a right one; a pair is worth 1. */
static nr_status glove_values(void *context, uint64_t block, size_t count,
                              const uint8_t *kept, double *values) {
    (void)context;
    (void)block;
    for (size_t k = 0; k < count; k++, kept += 3)
        values[k] = kept[0] && (kept[1] || kept[2]);
    return NR_OK;
}

static void test_a_game_of_ones_own(void **state) {
    (void)state;
    nr_callback spec = {.n_players = 3, .n_blocks = 64, .values = glove_values};
    nr_local sampled = {.seed = 1, .confidence = 0.95, .goal.half_width = 0.01};
    nr_local exact = {.confidence = 0.95, .exact = true};
    nr_game game;
    nr_results *r;
    nr_rule rule;
    spec.marginal_limit = 1;
    assert_int_equal(nr_callback_game_new(&spec, &game), NR_OK);

    assert_int_equal(nr_local_play(&game, &exact, &r, &rule), NR_OK);
    assert_int_equal(rule, NR_RULE_EXACT);
    assert_true(fabs(r->shapley[0] - 2.0 / 3) < 1e-12);
    assert_true(fabs(r->shapley[1] - 1.0 / 6) < 1e-12);
    assert_true(r->std_error[0] == 0 && r->ci_low[0] == r->shapley[0]);
    nr_results_free(r);

    assert_int_equal(nr_local_play(&game, &sampled, &r, &rule), NR_OK);
    assert_int_equal(rule, NR_RULE_HALF_WIDTH);
    assert_true(nr_results_widest(r) <= 0.01);
    assert_true(r->joint_low[0] <= 2.0 / 3 && r->joint_high[0] >= 2.0 / 3);
    assert_int_equal(r->rank[0], 0);
    assert_int_equal(r->group[1], r->group[2]); /* equals are not told apart */
    nr_results_free(r);
    nr_game_free(&game);
}

/* ---- closed forms ---- */

static const games_spec all[] = {
    {.kind = GAMES_ADDITIVE, .n_players = 10, .n_blocks = 5},
    {.kind = GAMES_GLOVE, .n_players = 11, .n_blocks = 7},
    {.kind = GAMES_AIRPORT, .n_players = 12, .n_blocks = 40},
    {.kind = GAMES_VOTING, .n_players = 14, .n_blocks = 3},
    {.kind = GAMES_UNANIMITY, .n_players = 9, .n_blocks = 33},
    {.kind = GAMES_GLOVE, .n_players = 1, .n_blocks = 1},
    {.kind = GAMES_AIRPORT, .n_players = 2, .n_blocks = 1}};

static void test_exact_equals_closed_form(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        nr_local run = {.confidence = 0.95, .exact = true};
        games *g;
        nr_game game;
        nr_results *r;
        assert_int_equal(games_new(&all[k], &g), NR_OK);
        assert_int_equal(games_open(g, &game), NR_OK);
        assert_int_equal(nr_local_play(&game, &run, &r, NULL), NR_OK);
        for (size_t i = 0; i < r->n; i++)
            assert_true(fabs(r->shapley[i] - games_exact(g)[i]) < 1e-12);
        assert_int_equal(r->coalition_images, all[k].n_blocks << all[k].n_players);
        nr_results_free(r);
        nr_game_free(&game);
        games_free(g);
    }
}

/* Joint intervals hold the closed form (a bound of 95% that this seed keeps), reliable
 * values are within 4.5 standard errors of it; efficiency is exact; one seed, one
 * result.
 */
static void check_sampled(const games_spec *spec, uint64_t sweeps) {
    nr_local run = {.seed = 3, .confidence = 0.95, .goal.sweeps = sweeps};
    games *g;
    nr_game game;
    nr_results *r, *again;
    double sum = 0, worst = 0;
    assert_int_equal(games_new(spec, &g), NR_OK);
    assert_int_equal(games_open(g, &game), NR_OK);
    assert_int_equal(nr_local_play(&game, &run, &r, NULL), NR_OK);
    assert_int_equal(nr_local_play(&game, &run, &again, NULL), NR_OK);
    for (size_t i = 0; i < r->n; i++) {
        double exact = games_exact(g)[i];
        assert_true(r->joint_low[i] <= exact + 1e-12);
        assert_true(r->joint_high[i] >= exact - 1e-12);
        assert_true(r->shapley[i] == again->shapley[i]);
        sum += r->shapley[i];
        if (r->std_error[i] > worst) worst = r->std_error[i];
    }
    assert_true(fabs(sum - (r->value_full - r->value_empty)) < 1e-9);
    assert_true(worst < 0.2);
    nr_results_free(r);
    nr_results_free(again);
    nr_game_free(&game);
    games_free(g);
}

static void test_sampling_comes_to_the_closed_form(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) check_sampled(&all[k], 60);
}

static void test_a_thousand_players(void **state) {
    (void)state;
    games_spec airport = {.kind = GAMES_AIRPORT, .n_players = 1000, .n_blocks = 16};
    check_sampled(&airport, 20);
}

static void test_refusals(void **state) {
    (void)state;
    nr_callback spec = {.n_players = 3, .n_blocks = 1, .values = glove_values};
    nr_callback nobody = {.n_blocks = 1, .values = glove_values};
    nr_local endless = {.confidence = 0.95},
             exact = {.confidence = 0.95, .exact = true};
    nr_game game;
    nr_results *r;
    test_capture_log();
    assert_int_equal(nr_callback_game_new(&nobody, &game), NR_ERR_USAGE);
    assert_int_equal(nr_callback_game_new(&spec, &game), NR_OK);
    assert_int_equal(nr_local_play(&game, &endless, &r, NULL), NR_ERR_USAGE);
    assert_string_equal(test_last_message(), "a run without a goal would never end");
    nr_game_free(&game);
    spec.n_players = NR_EXACT_LIVE_MAX + 1;
    assert_int_equal(nr_callback_game_new(&spec, &game), NR_OK);
    assert_int_equal(nr_local_play(&game, &exact, &r, NULL), NR_ERR_USAGE);
    assert_string_equal(test_last_message(),
                        "an exact run of 41 players: at most 40 can be enumerated");
    nr_game_free(&game);
    spec.n_players = NR_PLAYERS_MAX + 1;
    endless.goal.sweeps = 1;
    assert_int_equal(nr_callback_game_new(&spec, &game), NR_OK);
    assert_int_equal(nr_local_play(&game, &endless, &r, NULL), NR_ERR_USAGE);
    assert_string_equal(test_last_message(),
                        "1048577 players: 1 to 1048576 are expected");
    nr_game_free(&game);
}

static nr_status infinite(void *context, uint64_t block, size_t count,
                          const uint8_t *kept, double *values) {
    (void)context;
    for (size_t k = 0; k < count; k++)
        values[k] = block == 1 && kept[4 * k] ? INFINITY : 0;
    return NR_OK;
}

static void test_a_bad_value_is_named(void **state) {
    (void)state;
    nr_callback spec = {.n_players = 4, .n_blocks = 2, .values = infinite};
    nr_local run = {.confidence = 0.95, .goal.sweeps = 1};
    nr_game game;
    nr_results *r;
    test_capture_log();
    assert_int_equal(nr_callback_game_new(&spec, &game), NR_OK);
    assert_int_equal(nr_local_play(&game, &run, &r, NULL), NR_ERR_UNIT);
    assert_string_equal(
        test_last_message(),
        "block 1: the value of a coalition of 4 players is inf, a number "
        "below 2^16 is expected");
    nr_game_free(&game);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_game_of_ones_own),
        cmocka_unit_test(test_exact_equals_closed_form),
        cmocka_unit_test(test_sampling_comes_to_the_closed_form),
        cmocka_unit_test(test_a_thousand_players),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_bad_value_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
