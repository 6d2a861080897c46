/* The columns of a result under the names that CSV, JSON and the store give them. */
#ifndef NEURANK_REPORT_COLUMNS_H
#define NEURANK_REPORT_COLUMNS_H

#include <stdio.h>

#include "neurank/estim/posterior.h"
#include "neurank/estim/results.h"
#include "neurank/report/rankings.h"
#include "neurank/report/table.h"
#include "neurank/store/store.h"

/* Shapley values: a row a player. r NULL: the names alone. filters: of the layer. */
enum { NR_SHAPLEY_COLUMNS = 22 };
typedef struct {
    nr_column columns[NR_SHAPLEY_COLUMNS];
    nr_table table; /* of these columns, at this place */
} nr_shapley_table;
void nr_shapley_table_make(const nr_results *r, const uint32_t *filters,
                           nr_shapley_table *out);

/* "exact", "confidence sequence" or "Student t". */
const char *nr_interval_name(const nr_store_layer *layer);

/* A rating: a row a filter. The columns point into what it owns. */
enum { NR_RATING_COLUMNS = 12 };
typedef struct {
    size_t n, n_columns;
    nr_column columns[NR_RATING_COLUMNS];
    double *numbers;         /* owned */
    nr_posterior *posterior; /* of a switch; owned */
} nr_rating_columns;

nr_status nr_rating_columns_make(const nr_rating *rating, double confidence,
                                 nr_rating_columns *out);
void nr_rating_columns_clear(nr_rating_columns *columns);
nr_table nr_rating_table(const nr_rating_columns *columns);
/* The numbers of the column that JSON calls so; NULL if there is none, or if it is not
 * known of every filter. */
const double *nr_rating_column(const nr_rating_columns *columns, const char *name);

/* One rating as text. */
nr_status nr_show_rating(const nr_store *store, const nr_rating *rating, uint64_t top,
                         FILE *stream);

/* show.h's other forms. */
nr_status nr_show_csv(const nr_store *store, uint64_t top, FILE *stream);
nr_status nr_show_json(const nr_store *store, uint64_t top, FILE *stream);

#endif
