#include "neurank/nn/exec.h"

#include <stdlib.h>
#include <string.h>

#include "exec_private.h"
#include "neurank/base/memory.h"

static nr_status allocate(nr_exec *exec, const nr_exec_spec *spec,
                          const nr_exec_plan *plan) {
    size_t size = nr_graph_size(spec->graph), offset = 0;
    if (!NR_NEW(exec->ours, size) || !NR_NEW(exec->varying, size) ||
        !NR_NEW(exec->outputs, size) || !NR_NEW(exec->operands, size))
        return NR_ERR_INTERNAL;
    exec->memory =
        nr_new_floats(nr_size_mul(nr_exec_plan_floats(plan), spec->rows_max));
    exec->scratch = nr_new_floats(plan->scratch);
    exec->bytes =
        nr_size_mul(nr_size_add(nr_size_mul(nr_exec_plan_floats(plan), spec->rows_max),
                                plan->scratch),
                    sizeof(float));
    if (!exec->memory || !exec->scratch) return NR_ERR_INTERNAL;
    for (size_t s = 0; s < plan->n_slots; s++) {
        for (size_t i = 0; i < size; i++)
            if (plan->slot_of[i] == s) exec->outputs[i] = exec->memory + offset;
        offset += plan->floats[s] * spec->rows_max;
    }
    for (size_t i = 0; i < spec->n_nodes; i++) exec->ours[spec->nodes[i]] = true;
    for (size_t i = 0; i < size; i++)
        exec->varying[i] = exec->ours[i] || !spec->varying || spec->varying[i];
    return NR_OK;
}

static nr_status take_packs(nr_exec *exec, const nr_exec_spec *spec) {
    nr_packs *packs = spec->packs;
    if (!packs) {
        NR_TRY(nr_packs_new(spec->graph, spec->kernels, NR_PACKS_BYTES, &packs));
        exec->own_packs = packs;
    }
    exec->packs = packs;
    for (size_t i = 0; i < spec->n_nodes; i++)
        NR_TRY(nr_packs_add(packs, spec->nodes[i]));
    return NR_OK;
}

static nr_status fill(nr_exec *exec, const nr_exec_spec *spec) {
    nr_exec_plan plan;
    NR_TRY(take_packs(exec, spec));
    NR_TRY(nr_exec_plan_new(spec, exec->packs, &plan));
    nr_status status = allocate(exec, spec, &plan);
    exec->steps = plan.steps;
    exec->n_steps = plan.n_steps;
    plan.steps = NULL;
    nr_exec_plan_free(&plan);
    return status;
}

nr_status nr_exec_new(const nr_exec_spec *spec, nr_exec **out) {
    nr_exec *exec;
    if (!NR_NEW(exec, 1)) return NR_ERR_INTERNAL;
    exec->graph = spec->graph;
    exec->kernels = spec->kernels;
    exec->rows_max = spec->rows_max;
    exec->linear = spec->linear;
    nr_status status = fill(exec, spec);
    if (status != NR_OK) {
        nr_exec_free(exec);
        return status;
    }
    *out = exec;
    return NR_OK;
}

void nr_exec_free(nr_exec *exec) {
    if (!exec) return;
    nr_packs_free(exec->own_packs);
    free(exec->steps);
    free(exec->ours);
    free(exec->varying);
    free(exec->outputs);
    free(exec->operands);
    free(exec->memory);
    free(exec->scratch);
    free(exec);
}

nr_status nr_exec_bytes_per_row(const nr_exec_spec *spec, size_t *out) {
    nr_exec_plan plan;
    nr_packs *none;
    /* Without packs less is fused: an upper bound. */
    NR_TRY(nr_packs_new(spec->graph, spec->kernels, 0, &none));
    nr_status status = nr_exec_plan_new(spec, none, &plan);
    nr_packs_free(none);
    NR_TRY(status);
    *out = nr_size_mul(nr_exec_plan_floats(&plan), sizeof(float));
    nr_exec_plan_free(&plan);
    return NR_OK;
}

size_t nr_exec_bytes(const nr_exec *exec) {
    return exec->bytes;
}

void nr_exec_bind(nr_exec *exec, uint32_t node, const float *data, size_t period) {
    NR_ASSERT(!exec->ours[node]);
    exec->operands[node] = (nr_operand){data, period};
}

void nr_exec_run(nr_exec *exec, size_t rows) {
    NR_ASSERT(rows <= exec->rows_max);
    for (size_t i = 0; i < exec->n_steps; i++) {
        const nr_step *step = &exec->steps[i];
        nr_exec_step(exec, step, rows);
        if (exec->hook)
            exec->hook(exec->hook_context, step->out, rows, exec->outputs[step->out]);
    }
}

void nr_exec_set_hook(nr_exec *exec, nr_exec_hook *hook, void *context) {
    exec->hook = hook;
    exec->hook_context = context;
}

const float *nr_exec_output(const nr_exec *exec, uint32_t node) {
    return exec->ours[node] ? exec->outputs[node] : exec->operands[node].data;
}
