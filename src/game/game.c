#include "neurank/game/game.h"

#include <string.h>

void nr_game_free(nr_game *game) {
    if (game->free) game->free(game->self);
    *game = (nr_game){0};
}

size_t nr_game_live(const nr_game *game, uint32_t *players) {
    const bool *live = game->live ? game->live(game->self) : NULL;
    size_t n = 0;
    for (uint32_t i = 0; i < game->n_players; i++)
        if (!live || live[i]) players[n++] = i;
    return n;
}

nr_status nr_game_gray(const nr_game *game, const uint32_t *players, size_t n_live,
                       uint64_t first, size_t count, uint8_t *kept, int64_t *values) {
    if (game->gray) return game->gray(game->self, first, count, values);
    memset(kept, 0, count * game->n_players);
    for (size_t k = 0; k < count; k++) {
        uint64_t code = (first + k) ^ (first + k) >> 1;
        for (size_t b = 0; b < n_live; b++)
            kept[k * game->n_players + players[b]] = code >> b & 1;
    }
    return game->values(game->self, count, kept, values);
}
