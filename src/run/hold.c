#include "neurank/run/hold.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/publish.h"

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
