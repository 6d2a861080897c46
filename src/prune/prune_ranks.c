/* The ranks that a store has of a network's layers. */
#include <math.h>
#include <stdlib.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/report/rankings.h"
#include "neurank/run/ranked.h"
#include "prune_run.h"

void nr_ranks_clear(nr_ranks *ranks) {
    free(ranks->layers);
    free(ranks->numbers);
    nr_store_free(ranks->store);
    *ranks = (nr_ranks){0};
}

/* Values by channel of one layer, in room for two rows. */
static nr_status fill_layer(const nr_prune_request *o, nr_ranks *ranks,
                            const char *name, uint32_t node, uint32_t channels,
                            double *room) {
    nr_compared_store source = {o->store, ranks->store};
    nr_rankings found;
    nr_status status = nr_rankings_find(&source, 1, name, o->by, &found);
    if (status == NR_OK && found.n == 0)
        status =
            nr_fail(NR_ERR_MISMATCH,
                    "%s: layer \"%s\" has no values of the method %s (--layer names "
                    "the layers to prune, --by another method)",
                    o->store, name, o->by);
    if (status == NR_OK) {
        const nr_ranking *r = &found.items[0];
        for (size_t i = 0; i < 2 * (size_t)channels; i++) room[i] = NAN;
        for (size_t i = 0; i < r->n && status == NR_OK; i++) {
            if (r->filters[i] >= channels) {
                status =
                    nr_fail(NR_ERR_MISMATCH,
                            "%s: layer \"%s\" has a filter %u, the network's has %u",
                            o->store, name, r->filters[i], channels);
                break;
            }
            room[r->filters[i]] = r->values[i];
            if (r->low) room[channels + r->filters[i]] = r->low[i];
        }
        ranks->complete = ranks->complete && r->complete;
        ranks->layers[ranks->n++] =
            (nr_ranked_layer){.node = node,
                              .name = name,
                              .values = room,
                              .low = r->low ? room + channels : NULL};
    }
    nr_rankings_free(&found);
    return status;
}

static nr_status fill(const nr_prune_request *o, const nr_graph *graph,
                      const nr_names *names, nr_ranks *ranks) {
    nr_ranked_node *nodes = NULL;
    size_t n, total = 0;
    nr_status status = nr_ranked_nodes(graph, names, o->layers, o->store, &nodes, &n);
    if (status != NR_OK) goto err_free;
    for (size_t i = 0; i < n; i++)
        total += 2 * (size_t)nr_graph_node(graph, nodes[i].node)->shape.c;
    if (!NR_NEW(ranks->layers, n) || !NR_NEW(ranks->numbers, total))
        status = NR_ERR_INTERNAL;
    double *room = ranks->numbers;
    for (size_t i = 0; i < n && status == NR_OK; i++) {
        uint32_t channels = nr_graph_node(graph, nodes[i].node)->shape.c;
        status = fill_layer(o, ranks, nodes[i].name, nodes[i].node, channels, room);
        room += 2 * (size_t)channels;
    }
err_free:
    free(nodes);
    return status;
}

nr_status nr_ranks_load(const nr_prune_request *o, const nr_graph *graph,
                        const char *model_digest, nr_ranks *out) {
    nr_names names = {0};
    *out = (nr_ranks){.complete = true};
    nr_status status =
        nr_ranked_read(o->store, o->in.model, model_digest, &names, &out->store);
    if (status == NR_OK) status = fill(o, graph, &names, out);
    nr_names_free(&names);
    if (status == NR_OK && !out->complete)
        nr_log(NR_LOG_WARNING, "%s: these ranks are not complete: the run is to go on",
               o->store);
    return status;
}
