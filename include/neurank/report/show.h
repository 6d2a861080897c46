/* What is in a store: for people, for spreadsheets, for programs.
 *
 * Failures: NR_ERR_INTERNAL, no memory, or JSON that cannot be written. The stream has
 * a part of the text then; in the other forms its own failures are the caller's to look
 * for. */
#ifndef NEURANK_REPORT_SHOW_H
#define NEURANK_REPORT_SHOW_H

#include <stdio.h>

#include "neurank/base/format.h"
#include "neurank/store/store.h"

/* Writes all of a store to the stream. top: so many of the best filters; 0: all of
 * them, in order of rank (text) or of channel (csv, json). */
nr_status nr_report_show(const nr_store *store, nr_format format, uint64_t top,
                         FILE *stream);
/* The same of the store in a file: `neurank show`. Fails as nr_store_read, too. */
nr_status nr_report_show_file(const char *path, nr_format format, uint64_t top,
                              FILE *stream);

/* The table of one layer, as `show` prints it. */
nr_status nr_report_layer(const nr_store *store, const nr_store_layer *layer,
                          uint64_t top, FILE *stream);

#endif
