/* The right to write a file. */
#ifndef NEURANK_RUN_HOLD_H
#define NEURANK_RUN_HOLD_H

#include "neurank/base/lock.h"

/* The lock of the file at path, and nothing left over from killed writers. A requeued
 * job waits longer for the one before it to let go. *out is the caller's
 * (nr_lock_free). Fails as nr_lock_take: NR_ERR_STORE, another run is writing it. */
nr_status nr_hold_lock(const char *path, nr_lock **out);

#endif
