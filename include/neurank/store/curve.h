/* Curves on disk: accuracy and loss of a network against the number of filters of one
 * layer that are kept, in the order of a method. One HDF5 file, replaced as a whole:
 *
 *   /                  attributes: title, Conventions, history, neurank_version,
 *                      curve_version, plan_*
 *   /<layer>/          attribute methods: "shapley,l1,..."
 *     filter [filter]  channels that the curves are about; all others are always kept
 *     kept   [kept]    number of them that are kept; the axis of
 *     accuracy_METHOD, loss_METHOD [kept]
 *     order_METHOD [filter]  channels, best first
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_STORE_CURVE_H
#define NEURANK_STORE_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/plan/curve_plan.h"

enum { NR_CURVE_VERSION = 1, NR_CURVE_METHOD = 32, NR_CURVE_METHODS_MAX = 256 };

typedef struct {
    char *layer; /* short name; owned */
    size_t n, n_methods, n_points;
    char (*methods)[NR_CURVE_METHOD]; /* [n_methods]; owned */
    uint32_t *filters;                /* [n] ascending; owned */
    uint32_t *kept;                   /* [n_points] ascending; owned */
    uint32_t *orders;                 /* [n_methods, n] channels; owned */
    double *accuracy, *loss;          /* [n_methods, n_points]; owned */
} nr_curve;

typedef struct {
    nr_curve_plan plan;
    char *history;   /* owned */
    nr_curve *items; /* [n]; owned */
    size_t n, capacity;
} nr_curves;

/* With everything zero but the layer's name, or a copy; which nr_curve_clear ends also
 * after a failure. */
nr_status nr_curve_make(const char *layer, size_t n, size_t n_methods, size_t n_points,
                        nr_curve *out);
nr_status nr_curve_copy(const nr_curve *from, nr_curve *out);
/* What it owns; everything is zero then. */
void nr_curve_clear(nr_curve *curve);
/* Same layer, filters, methods, orders and points? */
bool nr_curve_same_question(const nr_curve *a, const nr_curve *b);

/* Takes over what the curve owns, which is empty then; after a failure it is still the
 * caller's. */
nr_status nr_curves_add(nr_curves *curves, nr_curve *curve);
/* Borrowed, until another one is added; NULL if there is none of that layer. */
nr_curve *nr_curves_find(const nr_curves *curves, const char *layer);
/* What they own; there are none then. */
void nr_curves_clear(nr_curves *curves);

/* Writes beside path, reads it back and renames. NR_ERR_STORE: that failed; what stood
 * at path still stands (but see nr_publish_commit). */
nr_status nr_curves_write(const char *path, const nr_curves *curves);
/* Is this HDF5 file one of curves, rather than a store? NR_ERR_INPUT: it is no HDF5
 * file, or cannot be read. */
nr_status nr_curves_detect(const char *path, bool *is_curves);
/* *out is the caller's (nr_curves_clear). NR_ERR_INPUT: the file cannot be read or is
 * damaged; NR_ERR_MISMATCH: it is something else, or of another format. */
nr_status nr_curves_read(const char *path, nr_curves *out);

#endif
