#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "neurank/base/text.h"
#include "neurank/report/table.h"
#include "status.h"

/* ---- columns ---- */

/* Keys: of a run; of a layer; of a layer for people. */
enum { FILE_NAME, STATE, JOB, JOB_STATE };
enum { LAYER, METHOD, LAYER_STATE, UNITS, TOTAL, SWEEP, WIDEST, RATE, LEFT };
enum { NAME, DONE, COUNT, HALF_WIDTH, PER_MINUTE, TIME_LEFT };

static void get_run(const nr_column *column, const void *self, size_t row,
                    nr_cell *cell) {
    const nr_status_report *report = self;
    (void)row;
    switch (column->key) {
    case FILE_NAME: nr_cell_text(cell, report->path); break;
    case STATE: nr_cell_text(cell, report->state); break;
    case JOB: nr_cell_text(cell, report->job.id); break;
    case JOB_STATE: nr_cell_text(cell, report->job.state); break;
    }
}

static void get_layer(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    const nr_status_row *r = &((const nr_status_report *)self)->rows[row];
    switch (column->key) {
    case LAYER: nr_cell_text(cell, r->layer); break;
    case METHOD: nr_cell_text(cell, r->method); break;
    case LAYER_STATE: nr_cell_text(cell, r->state); break;
    case UNITS: nr_cell_number(cell, r->facts.units); break;
    case TOTAL: nr_cell_number(cell, r->facts.total); break;
    case SWEEP: nr_cell_number(cell, r->facts.units_per_sweep); break;
    case WIDEST: nr_cell_number(cell, r->facts.widest); break;
    case RATE: nr_cell_number(cell, r->facts.rate); break;
    case LEFT: nr_cell_number(cell, r->facts.left_s); break;
    }
}

/* "2 of 23", "1100 of 1100 steps" */
static void say_count(nr_cell *cell, const nr_status_row *row) {
    const nr_progress_facts *f = &row->facts;
    const char *unit = strcmp(row->method, "switch") == 0     ? " steps"
                       : strcmp(row->method, "baseline") == 0 ? " images"
                                                              : "";
    double done = f->units / f->units_per_sweep;
    if (isfinite(f->total) && f->total > 0)
        nr_cell_say(cell, "%.4g of %.4g%s", done, f->total / f->units_per_sweep, unit);
    else nr_cell_say(cell, "%.4g of ?%s", done, unit);
}

static void say_name(nr_cell *cell, const nr_status_row *row) {
    bool rated = strcmp(row->method, "shapley") != 0;
    nr_cell_say(cell, "%.100s%s%s", row->layer, rated ? " " : "",
                rated ? row->method : "");
}

static void get_for_people(const nr_column *column, const void *self, size_t row,
                           nr_cell *cell) {
    const nr_status_row *r = &((const nr_status_report *)self)->rows[row];
    const nr_progress_facts *f = &r->facts;
    char left[NR_NUMBER_TEXT];
    nr_cell_text(cell, column->key == DONE ? "?" : "-");
    switch (column->key) {
    case NAME: say_name(cell, r); break;
    case DONE:
        if (isfinite(f->total) && f->total > 0)
            nr_cell_say(cell, "%.0f%%", floor(100 * f->units / f->total));
        break;
    case COUNT: say_count(cell, r); break;
    case HALF_WIDTH:
        if (isfinite(f->widest)) nr_cell_say(cell, "%.3g", f->widest);
        break;
    case PER_MINUTE:
        if (isfinite(f->rate) && f->rate > 0)
            nr_cell_say(cell, "%.3g", 60 * f->rate / f->units_per_sweep);
        break;
    case TIME_LEFT:
        if (isfinite(f->left_s))
            nr_cell_say(cell, "%s", nr_format_duration(f->left_s, left));
        break;
    }
}

static const nr_column of_run[] = {
    {.csv = "file", .get = get_run, .key = FILE_NAME},
    {.csv = "state", .get = get_run, .key = STATE},
    {.csv = "job", .get = get_run, .key = JOB},
    {.csv = "job_state", .get = get_run, .key = JOB_STATE}};

static const nr_column of_layer[] = {
    {.csv = "layer", .json = "layer", .get = get_layer, .key = LAYER},
    {.json = "method", .get = get_layer, .key = METHOD},
    {.csv = "layer_state", .json = "state", .get = get_layer, .key = LAYER_STATE},
    {.csv = "units", .json = "units", .get = get_layer, .key = UNITS},
    {.csv = "units_total", .json = "units_total", .get = get_layer, .key = TOTAL},
    {.csv = "units_per_sweep",
     .json = "units_per_sweep",
     .get = get_layer,
     .key = SWEEP},
    {.csv = "widest", .json = "widest", .get = get_layer, .key = WIDEST},
    {.csv = "units_per_second",
     .json = "units_per_second",
     .get = get_layer,
     .key = RATE},
    {.csv = "seconds_left", .json = "seconds_left", .get = get_layer, .key = LEFT},
    {.csv = "method", .get = get_layer, .key = METHOD}};

enum { RUN_COLUMNS = sizeof of_run / sizeof *of_run };
enum { LAYER_COLUMNS = sizeof of_layer / sizeof *of_layer };

static nr_table layers_of(const nr_status_report *report) {
    return (nr_table){.columns = of_layer,
                      .n_columns = LAYER_COLUMNS,
                      .n_rows = report->n_rows,
                      .self = report};
}

/* ---- text ---- */

static void print_job(const nr_job *job) {
    if (!*job->id) return;
    printf("; job %s", job->id);
    if (strcmp(job->state, "gone") == 0) printf(", not in the queue any more");
    else if (*job->state)
        printf(" %s, %s of %s, %s", job->state, job->used, job->limit, job->where);
}

static int name_width(const nr_status_report *report) {
    size_t width = 24;
    for (size_t k = 0; k < report->n_rows; k++) {
        nr_cell name;
        say_name(&name, &report->rows[k]);
        if (strlen(name.text) > width) width = strlen(name.text);
    }
    return (int)width;
}

static nr_column for_people(const char *title, size_t key, int width) {
    return (nr_column){.title = title,
                       .get = get_for_people,
                       .key = key,
                       .before = " ",
                       .width = width};
}

static void print_text(const nr_status_report *report) {
    printf("%s: %s", report->path, report->state);
    const char *job = strstr(report->owner, ", job "); /* said by print_job */
    size_t length = job ? (size_t)(job - report->owner) : strlen(report->owner);
    if (length > 0) printf(", %.*s", (int)length, report->owner);
    print_job(&report->job);
    printf("\n");
    const nr_column columns[] = {
        {.title = "layer",
         .get = get_for_people,
         .key = NAME,
         .before = "  ",
         .width = -name_width(report)},
        {.title = "", .get = get_layer, .key = LAYER_STATE, .before = " ", .width = -9},
        for_people("done", DONE, 5),
        for_people("sweeps", COUNT, 22),
        for_people("widest +-", HALF_WIDTH, 11),
        for_people("sweeps/min", PER_MINUTE, 11),
        for_people("left", TIME_LEFT, 12)};
    const nr_table table = {.columns = columns,
                            .n_columns = sizeof columns / sizeof *columns,
                            .n_rows = report->n_rows,
                            .self = report};
    if (report->n_rows > 0) nr_table_text(&table, stdout);
}

/* ---- csv: a row a layer; a run without layers has one, too ---- */

static void print_csv(const nr_status_report *report) {
    const nr_table parts[] = {
        {.columns = of_run, .n_columns = RUN_COLUMNS, .n_rows = 1, .self = report},
        layers_of(report)};
    size_t n = report->n_rows > 0 ? report->n_rows : 1;
    for (size_t k = 0; k < n; k++)
        nr_table_csv_row(parts, (const size_t[]){0, k}, 2, stdout);
}

static void print_csv_head(void) {
    const nr_table parts[] = {{.columns = of_run, .n_columns = RUN_COLUMNS},
                              {.columns = of_layer, .n_columns = LAYER_COLUMNS}};
    nr_table_csv_head(parts, 2, stdout);
}

/* ---- json: an array of runs ---- */

static void print_json(const nr_status_report *report, bool first) {
    const nr_job *job = &report->job;
    const nr_table layers = layers_of(report);
    json_t *o = json_pack("{ss ss ss ss ss so}", "file", report->path, "state",
                          report->state, "owner", report->owner, "job", job->id,
                          "job_state", job->state, "layers", nr_table_json(&layers));
    printf("%s", first ? "" : ",\n");
    if (o) json_dumpf(o, stdout, JSON_INDENT(1));
    json_decref(o);
}

/* ---- */

void nr_status_head(nr_format format) {
    if (format == NR_FORMAT_CSV) print_csv_head();
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
