/* Many runs of one game with independent seeds, against its exact values. */
#ifndef NEURANK_TESTS_TRIALS_H
#define NEURANK_TESTS_TRIALS_H

#include "neurank/estim/goal.h"
#include "neurank/game/game.h"

/* A game and what its Shapley values are. */
typedef struct {
    nr_game *game;
    const double *exact; /* [n_players] */
    bool odd;            /* sampled by the odd estimator */
    /* Called before each run with its seed; NULL: nothing to do. */
    void (*prepare)(void *context, uint64_t seed);
    void *context;
} trials_game;

/* Shares of all runs and filters, 0 to 1. An interval that is not known (NAN) claims
 * nothing, so it counts as covering. */
typedef struct {
    double filter, lowest; /* ci: pooled over filters; the worst filter */
    double joint;          /* runs whose joint intervals cover every filter */
    double unreliable, unknown;
    double width; /* mean width over that of 1.96 true standard errors, of filters
                     whose estimates vary */
} trials_cover;

typedef struct {
    trials_cover images, population;
    double below, above; /* of the image intervals: exact value below or above them */
} trials_coverage;

/* `runs` runs of a fixed number of sweeps. */
nr_status trials_run(const trials_game *g, uint64_t sweeps, uint64_t runs,
                     trials_coverage *out);

/* What a rule that ends runs claims, and how often it is false. */
typedef struct {
    double wrong;   /* runs whose claim is false, of all runs */
    double reached; /* runs that ended by the goal and not by the last sweep */
    double joint;   /* runs whose joint intervals cover every filter at their end */
    double sweeps;  /* mean number at the end */
} trials_stop;

/* sequence: confidence sequences, what a run uses. student: joint intervals of
 * Student's t, looked at after each sweep. single: the same by filter, without
 * Bonferroni. */
typedef struct {
    trials_stop sequence, student, single;
    uint64_t differ; /* runs that nr_local_play ended elsewhere (a few are compared) */
} trials_stopping;

nr_status trials_watch(const trials_game *g, const nr_goal *goal, uint64_t runs,
                       trials_stopping *out);

/* Place k of 1 .. n - 1 where the exact values before and behind it differ least, or
 * most; *gap: by how much. */
uint64_t trials_place(const double *exact, size_t n, bool least, double *gap);

#endif
