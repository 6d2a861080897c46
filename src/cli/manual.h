/* Pages of the manual: `neurank help`, and what `make` installs. A page is one file of
 * src/cli/man, and for a command what the option table says of it. */
#ifndef NEURANK_CLI_MANUAL_H
#define NEURANK_CLI_MANUAL_H

#include <stddef.h>
#include <stdio.h>

#include "neurank/base/status.h"

/* The files of src/cli/man, in the order of their names; the Makefile writes them. */
typedef struct {
    const char *name; /* of a command or topic, or "neurank": the program's own */
    const char *text;
} nr_manual_source;
extern const nr_manual_source nr_manual_sources[];
extern const size_t nr_n_manual_sources;

/* Of `neurank help`: commands and topics; with a name: its page. */
nr_status nr_manual_help(const char *name, FILE *stream);
nr_status nr_manual_roff(const char *name, FILE *stream);
/* A line a page: name and section. */
void nr_manual_list(FILE *stream);
void nr_manual_completion(FILE *stream);

#endif
