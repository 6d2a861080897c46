/* The filter game in stages, each of which knows those before it and no later one:
 *
 *   board       what is fixed: cut, players, frontier, what is held at a time
 *   cursor      which block is open, in which batch
 *   prefix      CONST tensors and the layer, for a group of blocks at once
 *   states      both states of the TWO tensors, for a batch of blocks, a part of the
 *               group; LINEAR tensors with everybody ablated and kept, likewise
 *   deltas      what each live player adds to the LINEAR tensors of the frontier
 *   suffix      frontier rows -> logits -> values
 *   tail        the same for a walk in front of a short suffix, without rows
 *   walk        rows of prefixes and complements, in the order of a permutation
 *   coalitions  rows of given coalitions, and of all
 *
 * A stage's pointers to earlier ones are const: it asks them. Here alone they are told
 * to turn to a block, or to hold other players' differences. */
#include "neurank/game/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter/coalitions.h"
#include "filter/walk.h"
#include "neurank/base/memory.h"
#include "neurank/base/stop.h"

typedef struct {
    nr_board *board;
    nr_cursor cursor;
    nr_prefix *prefix;
    nr_states *states;
    nr_deltas *deltas;
    nr_suffix *suffix;
    nr_tail *tail; /* NULL: the suffix is longer */
    nr_walk *walk;
    nr_coalitions *coalitions;
} nr_filter;

static nr_status filter_open(void *self, uint64_t block, nr_block_ends *ends) {
    nr_filter *game = self;
    if (nr_cursor_open(&game->cursor, game->board, block)) {
        nr_prefix_open(game->prefix);
        nr_states_open(game->states);
        nr_deltas_open(game->deltas);
    }
    nr_deltas_block(game->deltas);
    NR_TRY(nr_suffix_open(game->suffix));
    if (game->tail) nr_tail_open(game->tail);
    *ends = game->suffix->ends;
    if (game->board->rows_block == 1)
        ends->label =
            nr_images_labels(game->board->spec.images)[game->cursor.first_image];
    return NR_OK;
}

static nr_status filter_pair(void *self, const uint32_t *order, size_t n,
                             int64_t *forward, int64_t *reverse,
                             uint64_t *coalition_images) {
    nr_filter *game = self;
    const nr_board *board = game->board;
    const uint32_t *players;
    memset(forward, 0, board->n * sizeof *forward);
    memset(reverse, 0, board->n * sizeof *reverse);
    if (game->deltas->n_live == 0) return NR_OK;
    nr_walk_start(game->walk, order, n, &players);
    size_t steps = game->deltas->n_live - 1; /* the last prefix is everybody */
    for (size_t from = 0; from < steps; from += board->window) {
        size_t to = steps - from < board->window ? steps : from + board->window;
        if (!board->all_fit && !board->scaled)
            nr_deltas_compute(game->deltas, players + from, to - from);
        NR_TRY(nr_walk_steps(game->walk, from, to));
    }
    *coalition_images += 2 * steps * game->cursor.images;
    nr_walk_marginals(game->walk, forward, reverse);
    return NR_OK;
}

static const bool *filter_live(void *self) {
    const nr_filter *game = self;
    return game->deltas->live;
}

/* Where not all differences fit, windows of players are computed for each chunk. */
static nr_status chunk_values(nr_filter *game, size_t rows, const uint8_t *kept,
                              int64_t *values) {
    const uint32_t *players = game->deltas->players;
    size_t n = game->deltas->n_live;
    nr_coalitions_start(game->coalitions, rows);
    while (n > 0) {
        size_t count = nr_coalitions_window(game->coalitions, players, n);
        if (!game->board->all_fit) nr_deltas_compute(game->deltas, players, count);
        nr_coalitions_add(game->coalitions, players, count, rows, kept);
        players += count;
        n -= count;
    }
    return nr_coalitions_values(game->coalitions, rows, kept, values);
}

static nr_status filter_values(void *self, size_t count, const uint8_t *kept,
                               int64_t *values) {
    nr_filter *game = self;
    size_t chunk = game->suffix->chunk;
    nr_deltas_form(game->deltas);
    for (size_t done = 0; done < count; done += chunk) {
        size_t rows = count - done < chunk ? count - done : chunk;
        if (done > 0 && nr_stop_leave()) return NR_STOPPED;
        NR_TRY(chunk_values(game, rows, kept + done * game->board->n, values + done));
    }
    return NR_OK;
}

static nr_status filter_gray(void *self, uint64_t first, size_t count,
                             int64_t *values) {
    nr_filter *game = self;
    nr_deltas_form(game->deltas);
    return nr_coalitions_gray(game->coalitions, first, count, values);
}

static void filter_free(void *self) {
    nr_filter *game = self;
    if (!game) return;
    nr_coalitions_free(game->coalitions);
    nr_walk_free(game->walk);
    nr_tail_free(game->tail);
    nr_suffix_free(game->suffix);
    nr_deltas_free(game->deltas);
    nr_states_free(game->states);
    nr_prefix_free(game->prefix);
    nr_board_free(game->board);
    free(game);
}

/* A process takes about this much before it has a game. */
enum { BASE_BYTES = 40 << 20 };

static size_t memory_left(const nr_filter *game) {
    size_t used = BASE_BYTES + nr_packs_bytes(game->board->packs) +
                  nr_prefix_bytes(game->prefix) + nr_deltas_bytes(game->deltas) +
                  nr_suffix_bytes(game->suffix);
    size_t most = game->board->spec.memory_bytes;
    return most > used ? most - used : 0;
}

static nr_status fill(nr_filter *game, const nr_filter_spec *spec) {
    const nr_cursor *cursor = &game->cursor;
    NR_TRY(nr_board_new(spec, &game->board));
    NR_TRY(nr_prefix_new(game->board, cursor, &game->prefix));
    NR_TRY(nr_states_new(game->board, cursor, game->prefix, &game->states));
    NR_TRY(nr_deltas_new(game->board, cursor, game->states, &game->deltas));
    NR_TRY(
        nr_suffix_new(game->board, cursor, game->prefix, game->deltas, &game->suffix));
    NR_TRY(nr_tail_new(game->board, cursor, game->deltas, game->suffix, &game->tail));
    NR_TRY(nr_walk_new(game->board, cursor, game->deltas, game->suffix, game->tail,
                       &game->walk));
    NR_TRY(nr_coalitions_new(game->board, cursor, game->deltas, game->suffix,
                             &game->coalitions));
    return nr_prefix_keep(game->prefix, memory_left(game));
}

nr_status nr_filter_game_new(const nr_filter_spec *spec, nr_game *out) {
    nr_filter *game;
    NR_ASSERT(spec->block_images > 0 && spec->group_blocks > 0);
    if (!NR_NEW(game, 1)) return NR_ERR_INTERNAL;
    nr_status status = fill(game, spec);
    if (status != NR_OK) {
        filter_free(game);
        return status;
    }
    size_t images = nr_images_count(spec->images);
    *out = (nr_game){.n_players = spec->n_players,
                     .n_blocks = (images + spec->block_images - 1) / spec->block_images,
                     .marginal_limit = nr_metric_rows[spec->metric].marginal_limit,
                     .self = game,
                     .open = filter_open,
                     .pair = filter_pair,
                     .live = filter_live,
                     .values = filter_values,
                     .gray = filter_gray,
                     .free = filter_free};
    return NR_OK;
}

size_t nr_filter_game_batch(const nr_game *game) {
    const nr_filter *filter = game->self;
    return filter->suffix->chunk;
}
