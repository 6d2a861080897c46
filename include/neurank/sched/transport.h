/* How messages travel between ranks: MPI in a run, a script in a test.
 *
 * A message is a few 64-bit words (sched/message.h). Messages between two ranks arrive
 * in the order in which they were sent. */
#ifndef NEURANK_SCHED_TRANSPORT_H
#define NEURANK_SCHED_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_transport nr_transport;

#define NR_TRANSPORT_WAIT_S 0.05

struct nr_transport {
    void *self;
    int rank, size;
    /* Queues a copy of words for `to`; returns before it has arrived. */
    void (*send)(void *self, int to, const uint64_t *words, size_t n);
    /* Takes a message if there is one; wait: or waits a moment for one, at most
     * NR_TRANSPORT_WAIT_S. False: there is none. n is set to its length, which is at
     * most `capacity`. */
    bool (*receive)(void *self, bool wait, uint64_t *words, size_t capacity, size_t *n,
                    int *from);
    /* All messages queued here have been handed over. */
    void (*flush)(void *self);
};

#endif
