#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "curve_run.h"
#include "neurank/report/table.h"

/* Columns of the table: parts of the filters that are kept. */
static const double parts[] = {0.1, 0.25, 0.5, 0.75, 0.9, 1};
enum { PARTS = sizeof parts / sizeof *parts };

/* The point nearest to a part of all filters. */
static size_t point_near(const nr_curve *c, double part) {
    size_t best = 0;
    for (size_t k = 1; k < c->n_points; k++)
        if (fabs(c->kept[k] - part * (double)c->n) <
            fabs(c->kept[best] - part * (double)c->n))
            best = k;
    return best;
}

/* Mean over the curve, by the trapezoidal rule: what keeping a random number of filters
 * gives. */
static double mean_of(const nr_curve *c, const double *values) {
    double sum = 0, width = 0;
    for (size_t k = 1; k < c->n_points; k++) {
        double step = c->kept[k] - c->kept[k - 1];
        sum += step * (values[k] + values[k - 1]) / 2;
        width += step;
    }
    return width > 0 ? sum / width : values[0];
}

static void print_text(const nr_curve *c, const char *what, const double *values) {
    size_t points[PARTS];
    printf("  %-14s", what);
    for (size_t i = 0; i < PARTS; i++) {
        points[i] = point_near(c, parts[i]);
        printf(" %7u", c->kept[points[i]]);
    }
    printf(" %8s\n", "mean");
    for (size_t m = 0; m < c->n_methods; m++) {
        printf("  %-14s", c->methods[m]);
        for (size_t i = 0; i < PARTS; i++)
            printf(" %7.4f", values[m * c->n_points + points[i]]);
        printf(" %8.4f\n", mean_of(c, values + m * c->n_points));
    }
}

/* ---- points of a method: csv has a row each, json an array a column ---- */

typedef struct {
    const nr_curve *curve;
    size_t method;
} method_curve;

enum { LAYER, METHOD, FILTERS, KEPT, ACCURACY, LOSS };

static void get(const nr_column *column, const void *self, size_t row, nr_cell *cell) {
    const method_curve *m = self;
    const nr_curve *c = m->curve;
    size_t at = m->method * c->n_points + row;
    switch (column->key) {
    case LAYER: nr_cell_text(cell, c->layer); break;
    case METHOD: nr_cell_text(cell, c->methods[m->method]); break;
    case FILTERS: nr_cell_count(cell, c->n); break;
    case KEPT: nr_cell_count(cell, c->kept[row]); break;
    case ACCURACY: nr_cell_number(cell, c->accuracy[at]); break;
    case LOSS: nr_cell_number(cell, c->loss[at]); break;
    }
}

static const nr_column columns[] = {
    {.csv = "layer", .get = get, .key = LAYER},
    {.csv = "method", .get = get, .key = METHOD},
    {.csv = "filters", .get = get, .key = FILTERS},
    {.csv = "kept", .get = get, .key = KEPT},
    {.csv = "accuracy",
     .json = "accuracy",
     .get = get,
     .key = ACCURACY,
     .fixed_digits = true},
    {.csv = "loss", .json = "loss", .get = get, .key = LOSS, .fixed_digits = true}};

/* m NULL: the names alone. */
static nr_table points_of(const method_curve *m) {
    return (nr_table){.columns = columns,
                      .n_columns = sizeof columns / sizeof *columns,
                      .n_rows = m ? m->curve->n_points : 0,
                      .self = m};
}

static void print_csv(const nr_curve *c) {
    for (size_t k = 0; k < c->n_methods; k++) {
        const method_curve m = {c, k};
        const nr_table points = points_of(&m);
        nr_table_csv(&points, stdout);
    }
}

static json_t *numbers(const uint32_t *values, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, json_integer(values[i]));
    return list;
}

static json_t *curve_json(const nr_curve *c) {
    json_t *o = json_object(), *methods = json_array();
    json_object_set_new(o, "name", json_string(c->layer));
    json_object_set_new(o, "kept", numbers(c->kept, c->n_points));
    for (size_t k = 0; k < c->n_methods; k++) {
        const method_curve m = {c, k};
        const nr_table points = points_of(&m);
        json_t *method = json_object();
        json_object_set_new(method, "method", json_string(c->methods[k]));
        json_object_set_new(method, "order", numbers(c->orders + k * c->n, c->n));
        nr_table_json_columns(&points, NULL, 0, method);
        json_array_append_new(methods, method);
    }
    json_object_set_new(o, "methods", methods);
    return o;
}

static void print_json(const nr_curve_layer *layers, size_t n, size_t n_images,
                       bool same_images) {
    json_t *root = json_object(), *list = json_array();
    for (size_t k = 0; k < n; k++)
        json_array_append_new(list, curve_json(&layers[k].curve));
    json_object_set_new(root, "images", json_integer((json_int_t)n_images));
    json_object_set_new(root, "ranked_on_these_images", json_boolean(same_images));
    json_object_set_new(root, "layers", list);
    json_dumpf(root, stdout, JSON_INDENT(1));
    fputc('\n', stdout);
    json_decref(root);
}

nr_status nr_curve_print(const nr_curve_request *request, const nr_curve_layer *layers,
                         size_t n, size_t n_images, bool same_images) {
    if (request->format == NR_FORMAT_JSON) {
        print_json(layers, n, n_images, same_images);
        return NR_OK;
    }
    const nr_table head = points_of(NULL);
    if (request->format == NR_FORMAT_CSV) nr_table_csv_head(&head, 1, stdout);
    for (size_t k = 0; k < n; k++) {
        const nr_curve *c = &layers[k].curve;
        if (request->format == NR_FORMAT_CSV) {
            print_csv(c);
            continue;
        }
        printf("%s%s: %zu filters, kept best first; %zu images, %s\n", k ? "\n" : "",
               c->layer, c->n, n_images,
               same_images ? "the very ones that were ranked on"
                           : "not the selection that was ranked on");
        print_text(c, "accuracy", c->accuracy);
        print_text(c, "loss", c->loss);
    }
    return NR_OK;
}
