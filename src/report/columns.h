/* The columns of a result under the names that CSV, JSON and the store give them. */
#ifndef NEURANK_REPORT_COLUMNS_H
#define NEURANK_REPORT_COLUMNS_H

#include <stdio.h>

#include "neurank/estim/results.h"
#include "neurank/report/rankings.h"
#include "neurank/store/store.h"

typedef struct {
    const char *name;
    const double *values; /* [n] */
} nr_real_column;

typedef struct {
    const char *name;
    const uint32_t *values; /* [n], counted from 0; shown from 1 */
} nr_place_column;

enum { NR_REAL_COLUMNS = 14, NR_PLACE_COLUMNS = 4 };

void nr_columns_of(const nr_results *r, nr_real_column reals[NR_REAL_COLUMNS],
                   nr_place_column places[NR_PLACE_COLUMNS]);

/* "exact", "confidence sequence" or "Student t". */
const char *nr_interval_name(const nr_store_layer *layer);

/* The columns of a rating. reals and places point into what it owns. */
enum { NR_RATING_REALS = 10 };
typedef struct {
    size_t n, n_reals, n_places; /* filters; columns of each kind */
    nr_real_column reals[NR_RATING_REALS];
    nr_place_column places[NR_PLACE_COLUMNS];
    double *numbers;         /* owned */
    nr_posterior *posterior; /* of a switch; owned */
} nr_rating_columns;

nr_status nr_rating_columns_make(const nr_rating *rating, double confidence,
                                 nr_rating_columns *out);
void nr_rating_columns_clear(nr_rating_columns *columns);
/* NULL if there is none of that name, or it is not known of every filter. */
const double *nr_rating_column(const nr_rating_columns *columns, const char *name);

/* One rating as text. */
nr_status nr_show_rating(const nr_store *store, const nr_rating *rating, uint64_t top,
                         FILE *stream);

/* show.h's other forms. */
nr_status nr_show_csv(const nr_store *store, uint64_t top, FILE *stream);
nr_status nr_show_json(const nr_store *store, uint64_t top, FILE *stream);

#endif
