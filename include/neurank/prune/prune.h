/* `neurank prune`: a smaller network, or masks. */
#ifndef NEURANK_PRUNE_PRUNE_H
#define NEURANK_PRUNE_PRUNE_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/run/request.h"

/* One rank. Writes the output when the network in it has been found to compute what the
 * masked one does, and then the masks. NR_ERR_USAGE: what is asked for cannot be;
 * NR_ERR_INPUT: a file cannot be read; NR_ERR_MISMATCH: store and model do not belong
 * together, or a layer cannot be pruned; NR_ERR_STORE: a file cannot be written;
 * NR_ERR_UNIT: a score is no number; NR_ERR_INTERNAL: no memory, or the network is not
 * what it should be. */
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
