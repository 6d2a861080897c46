/* What a run computes, as a list of named texts.
 *
 * Everything that the numbers depend on is a field: digests of model and data, layer,
 * seed, metric, ... and the version of the numbers themselves. The store carries the
 * fields; going on with a store means that all of them are equal. What only says how
 * far to go (sweeps, time) or how to look at it (confidence) is not part of the plan.
 */
#ifndef NEURANK_PLAN_PLAN_H
#define NEURANK_PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

/* Raised whenever the same plan would give other bits. */
enum { NR_NUMBERS_VERSION = 3 };

enum { NR_PLAN_FIELDS_MAX = 32 };

/* The kernels of OpenBLAS (nn/blas_core.h); plans of before 0.10.0 lack this field. */
#define NR_PLAN_BLAS "blas"

typedef struct {
    char *names[NR_PLAN_FIELDS_MAX], *values[NR_PLAN_FIELDS_MAX]; /* owned */
    size_t n;
} nr_plan;

/* From walks, or from all coalitions. */
typedef enum { NR_METHOD_SAMPLE, NR_METHOD_EXACT } nr_method;
extern const char *const nr_method_words[2]; /* on the command line, in plans */

/* Both are copied; a value that was there before is replaced. At most
 * NR_PLAN_FIELDS_MAX names. NR_ERR_INTERNAL: no memory; the plan is as it was. */
nr_status nr_plan_set(nr_plan *plan, const char *name, const char *value);
nr_status nr_plan_set_u64(nr_plan *plan, const char *name, uint64_t value);
/* The plan's, until that field is set; "" if it is absent. */
const char *nr_plan_get(const nr_plan *plan, const char *name);
/* The field as a number; 0 if it is absent or none. */
uint64_t nr_plan_get_u64(const nr_plan *plan, const char *name);
/* What it owns; it is empty then. */
void nr_plan_free(nr_plan *plan);

/* Appends to text [bytes], cut there, every field of `wanted` that differs, with both
 * values: "seed is 1 there, 7 here; ..."; of `data` only what seed and number of images
 * do not explain. of: whose plan it is, if there are several;
 * else NULL. */
void nr_plan_differences(const nr_plan *stored, const nr_plan *wanted, const char *of,
                         char *text, size_t bytes);

#endif
