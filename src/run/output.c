#include "neurank/run/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"

enum { OLD_MAX = 1000 };

nr_status nr_keep_old(const char *path) {
    size_t bytes = strlen(path) + 16;
    char *old = nr_new(bytes, 1);
    if (!old) return NR_ERR_INTERNAL;
    snprintf(old, bytes, "%s.old", path);
    for (int k = 2; k < OLD_MAX && access(old, F_OK) == 0; k++)
        snprintf(old, bytes, "%s.old.%d", path, k);
    nr_status status = NR_OK;
    if (access(old, F_OK) == 0 || rename(path, old) != 0)
        status = nr_fail(NR_ERR_STORE, "%s: cannot be kept as %s: %s", path, old,
                         strerror(errno));
    else nr_log(NR_LOG_INFO, "--fresh: the old store is now %s", old);
    free(old);
    return status;
}

char *nr_history_line(const char *command_line) {
    char when[NR_TIME_TEXT];
    size_t bytes = strlen(command_line) + NR_TIME_TEXT + 4;
    char *line = nr_new(bytes, 1);
    nr_clock_text(when);
    if (line) snprintf(line, bytes, "%s: %s", when, command_line);
    return line;
}

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

void nr_print_store(const char *path, const nr_store *store, const char *what) {
    printf("%s: %s%s\n", path, what, nr_store_has_all(store) ? "complete" : "partial");
    for (size_t i = 0; i < store->n_layers; i++) say_layer(&store->layers[i]);
    for (size_t i = 0; i < store->n_ratings; i++) {
        const nr_rating *r = &store->ratings[i];
        printf("  %s: %s %s\n", r->layer, nr_rating_name(r->kind),
               nr_rating_is_complete(r) ? "complete" : "partial");
    }
}
