/* What the numbers of a plan's metric are: whoever shows or stores values asks here. */
#ifndef NEURANK_PLAN_METRIC_H
#define NEURANK_PLAN_METRIC_H

#include "neurank/plan/plan.h"

typedef struct {
    const char *name;      /* in plans */
    const char *words;     /* in a sentence */
    const char *quantity;  /* over an axis */
    const char *width;     /* over an axis of half-widths */
    const char *unit;      /* of netCDF: "nat", or "1" */
    double marginal_limit; /* largest |marginal| on one image; INFINITY: none */
} nr_metric_facts;

/* The row of the plan's metric; of an unknown one, the last. */
const nr_metric_facts *nr_plan_metric(const nr_plan *plan);

#endif
