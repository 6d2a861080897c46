/* The game of a layer's filters: players are output channels, a coalition's value is
 * the network's mean score with all other channels ablated. */
#ifndef NEURANK_GAME_FILTER_H
#define NEURANK_GAME_FILTER_H

#include "neurank/game/filter_spec.h"
#include "neurank/game/game.h"

nr_status nr_filter_game_new(const nr_filter_spec *spec, nr_game *out);

/* Coalitions that such a game evaluates at a time: a function of graph and layer. */
size_t nr_filter_game_batch(const nr_game *game);

#endif
