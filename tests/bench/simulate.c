/* How many ranks a run can use: the scheduler's own state machines (nr_master, nr_deal,
 * nr_fold) in virtual time.
 *
 *   simulate RANKS PLAYERS UNITS_PER_SWEEP SWEEPS UNIT_S BLOCK_S MESSAGE_S LATENCY_S
 *
 * What is real: which unit goes to whom and when, how many a rank has in hand, how
 * sweeps overlap, and what comes in is folded. What is a number: computing a unit
 * (UNIT_S, each of them up to a tenth more or less), a message on its way (LATENCY_S)
 * and its handling by rank 0 (MESSAGE_S, receiving and folding). Rank 0 computes, too:
 * it looks at its messages between blocks (BLOCK_S), as the real one does.
 *
 * One line of JSON; tests/bench/ranks.py measures the numbers and makes the table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/estim/fold.h"
#include "neurank/sched/deal.h"
#include "neurank/sched/master.h"

typedef struct {
    double unit_s, block_s, message_s, latency_s;
} costs;

/* A result that reaches rank 0. */
typedef struct {
    double at;
    int worker;
    uint64_t unit;
} arrival;

/* What a rank has to do. */
typedef struct {
    uint64_t units[NR_AHEAD];
    double known_at[NR_AHEAD]; /* when the rank hears of each */
    int n;
    double free_at; /* when it has finished all before */
} worker_state;

typedef struct {
    costs cost;
    nr_stream stream;
    nr_master *master;
    nr_deal *deal;
    nr_fold *fold;
    uint64_t *words; /* the result of any unit: nothing changes anything */
    size_t n_words;
    worker_state *workers; /* [n_ranks]; 0 is rank 0 itself */
    int n_ranks;
    arrival *heap; /* earliest first */
    size_t n_heap, capacity;
    double now;  /* of rank 0 */
    double done; /* of its unit under way, seconds */
    double computed_s, served_s;
} simulation;

/* ---- what arrives next ---- */

static void swap(arrival *a, arrival *b) {
    arrival kept = *a;
    *a = *b;
    *b = kept;
}

static nr_status push(simulation *s, arrival a) {
    NR_TRY(nr_grow((void **)&s->heap, &s->capacity, s->n_heap + 1, sizeof *s->heap));
    size_t i = s->n_heap++;
    s->heap[i] = a;
    for (; i > 0 && s->heap[(i - 1) / 2].at > s->heap[i].at; i = (i - 1) / 2)
        swap(&s->heap[i], &s->heap[(i - 1) / 2]);
    return NR_OK;
}

static arrival pop(simulation *s) {
    arrival first = s->heap[0];
    s->heap[0] = s->heap[--s->n_heap];
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        if (child >= s->n_heap) return first;
        if (child + 1 < s->n_heap && s->heap[child + 1].at < s->heap[child].at) child++;
        if (s->heap[i].at <= s->heap[child].at) return first;
        swap(&s->heap[i], &s->heap[child]);
        i = child;
    }
}

/* ---- workers ---- */

static double unit_seconds(const simulation *s, uint64_t unit) {
    uint64_t bits[2];
    nr_stream_draw(s->stream, (uint32_t)unit, (uint32_t)(unit >> 32), 0, 0, bits);
    return s->cost.unit_s * (0.9 + 0.2 * (double)(bits[0] >> 11) * 0x1p-53);
}

/* A worker's finishing times follow from when it hears of its units. */
static nr_status give_worker(simulation *s, int worker, uint64_t unit, double heard) {
    worker_state *w = &s->workers[worker];
    double seconds = unit_seconds(s, unit);
    double start = w->free_at > heard ? w->free_at : heard;
    w->free_at = start + seconds;
    s->computed_s += seconds;
    return push(s, (arrival){w->free_at + s->cost.latency_s, worker, unit});
}

static nr_status give(simulation *s, const nr_assignment *assignment) {
    worker_state *own = &s->workers[0];
    if (assignment->worker != 0)
        return give_worker(s, assignment->worker, assignment->unit,
                           s->now + s->cost.latency_s);
    NR_ASSERT(own->n < NR_AHEAD);
    own->units[own->n++] = assignment->unit;
    return NR_OK;
}

/* ---- rank 0 ---- */

static nr_status take(simulation *s, int worker, uint64_t unit) {
    nr_assignment given[1];
    size_t n, used;
    NR_TRY(nr_fold_accept(s->fold, unit, s->words, s->n_words, &used));
    NR_TRY(nr_master_result(s->master, worker, unit, given, &n));
    s->now += s->cost.message_s;
    s->served_s += s->cost.message_s;
    return n ? give(s, &given[0]) : NR_OK;
}

/* One block of its own. */
static nr_status compute_own(simulation *s) {
    worker_state *own = &s->workers[0];
    double seconds = unit_seconds(s, own->units[0]);
    double step = s->cost.block_s;
    if (s->done + step > seconds) step = seconds - s->done;
    s->now += step;
    s->done += step;
    if (s->done < seconds) return NR_OK;
    uint64_t unit = own->units[0];
    s->done = 0;
    s->computed_s += seconds;
    own->n--;
    memmove(own->units, own->units + 1, (size_t)own->n * sizeof *own->units);
    return take(s, 0, unit);
}

static nr_status begin(simulation *s) {
    nr_assignment *given = nr_new((size_t)NR_AHEAD * (size_t)s->n_ranks, sizeof *given);
    if (!given) return NR_ERR_INTERNAL;
    size_t n = nr_master_start(s->master, given);
    nr_status status = NR_OK;
    for (size_t i = 0; i < n && status == NR_OK; i++) {
        s->now += s->cost.message_s / 2; /* sent, not received */
        status = give(s, &given[i]);
    }
    free(given);
    return status;
}

static nr_status play(simulation *s) {
    NR_TRY(begin(s));
    while (!nr_master_finished(s->master)) {
        bool any = s->n_heap > 0 && s->heap[0].at <= s->now;
        while (s->n_heap > 0 && s->heap[0].at <= s->now) {
            arrival a = pop(s);
            NR_TRY(take(s, a.worker, a.unit));
        }
        if (s->workers[0].n > 0) NR_TRY(compute_own(s));
        else if (!any && s->n_heap > 0) s->now = s->heap[0].at;
    }
    return NR_OK;
}

static nr_status make_words(simulation *s, size_t players) {
    nr_tally *tally;
    NR_TRY(nr_tally_new(players, 0, &tally));
    int64_t *zeros;
    if (!NR_NEW(zeros, players) || !NR_NEW(s->words, nr_tally_words(players, 0, 0)))
        return NR_ERR_INTERNAL;
    nr_visit visit = {.forward = {zeros, zeros},
                      .reverse = {zeros, zeros},
                      .images = 1,
                      .label = NR_NO_CLASS};
    nr_tally_add(tally, &visit);
    nr_tally_end_group(tally);
    s->n_words = nr_tally_encode(tally, s->words);
    nr_tally_free(tally);
    free(zeros);
    return NR_OK;
}

static bool next_unit(void *self, int worker, uint64_t *unit) {
    return nr_deal_next(self, worker, unit);
}

static nr_status run(int ranks, size_t players, uint64_t units, uint64_t sweeps,
                     costs cost) {
    simulation s = {
        .cost = cost, .n_ranks = ranks, .stream = nr_stream_make(1, "simulate", 0)};
    nr_fold_spec spec = {
        .n_players = players, .units_per_sweep = units, .n_blocks = units};
    NR_TRY(make_words(&s, players));
    if (!NR_NEW(s.workers, (size_t)ranks)) return NR_ERR_INTERNAL;
    NR_TRY(nr_fold_new(&spec, &s.fold));
    NR_TRY(nr_deal_new(s.fold, sweeps, ranks, &s.deal));
    NR_TRY(nr_master_new(ranks, next_unit, s.deal, &s.master));
    nr_status status = play(&s);
    bool all = nr_fold_complete_sweeps(s.fold) == sweeps;
    if (status == NR_OK)
        printf("{\"ranks\": %d, \"seconds\": %.6g, \"efficiency\": %.4f, "
               "\"master_busy\": %.4f, \"complete\": %s}\n",
               ranks, s.now, s.computed_s / (s.now * ranks), s.served_s / s.now,
               all ? "true" : "false");
    nr_master_free(s.master);
    nr_deal_free(s.deal);
    nr_fold_free(s.fold);
    free(s.workers);
    free(s.words);
    free(s.heap);
    return status == NR_OK && !all ? NR_ERR_INTERNAL : status;
}

int main(int argc, char **argv) {
    if (argc != 9) {
        fprintf(stderr, "simulate RANKS PLAYERS UNITS_PER_SWEEP SWEEPS UNIT_S BLOCK_S "
                        "MESSAGE_S LATENCY_S\n");
        return 2;
    }
    costs cost = {.unit_s = strtod(argv[5], NULL),
                  .block_s = strtod(argv[6], NULL),
                  .message_s = strtod(argv[7], NULL),
                  .latency_s = strtod(argv[8], NULL)};
    return nr_status_exit_code(
        run((int)strtol(argv[1], NULL, 10), strtoull(argv[2], NULL, 10),
            strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10), cost));
}
