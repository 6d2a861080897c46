/* Weights in the order in which the fast kernels read them, packed once and shared by
 * all executions of a network.
 *
 * Packed weights can take four times the room of the plain ones, so there is a limit;
 * what does not fit is computed from the plain weights, by slower kernels. The limit is
 * a constant of the caller's: it decides about rounding.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_NN_PACKS_H
#define NEURANK_NN_PACKS_H

#include "neurank/nn/kernels.h"

typedef struct nr_packs nr_packs;

/* The usual limit. */
enum { NR_PACKS_BYTES = 160 << 20 };

/* graph and kernels are borrowed for the life of the packs. */
nr_status nr_packs_new(const nr_graph *graph, const nr_kernels *kernels,
                       size_t bytes_max, nr_packs **out);
void nr_packs_free(nr_packs *packs);

/* Packs the node's weights if that has not been done, there are kernels that read
 * packed ones, and they fit; first come, first served. Not doing it is no failure. */
nr_status nr_packs_add(nr_packs *packs, uint32_t node);
/* A node's packed weights, the packs'; NULL: not packed. */
const float *nr_packs_get(const nr_packs *packs, uint32_t node);
/* Bytes of all of them. */
size_t nr_packs_bytes(const nr_packs *packs);

#endif
