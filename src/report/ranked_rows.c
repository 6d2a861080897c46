#include "ranked_rows.h"

#include <stdlib.h>

static void get_places(const nr_column *column, const void *self, size_t row,
                       nr_cell *cell) {
    const nr_ranked_rows *r = self;
    char text[NR_PLACES_TEXT];
    (void)column;
    nr_cell_say(cell, "%s", nr_places_text(r->rank_low[row], r->rank_high[row], text));
}

static void get_mark(const nr_column *column, const void *self, size_t row,
                     nr_cell *cell) {
    const nr_ranked_rows *r = self;
    (void)column;
    nr_cell_say(cell, "%c", nr_tie_mark(r->n, r->group, r->order, r->rank[row]));
}

static void draw_bar(const void *self, size_t row, FILE *stream) {
    const nr_ranked_rows *r = self;
    fputs("  ", stream);
    nr_print_bar(stream, &r->page, r->room, r->low[row], r->high[row], r->largest);
}

void nr_ranked_left(const nr_ranked_rows *rows, nr_column columns[NR_RANKED_LEFT]) {
    columns[0] = (nr_column){
        .title = "rank", .get = nr_get_place, .values = rows->rank, .width = 6};
    columns[1] =
        (nr_column){.title = "places", .get = get_places, .before = " ", .width = 9};
    columns[2] = (nr_column){.title = "", .get = get_mark, .before = " ", .width = 1};
    columns[3] = (nr_column){.title = "filter",
                             .get = rows->filters ? nr_get_count : nr_get_row,
                             .values = rows->filters,
                             .before = " ",
                             .width = 6};
}

nr_column nr_ranked_bar(void) {
    return (nr_column){.title = "", .draw = draw_bar};
}

nr_column nr_ranked_number(const char *title, const double *values, const char *before,
                           int width, int digits) {
    return (nr_column){.title = title,
                       .get = nr_get_real,
                       .values = values,
                       .before = before,
                       .width = width,
                       .digits = digits};
}

nr_column nr_ranked_end(const char *title, const double *values, bool low, int width,
                        int digits) {
    nr_column c = nr_ranked_number(title, values, low ? "  [" : " ", width, digits);
    c.after = low ? "," : "]";
    return c;
}

nr_status nr_ranked_print(nr_ranked_rows *rows, const nr_column *columns,
                          size_t n_columns, uint64_t top, FILE *stream) {
    const nr_table table = {
        .columns = columns, .n_columns = n_columns, .n_rows = rows->n, .self = rows};
    uint32_t *order;
    NR_TRY(nr_by_rank(rows->n, rows->rank, &order));
    rows->order = order;
    rows->largest = nr_largest_end(rows->n, rows->low, rows->high);
    nr_table_text_head(&table, stream);
    for (size_t k = 0; k < rows->n && (top == 0 || k < top); k++)
        nr_table_text_row(&table, order[k], stream);
    rows->order = NULL;
    free(order);
    return NR_OK;
}
