/* All coalitions of a block, or a piece of them. */
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "unit_private.h"

/* Coalitions of a step: a multiple of what the game forms anew (filter_coalitions.c),
 * so that values do not depend on it. */
enum { STEP = 1024 };

nr_status nr_unit_exact_new(nr_unit_runner *runner) {
    enumeration *e = &runner->exact;
    size_t n = runner->spec.game->n_players;
    NR_ASSERT(n <= NR_EXACT_PLAYERS_MAX);
    if (!NR_NEW(e->players, n) || !NR_NEW(e->with, n * (n + 1)) ||
        !NR_NEW(e->all, n + 1) || !NR_NEW(e->shapley, n) || !NR_NEW(e->values, STEP) ||
        !NR_NEW(e->kept, STEP * n))
        return NR_ERR_INTERNAL;
    return NR_OK;
}

void nr_unit_exact_free(nr_unit_runner *runner) {
    enumeration *e = &runner->exact;
    free(e->players);
    free(e->with);
    free(e->all);
    free(e->shapley);
    free(e->values);
    free(e->kept);
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

static nr_status open_block(nr_unit_runner *runner, uint64_t block) {
    enumeration *e = &runner->exact;
    nr_game *game = runner->spec.game;
    size_t n = game->n_players;
    NR_TRY(game->open(game->self, block, &runner->ends));
    e->n_live = nr_game_live(game, e->players);
    NR_REQUIRE(
        e->n_live <= NR_EXACT_LIVE_MAX, NR_ERR_UNIT,
        "block %llu: %zu of the players change something there, an exact run can "
        "enumerate %d",
        (unsigned long long)block, e->n_live, NR_EXACT_LIVE_MAX);
    piece_range(&runner->unit, e->n_live, &e->next, &e->end);
    memset(e->with, 0, n * (n + 1) * sizeof *e->with);
    memset(e->all, 0, (n + 1) * sizeof *e->all);
    e->open = true;
    return NR_OK;
}

/* Everybody's and nobody's value are those that walks use, to the last bit. */
static int64_t value_of(const nr_unit_runner *runner, uint64_t code, int64_t value) {
    uint64_t everybody = (UINT64_C(1) << runner->exact.n_live) - 1;
    if (code == 0) return runner->ends.empty;
    return code == everybody ? runner->ends.full : value;
}

/* 2^40 coalitions of 2^56: no sum leaves its 128 bits. */
static void add_values(nr_unit_runner *runner, uint64_t first, size_t count) {
    enumeration *e = &runner->exact;
    size_t stride = runner->spec.game->n_players + 1;
    for (size_t k = 0; k < count; k++) {
        uint64_t number = first + k, code = number ^ number >> 1;
        int64_t value = value_of(runner, code, e->values[k]);
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

static void find_shapley(nr_unit_runner *runner) {
    enumeration *e = &runner->exact;
    size_t n = runner->spec.game->n_players, m = e->n_live;
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
static void write_row(nr_unit_runner *runner) {
    enum { SHIFT = NR_FINE_BITS - NR_QUANTUM_BITS - 2 };
    size_t n = runner->spec.game->n_players;
    int64_t *row = runner->rows + (size_t)runner->at * n;
    for (size_t i = 0; i < n; i++)
        row[i] = (int64_t)((runner->exact.shapley[i] + (1 << (SHIFT - 1))) >> SHIFT);
}

static nr_status close_block(nr_unit_runner *runner, uint64_t block,
                             uint64_t coalitions) {
    const nr_game *game = runner->spec.game;
    const nr_unit *unit = &runner->unit;
    find_shapley(runner);
    nr_share share = {.shapley = runner->exact.shapley,
                      .live = game->live ? game->live(game->self) : NULL,
                      .value_full = runner->ends.full,
                      .value_empty = runner->ends.empty,
                      .images = unit->piece == 0 ? runner->ends.images : 0,
                      .label = runner->ends.label,
                      .coalition_images = coalitions * runner->ends.images};
    bool good = nr_tally_add_share(runner->tally, &share);
    if (good && unit->n_pieces == 1)
        good = nr_tally_end_block(runner->tally, runner->exact.shapley);
    if (!good) return nr_unit_out_of_range(block);
    if (runner->rows) write_row(runner);
    return NR_OK;
}

nr_status nr_unit_step_exact(nr_unit_runner *runner, bool *block_done) {
    enumeration *e = &runner->exact;
    uint64_t block = runner->unit.first_block + runner->at;
    if (!e->open) NR_TRY(open_block(runner, block));
    uint64_t left = e->end - e->next;
    size_t count = left < STEP ? (size_t)left : STEP;
    if (count > 0)
        NR_TRY(nr_game_gray(runner->spec.game, e->players, e->n_live, e->next, count,
                            e->kept, e->values));
    add_values(runner, e->next, count);
    e->next += count;
    *block_done = e->next == e->end;
    if (!*block_done) return NR_OK;
    e->open = false;
    uint64_t from, to;
    piece_range(&runner->unit, e->n_live, &from, &to);
    return close_block(runner, block, to - from);
}
