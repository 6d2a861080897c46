/* All coalitions of a block, or a piece of them: a block's Shapley values from sums of
 * coalition values by size. With A_i(s) over the coalitions of size s that have player
 * i, and B(s) over all of size s,
 *   phi_i = sum_s  w(s - 1) A_i(s) - w(s) (B(s) - A_i(s)),  w(s) = s!(m - s - 1)! / m!
 * over the m players that are live on the block. */
#include <stdlib.h>
#include <string.h>

#include "estimators.h"
#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "visit.h"

/* Coalitions of a step: a multiple of what the game forms anew (filter/coalitions.c),
 * so that values do not depend on it. */
enum { STEP = 1024 };

typedef struct {
    nr_game *game;
    nr_block_ends ends;
    uint32_t *players; /* [n] the live ones */
    size_t n_live;
    uint64_t next, end; /* coalition numbers of the piece */
    nr_wide *with;      /* [n, n + 1] A_i(s) */
    nr_wide *all;       /* [n + 1] B(s) */
    nr_wide *shapley;   /* [n] */
    int64_t *values;    /* [STEP] */
    uint8_t *kept;      /* [STEP, n] */
} enumeration;

static void enumeration_free(void *self) {
    enumeration *e = self;
    if (!e) return;
    free(e->players);
    free(e->with);
    free(e->all);
    free(e->shapley);
    free(e->values);
    free(e->kept);
    free(e);
}

static nr_status make(const nr_unit_spec *spec, void **self) {
    enumeration *e;
    size_t n = spec->game->n_players;
    NR_ASSERT(n <= NR_EXACT_PLAYERS_MAX);
    if (!NR_NEW(e, 1)) return NR_ERR_INTERNAL;
    e->game = spec->game;
    if (!NR_NEW(e->players, n) || !NR_NEW(e->with, n * (n + 1)) ||
        !NR_NEW(e->all, n + 1) || !NR_NEW(e->shapley, n) || !NR_NEW(e->values, STEP) ||
        !NR_NEW(e->kept, STEP * n)) {
        enumeration_free(e);
        return NR_ERR_INTERNAL;
    }
    *self = e;
    return NR_OK;
}

/* Piece p of P holds equal parts of the 2^m coalitions; where there are fewer than P,
 * the first pieces hold one each. */
static void piece_range(const nr_unit *unit, size_t n_live, uint64_t *from,
                        uint64_t *to) {
    uint64_t total = UINT64_C(1) << n_live;
    uint64_t size = total / unit->n_pieces;
    if (size == 0) size = 1;
    *from = unit->piece * size < total ? unit->piece * size : total;
    *to = *from + size < total ? *from + size : total;
}

static nr_status open_block(enumeration *e, const nr_turn *turn) {
    nr_game *game = e->game;
    size_t n = game->n_players;
    NR_TRY(game->open(game->self, turn->block, &e->ends));
    e->n_live = nr_game_live(game, e->players);
    NR_REQUIRE(
        e->n_live <= NR_EXACT_LIVE_MAX, NR_ERR_UNIT,
        "block %llu: %zu of the players change something there, an exact run can "
        "enumerate %d",
        (unsigned long long)turn->block, e->n_live, NR_EXACT_LIVE_MAX);
    piece_range(&turn->unit, e->n_live, &e->next, &e->end);
    memset(e->with, 0, n * (n + 1) * sizeof *e->with);
    memset(e->all, 0, (n + 1) * sizeof *e->all);
    return NR_OK;
}

/* Everybody's and nobody's value are those that walks use, to the last bit. */
static int64_t value_of(const enumeration *e, uint64_t code, int64_t value) {
    uint64_t everybody = (UINT64_C(1) << e->n_live) - 1;
    if (code == 0) return e->ends.empty;
    return code == everybody ? e->ends.full : value;
}

/* 2^40 coalitions of 2^56: no sum leaves its 128 bits. */
static void add_values(enumeration *e, uint64_t first, size_t count) {
    size_t stride = e->game->n_players + 1;
    for (size_t k = 0; k < count; k++) {
        uint64_t number = first + k, code = number ^ number >> 1;
        int64_t value = value_of(e, code, e->values[k]);
        size_t size = (size_t)__builtin_popcountll(code);
        e->all[size] += value;
        for (uint64_t rest = code; rest; rest &= rest - 1)
            e->with[(size_t)__builtin_ctzll(rest) * stride + size] += value;
    }
}

/* w(s), with w(-1) and w(m) not used. */
static nr_quad weight(size_t m, size_t s) {
    nr_quad choose = 1; /* of m - 1, s */
    for (size_t k = 1; k <= s; k++) choose = choose * (nr_quad)(m - k) / (nr_quad)k;
    return 1 / ((nr_quad)m * choose);
}

static nr_wide rounded(nr_quad value) {
    return (nr_wide)(value + (value < 0 ? -0.5 : 0.5));
}

static void find_shapley(enumeration *e) {
    size_t n = e->game->n_players, m = e->n_live;
    const nr_quad fine = (nr_quad)(UINT64_C(1) << (NR_FINE_BITS - NR_QUANTUM_BITS));
    memset(e->shapley, 0, n * sizeof *e->shapley);
    for (size_t b = 0; b < m; b++) {
        const nr_wide *with = e->with + b * (n + 1);
        nr_quad sum = 0;
        for (size_t s = 0; s <= m; s++) {
            if (s > 0) sum += weight(m, s - 1) * (nr_quad)with[s];
            if (s < m) sum -= weight(m, s) * (nr_quad)(e->all[s] - with[s]);
        }
        e->shapley[e->players[b]] = rounded(sum * fine);
    }
}

/* Four Shapley values, in quanta. */
static void write_row(const enumeration *e, int64_t *row) {
    enum { SHIFT = NR_FINE_BITS - NR_QUANTUM_BITS - 2 };
    size_t n = e->game->n_players;
    for (size_t i = 0; i < n; i++)
        row[i] = (int64_t)((e->shapley[i] + (1 << (SHIFT - 1))) >> SHIFT);
}

static nr_status close_block(enumeration *e, const nr_turn *turn) {
    const nr_game *game = e->game;
    uint64_t from, to;
    piece_range(&turn->unit, e->n_live, &from, &to);
    find_shapley(e);
    nr_share share = {.shapley = e->shapley,
                      .live = game->live ? game->live(game->self) : NULL,
                      .value_full = e->ends.full,
                      .value_empty = e->ends.empty,
                      .images = turn->unit.piece == 0 ? e->ends.images : 0,
                      .label = e->ends.label,
                      .coalition_images = (to - from) * e->ends.images};
    bool good = nr_tally_add_share(turn->tally, &share);
    if (good && turn->unit.n_pieces == 1)
        good = nr_tally_end_block(turn->tally, e->shapley);
    if (!good) return nr_turn_out_of_range(turn);
    if (turn->row) write_row(e, turn->row);
    return NR_OK;
}

static nr_status play(void *self, const nr_turn *turn, bool *done) {
    enumeration *e = self;
    if (turn->begins) NR_TRY(open_block(e, turn));
    uint64_t left = e->end - e->next;
    size_t count = left < STEP ? (size_t)left : STEP;
    if (count > 0)
        NR_TRY(nr_game_gray(e->game, e->players, e->n_live, e->next, count, e->kept,
                            e->values));
    add_values(e, e->next, count);
    e->next += count;
    *done = e->next == e->end;
    return *done ? close_block(e, turn) : NR_OK;
}

static nr_units plan(const nr_work_costs *costs) {
    return nr_units_plan_exact(costs->n_blocks, costs->n_players, costs->coalition_macs,
                               costs->group_blocks);
}

const nr_estimator_row nr_row_enumeration = {
    .plan = plan, .make = make, .play = play, .free = enumeration_free};
