#include "neurank/store/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

nr_status nr_curve_make(const char *layer, size_t n, size_t n_methods, size_t n_points,
                        nr_curve *out) {
    size_t cells = nr_size_mul(n_methods, n_points);
    *out = (nr_curve){.n = n, .n_methods = n_methods, .n_points = n_points};
    out->layer = nr_strdup(layer);
    if (!out->layer || !NR_NEW(out->methods, n_methods) || !NR_NEW(out->filters, n) ||
        !NR_NEW(out->kept, n_points) ||
        !NR_NEW(out->orders, nr_size_mul(n_methods, n)) ||
        !NR_NEW(out->accuracy, cells) || !NR_NEW(out->loss, cells))
        return NR_ERR_INTERNAL;
    return NR_OK;
}

nr_status nr_curve_copy(const nr_curve *from, nr_curve *out) {
    size_t cells = from->n_methods * from->n_points;
    NR_TRY(nr_curve_make(from->layer, from->n, from->n_methods, from->n_points, out));
    memcpy(out->methods, from->methods, from->n_methods * sizeof *out->methods);
    memcpy(out->filters, from->filters, from->n * sizeof *out->filters);
    memcpy(out->kept, from->kept, from->n_points * sizeof *out->kept);
    memcpy(out->orders, from->orders, from->n_methods * from->n * sizeof *out->orders);
    memcpy(out->accuracy, from->accuracy, cells * sizeof *out->accuracy);
    memcpy(out->loss, from->loss, cells * sizeof *out->loss);
    return NR_OK;
}

void nr_curve_clear(nr_curve *curve) {
    free(curve->layer);
    free(curve->methods);
    free(curve->filters);
    free(curve->kept);
    free(curve->orders);
    free(curve->accuracy);
    free(curve->loss);
    *curve = (nr_curve){0};
}

static bool same_numbers(const uint32_t *a, const uint32_t *b, size_t n) {
    return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

bool nr_curve_same_question(const nr_curve *a, const nr_curve *b) {
    if (strcmp(a->layer, b->layer) != 0 || a->n != b->n ||
        a->n_methods != b->n_methods || a->n_points != b->n_points)
        return false;
    for (size_t m = 0; m < a->n_methods; m++)
        if (strcmp(a->methods[m], b->methods[m]) != 0) return false;
    return same_numbers(a->filters, b->filters, a->n) &&
           same_numbers(a->kept, b->kept, a->n_points) &&
           same_numbers(a->orders, b->orders, a->n_methods * a->n);
}

nr_status nr_curves_add(nr_curves *curves, nr_curve *curve) {
    void *items = curves->items;
    NR_TRY(nr_grow(&items, &curves->capacity, curves->n + 1, sizeof *curves->items));
    curves->items = items;
    curves->items[curves->n++] = *curve;
    *curve = (nr_curve){0};
    return NR_OK;
}

nr_curve *nr_curves_find(const nr_curves *curves, const char *layer) {
    for (size_t i = 0; i < curves->n; i++)
        if (strcmp(curves->items[i].layer, layer) == 0) return &curves->items[i];
    return NULL;
}

void nr_curves_clear(nr_curves *curves) {
    for (size_t i = 0; i < curves->n; i++) nr_curve_clear(&curves->items[i]);
    free(curves->items);
    free(curves->history);
    nr_plan_clear(&nr_curve_form, &curves->plan);
    *curves = (nr_curves){0};
}
