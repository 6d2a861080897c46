/* `neurank merge` and `neurank verify`: stores as files. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "neurank/base/lock.h"
#include "neurank/base/log.h"
#include "neurank/base/publish.h"
#include "neurank/run/run.h"
#include "neurank/store/store.h"
#include "output.h"

static void say_layer(const nr_store_layer *layer) {
    const nr_fold *fold = layer->fold;
    unsigned long long sweeps = nr_fold_complete_sweeps(fold);
    printf("  %s: %s, %llu sweep%s", layer->name,
           nr_store_layer_is_complete(layer) ? "complete" : "partial", sweeps,
           sweeps == 1 ? "" : "s");
    if (nr_fold_lanes(fold) > 1 && nr_fold_get_spec(fold)->lanes == 0)
        printf(", sweep %llu is missing",
               (unsigned long long)nr_fold_first_sweep(fold));
    printf("\n");
}

static void say_store(const char *path, const nr_store *store, const char *what) {
    printf("%s: %s%s\n", path, what,
           nr_store_is_complete(store) ? "complete" : "partial");
    for (size_t i = 0; i < store->n_layers; i++) say_layer(&store->layers[i]);
}

/* ---- merge ---- */

static nr_status prepare(const nr_options *options) {
    const char *path = options->positional[0];
    NR_TRY(nr_publish_check(path, options->positional + 1, options->n_positional - 1));
    bool there = access(path, F_OK) == 0;
    NR_REQUIRE(!there || options->fresh, NR_ERR_STORE,
               "%s: is there already: name another file, or --fresh, which keeps it as "
               "%s.old",
               path, path);
    return NR_OK;
}

/* An old file is put aside when its successor is ready to be written. */
static nr_status write_joined(const char *path, const char *command_line,
                              nr_store *store) {
    char *line = nr_history_line(command_line);
    if (!line) return NR_ERR_INTERNAL;
    nr_status status = nr_store_add_history(store, line);
    free(line);
    if (status == NR_OK && access(path, F_OK) == 0) status = nr_keep_old(path);
    return status == NR_OK ? nr_store_write_new(path, store) : status;
}

nr_status nr_run_merge(const nr_options *options, const char *command_line) {
    const char *path = options->positional[0];
    nr_lock *lock;
    nr_store *store;
    NR_TRY(prepare(options));
    NR_TRY(nr_lock_take(path, 0, &lock));
    nr_status status =
        nr_store_join(options->positional + 1, options->n_positional - 1, &store);
    if (status == NR_OK) {
        status = write_joined(path, command_line, store);
        if (status == NR_OK) say_store(path, store, "");
        if (status == NR_OK && !nr_store_is_complete(store))
            nr_log(NR_LOG_INFO,
                   "%s: the command of the shards, without --shard, does what is "
                   "missing; or merge again when they are complete",
                   path);
        nr_store_free(store);
    }
    nr_lock_free(lock);
    return status;
}

/* ---- verify ---- */

nr_status nr_run_verify(const nr_options *options) {
    for (size_t k = 0; k < options->n_positional; k++) {
        const char *path = options->positional[k];
        nr_store *store;
        bool sealed;
        NR_TRY(nr_store_verify(path, &sealed, &store));
        say_store(path, store, "sound, ");
        nr_store_free(store);
        if (!sealed)
            nr_log(NR_LOG_WARNING,
                   "%s: has no seal: another program has written it since; sums and "
                   "results are sound",
                   path);
    }
    return NR_OK;
}
