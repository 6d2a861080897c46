/* What the scheduler costs, without any arithmetic.
 *
 *   scale master                  10,000 workers' messages fed to the master in
 * process: machine alone, and with each unit's sums folded mpirun -n R scale sleep MS N
 * N units a rank of a game that only sleeps MS milliseconds: the share of the ranks'
 * time in which they sleep, that is, work
 *
 *   mpirun -n 2 scale messages PLAYERS
 *                                 results that rank 1 sends: how long rank 0 takes to
 * receive one and fold it
 *
 * One line of JSON each; tests/bench/scale.py makes the table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/estim/fold.h"
#include "neurank/sched/master.h"
#include "neurank/sched/message.h"
#include "neurank/sched/schedule.h"
#include "neurank/sched/world.h"
#include "units.h"

enum { WORKERS = 10000, UNITS = 1000000, PLAYERS = 512, UNITS_PER_SWEEP = 50000 };

/* ---- the master, in process ---- */

/* A unit's message, as a worker would send it; its tally is that of one silent block.
 */
static nr_status make_message(size_t players, uint64_t *words, size_t *n) {
    nr_tally *tally;
    int64_t *zeros;
    if (!NR_NEW(zeros, players)) return NR_ERR_INTERNAL;
    nr_visit visit = {.forward = {zeros, zeros},
                      .reverse = {zeros, zeros},
                      .images = 1,
                      .label = NR_NO_CLASS};
    NR_TRY(nr_tally_new(players, 0, &tally));
    nr_tally_add(tally, &visit);
    nr_tally_end_group(tally);
    nr_message message = {.kind = NR_MESSAGE_RESULT, .status = NR_OK};
    *n = nr_message_encode(&message, words);
    *n += nr_tally_encode(tally, words + *n);
    nr_tally_free(tally);
    free(zeros);
    return NR_OK;
}

/* Takes `units` messages from workers in turn; fold NULL: the machine alone. */
static nr_status feed(nr_master *master, nr_assignment *hands, uint64_t units,
                      uint64_t *words, size_t n_words, nr_fold *fold) {
    for (uint64_t k = 0; k < units; k++) {
        nr_assignment *hand = &hands[k % (NR_AHEAD * WORKERS)], given[1];
        nr_message message;
        size_t n, used;
        NR_TRY(nr_message_decode(words, n_words, &message));
        if (fold)
            NR_TRY(nr_fold_accept(fold, hand->unit, message.result, message.n_result,
                                  &used));
        NR_TRY(nr_master_result(master, hand->worker, hand->unit, given, &n));
        if (n) *hand = given[0];
    }
    return NR_OK;
}

static nr_status time_master(bool folds, double *rate) {
    test_counter c = {0, UNITS};
    nr_master *master;
    nr_fold *fold = NULL;
    nr_fold_spec spec = {.n_players = PLAYERS,
                         .units_per_sweep = UNITS_PER_SWEEP,
                         .n_blocks = UNITS_PER_SWEEP};
    size_t n_words = 0;
    uint64_t *words = nr_new(NR_MESSAGE_HEAD + nr_tally_words(PLAYERS, 0, 0), 8);
    nr_assignment *hands = nr_new((size_t)NR_AHEAD * WORKERS, sizeof *hands);
    if (!words || !hands) return NR_ERR_INTERNAL;
    NR_TRY(make_message(PLAYERS, words, &n_words));
    NR_TRY(nr_master_new(WORKERS, test_count, &c, &master));
    if (folds) NR_TRY(nr_fold_new(&spec, &fold));
    nr_master_start(master, hands);
    uint64_t units = folds ? UNITS / 10 : UNITS - NR_AHEAD * WORKERS;
    double start = nr_clock_s();
    NR_TRY(feed(master, hands, units, words, n_words, fold));
    *rate = (double)units / (nr_clock_s() - start);
    nr_fold_free(fold);
    nr_master_free(master);
    free(hands);
    free(words);
    return NR_OK;
}

static nr_status run_master(void) {
    double alone, folding;
    NR_TRY(time_master(false, &alone));
    NR_TRY(time_master(true, &folding));
    printf("{\"workers\": %d, \"players\": %d, \"units_per_second\": %.0f, "
           "\"units_per_second_folded\": %.0f}\n",
           WORKERS, PLAYERS, alone, folding);
    return NR_OK;
}

/* ---- ranks that sleep ---- */

typedef struct {
    double seconds;
} sleeper;

static nr_status sleep_open(void *self, uint64_t block, nr_block_ends *ends) {
    const sleeper *s = self;
    const struct timespec moment = {.tv_sec = (time_t)s->seconds,
                                    .tv_nsec = (long)(fmod(s->seconds, 1) * 1e9)};
    (void)block;
    nanosleep(&moment, NULL);
    *ends = (nr_block_ends){.images = 1, .label = NR_NO_LABEL};
    return NR_OK;
}

static nr_status sleep_pair(void *self, const uint32_t *order, size_t n,
                            int64_t *forward, int64_t *reverse,
                            uint64_t *coalition_images) {
    (void)self, (void)order, (void)coalition_images;
    memset(forward, 0, n * sizeof *forward);
    memset(reverse, 0, n * sizeof *reverse);
    return NR_OK;
}

static nr_status accept_unit(void *self, uint64_t unit, const uint64_t *words,
                             size_t n) {
    size_t used;
    return nr_fold_accept(self, unit, words, n, &used);
}

static nr_status tick(void *self, nr_stop asked, nr_stop *stop) {
    (void)self;
    (void)asked;
    *stop = NR_STOP_NONE;
    return NR_OK;
}

static nr_status sleep_all(nr_world *world, double seconds, uint64_t units) {
    sleeper s = {seconds};
    nr_game game = {.n_players = PLAYERS,
                    .n_blocks = units,
                    .self = &s,
                    .open = sleep_open,
                    .pair = sleep_pair};
    nr_units plan = {.n_blocks = units,
                     .blocks_per_unit = 1,
                     .units_per_sweep = units,
                     .group_blocks = 1,
                     .strata = 1};
    nr_fold_spec spec = {
        .n_players = PLAYERS, .units_per_sweep = units, .n_blocks = units};
    test_counter c = {0, units};
    nr_unit_runner *runner;
    nr_fold *fold;
    nr_unit_spec unit = {.game = &game, .seed = 1, .layer = 1, .units = plan};
    NR_TRY(nr_unit_runner_new(&unit, &runner));
    NR_TRY(nr_fold_new(&spec, &fold));
    nr_sink sink = {.self = fold, .accept = accept_unit, .tick = tick};
    bool deaf;
    NR_TRY(nr_world_share(world, NR_OK)); /* all begin together */
    double start = nr_clock_s();
    nr_status status = nr_schedule_run(nr_world_transport(world), runner, test_count,
                                       &c, &sink, &deaf);
    double wall = nr_clock_s() - start, ranks = nr_world_size(world);
    if (nr_world_rank(world) == 0)
        printf("{\"ranks\": %.0f, \"unit_ms\": %g, \"busy\": %.4f}\n", ranks,
               1e3 * seconds, (double)units * seconds / (wall * ranks));
    nr_fold_free(fold);
    nr_unit_runner_free(runner);
    return nr_world_share(world, status);
}

static nr_status run_sleep(double milliseconds, uint64_t units_a_rank) {
    nr_world *world;
    NR_TRY(nr_world_start(&world));
    nr_status status = sleep_all(world, milliseconds / 1e3,
                                 units_a_rank * (uint64_t)nr_world_size(world));
    nr_world_stop(world);
    return status;
}

/* ---- a result's way: received and folded ---- */

enum { RESULTS = 20000, WINDOW = 64 };

/* Rank 1 never has more than a window on the way, so that none waits for memory. */
static void send_results(nr_transport *t, uint64_t *words, size_t n_words) {
    uint64_t answer[NR_MESSAGE_HEAD];
    size_t n;
    int from;
    for (uint64_t k = 0; k < RESULTS; k++) {
        words[1] = k;
        t->send(t->self, 0, words, n_words);
        if (k % WINDOW != WINDOW - 1) continue;
        while (!t->receive(t->self, true, answer, NR_MESSAGE_HEAD, &n, &from)) continue;
    }
    t->flush(t->self);
}

static nr_status receive_results(nr_transport *t, uint64_t *words, size_t capacity,
                                 nr_fold *fold) {
    const nr_message ok = {.kind = NR_MESSAGE_ASSIGN};
    uint64_t answer[NR_MESSAGE_HEAD];
    size_t n, used, n_answer = nr_message_encode(&ok, answer);
    int from;
    for (uint64_t k = 0; k < RESULTS; k++) {
        nr_message message;
        while (!t->receive(t->self, false, words, capacity, &n, &from)) continue;
        NR_TRY(nr_message_decode(words, n, &message));
        NR_TRY(nr_fold_accept(fold, k, message.result, message.n_result, &used));
        if (k % WINDOW == WINDOW - 1) t->send(t->self, 1, answer, n_answer);
    }
    t->flush(t->self);
    return NR_OK;
}

static nr_status time_messages(nr_world *world, size_t players) {
    nr_fold *fold;
    nr_fold_spec spec = {
        .n_players = players, .units_per_sweep = RESULTS, .n_blocks = RESULTS};
    size_t capacity = NR_MESSAGE_HEAD + nr_tally_words(players, 0, 0), n_words;
    uint64_t *words = nr_new(capacity, 8);
    if (!words) return NR_ERR_INTERNAL;
    NR_TRY(make_message(players, words, &n_words));
    NR_TRY(nr_fold_new(&spec, &fold));
    nr_status status = nr_world_share(world, NR_OK);
    double start = nr_clock_s();
    if (nr_world_rank(world) == 1)
        send_results(nr_world_transport(world), words, n_words);
    if (nr_world_rank(world) == 0) {
        status = receive_results(nr_world_transport(world), words, capacity, fold);
        printf("{\"players\": %zu, \"bytes\": %zu, \"seconds\": %.4g}\n", players,
               8 * n_words, (nr_clock_s() - start) / RESULTS);
    }
    nr_fold_free(fold);
    free(words);
    return nr_world_share(world, status);
}

static nr_status run_messages(size_t players) {
    nr_world *world;
    NR_TRY(nr_world_start(&world));
    nr_status status = time_messages(world, players);
    nr_world_stop(world);
    return status;
}

int main(int argc, char **argv) {
    nr_status status = NR_ERR_USAGE;
    if (argc == 2 && strcmp(argv[1], "master") == 0) status = run_master();
    if (argc == 4 && strcmp(argv[1], "sleep") == 0)
        status = run_sleep(strtod(argv[2], NULL), strtoull(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "messages") == 0)
        status = run_messages(strtoull(argv[2], NULL, 10));
    if (status == NR_ERR_USAGE)
        fprintf(stderr,
                "scale master | scale sleep MS UNITS | scale messages PLAYERS\n");
    return nr_status_exit_code(status);
}
