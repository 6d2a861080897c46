/* How far the methods in stores agree on the ranks of a layer's filters
 * (estim/agreement.h), and how far one can expect them to: the noise floor. */
#ifndef NEURANK_REPORT_COMPARE_H
#define NEURANK_REPORT_COMPARE_H

#include <stdio.h>

#include "neurank/base/format.h"
#include "neurank/store/store.h"

typedef struct {
    const char *path;
    const nr_store *store;
} nr_compared_store;

typedef struct {
    const char *layers, *methods; /* with commas; NULL: all */
    uint64_t top;                 /* of the overlap; 0: a quarter of the filters */
    double confidence;
    uint64_t seed; /* of the replicates behind the intervals */
    nr_format format;
} nr_compare_spec;

/* Every pair of methods of a layer, each taken from the first store that has it, over
 * the filters that all of them have; the floor that standard errors let expect; and
 * each method against itself in the other stores. NR_ERR_MISMATCH: stores of different
 * networks, or nothing to compare; NR_ERR_USAGE: a layer or a method that is not there;
 * NR_ERR_INTERNAL: no memory. Failures of the stream are the caller's to look for. */
nr_status nr_report_compare(const nr_compared_store *stores, size_t n_stores,
                            const nr_compare_spec *spec, FILE *stream);

#endif
