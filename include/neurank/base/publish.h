/* A file appears whole or not at all: it is written under a temporary name beside its
 * final one, synced, renamed over it, and the folder is synced. */
#ifndef NEURANK_BASE_PUBLISH_H
#define NEURANK_BASE_PUBLISH_H

#include "neurank/base/status.h"

/* "<path>.<pid>.tmp"; *out owned by the caller. */
nr_status nr_publish_name(const char *path, char **out);

/* Syncs `temporary` and renames it to path. On failure the temporary file is removed
 * and what stood at path before still stands. */
nr_status nr_publish_commit(const char *temporary, const char *path);

/* Removes a temporary file that is not to be published. */
void nr_publish_abandon(const char *temporary);

#endif
