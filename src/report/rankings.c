#include "neurank/report/rankings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "neurank/base/memory.h"

/* Of the posterior's intervals, which no comparison needs. */
static const double any_confidence = 0.95;

bool nr_is_listed(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *p = list; p && *p; p += *p == ',') {
        size_t word = strcspn(p, ",");
        if (word == length && memcmp(p, name, length) == 0) return true;
        p += word;
    }
    return list == NULL;
}

static void clear(nr_ranking *r) {
    free(r->filters);
    free(r->values);
    free(r->std_error);
    free(r->low);
}

void nr_rankings_free(nr_rankings *rankings) {
    for (size_t i = 0; i < rankings->n; i++) clear(&rankings->items[i]);
    free(rankings->items);
    *rankings = (nr_rankings){0};
}

static bool allocate(nr_ranking *r, bool with_error, bool with_low) {
    return NR_NEW(r->filters, r->n) && NR_NEW(r->values, r->n) &&
           (!with_error || NR_NEW(r->std_error, r->n)) &&
           (!with_low || NR_NEW(r->low, r->n));
}

static bool all_known(const nr_ranking *r) {
    for (size_t i = 0; i < r->n; i++)
        if (!isfinite(r->values[i]) || (r->std_error && !isfinite(r->std_error[i])))
            return false;
    return r->n > 0;
}

/* Takes over what r owns. */
static nr_status add(nr_rankings *list, nr_ranking *r) {
    void *items = list->items;
    if (!all_known(r)) {
        clear(r);
        return NR_OK;
    }
    nr_status status =
        nr_grow(&items, &list->capacity, list->n + 1, sizeof *list->items);
    list->items = items;
    if (status == NR_OK) list->items[list->n++] = *r;
    else clear(r);
    return status;
}

static nr_status add_shapley(const nr_store *store, const nr_store_layer *layer,
                             size_t number, nr_rankings *list) {
    nr_results *found;
    nr_ranking r = {.method = NR_SHAPLEY,
                    .store = number,
                    .plan = nr_store_layer_plan(layer),
                    .complete = nr_store_layer_is_complete(layer),
                    .n = layer->n_players};
    NR_TRY(nr_store_results(store, layer, &found));
    nr_status status =
        allocate(&r, !nr_store_is_exact(layer), true) ? NR_OK : NR_ERR_INTERNAL;
    for (size_t i = 0; i < r.n && status == NR_OK; i++) {
        r.filters[i] = layer->filters[i];
        r.values[i] = found->shapley[i];
        r.low[i] = found->ci_low[i];
        if (r.std_error) r.std_error[i] = found->std_error[i];
    }
    nr_results_free(found);
    if (status == NR_OK) return add(list, &r);
    clear(&r);
    return status;
}

static nr_status add_column(const nr_rating *rating, const double *values,
                            size_t method, size_t number, nr_rankings *list) {
    nr_ranking r = {.method = method,
                    .store = number,
                    .plan = nr_rating_get_plan(rating),
                    .complete = nr_rating_is_complete(rating),
                    .n = rating->n};
    if (!allocate(&r, false, false)) {
        clear(&r);
        return NR_ERR_INTERNAL;
    }
    for (uint32_t i = 0; i < r.n; i++) {
        r.filters[i] = i;
        r.values[i] = values[i];
    }
    return add(list, &r);
}

/* Every method of a rating that is known and wanted. */
static nr_status add_rating(const nr_rating *rating, const char *methods, size_t number,
                            nr_rankings *list) {
    bool is_switch = rating->kind == NR_RATING_SWITCH;
    size_t m = is_switch ? NR_SWITCH : NR_FIRST_BASELINE;
    size_t end = is_switch ? NR_SWITCH + 1 : NR_METHODS;
    nr_rating_columns columns;
    if (rating->counts[NR_RATING_PROGRESS] == 0) return NR_OK;
    NR_TRY(nr_rating_columns_make(rating, any_confidence, &columns));
    nr_status status = NR_OK;
    for (; m < end && status == NR_OK; m++) {
        const char *name = nr_method_names[m];
        const double *values = nr_rating_column(&columns, is_switch ? "mean" : name);
        if (values && nr_is_listed(methods, name))
            status = add_column(rating, values, m, number, list);
    }
    nr_rating_columns_clear(&columns);
    return status;
}

/* All that a store, which is `number` in the list, has of the layer `name`. */
static nr_status add_store(const nr_store *store, size_t number, const char *name,
                           const char *methods, nr_rankings *list) {
    const nr_store_layer *layer = nr_store_find_layer(store, name);
    if (layer && nr_is_listed(methods, nr_method_names[NR_SHAPLEY]))
        NR_TRY(add_shapley(store, layer, number, list));
    for (int kind = 0; kind < NR_RATING_KINDS; kind++) {
        const nr_rating *rating = nr_store_rating(store, name, (nr_rating_kind)kind);
        if (rating) NR_TRY(add_rating(rating, methods, number, list));
    }
    return NR_OK;
}

static int by_method_and_store(const void *a, const void *b) {
    const nr_ranking *x = a, *y = b;
    if (x->method != y->method) return x->method < y->method ? -1 : 1;
    return (x->store > y->store) - (x->store < y->store);
}

nr_status nr_rankings_find(const nr_compared_store *stores, size_t n_stores,
                           const char *layer, const char *methods, nr_rankings *out) {
    *out = (nr_rankings){0};
    for (size_t k = 0; k < n_stores; k++)
        NR_TRY(add_store(stores[k].store, k, layer, methods, out));
    if (out->n > 0) qsort(out->items, out->n, sizeof *out->items, by_method_and_store);
    return NR_OK;
}

/* Is the channel in every other ranking? */
static bool is_common(const nr_rankings *list, uint32_t channel) {
    for (size_t k = 0; k < list->n; k++) {
        const nr_ranking *r = &list->items[k];
        size_t low = 0, high = r->n;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (r->filters[middle] < channel) low = middle + 1;
            else high = middle;
        }
        if (low == r->n || r->filters[low] != channel) return false;
    }
    return true;
}

void nr_rankings_intersect(nr_rankings *list) {
    for (size_t k = 0; k < list->n; k++) {
        nr_ranking *r = &list->items[k];
        size_t kept = 0;
        for (size_t i = 0; i < r->n; i++) {
            if (!is_common(list, r->filters[i])) continue;
            r->filters[kept] = r->filters[i];
            r->values[kept] = r->values[i];
            if (r->std_error) r->std_error[kept] = r->std_error[i];
            if (r->low) r->low[kept] = r->low[i];
            kept++;
        }
        r->n = kept; /* what others look for stays in it */
    }
}

/* ---- order ---- */

typedef struct {
    uint32_t filter;
    double value;
} ranked;

static int best_first(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->filter > y->filter) - (x->filter < y->filter);
}

nr_status nr_sort_best_first(const uint32_t *filters, const double *values, size_t n,
                             uint32_t *order) {
    ranked *list;
    if (!NR_NEW(list, n)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < n; i++)
        list[i] = (ranked){filters ? filters[i] : i, values[i]};
    qsort(list, n, sizeof *list, best_first);
    for (size_t i = 0; i < n; i++) order[i] = list[i].filter;
    free(list);
    return NR_OK;
}
