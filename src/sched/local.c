#include "neurank/sched/local.h"

#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/sched/unit.h"

typedef struct {
    const nr_local *run;
    nr_interval_spec intervals;
    nr_fold *fold;
    nr_sampler *sampler;
    nr_unit_runner *runner;
    uint64_t *words;
    nr_rule rule;
    nr_status status; /* of the judge */
} local_state;

static bool judge(void *self, const nr_fold *fold) {
    local_state *s = self;
    s->status = nr_goal_check(&s->run->goal, fold, &s->intervals, &s->rule);
    return s->status != NR_OK || s->rule != NR_RULE_NONE;
}

static nr_status play_unit(local_state *s, uint64_t unit) {
    size_t used;
    bool done = false;
    nr_unit_begin(s->runner, unit);
    while (!done) NR_TRY(nr_unit_step(s->runner, &done));
    size_t n = nr_unit_result(s->runner, s->words);
    NR_TRY(nr_fold_accept(s->fold, unit, s->words, n, &used));
    return s->status;
}

static nr_status prepare(local_state *s, nr_game *game) {
    nr_units units = s->run->exact
                         ? nr_units_plan_exact(game->n_blocks, game->n_players, 0, 1)
                         : nr_units_plan(game->n_blocks, 0, 1);
    nr_fold_spec fold = {.n_players = game->n_players,
                         .units_per_sweep = units.units_per_sweep,
                         .n_blocks = game->n_blocks,
                         .pieces = units.pieces,
                         .odd = s->run->odd};
    NR_TRY(nr_fold_new(&fold, &s->fold));
    nr_fold_set_judge(s->fold, judge, s);
    if (!s->run->exact)
        NR_TRY(nr_sampler_new(s->run->seed, 0, game->n_players, units.strata,
                              &s->sampler));
    nr_unit_spec spec = {
        .game = game, .sampler = s->sampler, .odd = s->run->odd, .units = units};
    NR_TRY(nr_unit_runner_new(&spec, &s->runner));
    return NR_NEW(s->words, nr_unit_result_words(s->runner)) ? NR_OK : NR_ERR_INTERNAL;
}

static nr_status check(const nr_game *game, const nr_local *run) {
    NR_REQUIRE(!run->exact || game->n_players <= NR_EXACT_LIVE_MAX, NR_ERR_USAGE,
               "an exact run of %zu players: at most %d can be enumerated",
               game->n_players, NR_EXACT_LIVE_MAX);
    NR_REQUIRE(run->exact || run->goal.sweeps > 0 || nr_goal_is_watching(&run->goal),
               NR_ERR_USAGE, "a run without a goal would never end");
    NR_REQUIRE(run->confidence >= 0.5 && run->confidence < 1, NR_ERR_USAGE,
               "confidence %g: 0.5 to below 1 is expected", run->confidence);
    return NR_OK;
}

nr_status nr_local_play(nr_game *game, const nr_local *run, nr_results **out,
                        nr_rule *rule) {
    local_state s = {
        .run = run,
        .intervals = {.confidence = run->confidence,
                      .sequence_sweeps = nr_goal_sequence_sweeps(&run->goal),
                      .marginal_limit = game->marginal_limit}};
    NR_TRY(check(game, run));
    nr_status status = prepare(&s, game);
    for (uint64_t unit = 0; status == NR_OK && !nr_fold_ended(s.fold); unit++)
        status = play_unit(&s, unit);
    if (status == NR_OK) status = nr_results_new(s.fold, &s.intervals, out);
    if (rule) *rule = s.rule;
    free(s.words);
    nr_unit_runner_free(s.runner);
    nr_sampler_free(s.sampler);
    nr_fold_free(s.fold);
    return status;
}
