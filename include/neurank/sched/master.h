/* Who does which unit: a state machine, events in, actions out.
 *
 *   start      every worker gets NR_AHEAD units
 *   result     the worker gets the next one, so that it has work while that is sent
 *   stop       nobody gets anything any more
 *   finished   nothing is on the way, and nothing is left to give or it stopped
 *
 * Worker 0 is the master's own process. The machine knows neither MPI nor files. */
#ifndef NEURANK_SCHED_MASTER_H
#define NEURANK_SCHED_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

/* Units in a worker's hands: one under way, and enough waiting for an answer that takes
 * as long as a unit, because the master is busy with one of its own. */
enum { NR_AHEAD = 3 };

/* The worker's next unit, each once; false when there is none for anybody. */
typedef bool nr_unit_source(void *self, int worker, uint64_t *unit);

typedef struct {
    int worker;
    uint64_t unit;
} nr_assignment;

typedef struct nr_master nr_master;

/* source_self is borrowed. NR_ERR_INTERNAL: no memory. */
nr_status nr_master_new(int n_workers, nr_unit_source *source, void *source_self,
                        nr_master **out);
void nr_master_free(nr_master *master);

/* Assignments made by an event: assignments [NR_AHEAD * n_workers] after start, [1]
 * after a result. Returns how many. */
size_t nr_master_start(nr_master *master, nr_assignment *assignments);
/* A worker finished a unit. NR_ERR_INTERNAL: one that it was not given; nothing has
 * changed. */
nr_status nr_master_result(nr_master *master, int worker, uint64_t unit,
                           nr_assignment *assignments, size_t *n);
/* No more assignments; those under way are still to come. */
void nr_master_stop(nr_master *master);
/* Nothing is under way, and there is nothing to give any more. */
bool nr_master_finished(const nr_master *master);

#endif
