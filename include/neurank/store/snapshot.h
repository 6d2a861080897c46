/* A store as it stood at one moment, so that it can be written while the run goes on.
 *
 *   owner of the store       take (a copy in memory) ......... take ...
 *   the thread that writes        write (HDF5, disk) ...............
 *
 * take and write must not overlap; all else of the store may go on meanwhile. Only the
 * state of one layer is copied, because no other one changes: the owner takes a
 * snapshot of a layer's end, and has it written, before it begins the next one.
 *
 * The snapshot takes over which file the store goes on in, and the rows by image that
 * wait: they leave the store when they are taken, and the snapshot when they are
 * written.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_STORE_SNAPSHOT_H
#define NEURANK_STORE_SNAPSHOT_H

#include "neurank/store/store.h"

typedef struct nr_snapshot nr_snapshot;

/* The store is borrowed, and outlives the snapshot. After a failure, and after
 * nr_snapshot_free, the store has no files to go on from any more. */
nr_status nr_snapshot_new(nr_store *store, nr_snapshot **out);
void nr_snapshot_free(nr_snapshot *snapshot);

/* No layer's state has changed: ratings have. */
#define NR_NO_LAYER SIZE_MAX

/* Takes the store as it is; layer: the number of the one whose state may have changed.
 * After a failure the snapshot is to be taken anew before it is written; rows that it
 * has taken are kept. */
nr_status nr_snapshot_take(nr_snapshot *snapshot, size_t layer);

/* As nr_store_write and nr_store_write_new, with their failures: NR_ERR_MISMATCH,
 * NR_ERR_STORE, NR_ERR_INPUT. */
nr_status nr_snapshot_write(nr_snapshot *snapshot, const char *path);
nr_status nr_snapshot_write_new(nr_snapshot *snapshot, const char *path);

/* Bytes of rows by image that were taken and are not written. */
size_t nr_snapshot_waiting(const nr_snapshot *snapshot);

#endif
