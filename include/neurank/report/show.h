/* What is in a store: for people, for spreadsheets, for programs. */
#ifndef NEURANK_REPORT_SHOW_H
#define NEURANK_REPORT_SHOW_H

#include <stdio.h>

#include "neurank/base/format.h"
#include "neurank/store/store.h"

/* top 0: all filters, in order of rank (text) or of channel (csv, json). */
nr_status nr_report_show(const nr_store *store, nr_format format, uint64_t top,
                         FILE *stream);
/* The same of the store in a file: `neurank show`. */
nr_status nr_report_show_file(const char *path, nr_format format, uint64_t top,
                              FILE *stream);

/* The table of one layer, as `show` prints it. */
nr_status nr_report_layer(const nr_store *store, const nr_store_layer *layer,
                          uint64_t top, FILE *stream);

#endif
