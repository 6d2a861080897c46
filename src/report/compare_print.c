/* A comparison in its three forms; src/cli/man/compare.md describes them. */
#include <jansson.h>
#include <math.h>

#include "columns.h"
#include "comparison.h"
#include "neurank/report/table.h"

const char *const nr_row_kind_names[] = {
    [NR_ROW_METHODS] = "methods", [NR_ROW_FLOOR] = "floor", [NR_ROW_REPEAT] = "repeat"};

/* ---- a row a pair ---- */

typedef struct {
    const nr_comparison_output *output;
    const nr_comparison *comparison;
} printed;

/* Keys of the columns; behind BOUND value, low and high of each measure. */
enum { LAYER, FILTERS, KIND, METHOD_A, METHOD_B, STORE_A, STORE_B, TOP, COMPLETE };
enum { DIFFERENCES = COMPLETE + 1, BOUND, PARTS = 3 };

static void get(const nr_column *column, const void *self, size_t row, nr_cell *cell) {
    const printed *p = self;
    const nr_comparison *c = p->comparison;
    const nr_comparison_row *r = &c->rows[row];
    switch (column->key) {
    case LAYER: nr_cell_text(cell, c->layer); return;
    case FILTERS: nr_cell_count(cell, c->n); return;
    case KIND: nr_cell_text(cell, nr_row_kind_names[r->kind]); return;
    case METHOD_A: nr_cell_text(cell, nr_method_names[r->a->method]); return;
    case METHOD_B: nr_cell_text(cell, nr_method_names[r->b->method]); return;
    case STORE_A: nr_cell_text(cell, p->output->stores[r->a->store].path); return;
    case STORE_B: nr_cell_text(cell, p->output->stores[r->b->store].path); return;
    case TOP: nr_cell_count(cell, c->k); return;
    case COMPLETE: nr_cell_flag(cell, r->a->complete && r->b->complete); return;
    case DIFFERENCES: nr_cell_text(cell, r->differences); return;
    }
    const nr_bounds *b = &r->agreement.of[(column->key - BOUND) / PARTS];
    const double parts[PARTS] = {b->value, b->low, b->high};
    nr_cell_number(cell, parts[(column->key - BOUND) % PARTS]);
}

#define NR_BOTH(name, number)                                                          \
    { .csv = (name), .json = (name), .get = get, .key = (number) }
#define NR_MEASURE(name, m)                                                            \
    NR_BOTH(name, BOUND + PARTS * (m)), NR_BOTH(name "_low", BOUND + PARTS * (m) + 1), \
        NR_BOTH(name "_high", BOUND + PARTS * (m) + 2)

/* Files are quoted, because their names may hold anything. */
static const nr_column columns[] = {
    {.csv = "layer", .get = get, .key = LAYER},
    {.csv = "filters", .get = get, .key = FILTERS},
    NR_BOTH("kind", KIND),
    NR_BOTH("a", METHOD_A),
    NR_BOTH("b", METHOD_B),
    {.csv = "store_a", .json = "store_a", .get = get, .key = STORE_A, .quoted = true},
    {.csv = "store_b", .json = "store_b", .get = get, .key = STORE_B, .quoted = true},
    {.json = "complete", .get = get, .key = COMPLETE},
    {.json = "differences", .get = get, .key = DIFFERENCES},
    NR_MEASURE("spearman", NR_SPEARMAN),
    NR_MEASURE("kendall", NR_KENDALL),
    {.csv = "top", .get = get, .key = TOP},
    NR_MEASURE("overlap", NR_OVERLAP),
    {.csv = "complete", .get = get, .key = COMPLETE},
    {.csv = "differences", .get = get, .key = DIFFERENCES, .quoted = true}};

static nr_table table_of(const printed *p) {
    return (nr_table){.columns = columns,
                      .n_columns = sizeof columns / sizeof *columns,
                      .n_rows = p->comparison ? p->comparison->n_rows : 0,
                      .self = p};
}

/* ---- text ---- */

static void print_partial(const nr_comparison_output *o, const nr_comparison *c) {
    bool any = false;
    for (size_t i = 0; i < c->rankings->n; i++) {
        const nr_ranking *r = &c->rankings->items[i];
        if (r->complete) continue;
        fprintf(o->stream, "%s%s of %s",
                any ? ", " : "  not complete yet: ", nr_method_names[r->method],
                o->stores[r->store].path);
        any = true;
    }
    if (any) fprintf(o->stream, "\n");
}

static void print_legend(const nr_comparison_output *o) {
    fprintf(o->stream,
            "agreement of ranks; [..]: %g%% intervals for what it would be without the "
            "errors\nof sampling, for these images; itself: the noise floor\n",
            100 * o->confidence);
    for (size_t k = 0; k < o->n_stores && o->n_stores > 1; k++)
        fprintf(o->stream, "store %zu: %s\n", k + 1, o->stores[k].path);
    fprintf(o->stream, "\n");
}

/* The other method, or which run of the same. */
static void get_other(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    const nr_comparison_row *r = &((const printed *)self)->comparison->rows[row];
    (void)column;
    switch (r->kind) {
    case NR_ROW_METHODS: nr_cell_text(cell, nr_method_names[r->b->method]); break;
    case NR_ROW_FLOOR: nr_cell_text(cell, "itself, expected"); break;
    case NR_ROW_REPEAT: nr_cell_say(cell, "itself in store %zu", r->b->store + 1);
    }
}

/* Value and interval of the measure `key`. */
static void get_bounds(const nr_column *column, const void *self, size_t row,
                       nr_cell *cell) {
    const nr_comparison *c = ((const printed *)self)->comparison;
    const nr_bounds *b = &c->rows[row].agreement.of[column->key];
    if (isnan(b->value)) nr_cell_say(cell, "%6s", "-");
    else if (isnan(b->low)) nr_cell_say(cell, "%6.3f", b->value);
    else nr_cell_say(cell, "%6.3f [%6.3f, %6.3f]", b->value, b->low, b->high);
}

#define NR_BOUNDS(name, m)                                                             \
    { .title = (name), .get = get_bounds, .key = (m), .before = "  ", .width = -23 }

static void print_text(const nr_comparison_output *o, const printed *p, bool first) {
    const nr_comparison *c = p->comparison;
    char overlap[48] = "";
    if (c->k > 0) snprintf(overlap, sizeof overlap, "of the best %zu", c->k);
    const nr_column of_text[] = {
        {.title = "", .get = get, .key = METHOD_A, .before = "  ", .width = -14},
        {.title = "", .get = get_other, .before = " ", .width = -18},
        NR_BOUNDS("  rho (Spearman)", NR_SPEARMAN),
        NR_BOUNDS("  tau-b (Kendall)", NR_KENDALL),
        NR_BOUNDS(overlap, NR_OVERLAP),
        {.title = "", .get = get, .key = DIFFERENCES, .before = "  "}};
    const nr_table table = {.columns = of_text,
                            .n_columns = sizeof of_text / sizeof *of_text,
                            .n_rows = c->n_rows,
                            .self = p,
                            .trimmed = true};
    if (first) print_legend(o);
    else fprintf(o->stream, "\n");
    fprintf(o->stream, "%s: %zu filters\n", c->layer, c->n);
    print_partial(o, c);
    nr_table_text(&table, o->stream);
}

/* ---- json: an array of layers ---- */

static void print_json(const nr_comparison_output *o, const printed *p, bool first) {
    const nr_comparison *c = p->comparison;
    const nr_table table = table_of(p);
    json_t *object = json_pack("{ss sI sI sf so}", "layer", c->layer, "filters",
                               (json_int_t)c->n, "top", (json_int_t)c->k, "confidence",
                               o->confidence, "pairs", nr_table_json(&table));
    fprintf(o->stream, "%s", first ? "" : ",\n");
    if (object) json_dumpf(object, o->stream, JSON_INDENT(1));
    json_decref(object);
}

/* ---- */

void nr_comparison_head(const nr_comparison_output *o) {
    const printed p = {o, NULL};
    const nr_table table = table_of(&p);
    if (o->format == NR_FORMAT_CSV) nr_table_csv_head(&table, 1, o->stream);
    if (o->format == NR_FORMAT_JSON) fprintf(o->stream, "[");
}

void nr_comparison_print(const nr_comparison_output *o, const nr_comparison *c,
                         bool first) {
    const printed p = {o, c};
    const nr_table table = table_of(&p);
    switch (o->format) {
    case NR_FORMAT_CSV: nr_table_csv(&table, o->stream); break;
    case NR_FORMAT_JSON: print_json(o, &p, first); break;
    case NR_FORMAT_TEXT: print_text(o, &p, first); break;
    }
}

void nr_comparison_tail(const nr_comparison_output *o) {
    if (o->format == NR_FORMAT_JSON) fprintf(o->stream, "]\n");
}
