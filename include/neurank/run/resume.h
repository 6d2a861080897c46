/* Going on with a store: does it fit the command, and what changes when it does. */
#ifndef NEURANK_RUN_RESUME_H
#define NEURANK_RUN_RESUME_H

#include "neurank/store/store.h"

/* The store at path under the goals and the confidence of `wanted`, which is the
 * command's store with nothing done. *out is NULL where the file holds ratings alone:
 * `wanted` has them then, and goes on in that file. NR_ERR_MISMATCH names every
 * difference with both values; NR_ERR_INPUT: the file is damaged or cannot be read;
 * NR_ERR_INTERNAL: no memory. *changed, set where *out is not NULL: the file does not
 * say what this command says. */
nr_status nr_resume(const char *path, nr_store *wanted, nr_store **out, bool *changed);

/* Refuses (NR_ERR_MISMATCH) what is in the store, a layer's values or a rating, if it
 * was begun by a version which did not note all that the bits depend on. */
nr_status nr_require_noted(const char *path, const nr_store *stored,
                           const nr_plan_arithmetic *arithmetic);

/* Refuses (NR_ERR_MISMATCH) the store's ratings, or what of it is called `what`, where
 * they are of another model or of other images, or in another order, than the wanted
 * ones. */
nr_status nr_match_ratings(const char *path, const nr_store *stored,
                           const nr_plan_inputs *wanted);
nr_status nr_match_inputs(const char *path, const nr_plan_inputs *inputs,
                          const char *what, const nr_plan_inputs *wanted);

#endif
