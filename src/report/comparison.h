/* The rows of a comparison, made by compare.c and printed by compare_print.c. */
#ifndef NEURANK_REPORT_COMPARISON_H
#define NEURANK_REPORT_COMPARISON_H

#include "neurank/estim/agreement.h"
#include "neurank/report/rankings.h"

typedef enum {
    NR_ROW_METHODS, /* two methods */
    NR_ROW_FLOOR,   /* a method with another run of itself, as errors let expect */
    NR_ROW_REPEAT   /* a method with itself in another store */
} nr_row_kind;

enum { NR_DIFFERENCES_TEXT = 256 };

typedef struct {
    nr_row_kind kind;
    const nr_ranking *a, *b;
    nr_agreement agreement; /* low and high: NAN where there is no interval */
    char differences[NR_DIFFERENCES_TEXT]; /* of a repeat, beside the seed */
} nr_comparison_row;

typedef struct {
    const char *layer;
    size_t n, k; /* filters; of the overlap, 0: none */
    nr_comparison_row *rows;
    size_t n_rows;
    const nr_rankings *rankings;
} nr_comparison;

/* Compares what ranks a layer; has it used, unless there is nothing to compare. What
 * the user gets ends with its return. */
typedef nr_status nr_comparison_user(void *self, const nr_comparison *c);
nr_status nr_comparison_make(const nr_compared_store *stores, size_t n,
                             const nr_compare_spec *spec, const char *layer,
                             nr_comparison_user *use, void *self);

/* The stores are of one network. */
nr_status nr_comparison_check(const nr_compared_store *stores, size_t n);

typedef struct {
    const nr_compared_store *stores;
    size_t n_stores;
    double confidence;
    nr_format format;
    FILE *stream;
} nr_comparison_output;

extern const char *const nr_row_kind_names[];

void nr_comparison_head(const nr_comparison_output *output);
void nr_comparison_print(const nr_comparison_output *output, const nr_comparison *c,
                         bool first);
void nr_comparison_tail(const nr_comparison_output *output);

#endif
