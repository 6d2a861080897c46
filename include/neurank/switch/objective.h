/* What the importance switch maximises, block by block of images:
 *
 *   ELBO = E_q[ ln p(D | s) ] - KL(q || prior)
 *
 * s multiplies the pre-activations of a layer: its output before BatchNorm, ReLU and
 * pooling. Where the file's BatchNorm has been folded into the layer (nn/fold.h),
 * output = silent + scale * pre-activation, so that the gated output is
 * silent + s (output - silent). Where there is no such constant, s >= 0 commutes with
 * ReLU and pools behind the layer, which then run once an image:
 *
 *   images -> ... -> layer -> relu -> pool -> [ times s ] -> conv, dense, ... -> ln p
 *             once an image                     once an image and draw, there and back
 *
 * A block's images share their draws of s; every block has draws of its own, so draws
 * average over the blocks of a batch, too. ln p of a block is the mean over draws of
 * each image's log likelihood: not the likelihood of mean logits, and no image sees
 * another's draws. */
#ifndef NEURANK_SWITCH_OBJECTIVE_H
#define NEURANK_SWITCH_OBJECTIVE_H

#include "neurank/dataset/images.h"
#include "neurank/nn/kernels.h"

typedef struct nr_objective nr_objective;

typedef struct {
    const nr_graph *graph; /* all borrowed for the life of the objective */
    const nr_images *images;
    const nr_kernels *kernels;
    uint32_t layer;
    size_t block_images; /* the last block may have fewer */
    size_t draws;        /* 0: the mean of the posterior, the estimator `mean` */
    bool scaled;         /* the channels are multiplied by n s: 1 on average */
    uint64_t seed;
    size_t memory_bytes; /* about what outputs in front of s may take, kept from one
                            epoch to the next; numbers do not depend on it */
} nr_objective_spec;

/* NR_ERR_INTERNAL: no memory, or the network's output does not depend on the layer. */
nr_status nr_objective_new(const nr_objective_spec *spec, nr_objective **out);
void nr_objective_free(nr_objective *objective);

/* Images [block * block_images, ...) under the posterior phi [n], with the draws of
 * step number `step`. weight: of one image in the batch, 1 / its images.
 * Adds to gradient [n] weight times the gradient of the sum of the images' ln p with
 * respect to ln phi, and sets likelihoods [images of the block] to their ln p, all in
 * units of 2^-40. NR_ERR_UNIT: one of them is not finite or not within +-2^16;
 * NR_ERR_INTERNAL: no memory for outputs to be kept. After a failure some numbers have
 * been added and set. */
nr_status nr_objective_block(nr_objective *objective, const double *phi, uint32_t step,
                             size_t block, double weight, int64_t *gradient,
                             int64_t *likelihoods);

/* Images of a block: block_images, or fewer in the last one. */
size_t nr_objective_images(const nr_objective *objective, size_t block);

#endif
