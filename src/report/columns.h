/* The columns of a result under the names that CSV, JSON and the store give them. */
#ifndef NEURANK_REPORT_COLUMNS_H
#define NEURANK_REPORT_COLUMNS_H

#include <stdio.h>

#include "neurank/estim/results.h"
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

/* show.h's three forms. */
nr_status nr_show_csv(const nr_store *store, uint64_t top, FILE *stream);
nr_status nr_show_json(const nr_store *store, uint64_t top, FILE *stream);

#endif
