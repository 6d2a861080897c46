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

/* Waits up to wait_s for whoever has it, saying so. NR_ERR_STORE: somebody still has
 * it, who is named, or the lock's file cannot be made or locked; NR_ERR_INTERNAL: no
 * memory. */
nr_status nr_lock_take(const char *path, double wait_s, nr_lock **out);
/* Is it a real one? false: taken in name only. */
bool nr_lock_is_held(const nr_lock *lock);

/* Beside who holds it the lock's file can tell how far they are: one line, cut at
 * NR_LOCK_TEXT - 1 bytes and replaced by the next. What cannot be written is not; lock
 * NULL or taken in name only: nothing is. */
enum { NR_LOCK_TEXT = 256 };
void nr_lock_note(const nr_lock *lock, const char *line);
/* Does somebody hold the lock of `path`? Who, and their note; both "" if not, or if
 * that cannot be found out. */
bool nr_lock_look(const char *path, char owner[NR_LOCK_TEXT], char note[NR_LOCK_TEXT]);
/* Lets go and removes the file, if it was a real lock. */
void nr_lock_free(nr_lock *lock);

#endif
