#include "neurank/run/hold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/publish.h"
#include "neurank/run/output.h"

/* Of a core's time, of all ranks' cores together: what checkpoints may cost where
 * nobody says how often they are wanted. Under 1%, with what a single one may vary by.
 */
static const double checkpoint_share = 0.008;

/* Whoever has the lock may still be ending: a requeued job, an orphan of a killed
 * launcher. */
static double lock_wait_s(void) {
    static const double first_s = 10, again_s = 120;
    const char *restarts = getenv("SLURM_RESTART_COUNT");
    return restarts && strcmp(restarts, "0") != 0 ? again_s : first_s;
}

nr_status nr_hold_lock(const char *path, nr_lock **out) {
    NR_TRY(nr_lock_take(path, lock_wait_s(), out));
    if (nr_lock_is_held(*out)) nr_publish_clean(path);
    return NR_OK;
}

nr_status nr_hold_begin(const nr_store_request *request, nr_store *store,
                        const char *command_line, int n_ranks, nr_saver **out) {
    char *line = nr_history_line(command_line);
    if (!line) return NR_ERR_INTERNAL;
    nr_status status = nr_store_add_history(store, line);
    free(line);
    NR_TRY(status);
    NR_TRY(nr_store_write(request->path, store));
    nr_saver_times times = {
        .every_s = request->checkpoint_s,
        .cost_most = request->checkpoint_given ? INFINITY : checkpoint_share * n_ranks};
    return nr_saver_new(store, request->path, request->rescue, &times, out);
}
