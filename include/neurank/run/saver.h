/* Checkpoints: written by a thread of their own while the computation goes on.
 *
 *   tick      a checkpoint is due: take a snapshot, let the thread write it. One that
 *             failed is a warning: the one before still stands, the next try is an
 *             interval later
 *   layer     the end of a layer: the same, and wait for it
 *   finish    the end of the run: what is not on disk yet has to get there, at the
 * store's path or, as the last resort, at the rescue path
 *
 * HDF5 is called by one thread at a time: the run itself calls it before the first tick
 * and after the last one only. (Weighed: fork() and a child that writes its copy of the
 * memory would need no snapshot, but is not safe under MPI on every network. A snapshot
 * costs a copy of the layer's sums.) */
#ifndef NEURANK_RUN_SAVER_H
#define NEURANK_RUN_SAVER_H

#include "neurank/store/snapshot.h"

typedef struct nr_saver nr_saver;

/* A checkpoint is written every so often; or less often, where what the last one cost
 * (seconds of processor time of the thread and of waiting) would be more than this
 * part of the time between two. cost_most is 1 for one core's time. */
typedef struct {
    double every_s, cost_most;
} nr_saver_times;

/* store: borrowed, outlives the saver, and stands at `path` as it is. rescue NULL:
 * <path>'s name and ".rescue" in the current folder. path and rescue are
 * borrowed, too. NR_ERR_INTERNAL: no memory. */
nr_status nr_saver_new(nr_store *store, const char *path, const char *rescue,
                       const nr_saver_times *times, nr_saver **out);
/* Waits for a checkpoint under way. */
void nr_saver_free(nr_saver *saver);

/* layer: the one under way, or NR_NO_LAYER where ratings are. NR_ERR_STORE: there is no
 * use in going on, because another run has taken the file, or too many values by image
 * wait for a disk that is full; NR_ERR_INTERNAL: no memory for the snapshot. What
 * cannot be written is no failure but a warning. */
nr_status nr_saver_tick(nr_saver *saver, size_t layer, double now_s);
/* Returns when the layer's end is on disk, or could not be written (a warning).
 * NR_ERR_INTERNAL: no memory for the snapshot. */
nr_status nr_saver_layer(nr_saver *saver, size_t layer);
/* NR_ERR_STORE: the store's own file is not what it should be, though the rescue path
 * may have it, which is said; NR_ERR_INTERNAL: no memory. */
nr_status nr_saver_finish(nr_saver *saver);

/* What the last checkpoint took, seconds. */
double nr_saver_seconds(const nr_saver *saver);

#endif
