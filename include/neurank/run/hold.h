/* The file that a command goes on with, and the right to write it: for stores
 * (session.h) and for curves.
 *
 *   open     what is done already, from the file if there is one that fits; locked,
 *            unless there is nothing to do. Nothing is written
 *   begin    an old file that is not gone on with is kept; the history grows
 *
 * Another run may write the file between the first look and the lock: then it is looked
 * at again. */
#ifndef NEURANK_RUN_HOLD_H
#define NEURANK_RUN_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "neurank/base/status.h"

typedef struct {
    void *self;
    /* What is done, from the file if it is there, or nothing; may be called again.
     * *changed: the file does not say what this command says. */
    nr_status (*adopt)(void *self, bool there, bool *changed);
    /* Has the command nothing left to do? */
    bool (*is_complete)(const void *self);
    /* Is what stands there (or is not there) still what was adopted? */
    bool (*is_current)(const void *self, bool there);
} nr_hold_content;

typedef struct {
    const char *path;          /* borrowed for the hold's life */
    const char *const *inputs; /* [n_inputs] none of these files may be written */
    size_t n_inputs;
    bool fresh; /* a file that is there is not gone on with */
} nr_hold_spec;

typedef struct nr_hold nr_hold;

/* Fails as adopt does; NR_ERR_STORE: the file cannot be written, or another run is
 * writing it, for which a requeued job waits longer; NR_ERR_USAGE: it is one of the
 * inputs; NR_ERR_INTERNAL: no memory. *out is the caller's (nr_hold_free). */
nr_status nr_hold_open(const nr_hold_spec *spec, const nr_hold_content *content,
                       nr_hold **out);
void nr_hold_free(nr_hold *hold);

/* Is there something to do, and so a lock? */
bool nr_hold_has_work(const nr_hold *hold);
/* Of one that has work. history grows by the command's line (nr_history_add).
 * NR_ERR_STORE: an old file cannot be kept; NR_ERR_INTERNAL: no memory. */
nr_status nr_hold_begin(nr_hold *hold, const char *command_line, char **history);
/* Tells who looks at the lock's file how far the run is. */
void nr_hold_note(nr_hold *hold, const char *line);

#endif
