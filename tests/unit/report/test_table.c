/* A table is the same in its three forms: text keeps its widths, CSV quotes what
 * separates, JSON says null of what is not known; no rows are a head and an empty list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/report/table.h"

static const char *const names[] = {"conv1", "a,b", "say \"x\"", "line\nend"};
static const double values[] = {0.1, -2, NAN, 1e-9};
static const uint32_t places[] = {0, 3, 1, 2};
static const uint8_t flags[] = {1, 0, 0, 1};

static void get_name(const nr_column *column, const void *self, size_t row,
                     nr_cell *cell) {
    (void)column;
    nr_cell_text(cell, ((const char *const *)self)[row]);
}

static void get_range(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    (void)self;
    if (row > 0) nr_cell_say(cell, "%zu-%zu", row + column->key, row + 9);
}

static void draw_bar(const void *self, size_t row, FILE *stream) {
    (void)self;
    for (size_t i = 0; i < row; i++) fputc('=', stream);
}

static const nr_column columns[] = {
    {.title = "name", .csv = "name", .json = "name", .get = get_name, .width = -6},
    {.title = "value",
     .csv = "value",
     .get = nr_get_real,
     .values = values,
     .before = " [",
     .after = "]",
     .width = 7,
     .digits = 2},
    {.json = "number", .get = nr_get_real, .values = values},
    {.title = "", .get = get_range, .key = 1, .before = " ", .width = 5},
    {.csv = "place", .json = "place", .get = nr_get_place, .values = places},
    {.title = "flag",
     .csv = "flag",
     .json = "flag",
     .get = nr_get_flag,
     .values = flags,
     .width = 1,
     .before = " ",
     .title_width = 5},
    {.title = "", .before = "  ", .draw = draw_bar, .title_width = 2}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const nr_table table = {columns, COLUMNS, 4, names, false};

typedef struct {
    FILE *stream;
    char *text;
    size_t bytes;
} output;

static FILE *open_output(output *o) {
    o->stream = open_memstream(&o->text, &o->bytes);
    assert_non_null(o->stream);
    return o->stream;
}

static void assert_output(output *o, const char *wanted) {
    fclose(o->stream);
    assert_string_equal(o->text, wanted);
    free(o->text);
}

static void text_keeps_its_widths(void **state) {
    (void)state;
    nr_table short_one = table;
    output o;
    short_one.n_rows = 2;
    nr_table_text(&short_one, open_output(&o));
    assert_output(&o, "name       value       flag  \n"
                      "conv1  [   0.10]       1  \n"
                      "a,b    [  -2.00]  2-10 0  =\n");
}

/* Blanks behind the last thing that is said, not those between. */
static void lines_are_trimmed(void **state) {
    (void)state;
    const nr_table t = {columns, 4, 1, names, true};
    output o;
    nr_table_text(&t, open_output(&o));
    assert_output(&o, "name       value\nconv1  [   0.10]\n");
}

static void csv_quotes_what_separates(void **state) {
    (void)state;
    const nr_column quoted[] = {
        {.csv = "q", .get = get_name, .quoted = true},
        {.csv = "d", .get = nr_get_real, .values = values, .fixed_digits = true}};
    nr_table two = {quoted, 2, 4, names, false};
    output o;
    nr_table_csv_head(&table, 1, open_output(&o));
    nr_table_csv(&table, o.stream);
    assert_output(&o, "name,value,place,flag\n"
                      "conv1,0.1,1,1\n"
                      "\"a,b\",-2,4,0\n"
                      "\"say \"\"x\"\"\",,2,0\n"
                      "\"line\nend\",1e-09,3,1\n");
    nr_table_csv(&two, open_output(&o));
    assert_output(&o, "\"conv1\",0.10000000000000001\n\"a,b\",-2\n"
                      "\"say \"\"x\"\"\",\n\"line\nend\",1.0000000000000001e-09\n");
}

/* Parts of a line are rows of their own; those beyond the last are unknown. */
static void parts_stand_side_by_side(void **state) {
    (void)state;
    const nr_table parts[] = {table, table};
    output o;
    nr_table_csv_head(parts, 2, open_output(&o));
    nr_table_csv_row(parts, (const size_t[]){0, 4}, 2, o.stream);
    nr_table_csv_row(parts, (const size_t[]){SIZE_MAX, 1}, 2, o.stream);
    assert_output(&o, "name,value,place,flag,name,value,place,flag\n"
                      "conv1,0.1,1,1,,,,\n"
                      ",,,,\"a,b\",-2,4,0\n");
}

static void assert_json(json_t *value, const char *wanted) {
    char *text = json_dumps(value, JSON_COMPACT);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(value);
}

static void json_says_null_and_escapes(void **state) {
    (void)state;
    static const char *const foreign[] = {"\xff"};
    nr_table one = {columns, 1, 1, foreign, false};
    const size_t rows[] = {2, 1};
    assert_json(nr_table_json_row(&table, 2),
                "{\"name\":\"say \\\"x\\\"\",\"number\":null,\"place\":2,"
                "\"flag\":false}");
    assert_json(nr_table_json_row(&table, 4),
                "{\"name\":null,\"number\":null,\"place\":null,\"flag\":null}");
    assert_json(nr_table_json(&one), "[{\"name\":null}]");
    json_t *object = json_object();
    nr_table_json_columns(&table, rows, 2, object);
    assert_json(object, "{\"name\":[\"say \\\"x\\\"\",\"a,b\"],\"number\":[null,-2.0],"
                        "\"place\":[2,4],\"flag\":[false,false]}");
    object = json_object();
    nr_table_json_columns(&one, NULL, 0, object);
    assert_json(object, "{\"name\":[null]}");
}

static void no_rows_are_a_head_and_an_empty_list(void **state) {
    (void)state;
    nr_table none = {columns, 1, 0, NULL, false};
    json_t *object = json_object();
    output o;
    nr_table_text(&none, open_output(&o));
    assert_output(&o, "name  \n");
    nr_table_csv_head(&none, 1, open_output(&o));
    nr_table_csv(&none, o.stream);
    assert_output(&o, "name\n");
    assert_json(nr_table_json(&none), "[]");
    nr_table_json_columns(&none, NULL, 0, object);
    assert_json(object, "{\"name\":[]}");
}

/* A cell is cut at its room, a text that is borrowed is not, a number never is. */
static void long_cells(void **state) {
    (void)state;
    static char longest[2 * NR_CELL_ROOM];
    static const double huge[] = {-1e308};
    const char *const texts[] = {longest};
    const nr_column wide[] = {
        {.title = "", .get = nr_get_real, .values = huge, .digits = 9}};
    const nr_table t = {wide, 1, 1, texts, false};
    nr_cell cell;
    output o;
    memset(longest, 'x', sizeof longest - 1);
    nr_cell_say(&cell, "%s", longest);
    assert_int_equal(strlen(cell.text), NR_CELL_ROOM - 1);
    nr_cell_text(&cell, longest);
    assert_int_equal(strlen(cell.text), 2 * NR_CELL_ROOM - 1);
    nr_table_text_row(&t, 0, open_output(&o));
    fclose(o.stream);
    assert_int_equal(o.bytes, 1 + 309 + 1 + 9 + 1);
    free(o.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_keeps_its_widths),
        cmocka_unit_test(lines_are_trimmed),
        cmocka_unit_test(csv_quotes_what_separates),
        cmocka_unit_test(parts_stand_side_by_side),
        cmocka_unit_test(json_says_null_and_escapes),
        cmocka_unit_test(no_rows_are_a_head_and_an_empty_list),
        cmocka_unit_test(long_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
