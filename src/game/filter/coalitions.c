#include "coalitions.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/nn/gemm.h"
#include "report.h"

enum { REFORM = 256, GRAY_PLAYERS_MAX = 64 };

struct nr_coalitions {
    const nr_board *board;
    const nr_cursor *cursor;
    const nr_deltas *deltas;
    const nr_suffix *suffix;
    float **current; /* [n_frontier] the coalition in Gray-code order: [T, size] */
    float *members;  /* [chunk, window] who is kept, for products */
};

static nr_status fill(nr_coalitions *c) {
    const nr_board *board = c->board;
    c->members = nr_new_floats(nr_size_mul(c->suffix->chunk, board->window));
    if (!c->members || !NR_NEW(c->current, board->n_frontier)) return NR_ERR_INTERNAL;
    for (size_t f = 0; f < board->n_frontier; f++) {
        c->current[f] =
            nr_new_floats(nr_size_mul(board->rows_block, board->frontier[f].size));
        if (!c->current[f]) return NR_ERR_INTERNAL;
    }
    return NR_OK;
}

nr_status nr_coalitions_new(const nr_board *board, const nr_cursor *cursor,
                            const nr_deltas *deltas, const nr_suffix *suffix,
                            nr_coalitions **out) {
    nr_coalitions *c;
    if (!NR_NEW(c, 1)) return NR_ERR_INTERNAL;
    *c = (nr_coalitions){
        .board = board, .cursor = cursor, .deltas = deltas, .suffix = suffix};
    nr_status status = fill(c);
    if (status != NR_OK) {
        nr_coalitions_free(c);
        return status;
    }
    *out = c;
    return NR_OK;
}

void nr_coalitions_free(nr_coalitions *c) {
    if (!c) return;
    for (size_t f = 0; c->current && f < c->board->n_frontier; f++) free(c->current[f]);
    free(c->current);
    free(c->members);
    free(c);
}

/* Floats of one coalition's row on the open block. */
static size_t row_size(const nr_coalitions *c, size_t f) {
    return c->cursor->images * c->board->frontier[f].size;
}

/* ---- one coalition in `current` ---- */

static void add_delta(const nr_coalitions *c, size_t f, uint32_t player, float sign,
                      float *restrict sum) {
    size_t n = row_size(c, f);
    const float *restrict delta = nr_delta(c->deltas, f, player);
    for (size_t i = 0; i < n; i++) sum[i] += sign * delta[i];
}

static void set_two(const nr_coalitions *c, size_t f, uint32_t player, bool kept,
                    float *state) {
    uint32_t node = c->board->frontier[f].node;
    size_t channels_all = nr_board_node(c->board, node)->shape.c, n_channels;
    size_t pixels = row_size(c, f) / channels_all;
    const uint32_t *channels =
        nr_cut_channels(c->board->cut, node, player, &n_channels);
    const float *from = c->suffix->end[f][kept ? NR_FULL : NR_EMPTY];
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++)
            state[p * channels_all + channels[i]] =
                from[p * channels_all + channels[i]];
}

static void change(nr_coalitions *c, uint32_t player, bool kept) {
    for (size_t f = 0; f < c->board->n_frontier; f++) {
        if (c->board->frontier[f].part == NR_PART_LINEAR)
            add_delta(c, f, player, kept ? 1 : -1, c->current[f]);
        else set_two(c, f, player, kept, c->current[f]);
    }
}

static void form(nr_coalitions *c, uint64_t code) {
    for (size_t f = 0; f < c->board->n_frontier; f++)
        memcpy(c->current[f], c->suffix->end[f][NR_EMPTY],
               row_size(c, f) * sizeof(float));
    for (size_t bit = 0; bit < c->deltas->n_live; bit++)
        if (code >> bit & 1) change(c, c->deltas->players[bit], true);
}

static void copy_row(const nr_coalitions *c, size_t place) {
    for (size_t f = 0; f < c->board->n_frontier; f++) {
        size_t n = row_size(c, f);
        nr_suffix_put_row(&c->board->frontier[f], c->current[f], n,
                          c->suffix->rows[f] + place * n);
    }
}

/* ---- Gray code ---- */

static nr_status report_gray(const nr_coalitions *c, uint64_t number, double value) {
    uint64_t code = number ^ number >> 1;
    uint8_t kept[GRAY_PLAYERS_MAX] = {0};
    NR_ASSERT(c->board->n <= GRAY_PLAYERS_MAX);
    for (size_t bit = 0; bit < c->deltas->n_live; bit++)
        kept[c->deltas->players[bit]] = code >> bit & 1;
    return nr_filter_report_coalition(c->deltas, value, kept);
}

nr_status nr_coalitions_gray(nr_coalitions *c, uint64_t first, size_t count,
                             int64_t *values) {
    size_t chunk = c->suffix->chunk;
    NR_ASSERT(c->board->all_fit);
    for (size_t done = 0; done < count;) {
        size_t rows = count - done < chunk ? count - done : chunk;
        nr_bad bad;
        for (size_t k = 0; k < rows; k++) {
            uint64_t number = first + done + k, code = number ^ number >> 1;
            unsigned bit = number ? (unsigned)__builtin_ctzll(number) : 0;
            if (done + k == 0 || number % REFORM == 0) form(c, code);
            else change(c, c->deltas->players[bit], code >> bit & 1);
            copy_row(c, k);
        }
        if (!nr_suffix_evaluate(c->suffix, rows, values + done, &bad))
            return report_gray(c, first + done + bad.coalition, bad.value);
        done += rows;
    }
    return NR_OK;
}

/* ---- given coalitions ---- */

void nr_coalitions_start(const nr_coalitions *c, size_t rows) {
    for (size_t f = 0; f < c->board->n_frontier; f++) {
        size_t n = row_size(c, f);
        for (size_t k = 0; k < rows; k++)
            memcpy(c->suffix->rows[f] + k * n, c->suffix->end[f][NR_EMPTY],
                   n * sizeof(float));
    }
}

static void keep_two(const nr_coalitions *c, size_t f, const uint32_t *players,
                     size_t n_players, size_t rows, const uint8_t *kept) {
    size_t n = row_size(c, f);
    for (size_t i = 0; i < n_players; i++)
        for (size_t k = 0; k < rows; k++)
            if (kept[k * c->board->n + players[i]])
                set_two(c, f, players[i], true, c->suffix->rows[f] + k * n);
}

/* Membership of a group of players with consecutive places, first .. first + count - 1.
 */
static void write_members(const nr_coalitions *c, const uint32_t *players,
                          size_t n_players, size_t first, size_t count, size_t rows,
                          const uint8_t *kept) {
    memset(c->members, 0, rows * count * sizeof *c->members);
    for (size_t k = 0; k < rows; k++)
        for (size_t i = 0; i < n_players; i++)
            c->members[k * count + c->deltas->place[players[i]] - first] =
                kept[k * c->board->n + players[i]] ? 1 : 0;
}

/* A group of players, whose differences stand next to each other. */
static void add_group(const nr_coalitions *c, const uint32_t *players, size_t n_players,
                      size_t rows, const uint8_t *kept) {
    size_t first = c->deltas->place[players[0]];
    size_t count = c->deltas->place[players[n_players - 1]] + 1 - first;
    write_members(c, players, n_players, first, count, rows, kept);
    for (size_t f = 0; f < c->board->n_frontier; f++) {
        const nr_front *front = &c->board->frontier[f];
        size_t n = row_size(c, f), stride = c->cursor->batch_images * front->size;
        if (front->part == NR_PART_LINEAR)
            nr_gemm(rows, n, count, c->members, count,
                    c->deltas->added[f] + first * stride + c->cursor->row * front->size,
                    stride, c->suffix->rows[f], n);
        else keep_two(c, f, players, n_players, rows, kept);
    }
}

/* How many of the first players belong to one group by their numbers. */
static size_t group_size(const nr_coalitions *c, const uint32_t *players, size_t n) {
    size_t count = 0, group = players[0] / c->board->together;
    while (count < n && players[count] / c->board->together == group) count++;
    return count;
}

size_t nr_coalitions_window(const nr_coalitions *c, const uint32_t *players,
                            size_t n_players) {
    size_t count = 0;
    while (count < n_players) {
        size_t group = group_size(c, players + count, n_players - count);
        if (count + group > c->board->window) break;
        count += group;
    }
    return count;
}

void nr_coalitions_add(const nr_coalitions *c, const uint32_t *players,
                       size_t n_players, size_t rows, const uint8_t *kept) {
    while (n_players > 0) {
        size_t count = group_size(c, players, n_players);
        add_group(c, players, count, rows, kept);
        players += count;
        n_players -= count;
    }
}

nr_status nr_coalitions_values(const nr_coalitions *c, size_t rows, const uint8_t *kept,
                               int64_t *values) {
    nr_bad bad;
    for (size_t f = 0; f < c->board->n_frontier; f++) {
        const nr_front *front = &c->board->frontier[f];
        float *sums = c->suffix->rows[f];
        if (front->clamp) nr_suffix_put_row(front, sums, rows * row_size(c, f), sums);
    }
    if (nr_suffix_evaluate(c->suffix, rows, values, &bad)) return NR_OK;
    return nr_filter_report_coalition(c->deltas, bad.value,
                                      kept + bad.coalition * c->board->n);
}
