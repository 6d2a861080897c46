/* The rows of sched/estimator.h, each at its home. */
#ifndef NEURANK_SCHED_ESTIMATORS_H
#define NEURANK_SCHED_ESTIMATORS_H

#include "neurank/sched/estimator.h"

extern const nr_estimator_row nr_row_pairs;       /* unit_pairs.c */
extern const nr_estimator_row nr_row_odd;         /* unit_odd.c */
extern const nr_estimator_row nr_row_enumeration; /* unit_exact.c */

#endif
