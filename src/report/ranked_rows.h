/* Filters by rank, as text: rank, places, tie mark and filter, then what is known of
 * them, then a bar. Shared by Shapley values and the switch. */
#ifndef NEURANK_REPORT_RANKED_ROWS_H
#define NEURANK_REPORT_RANKED_ROWS_H

#include "bars.h"
#include "neurank/report/table.h"

/* What the getters are given as `self`; arrays are [n] and borrowed. */
typedef struct {
    size_t n;
    const uint32_t *filters; /* numbers of the filters; NULL: 0, 1, ... */
    const uint32_t *rank, *rank_low, *rank_high, *group;
    const double *low, *high; /* ends of the bar */
    nr_page page;
    size_t room;        /* of the bar */
    const void *values; /* for getters of the caller */
    /* Filled by nr_ranked_print. */
    const uint32_t *order;
    double largest;
} nr_ranked_rows;

/* The columns that all of them have: those at the left, and the bar. */
enum { NR_RANKED_LEFT = 4 };
void nr_ranked_left(const nr_ranked_rows *rows, nr_column columns[NR_RANKED_LEFT]);
nr_column nr_ranked_bar(void);
nr_column nr_ranked_number(const char *title, const double *values, const char *before,
                           int width, int digits);
/* An end of an interval, "  [from," or " to]". */
nr_column nr_ranked_end(const char *title, const double *values, bool low, int width,
                        int digits);

/* Titles, and the best `top` (0: all) by rank. */
nr_status nr_ranked_print(nr_ranked_rows *rows, const nr_column *columns,
                          size_t n_columns, uint64_t top, FILE *stream);

#endif
