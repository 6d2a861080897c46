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

/* Beside who holds it the lock's file can tell how far they are: one line, replaced by
 * the next. */
enum { NR_LOCK_TEXT = 256 };
void nr_lock_note(const nr_lock *lock, const char *line);
/* Somebody holds the lock of `path`: who, and their note. */
bool nr_lock_look(const char *path, char owner[NR_LOCK_TEXT], char note[NR_LOCK_TEXT]);
/* Lets go and removes the file. */
void nr_lock_free(nr_lock *lock);

#endif
