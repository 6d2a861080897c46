/* `neurank prune`: a smaller network, or masks. */
#ifndef NEURANK_PRUNE_PRUNE_H
#define NEURANK_PRUNE_PRUNE_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/run/request.h"

typedef struct {
    nr_input_request in; /* data NULL: no images */
    const char *store, *output;
    const char *layers, *by;           /* layers NULL: all */
    const char *keep, *keep_per_layer; /* one of them; both NULL: max_drop */
    double max_drop;
    const char *masks; /* NULL: none */
    nr_format format;
} nr_prune_request;
nr_status nr_run_prune(const nr_prune_request *request);

#endif
