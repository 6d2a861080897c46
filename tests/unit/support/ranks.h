/* Ranks as threads of one process, over mail boxes: the real master and the real
 * workers, with messages that can be held up. */
#ifndef NEURANK_TESTS_RANKS_H
#define NEURANK_TESTS_RANKS_H

#include "neurank/sched/schedule.h"

typedef struct {
    int size;
    uint64_t units;      /* to do */
    uint64_t delayed;    /* the message to hold up, counted from 1 over all ranks; 0 */
    double delay_s;      /* and, behind it, those of the same sender to the same rank */
    uint64_t stop_after; /* the sink asks to stop after that many results; 0: never */
    nr_stop stop;        /* how */
    uint64_t bad_block;  /* counted from 1: it has no value; 0: none */
    uint64_t slow_block; /* a block that takes slow_s */
    double slow_s;
} ranks_script;

typedef struct {
    nr_status status;
    bool deaf;
    uint64_t messages; /* sent by all */
    uint64_t accepted; /* results */
    uint8_t *done;     /* [units] how often each was accepted; freed by the caller */
    uint64_t *sum;     /* [sum_words] of the tallies; freed by the caller */
    size_t sum_words;
} ranks_result;

/* Plays a game of three players whose marginals are functions of block and order. */
void ranks_play(const ranks_script *script, ranks_result *out);

#endif
