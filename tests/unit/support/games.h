/* Games whose Shapley values are known in closed form, as callback games.
 *
 *   additive    v(S) = sum of a_i                       a_i
 *   glove       min(left gloves, right gloves)          by counting
 *   airport     largest cost c_i in S                   shares of cost differences
 *   voting      1 if the weights in S reach a quota     by generating function
 *   unanimity   sum over T of c_T [T is a part of S]    sum of c_T / |T| over T with i
 *
 * A game has many blocks, each with parameters of its own, drawn from fixed seeds; the
 * exact values are the mean over the blocks. Parameters are multiples of 2^-20, so that
 * no value is rounded to a quantum. */
#ifndef NEURANK_TESTS_GAMES_H
#define NEURANK_TESTS_GAMES_H

#include "neurank/game/game.h"

typedef enum {
    GAMES_ADDITIVE,
    GAMES_GLOVE,
    GAMES_AIRPORT,
    GAMES_VOTING,
    GAMES_UNANIMITY
} games_kind;

typedef struct {
    games_kind kind;
    size_t n_players; /* at most 64 but for airport */
    uint64_t n_blocks;
    bool unlimited; /* the game does not know its largest marginal */
} games_spec;

typedef struct games games;

const char *games_name(games_kind kind);

nr_status games_new(const games_spec *spec, games **out);
void games_free(games *g);
/* The game to play; g is borrowed for its life. */
nr_status games_open(games *g, nr_game *out);
/* Shapley values [n_players], the mean over the blocks. */
const double *games_exact(const games *g);

#endif
