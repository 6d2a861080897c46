/* Stores whose ranks a command applies to a network. */
#ifndef NEURANK_RUN_RANKED_H
#define NEURANK_RUN_RANKED_H

#include "neurank/nn/graph.h"
#include "neurank/report/names.h"
#include "neurank/store/store.h"

/* Reads a store and adds its layers to names. NR_ERR_MISMATCH: its ranks are of another
 * model than the one at `model`, which has this digest. *out, which the names point
 * into, is the caller's also then. Fails as nr_store_read, too: then there is none. */
nr_status nr_ranked_read(const char *path, const char *model, const char *digest,
                         nr_names *names, nr_store **out);

typedef struct {
    uint32_t node; /* of the graph */
    const char *name;
} nr_ranked_node;

/* The layers of the graph that are in names and in a list ("a,b"; NULL, "all": every
 * one), in the network's order; *out [n] owned by the caller (free), also after a
 * failure if it was NULL before. NR_ERR_INTERNAL: no memory; NR_ERR_USAGE: the list has
 * one that the names do not have; NR_ERR_MISMATCH: the names have one that the graph
 * does not have, or none; path: of a store, for messages. */
nr_status nr_ranked_nodes(const nr_graph *graph, const nr_names *names,
                          const char *list, const char *path, nr_ranked_node **out,
                          size_t *n);

#endif
