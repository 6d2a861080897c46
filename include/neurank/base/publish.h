/* A file appears whole or not at all: it is written under a temporary name beside its
 * final one, synced, renamed over it, and the folder is synced.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_BASE_PUBLISH_H
#define NEURANK_BASE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "neurank/base/status.h"

/* Refuses an output that is one of the inputs [n_inputs] (NR_ERR_USAGE; NULL entries
 * are skipped) or that exists and is not a regular file (NR_ERR_STORE). */
nr_status nr_publish_distinct(const char *path, const char *const *inputs,
                              size_t n_inputs);
/* The same, and before that refuses a path in whose folder nothing can be written
 * (NR_ERR_STORE). */
nr_status nr_publish_check(const char *path, const char *const *inputs,
                           size_t n_inputs);

/* Where a path leads that is a symbolic link, also to a file that is not there yet;
 * otherwise the path itself. A file is replaced by renaming, which would replace the
 * link, and its lock has to be one however it is called. At most 40 links are followed.
 * *out owned by the caller. */
nr_status nr_follow_link(const char *path, char **out);

/* Opens a regular file for reading, and nothing that could make the caller wait. what:
 * "the model", for messages; *out: a descriptor, closed by the caller; *n_bytes: the
 * file's length. NR_ERR_INPUT: it cannot be opened, or is no regular file. */
nr_status nr_open_input(const char *path, const char *what, int *out, size_t *n_bytes);

/* "<path>.<host>.<pid>.tmp"; *out owned by the caller. */
nr_status nr_publish_name(const char *path, char **out);

/* Syncs a file and has the system forget what it remembers of it, where it can: what is
 * read next comes from the disk. NR_ERR_STORE: it cannot be synced. */
nr_status nr_publish_settle(const char *path);

/* Syncs `temporary`, renames it to path and syncs the folder. NR_ERR_STORE: one of
 * these failed; the temporary file is removed and what stood at path before still
 * stands, but where *renamed (unless NULL) is true: only the last step failed, so that
 * the new file is there and may not outlive a power cut. */
nr_status nr_publish_commit(const char *temporary, const char *path, bool *renamed);

/* All of that for a file that is written as a stream: write is called once. Its failure
 * is passed on, so it may be any code; one of the stream, of which `write` need not
 * know, is NR_ERR_STORE, and so is one of publishing. */
typedef nr_status nr_publish_writer(const void *context, FILE *stream);
nr_status nr_publish_stream(const char *path, nr_publish_writer *write,
                            const void *context);

/* Removes a temporary file that is not to be published. */
void nr_publish_abandon(const char *temporary);

/* Removes temporary files of `path` that processes left behind when they were killed,
 * as far as it can. Only while nobody else can be writing one. */
void nr_publish_clean(const char *path);

#endif
