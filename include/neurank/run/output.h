/* What commands that write a store do with what is there already. */
#ifndef NEURANK_RUN_OUTPUT_H
#define NEURANK_RUN_OUTPUT_H

#include "neurank/store/store.h"

/* The store at path becomes <path>.old, or .old.2, .old.3, ...: nothing is replaced.
 * NR_ERR_STORE: it cannot be renamed, or all names up to .old.999 are taken; it stands
 * where it stood. NR_ERR_INTERNAL: no memory. */
nr_status nr_keep_old(const char *path);

/* "2026-03-01T12:00:00Z: <command line>", for the history; the caller's (free);
 * NULL after a message. */
char *nr_history_line(const char *command_line);

/* "<path>: <what>complete" and a line for each layer, on stdout. */
void nr_print_store(const char *path, const nr_store *store, const char *what);

#endif
