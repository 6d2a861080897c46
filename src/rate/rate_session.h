/* Rank 0's side of `neurank switch` and `neurank baseline`: the store that the ratings
 * stand in, checkpoints, progress. What else the store holds is kept as it is. */
#ifndef NEURANK_RATE_RATE_SESSION_H
#define NEURANK_RATE_RATE_SESSION_H

#include "rater.h"

typedef struct nr_rate_session nr_rate_session;

/* Goes on with the file at the output, if there is one and it fits, and locks it if
 * there is anything to do. layers [n] are borrowed. */
nr_status nr_rate_open(const nr_rate_request *request, nr_rating_kind kind,
                       const nr_rated_layer *layers, size_t n, nr_rate_session **out);
void nr_rate_free(nr_rate_session *session);

/* Adds the command to the history and writes the store, unless there is nothing to do.
 */
nr_status nr_rate_begin(nr_rate_session *session, const char *command_line,
                        int n_ranks);

/* The rating of layer k. */
nr_rating *nr_rate_rating(const nr_rate_session *session, size_t k);
bool nr_rate_is_complete(const nr_rate_session *session);

void nr_rate_layer_begin(nr_rate_session *session, size_t k);
/* After each step; asked: a signal has asked for an early end. *stop: leave. */
nr_status nr_rate_tick(nr_rate_session *session, const nr_rater *rater, bool asked,
                       bool *stop);
nr_status nr_rate_layer_end(nr_rate_session *session);

/* What is not on disk yet has to get there. */
nr_status nr_rate_finish(nr_rate_session *session);

#endif
