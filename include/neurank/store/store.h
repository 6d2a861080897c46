/* A run on disk: one HDF5 file, complete at every moment.
 *
 *   /                      attributes: title, Conventions, history, format_version,
 *                          neurank_version, build, status, confidence, plan_*
 *   /<layer>               attributes: method, metric, ablation, images, sweeps, walks,
 *                          coalition_images, value_full, value_empty, seconds, plan_*
 *     filter      [filter] channel number of each player; the axis of what follows
 *     shapley, std_error, ci_low, ci_high, population_*, freedom, antithetic_ratio
 *     rank, dead, unreliable
 *   /<layer>/state         what a resume needs: exact sums and finished units
 *     complete    [word, filter], complete_counts [count]
 *     open_done   [open_sweep, unit], open [open_sweep, word, filter], open_counts
 *
 * Results are derived from the state whenever the file is written; reading uses the
 * state alone. Names and types stand in layout_write.c and layout_read.c and nowhere
 * else. */
#ifndef NEURANK_STORE_STORE_H
#define NEURANK_STORE_STORE_H

#include "neurank/estim/fold.h"
#include "neurank/plan/plan.h"

enum { NR_STORE_VERSION = 1 };

typedef struct {
    char *name; /* short name of the layer; owned */
    nr_plan plan;
    size_t n_players;
    uint32_t *filters; /* [n_players] channel of each player; owned */
    nr_fold *fold;     /* owned */
    uint64_t sweeps_planned;
    double seconds; /* spent computing, over all resumes */
} nr_store_layer;

typedef struct {
    nr_plan plan;           /* of all layers */
    nr_store_layer *layers; /* [n_layers]; owned */
    size_t n_layers;
    double confidence;
    char *history; /* one line a command, newest last; owned */
} nr_store;

/* Ready to take n_layers; everything zero. */
nr_status nr_store_new(size_t n_layers, nr_store **out);
void nr_store_free(nr_store *store);

bool nr_store_layer_is_complete(const nr_store_layer *layer);
bool nr_store_is_complete(const nr_store *store);

/* Appends a line to the history. */
nr_status nr_store_add_history(nr_store *store, const char *line);

/* Writes the whole file beside path and renames it over. */
nr_status nr_store_write(const char *path, const nr_store *store);
nr_status nr_store_read(const char *path, nr_store **out);

#endif
