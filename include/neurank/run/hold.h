/* The right to write a file. */
#ifndef NEURANK_RUN_HOLD_H
#define NEURANK_RUN_HOLD_H

#include "neurank/base/lock.h"

/* The lock of the file at path, and nothing left over from killed writers. A requeued
 * job waits longer for the one before it to let go. */
nr_status nr_hold_lock(const char *path, nr_lock **out);

#endif
