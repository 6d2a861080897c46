/* Coalitions that are no walk: given ones, and all of them in Gray-code order.
 *
 * In Gray-code order one player changes from one coalition to the next, so a LINEAR
 * tensor changes by one addition or subtraction. It is formed anew at every REFORM-th
 * number: rounding does not add up, and values do not depend on where an enumeration
 * was cut into pieces. */
#include <string.h>

#include "filter_private.h"
#include "neurank/base/stop.h"
#include "neurank/nn/gemm.h"

enum { REFORM = 256, GRAY_PLAYERS_MAX = 64 };

/* Coalition `number` in Gray-code order of the live players. */
static nr_status report_gray(nr_filter *game, uint64_t number, double value) {
    uint64_t code = number ^ number >> 1;
    uint8_t kept[GRAY_PLAYERS_MAX] = {0};
    NR_ASSERT(game->n <= GRAY_PLAYERS_MAX);
    for (uint32_t i = 0, bit = 0; i < game->n; i++)
        if (game->live[i]) kept[i] = code >> bit++ & 1;
    return nr_filter_report_coalition(game, value, kept);
}

/* ---- one coalition in `current` ---- */

static void add_delta(const nr_filter *game, nr_frontier *front, uint32_t player,
                      float sign, float *restrict sum) {
    size_t n = game->images * front->size;
    const float *restrict delta = nr_filter_delta(game, front, player);
    for (size_t i = 0; i < n; i++) sum[i] += sign * delta[i];
}

static void set_two(const nr_filter *game, const nr_frontier *front, uint32_t player,
                    bool kept, float *state) {
    nr_shape shape = nr_graph_node(game->spec.graph, front->node)->shape;
    size_t pixels = game->images * front->size / shape.c, n_channels;
    const uint32_t *channels =
        nr_cut_channels(game->cut, front->node, player, &n_channels);
    const float *from = front->end[kept ? NR_FULL : NR_EMPTY];
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++)
            state[p * shape.c + channels[i]] = from[p * shape.c + channels[i]];
}

static void change(nr_filter *game, uint32_t player, bool kept) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        if (front->part == NR_PART_LINEAR)
            add_delta(game, front, player, kept ? 1 : -1, front->current);
        else set_two(game, front, player, kept, front->current);
    }
}

static void nobody(nr_filter *game) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        memcpy(front->current, front->end[NR_EMPTY],
               game->images * front->size * sizeof *front->current);
    }
}

static void copy_row(nr_filter *game, size_t place) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        size_t n = game->images * front->size;
        nr_filter_put_row(front, front->current, n, front->rows + place * n);
    }
}

/* ---- Gray code ---- */

static void form(nr_filter *game, uint64_t code) {
    nobody(game);
    for (uint32_t player = 0, bit = 0; player < game->n; player++) {
        if (!game->live[player]) continue;
        if (code >> bit++ & 1) change(game, player, true);
    }
}

static uint32_t live_player(const nr_filter *game, unsigned bit) {
    uint32_t player = 0;
    while (!game->live[player] || bit-- > 0) player++;
    return player;
}

nr_status nr_filter_gray(nr_filter *game, uint64_t first, size_t count,
                         int64_t *values) {
    NR_ASSERT(game->all_fit);
    nr_filter_deltas_form(game);
    for (size_t done = 0; done < count;) {
        size_t rows = count - done < game->chunk ? count - done : game->chunk;
        size_t bad;
        double bad_value = 0;
        for (size_t k = 0; k < rows; k++) {
            uint64_t number = first + done + k, code = number ^ number >> 1;
            unsigned bit = number ? (unsigned)__builtin_ctzll(number) : 0;
            if (done + k == 0 || number % REFORM == 0) form(game, code);
            else change(game, live_player(game, bit), code >> bit & 1);
            copy_row(game, k);
        }
        if (!nr_filter_evaluate(game, rows, values + done, &bad, &bad_value))
            return report_gray(game, first + done + bad, bad_value);
        done += rows;
    }
    return NR_OK;
}

/* ---- given coalitions ----
 *
 * On a LINEAR tensor the rows of a batch are one product: [rows, players of the window]
 * of 0 and 1 times the window's differences. */

static void start_rows(nr_filter *game, size_t rows) {
    nobody(game);
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        size_t n = game->images * front->size;
        for (size_t k = 0; k < rows; k++)
            memcpy(front->rows + k * n, front->current, n * sizeof *front->rows);
    }
}

/* Sums as the suffix reads them. */
static void end_rows(nr_filter *game, size_t rows) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        size_t n = rows * game->images * front->size;
        if (front->clamp) nr_filter_put_row(front, front->rows, n, front->rows);
    }
}

static void keep_two(nr_filter *game, nr_frontier *front, const uint32_t *players,
                     size_t n_players, size_t rows, const uint8_t *kept) {
    size_t n = game->images * front->size;
    for (size_t i = 0; i < n_players; i++)
        for (size_t k = 0; k < rows; k++)
            if (kept[k * game->n + players[i]])
                set_two(game, front, players[i], true, front->rows + k * n);
}

/* Membership of a group of players with consecutive places, first .. first + count - 1.
 */
static void write_members(nr_filter *game, const uint32_t *players, size_t n_players,
                          size_t first, size_t count, size_t rows,
                          const uint8_t *kept) {
    memset(game->members, 0, rows * count * sizeof *game->members);
    for (size_t k = 0; k < rows; k++)
        for (size_t i = 0; i < n_players; i++)
            game->members[k * count + game->slot[players[i]] - first] =
                kept[k * game->n + players[i]] ? 1 : 0;
}

/* A group of players, whose differences stand next to each other. */
static void keep_in_rows(nr_filter *game, const uint32_t *players, size_t n_players,
                         size_t rows, const uint8_t *kept) {
    size_t first = game->slot[players[0]];
    size_t count = game->slot[players[n_players - 1]] + 1 - first;
    write_members(game, players, n_players, first, count, rows, kept);
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        size_t n = game->images * front->size;
        size_t stride = game->batch_images * front->size;
        if (front->part == NR_PART_LINEAR)
            nr_gemm(rows, n, count, game->members, count,
                    front->delta + first * stride + game->row * front->size, stride,
                    front->rows, n);
        else keep_two(game, front, players, n_players, rows, kept);
    }
}

/* How many of the first players belong to one group by their numbers. */
static size_t group_size(const nr_filter *game, const uint32_t *players, size_t n) {
    size_t count = 0, group = players[0] / game->together;
    while (count < n && players[count] / game->together == group) count++;
    return count;
}

/* As many whole groups as the window holds. */
static size_t window_size(const nr_filter *game, const uint32_t *players, size_t n) {
    size_t count = 0;
    while (count < n) {
        size_t group = group_size(game, players + count, n - count);
        if (count + group > game->window) break;
        count += group;
    }
    return count;
}

/* Where not all differences fit, windows of players are computed for each chunk. */
static void fill_rows(nr_filter *game, size_t rows, const uint8_t *kept) {
    uint32_t *players = game->order;
    size_t n = 0;
    for (uint32_t i = 0; i < game->n; i++)
        if (game->live[i]) players[n++] = i;
    start_rows(game, rows);
    for (size_t from = 0; from < n;) {
        size_t to = from + window_size(game, players + from, n - from);
        if (!game->all_fit) nr_filter_deltas_compute(game, players + from, to - from);
        while (from < to) {
            size_t count = group_size(game, players + from, to - from);
            keep_in_rows(game, players + from, count, rows, kept);
            from += count;
        }
    }
    end_rows(game, rows);
}

nr_status nr_filter_values(nr_filter *game, size_t count, const uint8_t *kept,
                           int64_t *values) {
    nr_filter_deltas_form(game);
    for (size_t done = 0; done < count;) {
        size_t rows = count - done < game->chunk ? count - done : game->chunk, bad;
        double bad_value = 0;
        if (done > 0 && nr_stop_leave()) return NR_STOPPED;
        fill_rows(game, rows, kept + done * game->n);
        if (!nr_filter_evaluate(game, rows, values + done, &bad, &bad_value))
            return nr_filter_report_coalition(game, bad_value,
                                              kept + (done + bad) * game->n);
        done += rows;
    }
    return NR_OK;
}
