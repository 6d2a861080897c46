/* The right to write a store, and the thread that writes it. */
#ifndef NEURANK_RUN_HOLD_H
#define NEURANK_RUN_HOLD_H

#include "neurank/base/lock.h"
#include "neurank/run/request.h"
#include "neurank/run/saver.h"

/* The lock of the store at path, and nothing left over from killed writers. A requeued
 * job waits longer for the one before it to let go. */
nr_status nr_hold_lock(const char *path, nr_lock **out);

/* Adds the command to the history, writes the store, so that an output that cannot be
 * written is known before the work, and gets ready for checkpoints. */
nr_status nr_hold_begin(const nr_store_request *request, nr_store *store,
                        const char *command_line, int n_ranks, nr_saver **out);

#endif
