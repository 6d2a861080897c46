/* Forward and backward through everything behind one node: gradients with respect to
 * activations, weights fixed.
 *
 *     from --> conv --> relu --+--> conv --> add --> ... --> output
 *      ^                       +-------------^                 |
 *      +------ dL/d from <-------------------- dL/d output ----+
 *
 * forward is an nr_exec over the nodes that depend on `from`; it keeps what backward
 * has to look at: outputs of ReLU, Clip and Sigmoid, inputs of LeakyReLU, MaxPool and
 * Mul. Gradients flow through the nodes in reverse order and their memory is taken
 * again when a node is done. Running allocates nothing.
 *
 * A convolution's input gradient is, at stride 1, a convolution with the weights
 * turned over, and goes through the forward kernels; otherwise a product with the
 * transposed weights whose windows are added up (transposed.h).
 *
 * Where an operator has no derivative the choice is PyTorch's: 0 at a ReLU's 0 and at a
 * Clip's ends, the first of equal maxima.
 *
 * Failures: NR_ERR_INTERNAL, no memory, or the network's output does not depend on
 * `from`. */
#ifndef NEURANK_NN_BACKWARD_H
#define NEURANK_NN_BACKWARD_H

#include "neurank/nn/exec.h"

typedef struct nr_backward nr_backward;

/* graph and kernels are borrowed for the life of *out. from: its output is the
 * caller's, to be bound. rows_max: most rows of a batch. */
nr_status nr_backward_new(const nr_graph *graph, const nr_kernels *kernels,
                          uint32_t from, size_t rows_max, nr_backward **out);
void nr_backward_free(nr_backward *backward);

/* Bytes that one row takes, at most: activations and gradients, not packed weights. */
nr_status nr_backward_bytes_per_row(const nr_graph *graph, const nr_kernels *kernels,
                                    uint32_t from, size_t *out);

/* Does a node that depends on `from` read this one, which does not? Such nodes are
 * external: their outputs are bound, as that of `from` is. */
bool nr_backward_reads(const nr_backward *backward, uint32_t node);

/* An execution of everything in front: it keeps the outputs of `from` and of external
 * nodes, but for the network's input (node 0), which is the caller's to bind. *out is
 * given to the caller and outlives `backward`. */
nr_status nr_backward_prefix(const nr_backward *backward, size_t rows_max,
                             nr_exec **out);

/* data [period, shape of node] of `from` or an external node, as in nr_exec_bind; the
 * period of `from` is the number of rows. Borrowed until it is bound anew. */
void nr_backward_bind(nr_backward *backward, uint32_t node, const float *data,
                      size_t period);

/* Logits [rows, classes], valid until the next call; rows <= rows_max. */
const float *nr_backward_forward(nr_backward *backward, size_t rows);
/* After forward on these rows: dL/d from [rows, shape], from d_output [rows, classes]
 * = dL/d output. Valid until the next call. */
const float *nr_backward_run(nr_backward *backward, size_t rows, const float *d_output);

/* sums [c] += sum over n of dy [n, c] (x [n, c] - centre [c]); centre [c], NULL: 0 */
void nr_channel_products(size_t n, size_t c, const float *x, const float *centre,
                         const float *dy, double *sums);

/* gradient [rows, classes] of ln p(labels[row]) with respect to the logits [rows,
 * classes]: 1 at the label minus softmax. */
void nr_log_likelihood_gradient(size_t rows, size_t classes, const float *logits,
                                const uint32_t *labels, float *gradient);

#endif
