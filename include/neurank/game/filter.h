/* The game of a layer's filters: players are output channels, a coalition's value is
 * the network's mean score with all other channels ablated. */
#ifndef NEURANK_GAME_FILTER_H
#define NEURANK_GAME_FILTER_H

#include "neurank/game/filter_spec.h"
#include "neurank/game/game.h"

/* *out is the caller's, ended with nr_game_free; spec is copied, its parts are borrowed
 * for the life of the game. NR_ERR_INTERNAL: no memory. Playing: NR_ERR_UNIT, a
 * value is not finite or not within +-2^16 (the message names the coalition);
 * NR_STOPPED, told to leave (nr_stop_leave). */
nr_status nr_filter_game_new(const nr_filter_spec *spec, nr_game *out);

/* Coalitions that such a game evaluates at a time: a function of graph and layer. game:
 * of nr_filter_game_new. */
size_t nr_filter_game_batch(const nr_game *game);

#endif
