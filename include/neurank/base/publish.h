/* A file appears whole or not at all: it is written under a temporary name beside its
 * final one, synced, renamed over it, and the folder is synced. */
#ifndef NEURANK_BASE_PUBLISH_H
#define NEURANK_BASE_PUBLISH_H

#include <stddef.h>

#include "neurank/base/status.h"

/* Refuses an output that is one of the inputs (NR_ERR_USAGE; NULL entries are skipped)
 * or that exists and is not a regular file (NR_ERR_STORE). */
nr_status nr_publish_check(const char *path, const char *const *inputs,
                           size_t n_inputs);

/* Opens a regular file for reading, and nothing that could make the caller wait. */
nr_status nr_open_input(const char *path, const char *what, int *out, size_t *n_bytes);

/* "<path>.<host>.<pid>.tmp"; *out owned by the caller. */
nr_status nr_publish_name(const char *path, char **out);

/* Syncs `temporary` and renames it to path. On failure the temporary file is removed
 * and what stood at path before still stands. */
nr_status nr_publish_commit(const char *temporary, const char *path);

/* Removes a temporary file that is not to be published. */
void nr_publish_abandon(const char *temporary);

#endif
