#include "neurank/run/hold.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/lock.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/run/output.h"
#include "neurank/store/store.h"

struct nr_hold {
    const char *path;
    bool fresh, changed;
    nr_hold_content content;
    nr_lock *lock; /* NULL: nothing will be written */
};

/* Whoever has the lock may still be ending: a requeued job, an orphan of a killed
 * launcher. */
static double lock_wait_s(void) {
    static const double first_s = 10, again_s = 120;
    const char *restarts = getenv("SLURM_RESTART_COUNT");
    return restarts && strcmp(restarts, "0") != 0 ? again_s : first_s;
}

/* And nothing left over from killed writers. */
static nr_status take_lock(nr_hold *hold) {
    NR_TRY(nr_lock_take(hold->path, lock_wait_s(), &hold->lock));
    if (nr_lock_is_held(hold->lock)) nr_publish_clean(hold->path);
    return NR_OK;
}

static bool is_there(const nr_hold *hold) {
    return access(hold->path, F_OK) == 0;
}

static nr_status adopt(nr_hold *hold) {
    hold->changed = false;
    return hold->content.adopt(hold->content.self, is_there(hold), &hold->changed);
}

bool nr_hold_has_work(const nr_hold *hold) {
    return hold->changed || !hold->content.is_complete(hold->content.self);
}

/* A file that this command has nothing to add to needs no lock, and may stand where
 * nobody can write. */
static nr_status take_over(nr_hold *hold, const nr_hold_spec *spec) {
    NR_TRY(nr_publish_distinct(hold->path, spec->inputs, spec->n_inputs));
    NR_TRY(adopt(hold));
    if (!nr_hold_has_work(hold)) return NR_OK;
    NR_TRY(nr_publish_check(hold->path, NULL, 0));
    NR_TRY(take_lock(hold));
    bool current = hold->content.is_current(hold->content.self, is_there(hold));
    return current ? NR_OK : adopt(hold);
}

nr_status nr_hold_open(const nr_hold_spec *spec, const nr_hold_content *content,
                       nr_hold **out) {
    nr_hold *hold;
    if (!NR_NEW(hold, 1)) return NR_ERR_INTERNAL;
    *hold = (nr_hold){.path = spec->path, .fresh = spec->fresh, .content = *content};
    nr_status status = take_over(hold, spec);
    if (status == NR_OK) *out = hold;
    else nr_hold_free(hold);
    return status;
}

void nr_hold_free(nr_hold *hold) {
    if (!hold) return;
    nr_lock_free(hold->lock);
    free(hold);
}

nr_status nr_hold_begin(nr_hold *hold, const char *command_line, char **history) {
    if (hold->fresh && is_there(hold)) NR_TRY(nr_keep_old(hold->path));
    char *line = nr_history_line(command_line);
    if (!line) return NR_ERR_INTERNAL;
    nr_status status = nr_history_add(history, line);
    free(line);
    return status;
}

void nr_hold_note(nr_hold *hold, const char *line) {
    nr_lock_note(hold->lock, line);
}
