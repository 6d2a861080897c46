/* Lines for people, on stderr. Results go to stdout and never through here.
 *
 * Errors are printed by every rank, everything else by the rank that calls
 * nr_log_set_quiet(false), which is rank 0.
 *
 * nr_log and nr_log_bar may be called by any thread at any time, and their lines do not
 * mix. Quiet and the sink are the process's: set while only one thread runs. Silent and
 * mild are the calling thread's alone. */
#ifndef NEURANK_BASE_LOG_H
#define NEURANK_BASE_LOG_H

#include <stdbool.h>

enum { NR_LOG_LINE = 2048 }; /* longest line, bytes */

typedef enum { NR_LOG_INFO, NR_LOG_WARNING, NR_LOG_ERROR } nr_log_level;

/* One line, cut at NR_LOG_LINE - 1 bytes; control characters from foreign files are
 * shown as '?'. Not shown at all: while this thread is silent, and while the log is
 * quiet unless it is an error. */
void nr_log(nr_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* While quiet only errors are printed. At first it is not. */
void nr_log_set_quiet(bool quiet);

/* While silent nothing of this thread is printed, not even errors: where every rank
 * finds the same error and one of them says it. */
void nr_log_set_silent(bool silent);

/* While mild, errors of this thread are warnings, and while the log is not quiet
 * printed as such: what failed will be tried again. */
void nr_log_set_mild(bool mild);

/* Replaces a progress bar on a terminal; an empty text removes it; nothing while quiet.
 * The next line of nr_log clears it first. */
void nr_log_bar(const char *text);

/* Tests read what was said: lines go to sink(context, level, line) instead of stderr,
 * without "neurank: error: ". NULL: to stderr again. The sink may not call nr_log. */
typedef void nr_log_sink(void *context, nr_log_level level, const char *line);
void nr_log_set_sink(nr_log_sink *sink, void *context);

#endif
