/* Units to ranks and results back, until there are no more.
 *
 * Rank 0 is the master: it hands out units, computes units of its own between messages,
 * and gives every finished unit to the sink, in whatever order they come. The others
 * compute. The sink does not know of ranks, the scheduler does not know of files.
 *
 * A signal to any rank stops the run: workers tell the master, the master asks the
 * sink, and tells everybody to give back what is not begun. */
#ifndef NEURANK_SCHED_SCHEDULE_H
#define NEURANK_SCHED_SCHEDULE_H

#include "neurank/base/stop.h"
#include "neurank/sched/master.h"
#include "neurank/sched/transport.h"
#include "neurank/sched/unit.h"

/* What the master does with finished units. */
typedef struct {
    void *self;
    /* One finished unit, n words (sched/unit.h). A failure ends the run. */
    nr_status (*accept)(void *self, uint64_t unit, const uint64_t *words, size_t n);
    /* Called often, between blocks: progress, checkpoints. asked: what signals asked of
     * any rank. Sets *stop to end early: soon, or now. A failure ends the run. */
    nr_status (*tick)(void *self, nr_stop asked, nr_stop *stop);
} nr_sink;

/* Collective. source and sink are used on rank 0 only. Returns the first failure of any
 * unit or of the sink on rank 0, and the rank's own on the others: share it
 * (nr_world_share). It is what nr_unit_step and the sink say, or NR_ERR_INTERNAL, no
 * memory or a message that nobody sent: this rank has left then, and others may wait
 * for it (nr_world_abort). Units given back undone are no failure. *deaf, on rank 0:
 * told to stop now, some ranks have not answered within two seconds, because the block
 * that they are at takes longer. They take part in nothing any more: save, and end the
 * world. */
nr_status nr_schedule_run(nr_transport *transport, nr_unit_runner *runner,
                          nr_unit_source *source, void *source_self,
                          const nr_sink *sink, bool *deaf);

#endif
