/* An execution: its steps, where tensors live, and how a step is computed.
 *
 *   exec_plan.c   from the list of nodes to steps and buffers
 *   exec.c        making, binding, running
 *   exec_step.c   one step */
#ifndef NEURANK_NN_EXEC_PRIVATE_H
#define NEURANK_NN_EXEC_PRIVATE_H

#include "neurank/nn/exec.h"

/* One operator, with the pointwise operator and the pool behind it if kernels can do
 * them in the same breath. */
typedef struct {
    uint32_t node;
    uint32_t out; /* the last node it computes: the one whose tensor is there then */
    nr_post post;
} nr_step;

typedef struct {
    const float *data;
    size_t period; /* 0: as many rows as the batch */
} nr_operand;

/* Which slot of memory each step's tensor takes; a slot is taken again when the last
 * reader of its tensor is done. */
typedef struct {
    nr_step *steps; /* [n_steps] */
    size_t n_steps;
    uint32_t *slot_of; /* [graph size]; NR_NO_SLOT: no tensor of ours */
    size_t *floats;    /* [n_slots] per row */
    size_t n_slots;
    size_t scratch; /* floats */
} nr_exec_plan;

#define NR_NO_SLOT UINT32_MAX

struct nr_exec {
    const nr_graph *graph;
    const nr_kernels *kernels;
    const nr_packs *packs;
    nr_packs *own_packs; /* NULL: the caller's are used */
    nr_step *steps;      /* [n_steps] */
    size_t n_steps, rows_max;
    bool linear;
    bool *varying;        /* [graph size] */
    bool *ours;           /* [graph size] in the list */
    float **outputs;      /* [graph size] of steps' tensors */
    nr_operand *operands; /* [graph size] of external nodes */
    float *memory, *scratch;
    size_t bytes; /* of both */
    nr_exec_hook *hook;
    void *hook_context;
};

nr_status nr_exec_plan_new(const nr_exec_spec *spec, const nr_packs *packs,
                           nr_exec_plan *plan);
void nr_exec_plan_free(nr_exec_plan *plan);
size_t nr_exec_plan_floats(const nr_exec_plan *plan); /* per row */

/* Rows of one shape as rows of another; elements keep their ONNX (c, h, w) order. */
void nr_reshape_rows(nr_shape in, nr_shape out, bool view, size_t rows, const float *x,
                     float *y);

void nr_exec_step(const nr_exec *exec, const nr_step *step, size_t rows);

#endif
