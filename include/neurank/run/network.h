/* Whole forwards: the logits of a network, also with channels that are silent.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_RUN_NETWORK_H
#define NEURANK_RUN_NETWORK_H

#include "neurank/dataset/images.h"
#include "neurank/game/score.h"
#include "neurank/nn/graph.h"

typedef struct {
    const nr_graph *graph;     /* borrowed */
    const nr_kernels *kernels; /* borrowed */
    /* [channels of all nodes, node after node] zero wherever they are read
     * (prune/channels.h), or NULL; borrowed. */
    const bool *silent;
} nr_network;

/* Of its logits. */
size_t nr_network_classes(const nr_network *network);

/* Rows of logits [rows, classes] for inputs that read gives: rows [first, first +
 * count) into input [count, h, w, c]. */
typedef void nr_network_read(const void *context, size_t first, size_t count,
                             float *input);
nr_status nr_network_logits(const nr_network *network, nr_network_read *read,
                            const void *context, size_t rows, float *logits);

/* The same for images: logits [images, classes]. */
nr_status nr_network_on_images(const nr_network *network, const nr_images *images,
                               float *logits);

/* Mean over images of logits [images, classes]; NR_ERR_UNIT names an image whose score
 * is no number. */
nr_status nr_network_score(const nr_network *network, const nr_images *images,
                           const float *logits, nr_metric metric, double *out);

#endif
