/* A table, described once, in three forms: text, CSV and JSON.
 *
 *   column   its name in each form, and a getter that fills its cell of a row; a form
 *            in which it has no name does not have the column
 *   text     a line of titles, and a line a row, laid out as the columns say
 *   csv      a line a row; tables stand side by side where they are parts of one
 *   json     a row as an object, or each column as an array
 *
 * Columns stand in the order of the list. Where forms differ in it, a column is listed
 * more than once: the order is what a reader of that form relies on. */
#ifndef NEURANK_REPORT_TABLE_H
#define NEURANK_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_t; /* jansson's */

typedef enum {
    NR_CELL_NONE, /* unknown: blank, "", null */
    NR_CELL_TEXT,
    NR_CELL_NUMBER, /* not finite: "" and null */
    NR_CELL_COUNT,
    NR_CELL_FLAG /* 0 or 1; false or true */
} nr_cell_kind;

enum { NR_CELL_ROOM = 128 };

/* What a getter fills by one of the functions below; none of them: unknown. */
typedef struct {
    nr_cell_kind kind;
    const char *text; /* borrowed, or in room */
    double number;
    uint64_t count; /* or flag */
    char room[NR_CELL_ROOM];
} nr_cell;

/* Fill a cell with what it shows, its kind with it. text: borrowed until the row is
 * written. */
void nr_cell_text(nr_cell *cell, const char *text);
void nr_cell_number(nr_cell *cell, double value);
void nr_cell_count(nr_cell *cell, uint64_t value);
void nr_cell_flag(nr_cell *cell, bool value);
/* A text as printf makes it, cut at NR_CELL_ROOM. */
void nr_cell_say(nr_cell *cell, const char *form, ...)
    __attribute__((format(printf, 2, 3)));

typedef struct nr_column nr_column;
struct nr_column {
    const char *title, *csv, *json; /* its name; NULL: not in this form */
    void (*get)(const nr_column *column, const void *self, size_t row, nr_cell *cell);
    /* Which of what `self` has, for a getter of several columns. */
    const void *values; /* an array by row: nr_get_real, ... */
    size_t key;         /* a number or an offset, as the getter takes it */

    /* Text: before, cell, after. */
    const char *before, *after; /* NULL: nothing */
    /* NULL, or writes a cell of text in place of `get`, of any length. */
    void (*draw)(const void *self, size_t row, FILE *stream);
    int width;       /* of the cell; negative: it stands to the left; 0: as it is */
    int digits;      /* of a number behind the point */
    int title_width; /* with the blanks before it; 0: of all three */

    bool quoted;       /* csv: in any case, not only where it has to be */
    bool fixed_digits; /* csv: 17 digits, not as few as read back equal */
};

/* Getters of values[row], an array by row of double: */
void nr_get_real(const nr_column *column, const void *self, size_t row, nr_cell *cell);
/* uint32_t */
void nr_get_count(const nr_column *column, const void *self, size_t row, nr_cell *cell);
/* uint32_t, counted from 0, shown from 1 */
void nr_get_place(const nr_column *column, const void *self, size_t row, nr_cell *cell);
/* uint8_t */
void nr_get_flag(const nr_column *column, const void *self, size_t row, nr_cell *cell);
/* The number of the row itself, from 0. */
void nr_get_row(const nr_column *column, const void *self, size_t row, nr_cell *cell);

typedef struct {
    const nr_column *columns; /* [n_columns] */
    size_t n_columns, n_rows;
    const void *self; /* for the getters */
    bool trimmed; /* text: no blanks at the ends of lines, but before what is drawn */
} nr_table;

/* One line each: the titles, or a row. As all functions with a stream: its failures are
 * the caller's to look for. */
void nr_table_text_head(const nr_table *table, FILE *stream);
void nr_table_text_row(const nr_table *table, size_t row, FILE *stream);
/* The head and all rows. */
void nr_table_text(const nr_table *table, FILE *stream);

/* A line with the cells of all parts [n]: of parts[k] those of rows[k], unknown where
 * it does not have that row. */
void nr_table_csv_head(const nr_table *parts, size_t n, FILE *stream);
void nr_table_csv_row(const nr_table *parts, const size_t *rows, size_t n,
                      FILE *stream);
/* All rows, without the head, that several tables may share. */
void nr_table_csv(const nr_table *table, FILE *stream);

/* An object; an array of objects. Given to the caller (json_decref). Where there is no
 * memory something of it is missing, or all (NULL): jansson says no more. */
struct json_t *nr_table_json_row(const nr_table *table, size_t row);
struct json_t *nr_table_json(const nr_table *table);
/* Adds to an object each column as an array of its cells in these rows [n]; rows NULL:
 * all of them. */
void nr_table_json_columns(const nr_table *table, const size_t *rows, size_t n,
                           struct json_t *object);

#endif
