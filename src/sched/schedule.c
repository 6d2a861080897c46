#include "neurank/sched/schedule.h"

#include <stdlib.h>
#include <time.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/sched/message.h"

/* How long the master waits for ranks that were told to leave their units. */
static const double deaf_s = 2;

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
    /* workers */
    bool dismissed;
    nr_stop told;     /* what the master was told that signals ask */
    nr_status broken; /* of the protocol, noticed in the midst of a unit */
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

static void worker_send_result(rank_state *rank, uint64_t unit, nr_status status) {
    nr_message message = {.kind = NR_MESSAGE_RESULT, .unit = unit, .status = status};
    size_t n = nr_message_encode(&message, rank->words);
    if (status == NR_OK) {
        n += nr_unit_result(rank->runner, rank->words + NR_MESSAGE_HEAD);
    }
    rank->transport->send(rank->transport->self, 0, rank->words, n);
}

/* A unit in the midst of a block is given back when its step returns. */
static void worker_drop(rank_state *rank, nr_stop how, bool computing) {
    while (rank->list.n > 0)
        worker_send_result(rank, todo_take(&rank->list), NR_STOPPED);
    if (how < NR_STOP_NOW || !rank->busy) return;
    if (computing) {
        nr_stop_order_leave();
        return;
    }
    worker_send_result(rank, rank->unit, NR_STOPPED);
    rank->busy = false;
}

/* Passes on what signals ask of this rank, once. */
static void worker_ask(rank_state *rank) {
    nr_message message = {.kind = NR_MESSAGE_ASK, .unit = nr_stop_asked()};
    if ((nr_stop)message.unit <= rank->told) return;
    send_message(rank, 0, &message);
    rank->told = (nr_stop)message.unit;
}

/* Takes every message that is there; without work, waits a moment for one. */
static nr_status worker_listen(rank_state *rank, bool computing) {
    nr_message message;
    bool wait = !computing && !has_work(rank);
    size_t n;
    int from;
    while (rank->transport->receive(rank->transport->self, wait, rank->words,
                                    rank->capacity, &n, &from)) {
        NR_TRY(nr_message_decode(rank->words, n, &message));
        if (message.kind == NR_MESSAGE_STOP) rank->dismissed = true;
        else if (message.kind == NR_MESSAGE_DROP)
            worker_drop(rank, (nr_stop)message.unit, computing);
        else todo_add(&rank->list, message.unit);
        wait = false;
    }
    return NR_OK;
}

/* Plays one block. After a failure the run ends: units in hand are given back undone.
 */
static void worker_work(rank_state *rank, nr_status *failure) {
    bool done = false;
    nr_status status = *failure;
    if (status == NR_OK) status = step_silently(rank->runner, &done);
    if (status != NR_STOPPED) *failure = status;
    if (!done && status == NR_OK) return;
    worker_send_result(rank, rank->unit, status);
    rank->busy = false;
}

/* Between the pieces of a long block. */
static void worker_meanwhile(void *self) {
    rank_state *rank = self;
    worker_ask(rank);
    nr_status status = worker_listen(rank, true);
    if (status != NR_OK) rank->broken = status;
}

static nr_status worker_loop(rank_state *rank) {
    nr_status failure = NR_OK;
    while (!rank->dismissed) {
        worker_ask(rank);
        NR_TRY(worker_listen(rank, false));
        if (!rank->dismissed && has_work(rank)) worker_work(rank, &failure);
        NR_TRY(rank->broken);
    }
    rank->transport->flush(rank->transport->self);
    return failure;
}

static nr_status worker_run(rank_state *rank) {
    nr_stop_listen(worker_meanwhile, rank);
    nr_status status = worker_loop(rank);
    nr_stop_listen(NULL, NULL);
    return status;
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
    bool computing;   /* in the midst of a block of its own */
    nr_stop asked;    /* by signals, of any rank */
    nr_stop dropped;  /* what everybody has been told to give back */
    double dropped_s; /* when */
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
    bool dropped = status == NR_STOPPED;
    if (status != NR_OK && !dropped && m->failure == NR_OK) {
        m->unit_failed = true;
        m->failed_unit = unit;
    }
    if (status == NR_OK && m->failure == NR_OK)
        status = m->sink->accept(m->sink->self, unit, result, n_words);
    if (status != NR_OK && !dropped) fail(m, status);
    NR_TRY(nr_master_result(m->machine, worker, unit, m->assignments, &n));
    hand_out(m, n);
    return NR_OK;
}

static void hear(master_state *m, nr_stop asked) {
    if (asked > m->asked) m->asked = asked;
}

static nr_status take_messages(master_state *m) {
    rank_state *rank = &m->rank;
    nr_message message;
    size_t n;
    int from;
    while (rank->transport->receive(rank->transport->self, false, rank->words,
                                    rank->capacity, &n, &from)) {
        NR_TRY(nr_message_decode(rank->words, n, &message));
        if (message.kind == NR_MESSAGE_ASK) hear(m, (nr_stop)message.unit);
        else
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
    m->computing = true;
    if (status == NR_OK) status = step_silently(rank->runner, &done);
    m->computing = false;
    NR_TRY(rank->broken);
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

/* Everybody gives back what is not begun; now: and what is. */
static nr_status drop(master_state *m, nr_stop how) {
    rank_state *rank = &m->rank;
    nr_message message = {.kind = NR_MESSAGE_DROP, .unit = how};
    if (how <= m->dropped) return NR_OK;
    m->dropped = how;
    m->dropped_s = nr_clock_s();
    nr_master_stop(m->machine);
    for (int worker = 1; worker < rank->transport->size; worker++)
        send_message(rank, worker, &message);
    while (rank->list.n > 0)
        NR_TRY(take_result(m, 0, todo_take(&rank->list), NR_STOPPED, NULL, 0));
    if (how < NR_STOP_NOW || !rank->busy) return NR_OK;
    if (m->computing) {
        nr_stop_order_leave();
        return NR_OK;
    }
    rank->busy = false;
    return take_result(m, 0, rank->unit, NR_STOPPED, NULL, 0);
}

static nr_status tick(master_state *m) {
    nr_stop stop = NR_STOP_NONE;
    hear(m, nr_stop_asked());
    nr_status status = m->sink->tick(m->sink->self, m->asked, &stop);
    if (status != NR_OK) fail(m, status);
    if (m->failure != NR_OK && stop < NR_STOP_SOON) stop = NR_STOP_SOON;
    return drop(m, stop);
}

/* Between the pieces of a long block of the master's own. */
static void master_meanwhile(void *self) {
    master_state *m = self;
    nr_log_set_silent(false);
    nr_status status = take_messages(m);
    if (status == NR_OK) status = tick(m);
    nr_log_set_silent(true);
    if (status != NR_OK) m->rank.broken = status;
}

/* Workers that are in the midst of a long piece of a block cannot hear that it is to be
 * left. */
static bool is_deaf(const master_state *m) {
    return m->dropped == NR_STOP_NOW && nr_clock_s() - m->dropped_s > deaf_s;
}

static nr_status master_loop(master_state *m, bool *deaf) {
    while (!nr_master_finished(m->machine) && !*deaf) {
        bool working = has_work(&m->rank);
        NR_TRY(take_messages(m));
        if (working) NR_TRY(compute_own(m));
        else rest();
        NR_TRY(tick(m));
        *deaf = is_deaf(m);
    }
    return NR_OK;
}

/* The failure's own message, once. */
static void repeat_aloud(master_state *m) {
    if (nr_unit_play(m->rank.runner, m->failed_unit) == NR_OK)
        nr_fail(NR_ERR_UNIT, "unit %llu failed on another rank and not on this one",
                (unsigned long long)m->failed_unit);
}

static void dismiss(master_state *m) {
    const nr_message stop = {.kind = NR_MESSAGE_STOP};
    for (int worker = 1; worker < m->rank.transport->size; worker++)
        send_message(&m->rank, worker, &stop);
    m->rank.transport->flush(m->rank.transport->self);
}

static nr_status master_run(rank_state rank, nr_unit_source *source, void *source_self,
                            const nr_sink *sink, bool *deaf) {
    int size = rank.transport->size;
    master_state m = {.rank = rank, .sink = sink};
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(m.assignments, (size_t)NR_AHEAD * (size_t)size)) return status;
    NR_TRY_GOTO(nr_master_new(size, source, source_self, &m.machine), err_free);
    hand_out(&m, nr_master_start(m.machine, m.assignments));
    nr_stop_listen(master_meanwhile, &m);
    status = master_loop(&m, deaf);
    nr_stop_listen(NULL, NULL);
    if (!*deaf) dismiss(&m);
    nr_master_free(m.machine);
    if (status == NR_OK) status = m.failure;
    if (m.unit_failed) repeat_aloud(&m);
err_free:
    free(m.assignments);
    return status;
}

nr_status nr_schedule_run(nr_transport *transport, nr_unit_runner *runner,
                          nr_unit_source *source, void *source_self,
                          const nr_sink *sink, bool *deaf) {
    rank_state rank = {.transport = transport, .runner = runner};
    rank.capacity = NR_MESSAGE_HEAD + nr_unit_result_words(runner);
    *deaf = false;
    if (!NR_NEW(rank.words, rank.capacity)) return NR_ERR_INTERNAL;
    nr_status status = transport->rank == 0
                           ? master_run(rank, source, source_self, sink, deaf)
                           : worker_run(&rank);
    free(rank.words);
    return status;
}
