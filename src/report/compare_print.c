/* A comparison in its three forms; src/cli/man/compare.md describes them. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "columns.h"
#include "comparison.h"
#include "neurank/base/text.h"

const char *const nr_row_kind_names[] = {"methods", "floor", "repeat"};
static const char *const measure_names[NR_AGREEMENT_MEASURES] = {"spearman", "kendall",
                                                                 "overlap"};

/* ---- text ---- */

enum { LINE_TEXT = 512 };

static int bounds_text(const nr_bounds *b, char *text, size_t bytes) {
    if (isnan(b->value)) return snprintf(text, bytes, "  %6s %16s", "-", "");
    if (isnan(b->low)) return snprintf(text, bytes, "  %6.3f %16s", b->value, "");
    return snprintf(text, bytes, "  %6.3f [%6.3f, %6.3f]", b->value, b->low, b->high);
}

/* Without blanks at the end. */
static void print_line(char *line, FILE *stream) {
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == ' ') line[--length] = '\0';
    fprintf(stream, "%s\n", line);
}

static void print_text_row(const nr_comparison_output *o,
                           const nr_comparison_row *row) {
    char line[LINE_TEXT], other[32];
    if (row->kind == NR_ROW_METHODS)
        snprintf(other, sizeof other, "%s", nr_method_names[row->b->method]);
    else if (row->kind == NR_ROW_FLOOR)
        snprintf(other, sizeof other, "itself, expected");
    else snprintf(other, sizeof other, "itself in store %zu", row->b->store + 1);
    int used = snprintf(line, sizeof line, "  %-14s %-18s",
                        nr_method_names[row->a->method], other);
    for (int m = 0; m < NR_AGREEMENT_MEASURES; m++)
        used +=
            bounds_text(&row->agreement.of[m], line + used, sizeof line - (size_t)used);
    if (*row->differences)
        snprintf(line + used, sizeof line - (size_t)used, "  %.256s", row->differences);
    print_line(line, o->stream);
}

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

static void print_text(const nr_comparison_output *o, const nr_comparison *c,
                       bool first) {
    char line[LINE_TEXT], overlap[48] = "";
    if (first) print_legend(o);
    else fprintf(o->stream, "\n");
    if (c->k > 0) snprintf(overlap, sizeof overlap, "of the best %zu", c->k);
    fprintf(o->stream, "%s: %zu filters\n", c->layer, c->n);
    print_partial(o, c);
    snprintf(line, sizeof line, "  %-33s  %-23s  %-23s  %s", "", "  rho (Spearman)",
             "  tau-b (Kendall)", overlap);
    print_line(line, o->stream);
    for (size_t i = 0; i < c->n_rows; i++) print_text_row(o, &c->rows[i]);
}

/* ---- csv: a row a pair, empty where nothing is known ---- */

static void print_number(double value, FILE *stream) {
    char text[NR_NUMBER_TEXT];
    fprintf(stream, ",%s", isfinite(value) ? nr_format_double(value, text) : "");
}

/* Quoted, because names of files may hold anything. */
static void print_quoted(const char *text, FILE *stream) {
    fputs(",\"", stream);
    for (const char *c = text; *c; c++) fprintf(stream, *c == '"' ? "\"\"" : "%c", *c);
    fputc('"', stream);
}

static void print_csv(const nr_comparison_output *o, const nr_comparison *c) {
    for (size_t i = 0; i < c->n_rows; i++) {
        const nr_comparison_row *row = &c->rows[i];
        fprintf(o->stream, "%s,%zu,%s,%s,%s", c->layer, c->n,
                nr_row_kind_names[row->kind], nr_method_names[row->a->method],
                nr_method_names[row->b->method]);
        print_quoted(o->stores[row->a->store].path, o->stream);
        print_quoted(o->stores[row->b->store].path, o->stream);
        for (int m = 0; m < NR_AGREEMENT_MEASURES; m++) {
            const nr_bounds *b = &row->agreement.of[m];
            if (m == NR_OVERLAP) fprintf(o->stream, ",%zu", c->k);
            print_number(b->value, o->stream);
            print_number(b->low, o->stream);
            print_number(b->high, o->stream);
        }
        fprintf(o->stream, ",%d", row->a->complete && row->b->complete);
        print_quoted(row->differences, o->stream);
        fprintf(o->stream, "\n");
    }
}

/* ---- json: an array of layers ---- */

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_of_row(const nr_comparison_output *o,
                           const nr_comparison_row *row) {
    json_t *object = json_pack(
        "{ss ss ss ss ss sb ss}", "kind", nr_row_kind_names[row->kind], "a",
        nr_method_names[row->a->method], "b", nr_method_names[row->b->method],
        "store_a", o->stores[row->a->store].path, "store_b",
        o->stores[row->b->store].path, "complete",
        (int)(row->a->complete && row->b->complete), "differences", row->differences);
    for (int m = 0; m < NR_AGREEMENT_MEASURES; m++) {
        const nr_bounds *b = &row->agreement.of[m];
        char name[32];
        json_object_set_new(object, measure_names[m], number(b->value));
        snprintf(name, sizeof name, "%s_low", measure_names[m]);
        json_object_set_new(object, name, number(b->low));
        snprintf(name, sizeof name, "%s_high", measure_names[m]);
        json_object_set_new(object, name, number(b->high));
    }
    return object;
}

static void print_json(const nr_comparison_output *o, const nr_comparison *c,
                       bool first) {
    json_t *rows = json_array();
    for (size_t i = 0; i < c->n_rows; i++)
        json_array_append_new(rows, json_of_row(o, &c->rows[i]));
    json_t *object =
        json_pack("{ss sI sI sf so}", "layer", c->layer, "filters", (json_int_t)c->n,
                  "top", (json_int_t)c->k, "confidence", o->confidence, "pairs", rows);
    fprintf(o->stream, "%s", first ? "" : ",\n");
    if (object) json_dumpf(object, o->stream, JSON_INDENT(1));
    json_decref(object);
}

/* ---- */

void nr_comparison_head(const nr_comparison_output *o) {
    if (o->format == NR_FORMAT_CSV)
        fprintf(o->stream,
                "layer,filters,kind,a,b,store_a,store_b,spearman,spearman_low,"
                "spearman_high,kendall,kendall_low,kendall_high,top,overlap,"
                "overlap_low,overlap_high,complete,differences\n");
    if (o->format == NR_FORMAT_JSON) fprintf(o->stream, "[");
}

void nr_comparison_print(const nr_comparison_output *o, const nr_comparison *c,
                         bool first) {
    switch (o->format) {
    case NR_FORMAT_CSV: print_csv(o, c); break;
    case NR_FORMAT_JSON: print_json(o, c, first); break;
    case NR_FORMAT_TEXT: print_text(o, c, first); break;
    }
}

void nr_comparison_tail(const nr_comparison_output *o) {
    if (o->format == NR_FORMAT_JSON) fprintf(o->stream, "]\n");
}
