#include "ranks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/sched/message.h"
#include "units.h"

enum { PLAYERS = 3, BLOCKS = 64, SIZE_MAX_ = 20, QUEUE = 256, WORDS = 128 };

/* ---- the game ---- */

typedef struct {
    uint64_t block;
    const ranks_script *script;
} toy;

static void sleep_s(double seconds) {
    struct timespec t = {.tv_sec = (time_t)seconds,
                         .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&t, NULL);
}

static nr_status toy_open(void *self, uint64_t block, nr_block_ends *ends) {
    toy *t = self;
    t->block = block;
    if (t->script->slow_s > 0 && block == t->script->slow_block)
        sleep_s(t->script->slow_s);
    NR_REQUIRE(block + 1 != t->script->bad_block, NR_ERR_UNIT, "block %llu is bad",
               (unsigned long long)block);
    *ends = (nr_block_ends){.full = 3 * (int64_t)block, .images = 1};
    return NR_OK;
}

static nr_status toy_pair(void *self, const uint32_t *order, size_t n, int64_t *forward,
                          int64_t *reverse, uint64_t *coalition_images) {
    const toy *t = self;
    for (uint32_t i = 0; i < n; i++) {
        forward[i] = (int64_t)(t->block * (i + 1) + order[0]);
        reverse[i] = (int64_t)(t->block + i * order[1]);
    }
    *coalition_images += 1;
    return NR_OK;
}

/* ---- the post ---- */

typedef struct {
    uint64_t words[WORDS];
    size_t n;
    int from;
    double when_s; /* not before */
} letter;

typedef struct {
    letter mail[SIZE_MAX_][QUEUE]; /* to each rank, oldest first */
    size_t n_mail[SIZE_MAX_];
    pthread_mutex_t mutex;
    const ranks_script *script;
    uint64_t sent;
} post;

typedef struct {
    post *post;
    int rank;
} box;

static void box_send(void *self, int to, const uint64_t *words, size_t n) {
    const box *b = self;
    post *p = b->post;
    pthread_mutex_lock(&p->mutex);
    NR_ASSERT(p->n_mail[to] < QUEUE && n <= WORDS);
    letter *l = &p->mail[to][p->n_mail[to]++];
    memcpy(l->words, words, n * sizeof *words);
    l->n = n;
    l->from = b->rank;
    l->when_s = ++p->sent == p->script->delayed ? nr_clock_s() + p->script->delay_s : 0;
    pthread_mutex_unlock(&p->mutex);
}

/* The first letter that is due and has none of its sender's in front of it. */
static size_t find_letter(const post *p, int to) {
    double now_s = nr_clock_s();
    bool held[SIZE_MAX_] = {false};
    size_t k = 0;
    for (; k < p->n_mail[to]; k++) {
        const letter *l = &p->mail[to][k];
        if (!held[l->from] && l->when_s <= now_s) break;
        held[l->from] = true;
    }
    return k;
}

static bool take_letter(post *p, int to, letter *out) {
    pthread_mutex_lock(&p->mutex);
    size_t k = find_letter(p, to);
    bool there = k < p->n_mail[to];
    if (there) {
        *out = p->mail[to][k];
        p->n_mail[to]--;
        memmove(&p->mail[to][k], &p->mail[to][k + 1],
                (p->n_mail[to] - k) * sizeof(letter));
    }
    pthread_mutex_unlock(&p->mutex);
    return there;
}

static bool box_receive(void *self, bool wait, uint64_t *words, size_t capacity,
                        size_t *n, int *from) {
    const box *b = self;
    letter l;
    if (!take_letter(b->post, b->rank, &l)) {
        if (wait) sleep_s(1e-4);
        return false;
    }
    NR_ASSERT(l.n <= capacity);
    memcpy(words, l.words, l.n * sizeof *words);
    *n = l.n;
    *from = l.from;
    return true;
}

static void box_flush(void *self) {
    (void)self;
}

/* ---- the sink ---- */

typedef struct {
    nr_tally *total, *incoming;
    const ranks_script *script;
    ranks_result *result;
} ledger;

static nr_status accept_unit(void *self, uint64_t unit, const uint64_t *words,
                             size_t n) {
    ledger *l = self;
    NR_ASSERT(nr_tally_decode(l->incoming, words, n) == n);
    NR_ASSERT(nr_tally_merge(l->total, l->incoming));
    l->result->done[unit]++;
    l->result->accepted++;
    return NR_OK;
}

static nr_status tick(void *self, nr_stop asked, nr_stop *stop) {
    const ledger *l = self;
    bool due = l->script->stop_after && l->result->accepted >= l->script->stop_after;
    *stop = due ? l->script->stop : asked;
    return NR_OK;
}

/* ---- a rank ---- */

typedef struct {
    box box;
    toy toy;
    nr_game game;
    nr_unit_runner *runner;
    nr_transport transport;
    test_counter counter;
    ledger *ledger;
    nr_status status;
    bool deaf;
} rank;

static void *rank_main(void *self) {
    rank *r = self;
    nr_sink sink = {.self = r->ledger, .accept = accept_unit, .tick = tick};
    r->status = nr_schedule_run(&r->transport, r->runner, test_count, &r->counter,
                                &sink, &r->deaf);
    return NULL;
}

static void rank_make(rank *r, int number, const ranks_script *script, post *p,
                      ledger *l) {
    r->box = (box){p, number};
    r->toy = (toy){.script = script};
    r->ledger = l;
    r->game = (nr_game){.n_players = PLAYERS,
                        .n_blocks = BLOCKS,
                        .self = &r->toy,
                        .open = toy_open,
                        .pair = toy_pair};
    r->transport = (nr_transport){.self = &r->box,
                                  .rank = number,
                                  .size = script->size,
                                  .send = box_send,
                                  .receive = box_receive,
                                  .flush = box_flush};
    r->counter = (test_counter){.end = script->units};
    nr_unit_spec spec = {.game = &r->game,
                         .seed = 1,
                         .layer = 1,
                         .units = {.n_blocks = BLOCKS,
                                   .blocks_per_unit = 1,
                                   .units_per_sweep = BLOCKS,
                                   .group_blocks = 1,
                                   .strata = 1}};
    NR_ASSERT(nr_unit_runner_new(&spec, &r->runner) == NR_OK);
}

void ranks_play(const ranks_script *script, ranks_result *out) {
    static post p; /* too large for a stack */
    rank ranks[SIZE_MAX_];
    pthread_t threads[SIZE_MAX_];
    ledger l = {.script = script, .result = out};
    memset(&p, 0, sizeof p);
    pthread_mutex_init(&p.mutex, NULL);
    p.script = script;
    *out = (ranks_result){.done = nr_new((size_t)script->units, 1),
                          .sum_words = nr_tally_words(PLAYERS, 0, 0)};
    NR_ASSERT(nr_tally_new(PLAYERS, 0, &l.total) == NR_OK);
    NR_ASSERT(nr_tally_new(PLAYERS, 0, &l.incoming) == NR_OK);
    for (int k = 0; k < script->size; k++) {
        ranks[k] = (rank){0};
        rank_make(&ranks[k], k, script, &p, &l);
        if (k > 0) pthread_create(&threads[k], NULL, rank_main, &ranks[k]);
    }
    rank_main(&ranks[0]);
    const uint64_t dismissed[] = {NR_MESSAGE_STOP, 0,
                                  0}; /* a deaf master has told nobody to go */
    for (int k = 1; k < script->size; k++) {
        if (ranks[0].deaf) box_send(&ranks[0].box, k, dismissed, 3);
        pthread_join(threads[k], NULL);
    }
    out->status = ranks[0].status;
    out->deaf = ranks[0].deaf;
    out->messages = p.sent;
    out->sum = nr_new(out->sum_words, sizeof *out->sum);
    nr_tally_encode(l.total, out->sum);
    for (int k = 0; k < script->size; k++) nr_unit_runner_free(ranks[k].runner);
    nr_tally_free(l.total);
    nr_tally_free(l.incoming);
}
