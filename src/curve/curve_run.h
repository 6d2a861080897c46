/* What the files of `neurank curve` share. */
#ifndef NEURANK_CURVE_CURVE_RUN_H
#define NEURANK_CURVE_CURVE_RUN_H

#include "neurank/curve/curve.h"
#include "neurank/run/inputs.h"
#include "neurank/store/curve.h"
#include "neurank/store/store.h"

typedef struct {
    nr_curve curve; /* the question; on rank 0 the answer, too */
    uint32_t node;  /* of the graph */
    bool done;      /* the file has it */
} nr_curve_layer;

/* Rank 0: what there is to do, from the stores' ranks: every method of the first store
 * that has it, in the order of nr_method_names, then random orders. *out [*n] owned by
 * the caller, each curve ended with nr_curve_clear. *same_images: the ranks are of
 * these very images. */
nr_status nr_curve_questions(const nr_curve_request *request, const nr_inputs *inputs,
                             nr_curve_layer **out, size_t *n, bool *same_images);

/* Curves of these layers as --format says, on stdout. */
nr_status nr_curve_print(const nr_curve_request *request, const nr_curve_layer *layers,
                         size_t n, size_t n_images, bool same_images);

#endif
