#include "neurank/game/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"

/* The batch of the open block: a part of its group. */
static void open_batch(nr_filter *game) {
    size_t total = nr_images_count(game->spec.images);
    game->batch_first = game->block / game->batch_blocks * game->batch_blocks;
    size_t first = (size_t)game->batch_first * game->rows_block;
    size_t images = game->batch_blocks * game->rows_block;
    game->batch_images = total - first < images ? total - first : images;
    game->batch_end = game->batch_first +
                      (game->batch_images + game->rows_block - 1) / game->rows_block;
    nr_filter_states_open(game);
    nr_filter_deltas_open(game);
}

static nr_status filter_open(void *self, uint64_t block, nr_block_ends *ends) {
    nr_filter *game = self;
    size_t total = nr_images_count(game->spec.images);
    game->block = block;
    game->first_image = (size_t)block * game->rows_block;
    NR_ASSERT(game->first_image < total);
    game->images = total - game->first_image < game->rows_block
                       ? total - game->first_image
                       : game->rows_block;
    if (block < game->batch_first || block >= game->batch_end) open_batch(game);
    game->row = (size_t)(block - game->batch_first) * game->rows_block;
    nr_filter_deltas_block(game);
    NR_TRY(nr_filter_walk_ends(game));
    game->ends.label = game->rows_block == 1
                           ? nr_images_labels(game->spec.images)[game->first_image]
                           : NR_NO_LABEL;
    *ends = game->ends;
    return NR_OK;
}

static nr_status filter_pair(void *self, const uint32_t *order, size_t n,
                             int64_t *forward, int64_t *reverse,
                             uint64_t *coalition_images) {
    return nr_filter_walk_pair(self, order, n, forward, reverse, coalition_images);
}

static const bool *filter_live(void *self) {
    const nr_filter *game = self;
    return game->live;
}

static nr_status filter_values(void *self, size_t count, const uint8_t *kept,
                               int64_t *values) {
    return nr_filter_values(self, count, kept, values);
}

static nr_status filter_gray(void *self, uint64_t first, size_t count,
                             int64_t *values) {
    return nr_filter_gray(self, first, count, values);
}

static void filter_free(void *self) {
    nr_filter *game = self;
    if (!game) return;
    nr_filter_walk_free(game);
    nr_filter_deltas_free(game);
    nr_filter_states_free(game);
    nr_packs_free(game->packs);
    nr_cut_free(game->cut);
    free(game);
}

/* A process takes about this much before it has a game. */
enum { BASE_BYTES = 40 << 20 };

static size_t memory_left(const nr_filter *game) {
    size_t used = BASE_BYTES + nr_packs_bytes(game->packs) +
                  nr_exec_bytes(game->prefix) + nr_filter_deltas_bytes(game) +
                  nr_filter_walk_bytes(game);
    return game->spec.memory_bytes > used ? game->spec.memory_bytes - used : 0;
}

nr_status nr_filter_game_new(const nr_filter_spec *spec, nr_game *out) {
    nr_filter *game;
    if (!NR_NEW(game, 1)) return NR_ERR_INTERNAL;
    NR_ASSERT(spec->block_images > 0 && spec->group_blocks > 0);
    size_t images = nr_images_count(spec->images);
    size_t n_blocks = (images + spec->block_images - 1) / spec->block_images;
    game->spec = *spec;
    if (spec->memory_bytes == 0) game->spec.memory_bytes = NR_FILTER_MEMORY;
    game->n = spec->n_players;
    game->rows_block = spec->block_images;
    game->classes = nr_graph_node(spec->graph, nr_graph_output(spec->graph))->shape.c;
    nr_status status = nr_cut_new(spec->graph, spec->layer, spec->ablation,
                                  spec->filters, spec->n_players, &game->cut);
    if (status == NR_OK)
        status = nr_packs_new(spec->graph, spec->kernels, NR_PACKS_BYTES, &game->packs);
    if (status == NR_OK) status = nr_filter_deltas_new(game);
    if (status == NR_OK) status = nr_filter_states_new(game);
    if (status == NR_OK) status = nr_filter_walk_new(game);
    if (status == NR_OK) status = nr_filter_prefix_keep(game, memory_left(game));
    if (status != NR_OK) {
        filter_free(game);
        return status;
    }
    *out =
        (nr_game){.n_players = spec->n_players,
                  .n_blocks = n_blocks,
                  .marginal_limit = spec->metric == NR_METRIC_ACCURACY ? 1 : INFINITY,
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
    return filter->chunk;
}
