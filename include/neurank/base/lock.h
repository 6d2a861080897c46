/* One writer at a time: a lock on "<path>.lock", a file beside the one to be written.
 *
 * The file itself cannot carry it, because it is replaced at every write. The lock ends
 * with the process, however that ends. It belongs to an open file (fcntl, F_OFD_SETLK),
 * not to a process, so nobody loses it by closing another descriptor; NFS and Lustre
 * (mounted with flock) have it. Where a file system has no locks, one is taken in name
 * only, and the caller needs another way to notice a second writer. */
#ifndef NEURANK_BASE_LOCK_H
#define NEURANK_BASE_LOCK_H

#include <stdbool.h>

#include "neurank/base/status.h"

typedef struct nr_lock nr_lock;

/* Waits up to wait_s for whoever has it, saying so. NR_ERR_STORE names the owner, or
 * why the lock's file cannot be made. */
nr_status nr_lock_take(const char *path, double wait_s, nr_lock **out);
/* Is it a real one? */
bool nr_lock_is_held(const nr_lock *lock);
/* Lets go and removes the file. */
void nr_lock_free(nr_lock *lock);

#endif
