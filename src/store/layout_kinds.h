/* The kinds of ratings, a row each: what it is made of, and what follows from that. */
#ifndef NEURANK_STORE_LAYOUT_KINDS_H
#define NEURANK_STORE_LAYOUT_KINDS_H

#include "neurank/estim/posterior.h"
#include "neurank/h5/file.h"
#include "neurank/store/rating.h"

/* In the order in which they are written. */
typedef enum {
    NR_AXIS_FILTER,
    NR_AXIS_LANES, /* low and high words of sums; its arrays are [lane, filter] */
    NR_AXIS_POINT,
    NR_AXIS_IMAGE,
    NR_AXES
} nr_rating_axis;

/* Elements of eight bytes. Without a long name, and under "state/", where it is for
 * resumes alone. */
typedef struct {
    const char *name, *long_name;
    nr_h5_type type;
    nr_rating_axis axis;
} nr_rating_array;

/* A result, [filter]. */
typedef struct {
    const char *name, *long_name;
    nr_h5_type type;
    const void *values;
} nr_rating_result;

enum { NR_RATING_RESULTS = 11 };

typedef struct {
    nr_rating_result results[NR_RATING_RESULTS];
    size_t n;
    nr_posterior *posterior; /* what their values are in: owned */
    double *numbers;
} nr_rating_results;

typedef struct {
    const char *name;
    const nr_plan_form *form; /* of an nr_rating_plan */
    /* By the places of rating.h; the first without a name ends each. */
    const char *counts[NR_RATING_COUNTS + 1], *numbers[NR_RATING_NUMBERS + 1];
    nr_rating_array arrays[NR_RATING_ARRAYS + 1];
    bool ends[NR_RULE_COUNT]; /* rules that can end it */
    double (*total)(const nr_rating *rating);
    /* Beyond finite numbers; NULL: nothing to check. */
    nr_status (*check)(const nr_h5 *file, const char *group, const nr_rating *rating);
    /* In the order in which they are written. */
    nr_status (*results)(const nr_rating *rating, double confidence,
                         nr_rating_results *out);
} nr_rating_row;

extern const nr_rating_row nr_rating_rows[NR_RATING_KINDS];

void nr_rating_results_clear(nr_rating_results *results);

#endif
