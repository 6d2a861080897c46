/* Which orders of which layers' filters a curve follows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curve_run.h"
#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/report/rankings.h"
#include "neurank/run/ranked.h"

/* Where a layer has more filters: about so many steps. */
enum { POINTS = 32 };

typedef struct {
    nr_store *store;
} opened;

typedef struct {
    const nr_curve_request *request;
    const nr_inputs *inputs;
    nr_compared_store *stores; /* [n_stores] */
    opened *owned;             /* [n_stores] */
    size_t n_stores;
    nr_names names;
    nr_curve_layer *layers;
    size_t n, capacity;
} search;

/* ---- stores ---- */

static nr_status read_stores(search *s) {
    const nr_curve_request *o = s->request;
    size_t n = o->stores.n;
    if (!NR_NEW(s->stores, n) || !NR_NEW(s->owned, n)) return NR_ERR_INTERNAL;
    for (size_t k = 0; k < n; k++) {
        const char *path = o->stores.items[k];
        NR_TRY(nr_ranked_read(path, o->in.model, s->inputs->model_digest, &s->names,
                              &s->owned[k].store));
        s->stores[k] = (nr_compared_store){path, s->owned[k].store};
        s->n_stores++;
    }
    return NR_OK;
}

/* ---- one layer ---- */

static nr_status fill_random(const search *s, nr_curve *c, size_t first,
                             uint32_t node) {
    nr_stream stream = nr_stream_make(s->request->in.seed, "curve", node);
    double *keys;
    nr_status status = NR_NEW(keys, c->n) ? NR_OK : NR_ERR_INTERNAL;
    for (size_t m = first; m < c->n_methods && status == NR_OK; m++) {
        snprintf(c->methods[m], NR_CURVE_METHOD, "random_%zu", m - first + 1);
        for (size_t i = 0; i < c->n; i++) {
            double u[2];
            nr_stream_uniforms(stream, c->filters[i], (uint32_t)(m - first), 0, 0, u);
            keys[i] = u[0];
        }
        status = nr_sort_best_first(c->filters, keys, c->n, c->orders + m * c->n);
    }
    free(keys);
    return status;
}

/* Every number of filters, or about evenly many. */
static size_t points_of(const search *s, size_t n) {
    size_t wanted = s->request->points ? (size_t)s->request->points : POINTS;
    return (n < wanted ? n : wanted) + 1;
}

static void fill_points(nr_curve *c) {
    size_t steps = c->n_points - 1;
    for (size_t i = 0; i <= steps; i++)
        c->kept[i] = (uint32_t)((2 * i * c->n + steps) / (2 * steps));
}

/* The first store that has a method counts; a store's own random order does not. */
static size_t keep_firsts(nr_rankings *r) {
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++) {
        bool again = kept > 0 && r->items[kept - 1].method == r->items[i].method;
        bool random = strcmp(nr_method_names[r->items[i].method], "random") == 0;
        if (again || random) continue;
        nr_ranking first = r->items[i]; /* changed places: each is ended once */
        r->items[i] = r->items[kept];
        r->items[kept++] = first;
    }
    return kept;
}

static nr_status make_curve(search *s, const char *name, nr_rankings *r, size_t methods,
                            uint32_t node, nr_curve *out) {
    size_t all = methods + (size_t)s->request->random, n_items = r->n;
    r->n = methods; /* those that count decide which filters all have */
    nr_rankings_intersect(r);
    r->n = n_items;
    size_t n = r->items[0].n;
    NR_REQUIRE(n > 0, NR_ERR_MISMATCH,
               "layer \"%s\": no filter has ranks of all methods", name);
    NR_TRY(nr_curve_make(name, n, all, points_of(s, n), out));
    memcpy(out->filters, r->items[0].filters, n * sizeof *out->filters);
    fill_points(out);
    for (size_t m = 0; m < methods; m++) {
        snprintf(out->methods[m], NR_CURVE_METHOD, "%s",
                 nr_method_names[r->items[m].method]);
        NR_TRY(nr_sort_best_first(r->items[m].filters, r->items[m].values, n,
                                  out->orders + m * n));
    }
    return fill_random(s, out, methods, node);
}

static nr_status add_layer(search *s, const char *name, uint32_t node) {
    nr_rankings r;
    nr_curve_layer layer = {.node = node};
    void *layers = s->layers;
    nr_status status =
        nr_rankings_find(s->stores, s->n_stores, name, s->request->methods, &r);
    size_t methods = status == NR_OK ? keep_firsts(&r) : 0;
    if (methods > 0) {
        status = make_curve(s, name, &r, methods, node, &layer.curve);
        uint32_t channels = nr_graph_node(s->inputs->graph, node)->shape.c;
        if (status == NR_OK && layer.curve.filters[layer.curve.n - 1] >= channels)
            status =
                nr_fail(NR_ERR_MISMATCH,
                        "layer \"%s\": the store ranks a filter %u, the network has %u",
                        name, layer.curve.filters[layer.curve.n - 1], channels);
        if (status == NR_OK)
            status = nr_grow(&layers, &s->capacity, s->n + 1, sizeof *s->layers);
        s->layers = layers;
        if (status == NR_OK) s->layers[s->n++] = layer;
        else nr_curve_clear(&layer.curve);
    }
    nr_rankings_free(&r);
    return status;
}

/* ---- all ---- */

static nr_status add_layers(search *s) {
    nr_ranked_node *nodes = NULL;
    size_t n = 0;
    nr_status status = nr_ranked_nodes(s->inputs->graph, &s->names, s->request->layers,
                                       s->request->stores.items[0], &nodes, &n);
    for (size_t i = 0; i < n && status == NR_OK; i++)
        status = add_layer(s, nodes[i].name, nodes[i].node);
    free(nodes);
    NR_TRY(status);
    NR_REQUIRE(s->n > 0, NR_ERR_MISMATCH, "%s: no ranks of these layers and methods",
               s->request->stores.items[0]);
    return NR_OK;
}

static bool is_of_these_images(const search *s) {
    for (size_t k = 0; k < s->n_stores; k++)
        if (nr_store_has_data(s->owned[k].store, s->inputs->data_digest)) return true;
    return false;
}

nr_status nr_curve_questions(const nr_curve_request *request, const nr_inputs *inputs,
                             nr_curve_layer **out, size_t *n, bool *same_images) {
    search s = {.request = request, .inputs = inputs};
    nr_status status = read_stores(&s);
    if (status == NR_OK) status = add_layers(&s);
    if (status == NR_OK) *same_images = is_of_these_images(&s);
    for (size_t k = 0; s.owned && k < request->stores.n; k++)
        nr_store_free(s.owned[k].store);
    free(s.owned);
    free(s.stores);
    nr_names_free(&s.names);
    *out = s.layers;
    *n = s.n;
    return status;
}
