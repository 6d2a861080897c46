/* Memory that the processes of a node share: a file in memory, without a name as soon
 * as everybody has it, so that nothing is left behind however the processes end.
 *
 *   leader    nr_shared_make      a file of n bytes, really there: no surprise later
 *   others    nr_shared_attach    by its name; they only read
 *   leader    nr_shared_unname    when all have it
 *
 * (MPI's own windows leave files in /dev/shm behind when ranks are killed, and a too
 * small /dev/shm ends them with a bus error.) None of these calls is collective. */
#ifndef NEURANK_SCHED_SHARED_MEMORY_H
#define NEURANK_SCHED_SHARED_MEMORY_H

#include <stddef.h>

#include "neurank/base/status.h"

enum { NR_SHARED_NAME = 512 };

/* Tries /dev/shm, $TMPDIR and /tmp; reports when there is no room in any. *base is
 * aligned to a page and zero. */
nr_status nr_shared_make(size_t n_bytes, char name[NR_SHARED_NAME], void **base);
nr_status nr_shared_attach(const char *name, size_t n_bytes, const void **base);
void nr_shared_unname(const char *name);
void nr_shared_drop(const void *base, size_t n_bytes);

/* Removes files in /dev/shm that processes of this user, this program's or MPI's, left
 * behind when they were killed: those that nobody has mapped any more. */
void nr_shared_clean(void);

#endif
