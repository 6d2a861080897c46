#include "neurank/sched/schedule.h"

#include <stdlib.h>
#include <time.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/sched/message.h"

/* Units a rank still has to do, oldest first. */
typedef struct {
    uint64_t units[NR_AHEAD];
    size_t n;
} todo;

static void todo_add(todo *list, uint64_t unit) {
    NR_ASSERT(list->n < NR_AHEAD);
    list->units[list->n++] = unit;
}

static uint64_t todo_take(todo *list) {
    uint64_t unit = list->units[0];
    list->n--;
    for (size_t i = 0; i < list->n; i++) list->units[i] = list->units[i + 1];
    return unit;
}

typedef struct {
    nr_transport *transport;
    nr_unit_runner *runner;
    uint64_t *words; /* one message */
    size_t capacity;
    todo list;
    bool busy;
    uint64_t unit; /* under way */
} rank_state;

static void send_message(rank_state *rank, int to, const nr_message *message) {
    uint64_t small[NR_MESSAGE_HEAD];
    NR_ASSERT(message->n_result == 0);
    rank->transport->send(rank->transport->self, to, small,
                          nr_message_encode(message, small));
}

/* Begins the next unit if none is under way. False: there is nothing to do. */
static bool has_work(rank_state *rank) {
    if (!rank->busy && rank->list.n > 0) {
        rank->unit = todo_take(&rank->list);
        rank->busy = true;
        nr_unit_begin(rank->runner, rank->unit);
    }
    return rank->busy;
}

/* Plays one block without a word: many ranks may meet the same error, and the master
 * repeats the first unit that failed aloud. */
static nr_status step_silently(nr_unit_runner *runner, bool *done) {
    nr_log_set_silent(true);
    nr_status status = nr_unit_step(runner, done);
    nr_log_set_silent(false);
    return status;
}

/* ---- workers ---- */

static nr_status worker_send_result(rank_state *rank, nr_status status) {
    nr_message message = {
        .kind = NR_MESSAGE_RESULT, .unit = rank->unit, .status = status};
    size_t n = nr_message_encode(&message, rank->words);
    if (status == NR_OK) {
        n += nr_unit_result(rank->runner, rank->words + NR_MESSAGE_HEAD);
    }
    rank->transport->send(rank->transport->self, 0, rank->words, n);
    rank->busy = false;
    return status;
}

static nr_status worker_run(rank_state *rank) {
    nr_status failure = NR_OK;
    for (bool stopped = false; !stopped;) {
        bool working = has_work(rank);
        nr_message message;
        size_t n;
        int from;
        while (rank->transport->receive(rank->transport->self, !working, rank->words,
                                        rank->capacity, &n, &from)) {
            NR_TRY(nr_message_decode(rank->words, n, &message));
            if (message.kind == NR_MESSAGE_STOP) stopped = true;
            else todo_add(&rank->list, message.unit);
            working = true; /* look for more, but do not wait */
        }
        if (stopped || !has_work(rank)) continue;
        /* After a failure the run ends: units in hand are given back undone. */
        bool done = false;
        if (failure == NR_OK) failure = step_silently(rank->runner, &done);
        if (done || failure != NR_OK) worker_send_result(rank, failure);
    }
    rank->transport->flush(rank->transport->self);
    return failure;
}

/* ---- the master ---- */

typedef struct {
    rank_state rank;
    nr_master *machine;
    const nr_sink *sink;
    nr_assignment *assignments; /* [NR_AHEAD * size] */
    nr_status failure;
    bool unit_failed; /* that was a unit, and this one: */
    uint64_t failed_unit;
} master_state;

static void hand_out(master_state *m, size_t n) {
    for (size_t i = 0; i < n; i++) {
        nr_message message = {.kind = NR_MESSAGE_ASSIGN,
                              .unit = m->assignments[i].unit};
        if (m->assignments[i].worker == 0) todo_add(&m->rank.list, message.unit);
        else send_message(&m->rank, m->assignments[i].worker, &message);
    }
}

/* Remembers the first failure; what is under way still comes in. */
static void fail(master_state *m, nr_status status) {
    if (m->failure == NR_OK) m->failure = status;
    nr_master_stop(m->machine);
}

static nr_status take_result(master_state *m, int worker, uint64_t unit,
                             nr_status status, const uint64_t *result, size_t n_words) {
    size_t n;
    if (status != NR_OK && m->failure == NR_OK) {
        m->unit_failed = true;
        m->failed_unit = unit;
    }
    if (status == NR_OK && m->failure == NR_OK)
        status = m->sink->accept(m->sink->self, unit, result, n_words);
    if (status != NR_OK) fail(m, status);
    NR_TRY(nr_master_result(m->machine, worker, unit, m->assignments, &n));
    hand_out(m, n);
    return NR_OK;
}

static nr_status take_messages(master_state *m) {
    rank_state *rank = &m->rank;
    nr_message message;
    size_t n;
    int from;
    while (rank->transport->receive(rank->transport->self, false, rank->words,
                                    rank->capacity, &n, &from)) {
        NR_TRY(nr_message_decode(rank->words, n, &message));
        NR_TRY(take_result(m, from, message.unit, message.status, message.result,
                           message.n_result));
    }
    return NR_OK;
}

/* One block of the master's own unit. */
static nr_status compute_own(master_state *m) {
    rank_state *rank = &m->rank;
    bool done = false;
    nr_status status = m->failure;
    if (status == NR_OK) status = step_silently(rank->runner, &done);
    if (status == NR_OK && !done) return NR_OK;
    size_t n = status == NR_OK ? nr_unit_result(rank->runner, rank->words) : 0;
    rank->busy = false;
    return take_result(m, 0, rank->unit, status, rank->words, n);
}

/* Nothing of its own to do: the clock still has to be looked at. */
static void rest(void) {
    const struct timespec moment = {.tv_nsec = 200000};
    nanosleep(&moment, NULL);
}

static nr_status master_loop(master_state *m) {
    while (!nr_master_finished(m->machine)) {
        bool stop = false, working = has_work(&m->rank);
        NR_TRY(take_messages(m));
        if (working) NR_TRY(compute_own(m));
        else rest();
        nr_status status = m->sink->tick(m->sink->self, &stop);
        if (status != NR_OK) fail(m, status);
        if (stop) nr_master_stop(m->machine);
    }
    return NR_OK;
}

/* The failure's own message, once. */
static void repeat_aloud(master_state *m) {
    bool done = false;
    nr_unit_begin(m->rank.runner, m->failed_unit);
    while (!done && nr_unit_step(m->rank.runner, &done) == NR_OK) continue;
    if (done)
        nr_fail(NR_ERR_UNIT, "unit %llu failed on another rank and not on this one",
                (unsigned long long)m->failed_unit);
}

/* A master that stops does not begin units that it has not begun, but the machine
 * counts them: they are worked off like everybody else's. */
static nr_status master_run(rank_state rank, nr_unit_source *source, void *source_self,
                            const nr_sink *sink) {
    int size = rank.transport->size;
    master_state m = {.rank = rank, .sink = sink};
    nr_message stop = {.kind = NR_MESSAGE_STOP};
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(m.assignments, (size_t)NR_AHEAD * (size_t)size)) return status;
    NR_TRY_GOTO(nr_master_new(size, source, source_self, &m.machine), err_free);
    hand_out(&m, nr_master_start(m.machine, m.assignments));
    status = master_loop(&m);
    for (int worker = 1; worker < size; worker++) send_message(&m.rank, worker, &stop);
    rank.transport->flush(rank.transport->self);
    nr_master_free(m.machine);
    if (status == NR_OK) status = m.failure;
    if (m.unit_failed) repeat_aloud(&m);
err_free:
    free(m.assignments);
    return status;
}

nr_status nr_schedule_run(nr_transport *transport, nr_unit_runner *runner,
                          nr_unit_source *source, void *source_self,
                          const nr_sink *sink) {
    rank_state rank = {.transport = transport, .runner = runner};
    rank.capacity = NR_MESSAGE_HEAD + nr_unit_result_words(runner);
    if (!NR_NEW(rank.words, rank.capacity)) return NR_ERR_INTERNAL;
    nr_status status = transport->rank == 0
                           ? master_run(rank, source, source_self, sink)
                           : worker_run(&rank);
    free(rank.words);
    return status;
}
