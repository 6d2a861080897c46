/* A last line behind a file's content, with its length and digest, so that one changed
 * byte anywhere is noticed before anybody looks at the content.
 *
 *   | HDF5 file, as the library wrote it | "neurank-seal 1 <length> <digest>\n" |
 *
 * HDF5 ignores what stands behind its end. A program that changes the file drops the
 * seal; then it is as good as its own digests.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_BASE_SEAL_H
#define NEURANK_BASE_SEAL_H

#include <stdbool.h>

#include "neurank/base/status.h"

/* Reads the file, appends its seal, syncs, and reads the seal back. NR_ERR_STORE: one
 * of these failed; the file may then end in a part of a seal. */
nr_status nr_seal_append(const char *path);

/* Reads the whole file. NR_ERR_INPUT: it cannot be read, or is not what was sealed;
 * *sealed false, without failure, if there is no seal. from_disk: see
 * nr_publish_settle. */
nr_status nr_seal_check(const char *path, bool from_disk, bool *sealed);

#endif
