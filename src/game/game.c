#include "neurank/game/game.h"

void nr_game_free(nr_game *game) {
    if (game->free) game->free(game->self);
    *game = (nr_game){0};
}
