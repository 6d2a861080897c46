#include "neurank/report/table.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/text.h"

/* ---- cells ---- */

void nr_cell_text(nr_cell *cell, const char *text) {
    cell->kind = NR_CELL_TEXT;
    cell->text = text;
}

void nr_cell_number(nr_cell *cell, double value) {
    cell->kind = NR_CELL_NUMBER;
    cell->number = value;
}

void nr_cell_count(nr_cell *cell, uint64_t value) {
    cell->kind = NR_CELL_COUNT;
    cell->count = value;
}

void nr_cell_flag(nr_cell *cell, bool value) {
    cell->kind = NR_CELL_FLAG;
    cell->count = value;
}

void nr_cell_say(nr_cell *cell, const char *form, ...) {
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(cell->room, sizeof cell->room, form, arguments);
    va_end(arguments);
    nr_cell_text(cell, cell->room);
}

void nr_get_real(const nr_column *column, const void *self, size_t row, nr_cell *cell) {
    (void)self;
    nr_cell_number(cell, ((const double *)column->values)[row]);
}

void nr_get_count(const nr_column *column, const void *self, size_t row,
                  nr_cell *cell) {
    (void)self;
    nr_cell_count(cell, ((const uint32_t *)column->values)[row]);
}

void nr_get_place(const nr_column *column, const void *self, size_t row,
                  nr_cell *cell) {
    (void)self;
    nr_cell_count(cell, (uint64_t)((const uint32_t *)column->values)[row] + 1);
}

void nr_get_flag(const nr_column *column, const void *self, size_t row, nr_cell *cell) {
    (void)self;
    nr_cell_flag(cell, ((const uint8_t *)column->values)[row]);
}

void nr_get_row(const nr_column *column, const void *self, size_t row, nr_cell *cell) {
    (void)column;
    (void)self;
    nr_cell_count(cell, row);
}

/* Without its room, which is for the getter to fill. */
static void get_cell(const nr_table *t, const nr_column *column, size_t row,
                     nr_cell *cell) {
    cell->kind = NR_CELL_NONE;
    if (row < t->n_rows) column->get(column, t->self, row, cell);
}

/* ---- text ---- */

/* Blanks wait until something follows them, or the line ends. */
typedef struct {
    FILE *stream;
    size_t blanks;
} text_line;

static void write_blanks(text_line *line) {
    for (; line->blanks > 0; line->blanks--) fputc(' ', line->stream);
}

static void put(text_line *line, const char *text) {
    for (const char *c = text ? text : ""; *c; c++) {
        if (*c == ' ') line->blanks++;
        else {
            write_blanks(line);
            fputc(*c, line->stream);
        }
    }
}

/* As printf's %*s does. */
static void put_aligned(text_line *line, const char *text, int width) {
    size_t room = (size_t)abs(width), length = strlen(text);
    size_t blanks = room > length ? room - length : 0;
    if (width > 0) line->blanks += blanks;
    put(line, text);
    if (width < 0) line->blanks += blanks;
}

static void end(text_line *line, bool trimmed) {
    if (!trimmed) write_blanks(line);
    fputc('\n', line->stream);
}

static void put_title(text_line *line, const nr_column *c) {
    size_t before = c->before ? strlen(c->before) : 0;
    size_t after = c->after ? strlen(c->after) : 0;
    if (c->title_width != 0) put_aligned(line, c->title, c->title_width);
    else {
        line->blanks += before;
        put_aligned(line, c->title, c->width + (c->width < 0 ? -1 : 1) * (int)after);
    }
}

static void put_cell(text_line *line, const nr_table *t, const nr_column *c,
                     size_t row) {
    enum { LONGEST_DOUBLE = 400 };
    nr_cell cell;
    char text[LONGEST_DOUBLE] = "";
    const char *shown = text;
    get_cell(t, c, row, &cell);
    switch (cell.kind) {
    case NR_CELL_NONE: break;
    case NR_CELL_TEXT: shown = cell.text; break;
    case NR_CELL_NUMBER:
        snprintf(text, sizeof text, "%.*f", c->digits, cell.number);
        break;
    case NR_CELL_COUNT:
    case NR_CELL_FLAG:
        snprintf(text, sizeof text, "%llu", (unsigned long long)cell.count);
        break;
    }
    put_aligned(line, shown, c->width);
}

void nr_table_text_head(const nr_table *t, FILE *stream) {
    text_line line = {stream, 0};
    for (size_t k = 0; k < t->n_columns; k++)
        if (t->columns[k].title) put_title(&line, &t->columns[k]);
    end(&line, t->trimmed);
}

void nr_table_text_row(const nr_table *t, size_t row, FILE *stream) {
    text_line line = {stream, 0};
    for (size_t k = 0; k < t->n_columns; k++) {
        const nr_column *c = &t->columns[k];
        if (!c->title) continue;
        put(&line, c->before);
        if (c->draw) {
            write_blanks(&line);
            c->draw(t->self, row, stream);
        } else put_cell(&line, t, c, row);
        put(&line, c->after);
    }
    end(&line, t->trimmed);
}

void nr_table_text(const nr_table *t, FILE *stream) {
    nr_table_text_head(t, stream);
    for (size_t row = 0; row < t->n_rows; row++) nr_table_text_row(t, row, stream);
}

/* ---- csv ---- */

/* In quotes where it holds what separates. */
static void write_csv_text(const char *text, bool quoted, FILE *stream) {
    if (!quoted && !strpbrk(text, ",\"\n\r")) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (const char *c = text; *c; c++) {
        if (*c == '"') fputc('"', stream);
        fputc(*c, stream);
    }
    fputc('"', stream);
}

static void write_csv_cell(const nr_column *c, const nr_cell *cell, FILE *stream) {
    char text[NR_NUMBER_TEXT];
    switch (cell->kind) {
    case NR_CELL_NONE: break;
    case NR_CELL_TEXT: write_csv_text(cell->text, c->quoted, stream); break;
    case NR_CELL_NUMBER:
        if (!isfinite(cell->number)) break;
        if (c->fixed_digits) fprintf(stream, "%.17g", cell->number);
        else fputs(nr_format_double(cell->number, text), stream);
        break;
    case NR_CELL_COUNT:
    case NR_CELL_FLAG: fprintf(stream, "%llu", (unsigned long long)cell->count); break;
    }
}

void nr_table_csv_head(const nr_table *parts, size_t n, FILE *stream) {
    bool first = true;
    for (size_t p = 0; p < n; p++)
        for (size_t k = 0; k < parts[p].n_columns; k++) {
            const nr_column *c = &parts[p].columns[k];
            if (!c->csv) continue;
            fprintf(stream, "%s%s", first ? "" : ",", c->csv);
            first = false;
        }
    fputc('\n', stream);
}

void nr_table_csv_row(const nr_table *parts, const size_t *rows, size_t n,
                      FILE *stream) {
    bool first = true;
    for (size_t p = 0; p < n; p++)
        for (size_t k = 0; k < parts[p].n_columns; k++) {
            const nr_column *c = &parts[p].columns[k];
            nr_cell cell;
            if (!c->csv) continue;
            get_cell(&parts[p], c, rows[p], &cell);
            if (!first) fputc(',', stream);
            write_csv_cell(c, &cell, stream);
            first = false;
        }
    fputc('\n', stream);
}

void nr_table_csv(const nr_table *t, FILE *stream) {
    for (size_t row = 0; row < t->n_rows; row++) nr_table_csv_row(t, &row, 1, stream);
}

/* ---- json ---- */

static json_t *json_of(const nr_table *t, const nr_column *c, size_t row) {
    nr_cell cell;
    json_t *value = NULL; /* also what jansson makes of bytes that are no UTF-8 */
    get_cell(t, c, row, &cell);
    switch (cell.kind) {
    case NR_CELL_NONE: break;
    case NR_CELL_TEXT: value = json_string(cell.text); break;
    case NR_CELL_NUMBER:
        if (isfinite(cell.number)) value = json_real(cell.number);
        break;
    case NR_CELL_COUNT: value = json_integer((json_int_t)cell.count); break;
    case NR_CELL_FLAG: value = json_boolean(cell.count); break;
    }
    return value ? value : json_null();
}

json_t *nr_table_json_row(const nr_table *t, size_t row) {
    json_t *object = json_object();
    for (size_t k = 0; k < t->n_columns; k++) {
        const nr_column *c = &t->columns[k];
        if (c->json) json_object_set_new(object, c->json, json_of(t, c, row));
    }
    return object;
}

json_t *nr_table_json(const nr_table *t) {
    json_t *array = json_array();
    for (size_t row = 0; row < t->n_rows; row++)
        json_array_append_new(array, nr_table_json_row(t, row));
    return array;
}

void nr_table_json_columns(const nr_table *t, const size_t *rows, size_t n,
                           json_t *object) {
    size_t shown = rows ? n : t->n_rows;
    for (size_t k = 0; k < t->n_columns; k++) {
        const nr_column *c = &t->columns[k];
        if (!c->json) continue;
        json_t *array = json_array();
        for (size_t i = 0; i < shown; i++)
            json_array_append_new(array, json_of(t, c, rows ? rows[i] : i));
        json_object_set_new(object, c->json, array);
    }
}
