/* How blocks are played, a row an estimator: samples of a visit, or the coalitions of a
 * block. A row knows games and tallies; sched/unit.h deals it blocks. */
#ifndef NEURANK_SCHED_ESTIMATOR_H
#define NEURANK_SCHED_ESTIMATOR_H

#include <stdbool.h>

#include "neurank/estim/estimator.h"
#include "neurank/estim/tally.h"
#include "neurank/game/game.h"
#include "neurank/plan/units.h"

/* What work costs, in multiply-adds; 0: not known. */
typedef struct {
    uint64_t n_blocks;
    size_t n_players;
    double visit_macs;     /* of a sample's visit of a block */
    double coalition_macs; /* of one coalition of a block */
    uint32_t group_blocks; /* most blocks whose prefix runs as one batch */
} nr_work_costs;

typedef struct {
    nr_estimator_kind estimator;
    nr_game *game;        /* borrowed */
    uint64_t seed, layer; /* what is drawn is theirs */
    nr_units units;
    size_t n_classes; /* 0: not by class */
    bool per_image;
} nr_unit_spec;

/* One block of a unit, or where it goes on. */
typedef struct {
    nr_unit unit;
    uint64_t block;  /* number in the game */
    bool begins;     /* false: goes on with the block of the turn before */
    bool last;       /* block of the unit */
    nr_tally *tally; /* of the unit */
    int64_t *row;    /* [n_players] values by image (sched/unit.h); NULL: not wanted */
} nr_turn;

typedef struct {
    nr_units (*plan)(const nr_work_costs *costs);
    nr_status (*make)(const nr_unit_spec *spec, void **self);
    /* Some work on a block, into the turn's tally and row; *done after the last of it.
     */
    nr_status (*play)(void *self, const nr_turn *turn, bool *done);
    void (*free)(void *self); /* accepts NULL */
} nr_estimator_row;

/* Its row; there is one for each kind. */
const nr_estimator_row *nr_estimator_get(nr_estimator_kind kind);

/* Players of an enumeration, and those of them that may be live on one block: their
 * coalitions are numbered by bits. */
enum { NR_EXACT_PLAYERS_MAX = 64, NR_EXACT_LIVE_MAX = 40 };

#endif
