#include "neurank/sched/local.h"

#include "neurank/sample/permutation.h"
#include "neurank/sched/unit.h"

typedef struct {
    const nr_local *run;
    nr_interval_spec intervals;
    nr_fold *fold;
    nr_unit_runner *runner;
    nr_rule rule;
    nr_status status; /* of the judge */
} local_state;

static bool judge(void *self, const nr_fold *fold) {
    local_state *s = self;
    s->status = nr_goal_check(&s->run->goal, fold, &s->intervals, &s->rule);
    return s->status != NR_OK || s->rule != NR_RULE_NONE;
}

static nr_estimator_kind estimator_of(const nr_local *run) {
    if (run->exact) return NR_BY_ENUMERATION;
    return run->odd ? NR_BY_ODD : NR_BY_PAIRS;
}

static nr_status prepare(local_state *s, nr_game *game) {
    nr_estimator_kind kind = estimator_of(s->run);
    const nr_work_costs costs = {
        .n_blocks = game->n_blocks, .n_players = game->n_players, .group_blocks = 1};
    nr_units units = nr_estimator_get(kind)->plan(&costs);
    nr_fold_spec fold = {.n_players = game->n_players,
                         .units_per_sweep = units.units_per_sweep,
                         .n_blocks = game->n_blocks,
                         .estimator = kind,
                         .pieces = units.pieces};
    NR_TRY(nr_fold_new(&fold, &s->fold));
    nr_fold_set_judge(s->fold, judge, s);
    nr_unit_spec spec = {
        .estimator = kind, .game = game, .seed = s->run->seed, .units = units};
    return nr_unit_runner_new(&spec, &s->runner);
}

static nr_status check(const nr_game *game, const nr_local *run) {
    NR_REQUIRE(game->n_players > 0 && game->n_players <= NR_PLAYERS_MAX, NR_ERR_USAGE,
               "%zu players: 1 to %d are expected", game->n_players, NR_PLAYERS_MAX);
    NR_REQUIRE(!run->exact || game->n_players <= NR_EXACT_LIVE_MAX, NR_ERR_USAGE,
               "an exact run of %zu players: at most %d can be enumerated",
               game->n_players, NR_EXACT_LIVE_MAX);
    NR_REQUIRE(run->exact || !nr_goal_is_none(&run->goal), NR_ERR_USAGE,
               "a run without a goal would never end");
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
    for (uint64_t unit = 0; status == NR_OK && !nr_fold_ended(s.fold); unit++) {
        status = nr_unit_play_into(s.runner, unit, s.fold);
        if (status == NR_OK) status = s.status;
    }
    if (status == NR_OK) status = nr_results_new(s.fold, &s.intervals, out);
    if (rule) *rule = s.rule;
    nr_unit_runner_free(s.runner);
    nr_fold_free(s.fold);
    return status;
}
