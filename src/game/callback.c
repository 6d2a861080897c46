#include "neurank/game/callback.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"

enum { BATCH = 256 };

typedef struct {
    nr_callback spec;
    uint64_t block;
    nr_block_ends ends;
    uint8_t *kept;                /* [batch, n_players] */
    double *values;               /* [batch] */
    int64_t *prefix, *complement; /* [n_players + 1] by size of the prefix */
} callback_game;

static nr_status ask(callback_game *game, size_t count, const uint8_t *kept,
                     int64_t *values) {
    NR_TRY(
        game->spec.values(game->spec.context, game->block, count, kept, game->values));
    for (size_t k = 0; k < count; k++) {
        size_t size = 0;
        if (nr_quantise(game->values[k], &values[k])) continue;
        for (size_t i = 0; i < game->spec.n_players; i++)
            size += kept[k * game->spec.n_players + i];
        return nr_fail(NR_ERR_UNIT,
                       "block %llu: the value of a coalition of %zu players is %g, a "
                       "number below 2^%d is expected",
                       (unsigned long long)game->block, size, game->values[k],
                       NR_VALUE_BITS);
    }
    return NR_OK;
}

static nr_status callback_values(void *self, size_t count, const uint8_t *kept,
                                 int64_t *values) {
    callback_game *game = self;
    for (size_t first = 0; first < count; first += game->spec.batch) {
        size_t left = count - first;
        NR_TRY(ask(game, left < game->spec.batch ? left : game->spec.batch,
                   kept + first * game->spec.n_players, values + first));
    }
    return NR_OK;
}

static nr_status callback_open(void *self, uint64_t block, nr_block_ends *ends) {
    callback_game *game = self;
    size_t n = game->spec.n_players;
    game->block = block;
    memset(game->kept, 0, n);
    NR_TRY(ask(game, 1, game->kept, &game->ends.empty));
    memset(game->kept, 1, n);
    NR_TRY(ask(game, 1, game->kept, &game->ends.full));
    game->ends.images = 1;
    game->ends.label = NR_NO_LABEL;
    *ends = game->ends;
    return NR_OK;
}

/* Values of the walk's prefixes of size 1 .. n - 1, or of their complements. */
static nr_status walk(callback_game *game, const uint32_t *permutation, uint8_t inside,
                      int64_t *values) {
    size_t n = game->spec.n_players, batch = game->spec.batch;
    for (size_t first = 1; first < n; first += batch) {
        size_t count = n - first < batch ? n - first : batch;
        for (size_t k = 0; k < count; k++) {
            uint8_t *row = game->kept + k * n;
            if (k > 0) memcpy(row, row - n, n);
            else memset(row, !inside, n);
            for (size_t i = k > 0 ? first + k - 1 : 0; i < first + k; i++)
                row[permutation[i]] = inside;
        }
        NR_TRY(ask(game, count, game->kept, values + first));
    }
    return NR_OK;
}

static nr_status callback_pair(void *self, const uint32_t *permutation, size_t n_order,
                               int64_t *forward, int64_t *reverse,
                               uint64_t *coalition_images) {
    callback_game *game = self;
    size_t n = game->spec.n_players;
    int64_t *prefix = game->prefix, *complement = game->complement;
    NR_ASSERT(n_order == n); /* all are live */
    prefix[0] = complement[n] = game->ends.empty;
    prefix[n] = complement[0] = game->ends.full;
    NR_TRY(walk(game, permutation, 1, prefix));
    NR_TRY(walk(game, permutation, 0, complement));
    for (size_t k = 0; k < n; k++) {
        forward[permutation[k]] = prefix[k + 1] - prefix[k];
        reverse[permutation[k]] = complement[k] - complement[k + 1];
    }
    *coalition_images += 2 * (n - 1);
    return NR_OK;
}

static void callback_free(void *self) {
    callback_game *game = self;
    if (!game) return;
    free(game->kept);
    free(game->values);
    free(game->prefix);
    free(game->complement);
    free(game);
}

nr_status nr_callback_game_new(const nr_callback *spec, nr_game *out) {
    callback_game *game;
    size_t n = spec->n_players;
    NR_REQUIRE(n > 0 && spec->n_blocks > 0 && spec->values, NR_ERR_USAGE,
               "a game of %zu players on %llu blocks %s a value function: at least one "
               "of each is expected",
               n, (unsigned long long)spec->n_blocks,
               spec->values ? "with" : "without");
    if (!NR_NEW(game, 1)) return NR_ERR_INTERNAL;
    game->spec = *spec;
    if (spec->batch == 0) game->spec.batch = BATCH;
    if (!NR_NEW(game->kept, nr_size_mul(game->spec.batch, n)) ||
        !NR_NEW(game->values, game->spec.batch) || !NR_NEW(game->prefix, n + 1) ||
        !NR_NEW(game->complement, n + 1)) {
        callback_free(game);
        return NR_ERR_INTERNAL;
    }
    *out = (nr_game){.n_players = n,
                     .n_blocks = spec->n_blocks,
                     .marginal_limit =
                         spec->marginal_limit > 0 ? spec->marginal_limit : INFINITY,
                     .self = game,
                     .open = callback_open,
                     .pair = callback_pair,
                     .values = callback_values,
                     .free = callback_free};
    return NR_OK;
}
