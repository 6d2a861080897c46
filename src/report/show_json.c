/* JSON: documented in src/cli/man/show.md. What is not known is null. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "columns.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

/* The rows that are shown: all, or the best `top` of those that have ranks. */
typedef struct {
    const nr_results *r; /* of Shapley values */
    size_t *rows;        /* [n] ascending; owned */
    size_t n;
} shown;

/* rank NULL: there are none. */
static nr_status choose(size_t n, const uint32_t *rank, uint64_t top, shown *out) {
    out->n = 0;
    if (!NR_NEW(out->rows, n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++)
        if (top == 0 || !rank || rank[i] < top) out->rows[out->n++] = i;
    return NR_OK;
}

static void add_count(json_t *object, const char *name, uint64_t value) {
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void add_text(json_t *object, const char *name, const char *text) {
    json_object_set_new(object, name, json_string(text));
}

static void add_facts(json_t *o, const nr_store *store, const nr_store_layer *layer,
                      const nr_results *r) {
    add_text(o, "name", layer->name);
    add_text(o, "status", nr_store_layer_is_complete(layer) ? "complete" : "partial");
    add_text(o, "ended_by", nr_rule_name(layer->ended_by));
    add_text(o, "method", nr_method_words[layer->plan.method]);
    add_text(o, "estimator", nr_estimator_words[layer->plan.estimator]);
    add_text(o, "metric", nr_metric_words[layer->plan.metric]);
    add_text(o, "ablation", nr_ablation_words[layer->plan.ablation]);
    add_count(o, "players", r->n);
    add_count(o, "images", store->plan.in.images);
    add_count(o, "sweeps", r->sweeps);
    add_count(o, "visits", r->visits);
    add_count(o, "samples", r->samples);
    add_count(o, "walks", r->walks);
    add_count(o, "coalition_images", r->coalition_images);
    json_object_set_new(o, "value_full", number(r->value_full));
    json_object_set_new(o, "value_empty", number(r->value_empty));
    json_object_set_new(o, "confidence", json_real(store->confidence));
    add_text(o, "interval", nr_interval_name(layer));
    json_object_set_new(o, "seconds", number(layer->seconds));
}

/* Rows of classes, in the order of the filters. */
static void add_classes(json_t *o, const nr_class_sums *sums, const shown *s) {
    json_t *all = json_object(), *images = json_array();
    json_t *shapley = json_array(), *errors = json_array();
    uint64_t sweeps = s->r->sweeps ? s->r->sweeps : 1;
    for (uint32_t c = 0; c < nr_class_sums_classes(sums); c++) {
        json_t *values = json_array(), *error_row = json_array();
        for (size_t k = 0; k < s->n; k++) {
            double value, error;
            size_t i = s->rows[k];
            nr_class_sums_estimate(sums, c, i, &value, &error);
            bool known = isfinite(s->r->shapley[i]);
            json_array_append_new(values, known ? number(value) : json_null());
            json_array_append_new(error_row, known ? number(error) : json_null());
        }
        json_array_append_new(shapley, values);
        json_array_append_new(errors, error_row);
        json_array_append_new(
            images, json_integer((json_int_t)(nr_class_sums_images(sums, c) / sweeps)));
    }
    json_object_set_new(all, "images", images);
    json_object_set_new(all, "shapley", shapley);
    json_object_set_new(all, "std_error", errors);
    json_object_set_new(o, "by_class", all);
}

/* The widest interval, by sweeps. */
static nr_status add_widths(json_t *o, const nr_store *store,
                            const nr_store_layer *layer) {
    nr_trace t;
    NR_TRY(nr_store_trace(store, layer, &t));
    json_t *trace = json_object(), *sweeps = json_array(), *widths = json_array();
    for (size_t k = 0; k < t.n; k++) {
        json_array_append_new(sweeps, json_integer((json_int_t)t.sweeps[k]));
        json_array_append_new(widths, number(t.half_width[k]));
    }
    json_object_set_new(trace, "sweeps", sweeps);
    json_object_set_new(trace, "half_width", widths);
    json_object_set_new(o, "trace", trace);
    return NR_OK;
}

static nr_status add_layer(const nr_store *store, const nr_store_layer *layer,
                           uint64_t top, json_t *list) {
    nr_shapley_table columns;
    nr_results *r;
    uint64_t sweeps;
    NR_TRY(nr_store_results(store, layer, &r));
    shown s = {.r = r};
    json_t *o = json_object();
    const nr_class_sums *sums = nr_tally_classes(nr_fold_result(layer->fold, &sweeps));
    json_array_append_new(list, o);
    add_facts(o, store, layer, r);
    nr_shapley_table_make(r, layer->filters, &columns);
    nr_status status = choose(r->n, r->rank, top, &s);
    if (status == NR_OK) {
        nr_table_json_columns(&columns.table, s.rows, s.n, o);
        if (sums) add_classes(o, sums, &s);
        free(s.rows);
        status = add_widths(o, store, layer);
    }
    nr_results_free(r);
    return status;
}

/* ---- ratings ---- */

static void add_plan(json_t *o, const nr_rating *r, const char *const *fields,
                     size_t n) {
    for (size_t k = 0; k < n; k++) {
        double value;
        char room[NR_PLAN_TEXT];
        const char *text = nr_plan_get(nr_rating_get_plan(r), fields[k], room);
        json_object_set_new(o, fields[k],
                            nr_parse_double(text, &value) ? json_real(value)
                                                          : json_string(text));
    }
}

static void add_trace(json_t *o, const nr_rating *r) {
    const uint64_t *steps = r->arrays[NR_SWITCH_TRACE_N];
    const double *l = r->arrays[NR_SWITCH_TRACE_L], *d = r->arrays[NR_SWITCH_TRACE_D];
    json_t *trace = json_object(), *step = json_array(), *likelihood = json_array();
    json_t *divergence = json_array();
    for (size_t k = 0; k < r->n_points; k++) {
        json_array_append_new(step, json_integer((json_int_t)steps[k]));
        json_array_append_new(likelihood, number(l[k]));
        json_array_append_new(divergence, number(d[k]));
    }
    json_object_set_new(trace, "step", step);
    json_object_set_new(trace, "log_likelihood", likelihood);
    json_object_set_new(trace, "divergence", divergence);
    json_object_set_new(o, "trace", trace);
}

static void add_rating_facts(json_t *o, const nr_rating *r, double confidence) {
    static const char *const of_switch[] = {"estimator", "scale", "draws",    "alpha0",
                                            "batch",     "lr",    "optimizer"};
    static const char *const of_baseline[] = {"metric", "ablate"};
    bool is_switch = r->kind == NR_RATING_SWITCH;
    add_text(o, "name", r->layer);
    add_text(o, "status", nr_rating_is_complete(r) ? "complete" : "partial");
    add_text(o, "ended_by", nr_rule_name(r->ended_by));
    if (is_switch) add_plan(o, r, of_switch, sizeof of_switch / sizeof *of_switch);
    else add_plan(o, r, of_baseline, sizeof of_baseline / sizeof *of_baseline);
    add_count(o, "players", r->n);
    add_count(o, "images", r->plan.in.images);
    add_count(o, is_switch ? "steps" : "images_seen", r->counts[NR_RATING_PROGRESS]);
    if (is_switch) json_object_set_new(o, "confidence", json_real(confidence));
    json_object_set_new(o, "seconds", number(r->seconds));
}

/* Of a switch, top keeps its best. */
static nr_status add_rating(const nr_store *store, const nr_rating *r, uint64_t top,
                            json_t *list) {
    nr_rating_columns c;
    shown s = {0};
    NR_TRY(nr_rating_columns_make(r, store->confidence, &c));
    const nr_table table = nr_rating_table(&c);
    nr_status status = choose(r->n, c.posterior ? c.posterior->rank : NULL, top, &s);
    if (status == NR_OK) {
        json_t *o = json_object();
        add_rating_facts(o, r, store->confidence);
        nr_table_json_columns(&table, s.rows, s.n, o);
        if (r->kind == NR_RATING_SWITCH) add_trace(o, r);
        json_array_append_new(list, o);
        free(s.rows);
    }
    nr_rating_columns_clear(&c);
    return status;
}

static nr_status add_ratings(const nr_store *store, nr_rating_kind kind, uint64_t top,
                             json_t *root) {
    json_t *list = json_array();
    json_object_set_new(root, nr_rating_name(kind), list);
    for (size_t k = 0; k < store->n_ratings; k++)
        if (store->ratings[k].kind == kind)
            NR_TRY(add_rating(store, &store->ratings[k], top, list));
    return NR_OK;
}

nr_status nr_show_json(const nr_store *store, uint64_t top, FILE *stream) {
    json_t *root = json_object(), *list = json_array();
    add_text(root, "status", nr_store_has_all(store) ? "complete" : "partial");
    json_object_set_new(root, "layers", list);
    nr_status status = NR_OK;
    for (size_t i = 0; i < store->n_layers && status == NR_OK; i++)
        status = add_layer(store, &store->layers[i], top, list);
    for (int kind = 0; kind < NR_RATING_KINDS && status == NR_OK; kind++)
        status = add_ratings(store, (nr_rating_kind)kind, top, root);
    if (status == NR_OK && json_dumpf(root, stream, JSON_INDENT(1)) != 0)
        status = nr_fail(NR_ERR_INTERNAL, "the JSON cannot be written");
    if (status == NR_OK) fputc('\n', stream);
    json_decref(root);
    return status;
}
