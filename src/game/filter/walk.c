#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/stop.h"
#include "report.h"

struct nr_walk {
    const nr_board *board;
    const nr_cursor *cursor;
    const nr_deltas *deltas;
    const nr_suffix *suffix;
    const nr_tail *tail; /* or NULL */
    float **current; /* [n_frontier] of the prefix and its complement: [2, T, size] */
    uint32_t *order; /* [n_live] */
    int64_t *prefix_value, *complement_value; /* [n + 1] by size of the prefix */
};

static nr_status fill(nr_walk *walk) {
    const nr_board *board = walk->board;
    if (!NR_NEW(walk->current, board->n_frontier) || !NR_NEW(walk->order, board->n) ||
        !NR_NEW(walk->prefix_value, board->n + 1) ||
        !NR_NEW(walk->complement_value, board->n + 1))
        return NR_ERR_INTERNAL;
    for (size_t f = 0; f < board->n_frontier; f++) {
        walk->current[f] =
            nr_new_floats(nr_size_mul(2 * board->rows_block, board->frontier[f].size));
        if (!walk->current[f]) return NR_ERR_INTERNAL;
    }
    return NR_OK;
}

nr_status nr_walk_new(const nr_board *board, const nr_cursor *cursor,
                      const nr_deltas *deltas, const nr_suffix *suffix,
                      const nr_tail *tail, nr_walk **out) {
    nr_walk *walk;
    if (!NR_NEW(walk, 1)) return NR_ERR_INTERNAL;
    *walk = (nr_walk){.board = board,
                      .cursor = cursor,
                      .deltas = deltas,
                      .suffix = suffix,
                      .tail = tail};
    nr_status status = fill(walk);
    if (status != NR_OK) {
        nr_walk_free(walk);
        return status;
    }
    *out = walk;
    return NR_OK;
}

void nr_walk_free(nr_walk *walk) {
    if (!walk) return;
    for (size_t f = 0; walk->current && f < walk->board->n_frontier; f++)
        free(walk->current[f]);
    free(walk->current);
    free(walk->order);
    free(walk->prefix_value);
    free(walk->complement_value);
    free(walk);
}

/* ---- one step ---- */

/* Adds the player and writes the rows of the prefix and of its complement. */
static void linear_step(const nr_walk *walk, size_t f, uint32_t player,
                        float *restrict prefix, float *restrict complement) {
    const nr_front *front = &walk->board->frontier[f];
    size_t n = walk->cursor->images * front->size;
    const float *restrict delta = nr_delta(walk->deltas, f, player);
    const float *restrict empty = walk->suffix->end[f][NR_EMPTY];
    const float *restrict full = walk->suffix->end[f][NR_FULL];
    float *restrict current = walk->current[f];
    for (size_t i = 0; i < n; i++) {
        float sum = current[i] + delta[i];
        current[i] = sum;
        prefix[i] = sum;
        complement[i] = full[i] + empty[i] - sum;
    }
    if (!front->clamp) return;
    for (size_t i = 0; i < n; i++) {
        prefix[i] = nr_suffix_clamp(front, prefix[i]);
        complement[i] = nr_suffix_clamp(front, complement[i]);
    }
}

static void two_step(const nr_walk *walk, size_t f, uint32_t player,
                     float *restrict prefix, float *restrict complement) {
    const nr_front *front = &walk->board->frontier[f];
    const float *const *end = walk->suffix->end[f];
    float *current = walk->current[f];
    size_t c = nr_board_node(walk->board, front->node)->shape.c, n_channels;
    size_t n = walk->cursor->images * front->size, pixels = n / c;
    const uint32_t *channels =
        nr_cut_channels(walk->board->cut, front->node, player, &n_channels);
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++) {
            size_t at = p * c + channels[i];
            current[at] = end[NR_FULL][at];
            current[n + at] = end[NR_EMPTY][at];
        }
    memcpy(prefix, current, n * sizeof *prefix);
    memcpy(complement, current + n, n * sizeof *complement);
}

/* Rows of prefix `place` of a chunk whose complements start at row `half`. */
static void step(const nr_walk *walk, uint32_t player, size_t place, size_t half) {
    for (size_t f = 0; f < walk->board->n_frontier; f++) {
        const nr_front *front = &walk->board->frontier[f];
        size_t n = walk->cursor->images * front->size;
        float *prefix = walk->suffix->rows[f] + place * n;
        float *complement = walk->suffix->rows[f] + (half + place) * n;
        if (front->part == NR_PART_LINEAR)
            linear_step(walk, f, player, prefix, complement);
        else two_step(walk, f, player, prefix, complement);
    }
}

/* ---- many ---- */

/* Values of the prefixes of size first + 1 .. first + count and of their complements.
 */
static nr_status walk_chunk(nr_walk *walk, size_t first, size_t count) {
    const uint32_t *players = walk->order + first;
    int64_t values[NR_CHUNK_MAX];
    nr_bad bad;
    bool good;
    if (walk->tail) {
        good =
            nr_tail_steps(walk->tail, players, count, walk->current[0], values, &bad);
    } else {
        for (size_t k = 0; k < count; k++) step(walk, players[k], k, count);
        good = nr_suffix_evaluate(walk->suffix, 2 * count, values, &bad);
    }
    if (!good) {
        bool prefix = bad.coalition < count;
        size_t size = first + 1 + (prefix ? bad.coalition : bad.coalition - count);
        return nr_filter_report_walk(walk->deltas, walk->order, bad.value, size,
                                     !prefix);
    }
    for (size_t k = 0; k < count; k++) {
        walk->prefix_value[first + 1 + k] = values[k];
        walk->complement_value[first + 1 + k] = values[count + k];
    }
    return NR_OK;
}

/* Steps whose two rows fill the product kernel's tiles (14 rows). */
enum { STEPS_OF_TILE = 7 };

/* In chunks of about one size, because a small last one would waste its products, and
 * of whole tiles. */
nr_status nr_walk_steps(nr_walk *walk, size_t from, size_t to) {
    size_t half = walk->suffix->chunk / 2;
    size_t unit = half < STEPS_OF_TILE ? 1 : STEPS_OF_TILE;
    size_t units = (to - from + unit - 1) / unit, most = half / unit;
    size_t chunks = (units + most - 1) / most;
    for (size_t k = 0; k < chunks; k++) {
        size_t first = from + units * k / chunks * unit;
        size_t end = k + 1 == chunks ? to : from + units * (k + 1) / chunks * unit;
        if (first > 0 && nr_stop_leave()) return NR_STOPPED;
        NR_TRY(walk_chunk(walk, first, end - first));
    }
    return NR_OK;
}

void nr_walk_start(nr_walk *walk, const uint32_t *order, size_t n,
                   const uint32_t **players) {
    const nr_block_ends *ends = &walk->suffix->ends;
    size_t m = 0;
    for (size_t k = 0; k < n; k++)
        if (walk->deltas->live[order[k]]) walk->order[m++] = order[k];
    NR_ASSERT(m == walk->deltas->n_live);
    walk->prefix_value[0] = walk->complement_value[m] = ends->empty;
    walk->prefix_value[m] = walk->complement_value[0] = ends->full;
    for (size_t f = 0; f < walk->board->n_frontier; f++) {
        const nr_front *front = &walk->board->frontier[f];
        const float *const *end = walk->suffix->end[f];
        size_t size = walk->cursor->images * front->size;
        memcpy(walk->current[f], end[NR_EMPTY], size * sizeof(float));
        if (front->part == NR_PART_TWO)
            memcpy(walk->current[f] + size, end[NR_FULL], size * sizeof(float));
    }
    *players = walk->order;
}

void nr_walk_marginals(const nr_walk *walk, int64_t *forward, int64_t *reverse) {
    for (size_t k = 0; k < walk->deltas->n_live; k++) {
        uint32_t player = walk->order[k];
        forward[player] = walk->prefix_value[k + 1] - walk->prefix_value[k];
        reverse[player] = walk->complement_value[k] - walk->complement_value[k + 1];
    }
}
