#include "neurank/report/show.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/estim/results.h"

/* Players in order of rank: *out owned by the caller. */
static nr_status by_rank(const nr_results *r, uint32_t **out) {
    if (!NR_NEW(*out, r->n)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < r->n; i++) (*out)[r->rank[i]] = i;
    return NR_OK;
}

/* ---- text ---- */

enum { BAR_COLUMNS = 32 };

static double largest_end(const nr_results *r) {
    double largest = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (fabs(r->ci_low[i]) > largest) largest = fabs(r->ci_low[i]);
        if (fabs(r->ci_high[i]) > largest) largest = fabs(r->ci_high[i]);
    }
    return largest;
}

/* '=' from zero to the near end of the interval, '-' across the interval. */
static void draw_bar(double low, double high, double largest,
                     char bar[BAR_COLUMNS + 1]) {
    double near = low > 0 ? low : high < 0 ? -high : 0;
    double far = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    int solid = 0, end = 0;
    if (largest > 0 && isfinite(far)) {
        solid = (int)lround(near / largest * BAR_COLUMNS);
        end = (int)lround(far / largest * BAR_COLUMNS);
    }
    for (int i = 0; i < BAR_COLUMNS; i++) {
        const char *fill = i < solid ? "=" : i < end ? "-" : " ";
        bar[i] = *fill;
    }
    if (high < 0 && end > 0) bar[0] = '<';
    while (end > 0 && bar[end - 1] == ' ') end--;
    bar[end > 0 ? end : 0] = '\0';
}

/* Decimals that show the standard errors with two digits. */
static int decimals(const nr_results *r) {
    double smallest = INFINITY;
    for (size_t i = 0; i < r->n; i++)
        if (r->std_error[i] > 0 && r->std_error[i] < smallest)
            smallest = r->std_error[i];
    int digits = isfinite(smallest) ? (int)ceil(-log10(smallest)) + 1 : 6;
    return digits < 4 ? 4 : digits > 9 ? 9 : digits;
}

static void print_head(const nr_store_layer *layer, const nr_results *r,
                       double confidence, FILE *stream) {
    char count[NR_NUMBER_TEXT], time[NR_NUMBER_TEXT];
    const char *metric = nr_plan_get(&layer->plan, "metric");
    fprintf(stream, "%s: %zu filters, %s (ablate %s, %s)\n", layer->name, r->n,
            strcmp(metric, "loss") == 0       ? "minus cross-entropy in nats"
            : strcmp(metric, "accuracy") == 0 ? "accuracy"
                                              : "logit margin",
            nr_plan_get(&layer->plan, "ablate"),
            nr_store_layer_is_complete(layer) ? "complete" : "partial");
    fprintf(stream, "  %llu of %llu sweeps, %llu walks, %s coalition-images in %s\n",
            (unsigned long long)r->sweeps, (unsigned long long)layer->sweeps_planned,
            (unsigned long long)r->walks,
            nr_format_count((double)r->coalition_images, count),
            nr_format_duration(layer->seconds, time));
    fprintf(stream,
            "  all kept %.6f, none kept %.6f; %g%% intervals for these images\n",
            r->value_full, r->value_empty, 100 * confidence);
}

static const char *note(const nr_results *r, size_t i) {
    return r->dead[i] ? " dead" : r->unreliable[i] ? " unreliable" : "";
}

static void print_rows(const nr_store_layer *layer, const nr_results *r,
                       const uint32_t *order, uint64_t top, FILE *stream) {
    double largest = largest_end(r);
    int digits = decimals(r), width = digits + 4;
    fprintf(stream, "%6s %6s %*s   %*s %*s\n", "rank", "filter", width, "shapley",
            width + 1, "from", width + 1, "to");
    for (size_t k = 0; k < r->n && (top == 0 || k < top); k++) {
        char bar[BAR_COLUMNS + 1];
        uint32_t i = order[k];
        draw_bar(r->ci_low[i], r->ci_high[i], largest, bar);
        fprintf(stream, "%6zu %6u %*.*f  [%*.*f, %*.*f] %s%s\n", k + 1,
                layer->filters[i], width, digits, r->shapley[i], width, digits,
                r->ci_low[i], width, digits, r->ci_high[i], bar, note(r, i));
    }
}

nr_status nr_report_layer(const nr_store_layer *layer, double confidence, uint64_t top,
                          FILE *stream) {
    nr_results *r;
    uint32_t *order;
    NR_TRY(nr_results_new(layer->fold, confidence, &r));
    nr_status status = by_rank(r, &order);
    if (status == NR_OK) {
        print_head(layer, r, confidence, stream);
        if (r->visits > 0) print_rows(layer, r, order, top, stream);
        else fprintf(stream, "  no unit of work is finished yet\n");
        free(order);
    }
    nr_results_free(r);
    return status;
}

static nr_status show_text(const nr_store *store, uint64_t top, FILE *stream) {
    for (size_t i = 0; i < store->n_layers; i++) {
        if (i > 0) fprintf(stream, "\n");
        NR_TRY(nr_report_layer(&store->layers[i], store->confidence, top, stream));
    }
    return NR_OK;
}

/* ---- CSV ---- */

static nr_status show_csv_layer(const nr_store_layer *layer, double confidence,
                                uint64_t top, FILE *stream) {
    nr_results *r;
    NR_TRY(nr_results_new(layer->fold, confidence, &r));
    for (size_t i = 0; i < r->n; i++) {
        const double values[] = {r->shapley[i],          r->std_error[i],
                                 r->ci_low[i],           r->ci_high[i],
                                 r->population_error[i], r->population_low[i],
                                 r->population_high[i]};
        char text[NR_NUMBER_TEXT];
        if (top > 0 && r->rank[i] >= top) continue;
        fprintf(stream, "%s,%u,%u", layer->name, layer->filters[i], r->rank[i] + 1);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            fprintf(stream, ",%s",
                    isnan(values[k]) ? "" : nr_format_double(values[k], text));
        fprintf(stream, ",%u,%u\n", r->dead[i], r->unreliable[i]);
    }
    nr_results_free(r);
    return NR_OK;
}

static nr_status show_csv(const nr_store *store, uint64_t top, FILE *stream) {
    fprintf(stream,
            "layer,filter,rank,shapley,std_error,ci_low,ci_high,population_error,"
            "population_low,population_high,dead,unreliable\n");
    for (size_t i = 0; i < store->n_layers; i++)
        NR_TRY(show_csv_layer(&store->layers[i], store->confidence, top, stream));
    return NR_OK;
}

/* ---- JSON: documented in README.md ---- */

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static void add_reals(json_t *object, const char *name, const nr_results *r,
                      const double *values, uint64_t top) {
    json_t *array = json_array();
    for (size_t i = 0; i < r->n; i++)
        if (top == 0 || r->rank[i] < top)
            json_array_append_new(array, number(values[i]));
    json_object_set_new(object, name, array);
}

static void add_integers(json_t *object, const char *name, const nr_results *r,
                         const uint32_t *values, uint32_t offset, uint64_t top) {
    json_t *array = json_array();
    for (size_t i = 0; i < r->n; i++)
        if (top == 0 || r->rank[i] < top)
            json_array_append_new(array, json_integer(values[i] + (json_int_t)offset));
    json_object_set_new(object, name, array);
}

static void add_flags(json_t *object, const char *name, const nr_results *r,
                      const uint8_t *values, uint64_t top) {
    json_t *array = json_array();
    for (size_t i = 0; i < r->n; i++)
        if (top == 0 || r->rank[i] < top)
            json_array_append_new(array, json_boolean(values[i]));
    json_object_set_new(object, name, array);
}

static void add_count(json_t *object, const char *name, uint64_t value) {
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void add_plan_text(json_t *object, const char *name, const nr_plan *plan,
                          const char *field) {
    json_object_set_new(object, name, json_string(nr_plan_get(plan, field)));
}

static nr_status json_layer(const nr_store *store, const nr_store_layer *layer,
                            uint64_t top, json_t *list) {
    nr_results *r;
    NR_TRY(nr_results_new(layer->fold, store->confidence, &r));
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(layer->name));
    json_object_set_new(
        o, "status",
        json_string(nr_store_layer_is_complete(layer) ? "complete" : "partial"));
    add_plan_text(o, "method", &layer->plan, "method");
    add_plan_text(o, "metric", &layer->plan, "metric");
    add_plan_text(o, "ablation", &layer->plan, "ablate");
    add_count(o, "players", r->n);
    add_count(o, "images", strtoull(nr_plan_get(&store->plan, "images"), NULL, 10));
    add_count(o, "sweeps", r->sweeps);
    add_count(o, "walks", r->walks);
    add_count(o, "coalition_images", r->coalition_images);
    json_object_set_new(o, "value_full", number(r->value_full));
    json_object_set_new(o, "value_empty", number(r->value_empty));
    json_object_set_new(o, "confidence", json_real(store->confidence));
    add_integers(o, "filters", r, layer->filters, 0, top);
    add_reals(o, "shapley", r, r->shapley, top);
    add_reals(o, "std_error", r, r->std_error, top);
    add_reals(o, "ci_low", r, r->ci_low, top);
    add_reals(o, "ci_high", r, r->ci_high, top);
    add_reals(o, "population_error", r, r->population_error, top);
    add_reals(o, "population_low", r, r->population_low, top);
    add_reals(o, "population_high", r, r->population_high, top);
    add_integers(o, "rank", r, r->rank, 1, top);
    add_flags(o, "dead", r, r->dead, top);
    json_object_set_new(o, "seconds", number(layer->seconds));
    add_flags(o, "unreliable", r, r->unreliable, top);
    nr_results_free(r);
    json_array_append_new(list, o);
    return NR_OK;
}

static nr_status show_json(const nr_store *store, uint64_t top, FILE *stream) {
    json_t *root = json_object(), *list = json_array();
    json_object_set_new(
        root, "status",
        json_string(nr_store_is_complete(store) ? "complete" : "partial"));
    json_object_set_new(root, "layers", list);
    nr_status status = NR_OK;
    for (size_t i = 0; i < store->n_layers && status == NR_OK; i++)
        status = json_layer(store, &store->layers[i], top, list);
    if (status == NR_OK && json_dumpf(root, stream, JSON_INDENT(1)) != 0)
        status = nr_fail(NR_ERR_INTERNAL, "the JSON cannot be written");
    if (status == NR_OK) fputc('\n', stream);
    json_decref(root);
    return status;
}

nr_status nr_report_show(const nr_store *store, nr_format format, uint64_t top,
                         FILE *stream) {
    switch (format) {
    case NR_FORMAT_CSV: return show_csv(store, top, stream);
    case NR_FORMAT_JSON: return show_json(store, top, stream);
    case NR_FORMAT_TEXT: break;
    }
    return show_text(store, top, stream);
}
