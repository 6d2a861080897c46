/* A run on disk: one HDF5 file, complete at every moment. (A file of ratings alone has
 * no layers here, and no plan of all layers.)
 *
 *   /                      attributes: title, Conventions, history, format_version,
 *                          neurank_version, build, status, generation, writer,
 *                          confidence, plan_*
 *   /<layer>               attributes: status, ended_by, interval, sweeps, walks,
 *                          samples, coalition_images, value_full, value_empty, seconds,
 *                          goal_*, plan_*, digest
 *     filter      [filter] channel number of each player; the axis of what follows
 *     shapley, std_error, ci_*, joint_*, population_*, freedom, antithetic_ratio,
 *     strata_ratio, rank, rank_low, rank_high, tie_group, dead, unreliable
 *     shapley_by_class, std_error_by_class [class, filter], images_by_class [class]
 *     shapley_by_image [image, filter], image [image], label_by_image [image]
 *   /<layer>/state         what a resume needs: exact sums and finished units
 *     complete    [word, filter], complete_counts [count], and by class
 *     stages      [stage, word, filter], stage_counts: the complete ones in parts
 *     open_done   [open_sweep, unit], open [open_sweep, word, filter], open_counts
 *     lane_sweeps complete sweeps of each lane, where shards were joined with gaps
 *     begun_*     blocks of an exact run of which pieces are missing
 *     by_image_N  [image, filter] of open sweep N
 *   /<layer>/switch, /<layer>/baseline: see store/rating.h
 *
 * Results are derived from the state whenever the file is written; reading uses the
 * state alone, but for shapley_by_image, which is both (store/image_rows.h). Names and
 * types stand in layout_*.c and nowhere else.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_STORE_STORE_H
#define NEURANK_STORE_STORE_H

#include "neurank/estim/goal.h"
#include "neurank/plan/layer_plan.h"
#include "neurank/store/image_rows.h"
#include "neurank/store/rating.h"

/* Formats that are read: every later neurank reads what has been written since 0.10.0
 * (format 7), and format 6. What an older one lacks is said, not refused.
 *   7  plan_blas: which kernels of OpenBLAS a run uses */
enum { NR_STORE_VERSION = 7, NR_STORE_VERSION_OLDEST = 6 };
/* Sweeps are numbered with 32 bits where permutations are drawn. */
enum { NR_STORE_SWEEPS_MAX = 1000000000 };
/* "host:process:time" */
enum { NR_STORE_WRITER = 128 };

typedef struct {
    char *name;         /* short name of the layer; owned */
    nr_layer_plan plan; /* owned */
    size_t n_players;
    uint32_t *filters; /* [n_players] channel of each player; owned */
    nr_fold *fold;     /* owned */
    nr_goal goal;
    nr_rule ended_by; /* what ended or stopped the run; none while it goes on */
    /* t_opt of the confidence sequence; > 0 from the first command on that had a goal
     * which looks at the data. */
    double sequence_sweeps;
    uint64_t batch; /* coalitions evaluated at a time, for the record; 0: none yet */
    double seconds; /* spent computing, over all resumes */
    nr_image_rows *images; /* NULL: values by image are not wanted; owned */
} nr_store_layer;

typedef struct {
    nr_run_plan plan;       /* of all layers; empty without any; owned */
    nr_store_layer *layers; /* [n_layers]; owned */
    size_t n_layers;
    nr_rating *ratings; /* [n_ratings], in order of layers and kinds; owned */
    size_t n_ratings;
    double confidence;
    char *history; /* one line a command, newest last; owned */
    /* Version and build of the program that wrote the file; NULL: there is none. Owned.
     */
    char *program;
    /* The file that this store was read from or written to last: how often it had been
     * written (0: there is none), and by whom. It goes on in that file and in no other.
     */
    uint64_t generation;
    char writer[NR_STORE_WRITER];
    /* Files that values by image go on from: that one, or those that were joined. They
     * are open, so that they can be read even when somebody removes them. Owned; none
     * without values by image. */
    struct nr_h5 **files; /* [n_files] */
    size_t n_files;
} nr_store;

/* With n_layers, everything zero, which the caller fills. */
nr_status nr_store_new(size_t n_layers, nr_store **out);
void nr_store_free(nr_store *store);

/* Does it enumerate all coalitions? */
bool nr_store_is_exact(const nr_store_layer *layer);
/* Did a rule of its own goal end the layer's run (nr_rule_is_end), or has every
 * coalition been evaluated? That need not be after all sweeps: half-widths may have
 * been reached before. One that was stopped is not complete. */
bool nr_store_layer_is_complete(const nr_store_layer *layer);
/* Are all layers' Shapley values complete? */
bool nr_store_is_complete(const nr_store *store);
/* And all ratings? */
bool nr_store_has_all(const nr_store *store);

/* Model and images of its Shapley values, or of its first rating; the store's; NULL of
 * a store of neither. */
const nr_plan_inputs *nr_store_inputs(const nr_store *store);
/* Were its values, or any of its ratings, computed on the images of this digest? */
bool nr_store_has_data(const nr_store *store, const char *digest);
/* A layer's plan, for messages and comparisons. */
nr_plan nr_store_layer_plan(const nr_store_layer *layer);
/* The store's, a rating until another one is added; NULL if there is none of that
 * name. */
nr_store_layer *nr_store_find_layer(const nr_store *store, const char *name);
nr_rating *nr_store_rating(const nr_store *store, const char *layer,
                           nr_rating_kind kind);
/* Takes over what the rating owns, which the caller then forgets; after a failure it is
 * still the caller's. */
nr_status nr_store_add_rating(nr_store *store, nr_rating *rating);
/* The same for all of another store's; after a failure each is in one of the two. */
nr_status nr_store_take_ratings(nr_store *from, nr_store *to);

/* Sets layer->fold to an empty one for what the layer's plan says. */
nr_status nr_store_layer_make_fold(nr_store_layer *layer);
/* What this store's part of the run has to reach: a shard its share of the sweeps. */
nr_goal nr_store_goal(const nr_store_layer *layer);
/* How this layer's intervals are made. */
nr_interval_spec nr_store_intervals(const nr_store *store, const nr_store_layer *layer);
/* The estimates as they stand; *out is the caller's (nr_results_free) and needs the
 * store no more. */
nr_status nr_store_results(const nr_store *store, const nr_store_layer *layer,
                           nr_results **out);
/* Half of the widest joint interval as it was after so many sweeps, each a part of the
 * same run, up to what it is now. None of an exact run, or before the first sweep. */
typedef struct {
    size_t n;
    uint64_t sweeps[NR_FOLD_STAGES_MAX + 1]; /* complete, of a shard its own */
    double half_width[NR_FOLD_STAGES_MAX + 1];
} nr_trace;
nr_status nr_store_trace(const nr_store *store, const nr_store_layer *layer,
                         nr_trace *out);
/* Appends a line to a text that may be NULL, which grows (free); as it was after a
 * failure. */
nr_status nr_history_add(char **history, const char *line);
/* The same to the store's. */
nr_status nr_store_add_history(nr_store *store, const char *line);

/* Writes the whole file beside path, seals it (base/seal.h), reads it back from disk,
 * and renames it over. Values by image that are no longer in memory are taken from the
 * file at path. NR_ERR_MISMATCH: what stands there is not the file that the store was
 * read from or written to last. NR_ERR_STORE: it cannot be written, or what stands
 * there cannot be read. NR_ERR_INPUT: values by image cannot be read from the file that
 * the store goes on from. On failure what stood there still stands, but where only
 * syncing its folder failed (nr_publish_commit): then the store goes on in the new
 * file. */
nr_status nr_store_write(const char *path, nr_store *store);
/* Is the file at path the one that the store was read from or written to last, so that
 * nr_store_write would replace it? Says nothing. */
bool nr_store_is_current(const char *path, const nr_store *store);
/* The same into a file that is not there yet (NR_ERR_STORE: it is). */
nr_status nr_store_write_new(const char *path, nr_store *store);
/* Everything in the file: its bytes, its sums, and whether all other numbers are those
 * that follow from the sums. *sealed false: another program has written the file since.
 * *out, unless NULL, is the store, the caller's. NR_ERR_INPUT: the file cannot be read,
 * or something in it is not so; NR_ERR_MISMATCH: a format that is not read here. */
nr_status nr_store_verify(const char *path, bool *sealed, nr_store **out);
/* Reads stores of one plan, whose sweeps do not overlap, and joins them into one that
 * no file has yet: what one run would be at that did all their work. *out is the
 * caller's. NR_ERR_MISMATCH names what does not fit; NR_ERR_INPUT: a file cannot be
 * read, is damaged, or its filters or images are not those of its plan; NR_ERR_UNIT: a
 * sum leaves 128 bits. */
nr_status nr_store_join(const char *const *inputs, size_t n, nr_store **out);
/* Is this HDF5 file a store, rather than images? NR_ERR_INPUT: it is no HDF5 file, or
 * cannot be read. */
nr_status nr_store_detect(const char *path, bool *is_store);
/* *out is the caller's. NR_ERR_INPUT: the file cannot be read, is no store, or is
 * damaged; NR_ERR_MISMATCH: a format that is not read here. */
nr_status nr_store_read(const char *path, nr_store **out);

#endif
