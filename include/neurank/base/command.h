/* Another program's words: squeue, sinfo, sbatch, gnuplot. No shell in between. */
#ifndef NEURANK_BASE_COMMAND_H
#define NEURANK_BASE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Runs argv[0], found in PATH, with nothing on stdin, for at most limit_s; what it
 * writes to stdout is in `text`, cut at n bytes, and its stderr is ours, or nobody's if
 * silent. Returns its exit code; -1 if it could not be started (127 says so,
 * too) or was ended, by a signal or by the limit (errno: ETIMEDOUT), with a cause in
 * errno (0: its own signal).
 * Says nothing itself. */
int nr_command_run(const char *const *argv, double limit_s, bool silent, char *text,
                   size_t n);

/* The same with `input` [n_input] on stdin; all it writes is *text, owned by the caller
 * (also after a failure; may be NULL then). More than NR_COMMAND_TEXT_MAX bytes are a
 * failure (errno: EFBIG), and so is no memory (ENOMEM), which is said. */
enum { NR_COMMAND_TEXT_MAX = 1 << 28 };
int nr_command_filter(const char *const *argv, double limit_s, const char *input,
                      size_t n_input, char **text);

#endif
