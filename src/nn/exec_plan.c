/* From a list of nodes to steps and buffers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exec_private.h"
#include "neurank/base/memory.h"

void nr_exec_plan_free(nr_exec_plan *plan) {
    free(plan->steps);
    free(plan->slot_of);
    free(plan->floats);
}

static const nr_node *node_at(const nr_exec_spec *spec, uint32_t node) {
    return nr_graph_node(spec->graph, node);
}

static nr_shape input_shape(const nr_exec_spec *spec, uint32_t node) {
    return node_at(spec, nr_graph_input_of(spec->graph, node, 0))->shape;
}

/* ---- steps ---- */

/* Who of the list reads a tensor. */
typedef struct {
    uint32_t readers; /* saturates at 2, as for tensors that are to be kept */
    uint32_t reader;
} reading;

static nr_status find_readings(const nr_exec_spec *spec, reading **out) {
    reading *readings;
    if (!NR_NEW(readings, nr_graph_size(spec->graph))) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < spec->n_nodes; i++)
        for (uint32_t k = 0; k < node_at(spec, spec->nodes[i])->n_inputs; k++) {
            reading *r = &readings[nr_graph_input_of(spec->graph, spec->nodes[i], k)];
            if (r->readers < 2) r->readers++;
            r->reader = spec->nodes[i];
        }
    for (size_t k = 0; k < spec->n_keep; k++) readings[spec->keep[k]].readers = 2;
    *out = readings;
    return NR_OK;
}

static bool fuses_clamp(uint32_t op) {
    return op == NR_OP_CONV || op == NR_OP_DENSE || op == NR_OP_ADD;
}

/* A maximum over 2 x 2 pixels that drops a last odd line or column. */
static bool is_plain_pool(const nr_node *n, nr_shape in) {
    const nr_window *w = &n->window;
    return n->op == NR_OP_MAX_POOL && w->kernel_h == 2 && w->kernel_w == 2 &&
           w->stride_h == 2 && w->stride_w == 2 && w->dilation_h == 1 &&
           w->dilation_w == 1 && !w->pad_top && !w->pad_left && !w->pad_bottom &&
           !w->pad_right && n->shape.h == in.h / 2 && n->shape.w == in.w / 2;
}

static void fuse(const nr_exec_spec *spec, const nr_packs *packs,
                 const reading *readings, nr_step *step) {
    const nr_node *n = node_at(spec, step->node);
    const reading *r = &readings[step->out];
    if (spec->kernels->plain || !fuses_clamp(n->op)) return;
    if (r->readers == 1) {
        const nr_node *next = node_at(spec, r->reader);
        bool relu = next->op == NR_OP_RELU;
        if (relu || next->op == NR_OP_CLIP) {
            step->post.clamp = true;
            step->post.low = relu ? 0 : next->low;
            step->post.high = relu ? INFINITY : next->high;
            step->out = r->reader;
        }
    }
    r = &readings[step->out];
    step->post.pool =
        n->op == NR_OP_CONV && r->readers == 1 && nr_packs_get(packs, step->node) &&
        spec->kernels->conv_pools(spec->kernels, input_shape(spec, step->node),
                                  n->shape, &n->window) &&
        is_plain_pool(node_at(spec, r->reader), n->shape);
    if (step->post.pool) step->out = r->reader;
}

static nr_status make_steps(const nr_exec_spec *spec, const nr_packs *packs,
                            nr_exec_plan *plan) {
    reading *readings;
    bool *done;
    if (!NR_NEW(plan->steps, spec->n_nodes)) return NR_ERR_INTERNAL;
    NR_TRY(find_readings(spec, &readings));
    if (!NR_NEW(done, nr_graph_size(spec->graph))) {
        free(readings);
        return NR_ERR_INTERNAL;
    }
    for (size_t i = 0; i < spec->n_nodes; i++) {
        nr_step step = {.node = spec->nodes[i], .out = spec->nodes[i]};
        if (done[step.node]) continue;
        fuse(spec, packs, readings, &step);
        for (uint32_t at = step.node; at != step.out;) {
            at = readings[at].reader;
            done[at] = true;
        }
        plan->steps[plan->n_steps++] = step;
    }
    free(done);
    free(readings);
    return NR_OK;
}

/* ---- buffers ---- */

/* The smallest free slot that fits, else the largest free one, grown, else a new one.
 */
static uint32_t take_slot(nr_exec_plan *plan, bool *busy, size_t floats) {
    uint32_t best = NR_NO_SLOT;
    for (uint32_t s = 0; s < plan->n_slots; s++) {
        if (busy[s]) continue;
        size_t size = plan->floats[s];
        size_t best_size = best == NR_NO_SLOT ? 0 : plan->floats[best];
        bool fits = size >= floats, best_fits = best_size >= floats;
        if (best == NR_NO_SLOT || (fits && (!best_fits || size < best_size)) ||
            (!fits && !best_fits && size > best_size))
            best = s;
    }
    if (best == NR_NO_SLOT) best = (uint32_t)plan->n_slots++;
    if (plan->floats[best] < floats) plan->floats[best] = floats;
    busy[best] = true;
    return best;
}

static size_t step_scratch(const nr_exec_spec *spec, uint32_t node) {
    const nr_node *n = node_at(spec, node);
    if (n->op != NR_OP_CONV) return 0;
    return spec->kernels->conv_scratch(spec->kernels, input_shape(spec, node), n->shape,
                                       &n->window);
}

/* last_use [graph size]: the step behind which a tensor is not needed any more. */
static void find_last_uses(const nr_exec_spec *spec, const nr_exec_plan *plan,
                           size_t *last_use) {
    for (size_t i = 0; i < plan->n_steps; i++) {
        uint32_t node = plan->steps[i].node;
        for (uint32_t k = 0; k < node_at(spec, node)->n_inputs; k++)
            last_use[nr_graph_input_of(spec->graph, node, k)] = i;
    }
    for (size_t k = 0; k < spec->n_keep; k++) last_use[spec->keep[k]] = SIZE_MAX;
}

static nr_status place_tensors(const nr_exec_spec *spec, nr_exec_plan *plan) {
    size_t size = nr_graph_size(spec->graph), *last_use;
    bool *busy = NULL;
    if (!NR_NEW(last_use, size) || !NR_NEW(busy, plan->n_steps + 1)) {
        free(last_use);
        return NR_ERR_INTERNAL;
    }
    for (size_t i = 0; i < size; i++) plan->slot_of[i] = NR_NO_SLOT;
    find_last_uses(spec, plan, last_use);
    for (size_t i = 0; i < plan->n_steps; i++) {
        const nr_step *step = &plan->steps[i];
        size_t scratch = step_scratch(spec, step->node);
        plan->slot_of[step->out] =
            take_slot(plan, busy, nr_shape_size(node_at(spec, step->out)->shape));
        for (uint32_t k = 0; k < node_at(spec, step->node)->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(spec->graph, step->node, k);
            if (plan->slot_of[input] != NR_NO_SLOT && last_use[input] == i)
                busy[plan->slot_of[input]] = false;
        }
        if (scratch > plan->scratch) plan->scratch = scratch;
    }
    free(busy);
    free(last_use);
    return NR_OK;
}

nr_status nr_exec_plan_new(const nr_exec_spec *spec, const nr_packs *packs,
                           nr_exec_plan *plan) {
    *plan = (nr_exec_plan){0};
    nr_status status = make_steps(spec, packs, plan);
    if (status == NR_OK && (!NR_NEW(plan->slot_of, nr_graph_size(spec->graph)) ||
                            !NR_NEW(plan->floats, plan->n_steps + 1)))
        status = NR_ERR_INTERNAL;
    if (status == NR_OK) status = place_tensors(spec, plan);
    if (status != NR_OK) nr_exec_plan_free(plan);
    return status;
}

size_t nr_exec_plan_floats(const nr_exec_plan *plan) {
    size_t floats = 0;
    for (size_t s = 0; s < plan->n_slots; s++)
        floats = nr_size_add(floats, plan->floats[s]);
    return floats;
}
