/* Rank 0's side of a run beside the session of run/session.h: units, goals, progress.
 */
#ifndef NEURANK_SHAPLEY_SHAPLEY_SESSION_H
#define NEURANK_SHAPLEY_SHAPLEY_SESSION_H

#include "neurank/sched/schedule.h"
#include "neurank/shapley/shapley.h"

typedef struct nr_shapley_session nr_shapley_session;

/* Takes over `store`, also on failure. The file's content replaces what was planned if
 * it fits, is refused if it does not. The file is locked if there is anything to do;
 * nothing is written. Fails as nr_session_open and nr_resume. *out borrows the request.
 */
nr_status nr_shapley_open(const nr_shapley_request *request, nr_store *store,
                          nr_shapley_session **out);
void nr_shapley_free(nr_shapley_session *session);

/* Adds command_line to the history and writes the store, so that an output that cannot
 * be written is known before the work; unless there is nothing to do. Fails as
 * nr_session_begin. */
nr_status nr_shapley_begin(nr_shapley_session *session, const char *command_line,
                           int n_ranks);

/* Has layer k nothing left to do? */
bool nr_shapley_layer_done(const nr_shapley_session *session, size_t k);
const nr_store *nr_shapley_store(const nr_shapley_session *session);

/* Makes layer k the one that source and sink work on; ends with nr_shapley_layer_end.
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_shapley_layer_begin(nr_shapley_session *session, size_t k, int n_workers,
                                 size_t batch);
/* Writes the layer's state, too; a failure of that is a warning, for nr_shapley_finish.
 * Fails as nr_saver_layer. */
nr_status nr_shapley_layer_end(nr_shapley_session *session);
nr_unit_source nr_shapley_source;
nr_sink nr_shapley_sink(nr_shapley_session *session);

/* A signal or the time limit asked for an early end. */
bool nr_shapley_stopped(const nr_shapley_session *session);
/* What is not on disk yet has to get there: NR_ERR_STORE if it does not. */
nr_status nr_shapley_finish(nr_shapley_session *session);

#endif
