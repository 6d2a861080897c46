#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "neurank/base/text.h"
#include "status.h"

/* ---- text ---- */

static void print_job(const nr_job *job) {
    if (!*job->id) return;
    printf("; job %s", job->id);
    if (strcmp(job->state, "gone") == 0) printf(", not in the queue any more");
    else if (*job->state)
        printf(" %s, %s of %s, %s", job->state, job->used, job->limit, job->where);
}

/* "2 of 23", "1100 of 1100 steps" */
static void count_text(const nr_status_row *row, char text[48]) {
    const nr_progress_facts *f = &row->facts;
    const char *unit = strcmp(row->method, "switch") == 0     ? " steps"
                       : strcmp(row->method, "baseline") == 0 ? " images"
                                                              : "";
    double done = f->units / f->units_per_sweep;
    if (isfinite(f->total) && f->total > 0)
        snprintf(text, 48, "%.4g of %.4g%s", done, f->total / f->units_per_sweep, unit);
    else snprintf(text, 48, "%.4g of ?%s", done, unit);
}

enum { NAME_TEXT = 128 };

static void name_text(const nr_status_row *row, char text[NAME_TEXT]) {
    bool rated = strcmp(row->method, "shapley") != 0;
    snprintf(text, NAME_TEXT, "%.100s%s%s", row->layer, rated ? " " : "",
             rated ? row->method : "");
}

static int name_width(const nr_status_report *report) {
    size_t width = 24;
    for (size_t k = 0; k < report->n_rows; k++) {
        char name[NAME_TEXT];
        name_text(&report->rows[k], name);
        if (strlen(name) > width) width = strlen(name);
    }
    return (int)width;
}

static void print_row(const nr_status_row *row, int columns) {
    const nr_progress_facts *f = &row->facts;
    char percent[16] = "?", count[48], rate[32] = "-", left[NR_NUMBER_TEXT] = "-";
    char width[32] = "-", name[NAME_TEXT];
    count_text(row, count);
    name_text(row, name);
    if (isfinite(f->total) && f->total > 0)
        snprintf(percent, sizeof percent, "%.0f%%", floor(100 * f->units / f->total));
    if (isfinite(f->rate) && f->rate > 0)
        snprintf(rate, sizeof rate, "%.3g", 60 * f->rate / f->units_per_sweep);
    if (isfinite(f->widest)) snprintf(width, sizeof width, "%.3g", f->widest);
    if (isfinite(f->left_s)) nr_format_duration(f->left_s, left);
    printf("  %-*s %-9s %5s %22s %11s %11s %12s\n", columns, name, row->state, percent,
           count, width, rate, left);
}

static void print_text(const nr_status_report *report) {
    printf("%s: %s", report->path, report->state);
    const char *job = strstr(report->owner, ", job "); /* said by print_job */
    size_t length = job ? (size_t)(job - report->owner) : strlen(report->owner);
    if (length > 0) printf(", %.*s", (int)length, report->owner);
    print_job(&report->job);
    printf("\n");
    int columns = name_width(report);
    if (report->n_rows > 0)
        printf("  %-*s %-9s %5s %22s %11s %11s %12s\n", columns, "layer", "", "done",
               "sweeps", "widest +-", "sweeps/min", "left");
    for (size_t k = 0; k < report->n_rows; k++) print_row(&report->rows[k], columns);
}

/* ---- csv: a row a layer, empty where nothing is known ---- */

static void print_number(double value) {
    char text[NR_NUMBER_TEXT];
    printf(",%s", isfinite(value) ? nr_format_double(value, text) : "");
}

/* Quoted where a name holds what separates. */
static void print_name(const char *name) {
    if (!strpbrk(name, ",\"\n")) {
        printf("%s", name);
        return;
    }
    putchar('"');
    for (const char *c = name; *c; c++) printf(*c == '"' ? "\"\"" : "%c", *c);
    putchar('"');
}

static void print_run(const nr_status_report *report) {
    print_name(report->path);
    printf(",%s,%s,%s,", report->state, report->job.id, report->job.state);
}

static void print_csv(const nr_status_report *report) {
    if (report->n_rows == 0) {
        print_run(report);
        printf(",,,,,,,,\n");
    }
    for (size_t k = 0; k < report->n_rows; k++) {
        const nr_status_row *row = &report->rows[k];
        const nr_progress_facts *f = &row->facts;
        print_run(report);
        print_name(row->layer);
        printf(",%s", row->state);
        print_number(f->units);
        print_number(f->total);
        print_number(f->units_per_sweep);
        print_number(f->widest);
        print_number(f->rate);
        print_number(f->left_s);
        printf(",%s\n", row->method);
    }
}

/* ---- json: an array of runs ---- */

static void add_number(json_t *object, const char *name, double value) {
    json_object_set_new(object, name, isfinite(value) ? json_real(value) : json_null());
}

static json_t *json_of_row(const nr_status_row *row) {
    const nr_progress_facts *f = &row->facts;
    json_t *o = json_pack("{ss ss ss}", "layer", row->layer, "method", row->method,
                          "state", row->state);
    add_number(o, "units", f->units);
    add_number(o, "units_total", f->total);
    add_number(o, "units_per_sweep", f->units_per_sweep);
    add_number(o, "widest", f->widest);
    add_number(o, "units_per_second", f->rate);
    add_number(o, "seconds_left", f->left_s);
    return o;
}

static void print_json(const nr_status_report *report, bool first) {
    const nr_job *job = &report->job;
    json_t *rows = json_array();
    for (size_t k = 0; k < report->n_rows; k++)
        json_array_append_new(rows, json_of_row(&report->rows[k]));
    json_t *o = json_pack("{ss ss ss ss ss so}", "file", report->path, "state",
                          report->state, "owner", report->owner, "job", job->id,
                          "job_state", job->state, "layers", rows);
    printf("%s", first ? "" : ",\n");
    if (o) json_dumpf(o, stdout, JSON_INDENT(1));
    json_decref(o);
}

/* ---- */

void nr_status_head(nr_format format) {
    if (format == NR_FORMAT_CSV)
        printf("file,state,job,job_state,layer,layer_state,units,units_total,"
               "units_per_sweep,widest,units_per_second,seconds_left,method\n");
    if (format == NR_FORMAT_JSON) printf("[");
}

void nr_status_print(nr_format format, const nr_status_report *report, bool first) {
    switch (format) {
    case NR_FORMAT_CSV: print_csv(report); break;
    case NR_FORMAT_JSON: print_json(report, first); break;
    case NR_FORMAT_TEXT: print_text(report); break;
    }
}

void nr_status_tail(nr_format format) {
    if (format == NR_FORMAT_JSON) printf("]\n");
}
