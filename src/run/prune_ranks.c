/* The ranks that a store has of a network's layers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/nn/layers.h"
#include "neurank/report/names.h"
#include "neurank/report/rankings.h"
#include "prune.h"

void nr_ranks_clear(nr_ranks *ranks) {
    free(ranks->layers);
    free(ranks->numbers);
    nr_store_free(ranks->store);
    *ranks = (nr_ranks){0};
}

static nr_status check_model(const nr_options *o, const nr_store *store,
                             const char *digest) {
    const char *theirs = nr_plan_get(&store->plan, "model");
    if (store->n_layers == 0 && store->n_ratings > 0) /* a file of ratings alone */
        theirs = nr_plan_get(&store->ratings[0].plan, "model");
    NR_REQUIRE(strcmp(theirs, digest) == 0, NR_ERR_MISMATCH,
               "%s: ranks of another model: its digest is %s, that of %s is %s",
               o->positional[1], theirs, o->positional[0], digest);
    return NR_OK;
}

/* Does --layer name this one? By short name, as the store does. */
static bool is_wanted(const nr_options *o, const char *name) {
    return !o->layer || strcmp(o->layer, "all") == 0 || nr_is_listed(o->layer, name);
}

/* Values by channel of one layer, in room for two rows. */
static nr_status fill_layer(const nr_options *o, nr_ranks *ranks, const char *name,
                            uint32_t node, uint32_t channels, double *room) {
    nr_compared_store source = {o->positional[1], ranks->store};
    char method[NR_CHOICE_TEXT];
    nr_rankings found;
    nr_option_choice("by", o->by, method);
    nr_status status = nr_rankings_find(&source, 1, name, method, &found);
    if (status == NR_OK && found.n == 0)
        status =
            nr_fail(NR_ERR_MISMATCH,
                    "%s: layer \"%s\" has no values of the method %s (--layer names "
                    "the layers to prune, --by another method)",
                    o->positional[1], name, method);
    if (status == NR_OK) {
        const nr_ranking *r = &found.items[0];
        for (size_t i = 0; i < 2 * (size_t)channels; i++) room[i] = NAN;
        for (size_t i = 0; i < r->n && status == NR_OK; i++) {
            if (r->filters[i] >= channels) {
                status =
                    nr_fail(NR_ERR_MISMATCH,
                            "%s: layer \"%s\" has a filter %u, the network's has %u",
                            o->positional[1], name, r->filters[i], channels);
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

static nr_status fill(const nr_options *o, const nr_graph *graph, const nr_names *names,
                      nr_ranks *ranks) {
    uint32_t *nodes;
    size_t n, total = 0;
    NR_TRY(nr_layers_list(graph, &nodes, &n));
    for (size_t i = 0; i < n; i++) total += 2 * nr_graph_node(graph, nodes[i])->shape.c;
    nr_status status = NR_NEW(ranks->layers, n) && NR_NEW(ranks->numbers, total)
                           ? NR_OK
                           : NR_ERR_INTERNAL;
    double *room = ranks->numbers;
    for (size_t i = 0; i < n && status == NR_OK; i++) { /* in the network's order */
        const nr_node *node = nr_graph_node(graph, nodes[i]);
        const char *name = nr_graph_text(graph, node->short_name);
        for (size_t k = 0; k < names->n && status == NR_OK; k++)
            if (strcmp(names->items[k], name) == 0 && is_wanted(o, name))
                status = fill_layer(o, ranks, names->items[k], nodes[i], node->shape.c,
                                    room);
        room += 2 * (size_t)node->shape.c;
    }
    free(nodes);
    return status;
}

nr_status nr_ranks_load(const nr_options *o, const nr_graph *graph,
                        const char *model_digest, nr_ranks *out) {
    nr_names names = {0};
    *out = (nr_ranks){.complete = true};
    NR_TRY(nr_store_read(o->positional[1], &out->store));
    nr_status status = check_model(o, out->store, model_digest);
    if (status == NR_OK) status = nr_names_add_layers(out->store, &names);
    if (status == NR_OK) status = nr_names_require(&names, o->layer, o->positional[1]);
    if (status == NR_OK) status = fill(o, graph, &names, out);
    nr_names_free(&names);
    if (status == NR_OK && !out->complete)
        nr_log(NR_LOG_WARNING, "%s: these ranks are not complete: the run is to go on",
               o->positional[1]);
    return status;
}
