/* The whole scheduler on a scripted transport: one process plays the master and,
 * whenever the master looks for messages, the workers. Sums are the same for any number
 * of workers, and the first failure of a unit ends the run with everything accounted
 * for. */
#include "../support/nets.h"
#include "../support/units.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/sched/message.h"
#include "neurank/sched/schedule.h"

enum { PLAYERS = 3, BLOCKS = 50, QUEUE = 64, WORDS = 128 };

/* ---- a game whose marginals are known functions of block and player ---- */

typedef struct {
    uint64_t block, bad_block;
} toy;

static nr_status toy_open(void *self, uint64_t block, nr_block_ends *ends) {
    toy *t = self;
    t->block = block;
    NR_REQUIRE(block != t->bad_block, NR_ERR_UNIT, "block %llu is bad",
               (unsigned long long)block);
    *ends = (nr_block_ends){.full = 3 * (int64_t)block, .images = 1};
    return NR_OK;
}

static nr_status toy_pair(void *self, const uint32_t *permutation, size_t n,
                          int64_t *forward, int64_t *reverse,
                          uint64_t *coalition_images) {
    const toy *t = self;
    assert_int_equal(n, PLAYERS);
    for (uint32_t i = 0; i < PLAYERS; i++) {
        forward[i] = (int64_t)(t->block * (i + 1) + permutation[0]);
        reverse[i] = (int64_t)(t->block + i * permutation[1]);
    }
    *coalition_images += 1;
    return NR_OK;
}

/* ---- workers that live in the transport's mail box ---- */

typedef struct {
    uint64_t words[WORDS];
    size_t n;
    int from;
} letter;

typedef struct {
    letter mail[QUEUE]; /* to the master */
    size_t n_mail;
    nr_unit_runner *runner; /* of the workers */
    size_t stops;
} post;

/* A worker does its unit at once; the answer waits in the mail box. */
static void post_send(void *self, int to, const uint64_t *words, size_t n) {
    post *p = self;
    nr_message message;
    bool done = false;
    nr_status status = NR_OK;
    assert_int_equal(nr_message_decode(words, n, &message), NR_OK);
    if (message.kind == NR_MESSAGE_STOP) {
        p->stops++;
        return;
    }
    if (message.kind == NR_MESSAGE_DROP) return; /* nothing is in hand */
    nr_unit_begin(p->runner, message.unit);
    while (!done && status == NR_OK) status = nr_unit_step(p->runner, &done);
    letter *l = &p->mail[p->n_mail++];
    message =
        (nr_message){.kind = NR_MESSAGE_RESULT, .unit = message.unit, .status = status};
    l->n = nr_message_encode(&message, l->words);
    l->from = to;
    if (status != NR_OK) return;
    l->n += nr_unit_result(p->runner, l->words + l->n);
}

/* Letters arrive in an odd order, and not always at the first look. */
static bool post_receive(void *self, bool wait, uint64_t *words, size_t capacity,
                         size_t *n, int *from) {
    post *p = self;
    static uint64_t looks;
    assert_false(wait);
    if (p->n_mail == 0 || looks++ % 3 == 0) return false;
    size_t at = (size_t)(looks * 7 % p->n_mail);
    letter l = p->mail[at];
    p->mail[at] = p->mail[--p->n_mail];
    assert_true(l.n <= capacity);
    memcpy(words, l.words, l.n * sizeof *words);
    *n = l.n;
    *from = l.from;
    return true;
}

static void post_flush(void *self) {
    (void)self;
}

/* ---- the sink ---- */

typedef struct {
    nr_tally *total, *incoming;
    size_t units, ticks;
} result;

static nr_status take(void *self, uint64_t unit, const uint64_t *words, size_t n) {
    result *r = self;
    (void)unit;
    assert_int_equal(nr_tally_decode(r->incoming, words, n), n);
    assert_true(nr_tally_merge(r->total, r->incoming));
    r->units++;
    return NR_OK;
}

static nr_status tick(void *self, nr_stop asked, nr_stop *stop) {
    result *r = self;
    (void)asked;
    *stop = NR_STOP_NONE;
    r->ticks++;
    return NR_OK;
}

static nr_status play(int size, uint64_t bad_block, uint64_t *words, size_t *units) {
    toy own = {.bad_block = bad_block}, theirs = {.bad_block = bad_block};
    nr_game games[2] = {{.n_players = PLAYERS,
                         .n_blocks = BLOCKS,
                         .self = &own,
                         .open = toy_open,
                         .pair = toy_pair},
                        {.n_players = PLAYERS,
                         .n_blocks = BLOCKS,
                         .self = &theirs,
                         .open = toy_open,
                         .pair = toy_pair}};
    nr_units plan = nr_units_plan(BLOCKS, 0, 1);
    nr_sampler *samplers[2];
    nr_unit_runner *runners[2];
    post p = {0};
    result r = {0};
    test_counter counter = {.end = 2 * plan.units_per_sweep};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(nr_sampler_new(1, 1, PLAYERS, 8, &samplers[k]), NR_OK);
        nr_unit_spec spec = {.game = &games[k], .sampler = samplers[k], .units = plan};
        assert_int_equal(nr_unit_runner_new(&spec, &runners[k]), NR_OK);
    }
    assert_int_equal(nr_tally_new(PLAYERS, 0, &r.total), NR_OK);
    assert_int_equal(nr_tally_new(PLAYERS, 0, &r.incoming), NR_OK);
    p.runner = runners[1];
    nr_transport transport = {.self = &p,
                              .size = size,
                              .send = post_send,
                              .receive = post_receive,
                              .flush = post_flush};
    nr_sink sink = {.self = &r, .accept = take, .tick = tick};
    bool deaf;
    nr_status status =
        nr_schedule_run(&transport, runners[0], test_count, &counter, &sink, &deaf);
    assert_int_equal(p.stops, size - 1);
    assert_int_equal(p.n_mail, 0);
    nr_tally_encode(r.total, words);
    *units = r.units;
    for (int k = 0; k < 2; k++) {
        nr_sampler_free(samplers[k]);
        nr_unit_runner_free(runners[k]);
    }
    nr_tally_free(r.total);
    nr_tally_free(r.incoming);
    return status;
}

static void test_same_bits_for_any_number_of_workers(void **state) {
    (void)state;
    size_t n = nr_tally_words(PLAYERS, 0, 0), units, wanted;
    uint64_t *alone = nr_new(n, 8), *together = nr_new(n, 8);
    assert_int_equal(play(1, BLOCKS, alone, &wanted), NR_OK);
    for (int size = 2; size < 20; size++) {
        assert_int_equal(play(size, BLOCKS, together, &units), NR_OK);
        assert_memory_equal(alone, together, n * sizeof *alone);
        assert_int_equal(units, wanted);
    }
    free(alone);
    free(together);
}

static void test_a_bad_unit_ends_the_run(void **state) {
    (void)state;
    size_t units, n = nr_tally_words(PLAYERS, 0, 0);
    uint64_t *words = nr_new(n, 8);
    for (int size = 1; size < 5; size++) {
        test_capture_log();
        assert_int_equal(play(size, 20, words, &units), NR_ERR_UNIT);
        assert_string_equal(test_last_message(), "block 20 is bad");
        assert_true(units < 2 * BLOCKS);
    }
    free(words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits_for_any_number_of_workers),
        cmocka_unit_test(test_a_bad_unit_ends_the_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
