/* All ranks of a run: who they are, and what they do together at the start.
 *
 * Every call is collective unless it says otherwise. A failure that only one rank can
 * see (a file, memory) is shared with nr_world_share before the next collective call,
 * so that no rank waits for one that has left.
 *
 * Failures: NR_ERR_INTERNAL, no memory, or MPI or shared memory does not work; but for
 * nr_world_start on every rank alike. */
#ifndef NEURANK_SCHED_WORLD_H
#define NEURANK_SCHED_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"
#include "neurank/sched/transport.h"

typedef struct nr_world nr_world;

/* Starts MPI; works without a launcher, as a world of one that needs no MPI. */
nr_status nr_world_start(nr_world **out);
/* Ends MPI. Not after a failure that other ranks do not know of: then nr_world_abort.
 */
void nr_world_stop(nr_world *world);
/* Ends all ranks at once with this exit code; returns in a world that needs no MPI. Not
 * collective. */
void nr_world_abort(nr_world *world, int exit_code);

int nr_world_rank(const nr_world *world); /* not collective */
int nr_world_size(const nr_world *world); /* not collective */
/* The MPI that this program was built with, "Open MPI" or "MPICH"; not collective. */
const char *nr_world_library(void);

/* The worst status of all ranks (the last in nr_status), on every rank. */
nr_status nr_world_share(nr_world *world, nr_status status);

/* Rank 0's bytes [*n_bytes] on every rank. Elsewhere *bytes is allocated (free) and
 * *n_bytes set. */
nr_status nr_world_broadcast(nr_world *world, void **bytes, size_t *n_bytes);

/* Rank 0's bytes once per node, in memory that all its ranks see, 64-byte aligned,
 * valid until nr_world_stop. data [n_bytes] is read on rank 0 only; at most 16
 * times. */
nr_status nr_world_spread(nr_world *world, const void *data, size_t n_bytes,
                          const void **shared);

/* words [n] of every rank, in order of rank: all [size, n], on every rank. Cannot
 * fail. */
nr_status nr_world_gather(nr_world *world, const uint64_t *words, size_t n,
                          uint64_t *all);

/* Rank 0's words[n] on every rank. Ranks that wait sleep. */
void nr_world_tell(nr_world *world, uint64_t *words, size_t n);

/* The sums of values[n] over all ranks, on rank 0, where they replace its own;
 * integers, so that their order leaves no trace. No sum may overflow. Ranks that wait
 * sleep. */
void nr_world_add(nr_world *world, int64_t *values, size_t n);

/* Point-to-point messages of this world. Borrowed. Not collective. */
nr_transport *nr_world_transport(nr_world *world);

#endif
