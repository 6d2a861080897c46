/* Rank 0's side of a run: the store it goes on with, goals, checkpoints, progress.
 *
 * A fresh run is a resume with nothing done: the store made from the plan is replaced
 * by the file's if there is one that fits. */
#ifndef NEURANK_SHAPLEY_SESSION_H
#define NEURANK_SHAPLEY_SESSION_H

#include "neurank/sched/schedule.h"
#include "neurank/shapley/shapley.h"

typedef struct nr_session nr_session;

/* Takes over `store`. The file's content replaces what was planned if it fits, is
 * refused if it does not. The file is locked if there is anything to do; nothing is
 * written. */
nr_status nr_session_open(const nr_shapley_request *request, nr_store *store,
                          nr_session **out);
void nr_session_free(nr_session *session);

/* Adds command_line to the history and writes the store, so that an output that cannot
 * be written is known before the work; unless there is nothing to do. */
nr_status nr_session_begin(nr_session *session, const char *command_line, int n_ranks);

/* Has layer k nothing left to do? */
bool nr_session_layer_done(const nr_session *session, size_t k);
const nr_store *nr_session_store(const nr_session *session);

/* Makes layer k the one that source and sink work on; ends with nr_session_layer_end.
 */
nr_status nr_session_layer_begin(nr_session *session, size_t k, int n_workers,
                                 size_t batch);
/* Writes the layer's state, too; a failure of that is a warning, for nr_session_finish.
 */
nr_status nr_session_layer_end(nr_session *session);
nr_unit_source nr_session_source;
nr_sink nr_session_sink(nr_session *session);

/* A signal or the time limit asked for an early end. */
bool nr_session_stopped(const nr_session *session);
/* What is not on disk yet has to get there: NR_ERR_STORE if it does not. */
nr_status nr_session_finish(nr_session *session);

#endif
