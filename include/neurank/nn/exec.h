/* Runs part of a graph on a batch of rows.
 *
 * The nodes to run are listed in graph order. Every input that is not in the list is
 * external and bound to memory of the caller's. Buffers are planned once: a tensor's
 * memory is reused when its last reader is done, unless it is to be kept. Running
 * allocates nothing.
 *
 * An external tensor has a period: row r of the batch reads its row r % period, so a
 * tensor that does not depend on the coalition stands in memory once.
 *
 * In a `linear` execution only the linear part of each operator acts: biases and shifts
 * are left out, padding is zero, an addend that is external and not varying is left
 * out. It maps differences of inputs to differences of outputs (idea 2, src/README.md).
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_NN_EXEC_H
#define NEURANK_NN_EXEC_H

#include "neurank/nn/packs.h"

typedef struct nr_exec nr_exec;

typedef struct {
    const nr_graph *graph;     /* borrowed */
    const nr_kernels *kernels; /* borrowed */
    const uint32_t *nodes;     /* [n_nodes] ascending */
    size_t n_nodes;
    const uint32_t *keep; /* [n_keep] nodes whose output is read after the run */
    size_t n_keep;
    nr_packs *packs; /* borrowed; NULL: of its own */
    size_t rows_max;
    bool linear;
    const bool *varying; /* linear: [graph size] which external tensors vary */
} nr_exec_spec;

/* Plans, allocates, and packs weights as far as the packs' limit allows. Lists in the
 * spec are borrowed for the call. */
nr_status nr_exec_new(const nr_exec_spec *spec, nr_exec **out);
void nr_exec_free(nr_exec *exec);

/* data [period, h, w, c of the node] is borrowed until it is bound anew. node: not one
 * of the list. */
void nr_exec_bind(nr_exec *exec, uint32_t node, const float *data, size_t period);
/* Every external node has been bound; rows <= rows_max. */
void nr_exec_run(nr_exec *exec, size_t rows);

/* Called with each tensor, output [rows, h, w, c], as soon as it is in memory, to
 * change it in place. A tensor that a fused operator reads never is: a hook acts
 * channel by channel. hook NULL: none; context is borrowed. */
typedef void nr_exec_hook(void *context, uint32_t node, size_t rows, float *output);
void nr_exec_set_hook(nr_exec *exec, nr_exec_hook *hook, void *context);

/* Output [rows, h, w, c] of a kept node, until the next run; of a bound one, what was
 * bound. */
const float *nr_exec_output(const nr_exec *exec, uint32_t node);

/* Bytes of this execution's buffers; packed weights are the packs'. */
size_t nr_exec_bytes(const nr_exec *exec);

/* Bytes of buffers that one row takes with this list of nodes, at most: without scratch
 * and packed weights. spec: packs and rows_max do not matter. */
nr_status nr_exec_bytes_per_row(const nr_exec_spec *spec, size_t *out);

#endif
