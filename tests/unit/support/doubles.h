/* A network in double precision, as the definitions of its operators read: what
 * finite differences are formed of. Written without the product's kernels. */
#ifndef NEURANK_TESTS_DOUBLES_H
#define NEURANK_TESTS_DOUBLES_H

#include "neurank/nn/graph.h"

/* Outputs of all nodes on one row; ended with test_doubles_free. */
typedef struct {
    const nr_graph *graph;
    double **outputs; /* [graph size] */
} test_doubles;

test_doubles test_doubles_new(const nr_graph *graph);
void test_doubles_free(test_doubles *d);

/* Computes the nodes behind `node` from what stands in outputs up to it. */
void test_doubles_run(test_doubles *d, uint32_t node);

#endif
