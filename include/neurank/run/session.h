/* Rank 0's side of a command that fills a store: the file that it holds (hold.h),
 * checkpoints, the deadline, notes for `neurank status`. One for all such commands;
 * with what the store is filled knows its content.
 *
 *   open     go on with the file if there is one that fits; lock it, unless there is
 *            nothing to do. Nothing is written
 *   begin    the command joins the history; the first write
 *   layer    begin, after each step: is it time to stop? note, checkpoint; end
 *   finish   what is not on disk yet has to get there
 *
 * A fresh run is a resume with nothing done. */
#ifndef NEURANK_RUN_SESSION_H
#define NEURANK_RUN_SESSION_H

#include "neurank/run/progress.h"
#include "neurank/run/request.h"

typedef struct {
    void *self;
    /* The command's store, from the file if it is there, or with nothing done. *out is
     * borrowed until the next call: another run may have written the file before this
     * one had the lock. *changed: the file does not say what this command says. */
    nr_status (*adopt)(void *self, bool there, nr_store **out, bool *changed);
    /* Has the command nothing left to do? */
    bool (*is_complete)(const void *self, const nr_store *store);
} nr_session_content;

typedef struct nr_session nr_session;

/* Borrows out and what content points at, for the session's life. in: none of these
 * files may be written. Fails as adopt does; NR_ERR_STORE: the file cannot be written,
 * or another run is writing it; NR_ERR_USAGE: it is one of `in`; NR_ERR_INTERNAL: no
 * memory. store: the content's. */
nr_status nr_session_open(const nr_store_request *out, const nr_input_request *in,
                          const nr_session_content *content, nr_session **session);
void nr_session_free(nr_session *session);
nr_store *nr_session_store(const nr_session *session);

/* Adds command_line to the history and writes the store, so that an output that cannot
 * be written is known before the work; unless there is nothing to do. n_ranks: by which
 * the share of time that checkpoints may take is measured. NR_ERR_STORE: the file
 * cannot be written, or an old one not kept; NR_ERR_INTERNAL: no memory. */
nr_status nr_session_begin(nr_session *session, const char *command_line, int n_ranks);

/* seconds_before: what earlier sessions took for the layer. */
void nr_session_layer_begin(nr_session *session, double seconds_before);
/* What the layer took up to now, with that. */
double nr_session_layer_seconds(const nr_session *session, double now_s);

/* What ends the session early, NR_RULE_NONE: nothing. asked: a signal does. */
nr_rule nr_session_stop(nr_session *session, bool asked, double now_s);
/* As it was last told. */
nr_rule nr_session_stopped(const nr_session *session);

/* Is it time for another note, and the note. what: the layer, and its kind of rating.
 */
bool nr_session_note_is_due(const nr_session *session, double now_s);
void nr_session_note(nr_session *session, const nr_progress_facts *facts,
                     const char *what, double now_s);

/* A checkpoint if it is time for one, of a layer's end, and what is not on disk yet has
 * to get there. layer: NR_NO_LAYER where ratings are. The first fails as nr_saver_tick,
 * the second as nr_saver_layer, the third as nr_saver_finish. */
nr_status nr_session_tick(nr_session *session, size_t layer, double now_s);
nr_status nr_session_layer_end(nr_session *session, size_t layer);
nr_status nr_session_finish(nr_session *session);

#endif
