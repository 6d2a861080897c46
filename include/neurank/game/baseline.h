/* What people rank filters by who do not play games, one image at a time:
 *
 *   activation     mean over positions of |y|, y the channel where the next layer reads
 *                  it: behind the layer's own BatchNorm and activation function
 *   taylor         |sum over positions of y d(ln p)/dy|: what removing the channel
 *                  costs, to first order (Molchanov et al. 2017, up to the number of
 *                  positions, which all filters of a layer share)
 *   leave_one_out  score of the network minus its score without the filter
 *
 * and by the weights alone: nr_filter_norms.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_GAME_BASELINE_H
#define NEURANK_GAME_BASELINE_H

#include "neurank/game/filter_spec.h"

typedef struct nr_baseline nr_baseline;

enum {
    NR_BASELINE_ACTIVATION,
    NR_BASELINE_TAYLOR,
    NR_BASELINE_LEAVE_ONE_OUT,
    NR_BASELINE_QUANTITIES
};

/* spec: blocks of one image, every channel a player; borrowed are its parts, for the
 * life of *out. */
nr_status nr_baseline_new(const nr_filter_spec *spec, nr_baseline **out);
void nr_baseline_free(nr_baseline *baseline);

/* values [NR_BASELINE_QUANTITIES, n] of image number `image`, each quantity of all n
 * channels; scores in the metric's unit. NR_STOPPED: told to leave (nr_stop_leave);
 * NR_ERR_UNIT: a score is not finite or not within +-2^16. Whether activations and
 * gradients are finite is not looked at. After a failure values are of no use. */
nr_status nr_baseline_image(nr_baseline *baseline, size_t image, double *values);

/* Sums of absolute and of squared weights (the root of that) of each channel of a
 * layer, without bias, and the absolute scale of the BatchNorm that reads it, NAN if
 * there is none; each [n]. graph: as the file has it, not folded. */
void nr_filter_norms(const nr_graph *graph, uint32_t layer, double *l1, double *l2,
                     double *bn_scale);

#endif
