#include "neurank/nn/exec.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

enum { NO_SLOT = UINT32_MAX };

typedef struct {
    size_t floats; /* per row */
    bool busy;
} slot;

/* Where each tensor of the list lives: which slot, and when it is last read. */
typedef struct {
    uint32_t *slot_of;  /* [graph size] */
    uint32_t *last_use; /* [graph size] position in the list */
    slot *slots;
    size_t n_slots;
    size_t scratch; /* floats */
} buffer_plan;

typedef struct {
    const float *data;
    size_t period; /* 0: as many rows as the batch */
} operand;

struct nr_exec {
    const nr_graph *graph;
    const nr_kernels *kernels;
    uint32_t *nodes;
    size_t n_nodes, rows_max;
    bool linear;
    bool *varying;     /* [graph size] */
    bool *ours;        /* [graph size] in the list */
    float **outputs;   /* [graph size] of listed nodes */
    operand *operands; /* [graph size] of external nodes */
    float *memory, *scratch;
    nr_exec_hook *hook;
    void *hook_context;
};

/* ---- planning ---- */

static void plan_free(buffer_plan *plan) {
    free(plan->slot_of);
    free(plan->last_use);
    free(plan->slots);
}

/* The smallest free slot that fits, else the largest free one, grown, else a new one.
 */
static uint32_t take_slot(buffer_plan *plan, size_t floats) {
    uint32_t best = NO_SLOT;
    for (uint32_t s = 0; s < plan->n_slots; s++) {
        if (plan->slots[s].busy) continue;
        size_t size = plan->slots[s].floats;
        size_t best_size = best == NO_SLOT ? 0 : plan->slots[best].floats;
        bool fits = size >= floats, best_fits = best_size >= floats;
        if (best == NO_SLOT || (fits && (!best_fits || size < best_size)) ||
            (!fits && !best_fits && size > best_size))
            best = s;
    }
    if (best == NO_SLOT) best = (uint32_t)plan->n_slots++;
    if (plan->slots[best].floats < floats) plan->slots[best].floats = floats;
    plan->slots[best].busy = true;
    return best;
}

static size_t node_scratch(const nr_exec_spec *spec, uint32_t node) {
    const nr_node *n = nr_graph_node(spec->graph, node);
    if (n->op != NR_OP_CONV) return 0;
    nr_shape in =
        nr_graph_node(spec->graph, nr_graph_input_of(spec->graph, node, 0))->shape;
    return spec->kernels->conv_scratch(in, n->shape, &n->window);
}

static nr_status plan_buffers(const nr_exec_spec *spec, buffer_plan *plan) {
    size_t size = nr_graph_size(spec->graph);
    *plan = (buffer_plan){0};
    if (!NR_NEW(plan->slot_of, size) || !NR_NEW(plan->last_use, size) ||
        !NR_NEW(plan->slots, spec->n_nodes + 1)) {
        plan_free(plan);
        return NR_ERR_INTERNAL;
    }
    for (size_t i = 0; i < size; i++) plan->slot_of[i] = NO_SLOT;
    for (uint32_t i = 0; i < spec->n_nodes; i++)
        for (uint32_t k = 0; k < nr_graph_node(spec->graph, spec->nodes[i])->n_inputs;
             k++)
            plan->last_use[nr_graph_input_of(spec->graph, spec->nodes[i], k)] = i;
    for (size_t k = 0; k < spec->n_keep; k++)
        plan->last_use[spec->keep[k]] = UINT32_MAX;
    for (uint32_t i = 0; i < spec->n_nodes; i++) {
        uint32_t node = spec->nodes[i];
        const nr_node *n = nr_graph_node(spec->graph, node);
        plan->slot_of[node] = take_slot(plan, nr_shape_size(n->shape));
        for (uint32_t k = 0; k < n->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(spec->graph, node, k);
            if (plan->slot_of[input] != NO_SLOT && plan->last_use[input] == i)
                plan->slots[plan->slot_of[input]].busy = false;
        }
        size_t scratch = node_scratch(spec, node);
        if (scratch > plan->scratch) plan->scratch = scratch;
    }
    return NR_OK;
}

static size_t plan_floats(const buffer_plan *plan) {
    size_t floats = 0;
    for (size_t s = 0; s < plan->n_slots; s++)
        floats = nr_size_add(floats, plan->slots[s].floats);
    return floats;
}

size_t nr_exec_bytes_per_row(const nr_exec_spec *spec) {
    buffer_plan plan;
    if (plan_buffers(spec, &plan) != NR_OK) return SIZE_MAX;
    size_t bytes = nr_size_mul(plan_floats(&plan), sizeof(float));
    plan_free(&plan);
    return bytes;
}

static nr_status allocate(nr_exec *exec, const nr_exec_spec *spec,
                          const buffer_plan *plan) {
    size_t size = nr_graph_size(spec->graph), offset = 0;
    if (!NR_NEW(exec->nodes, spec->n_nodes) || !NR_NEW(exec->ours, size) ||
        !NR_NEW(exec->varying, size) || !NR_NEW(exec->outputs, size) ||
        !NR_NEW(exec->operands, size))
        return NR_ERR_INTERNAL;
    exec->memory = nr_new_floats(nr_size_mul(plan_floats(plan), spec->rows_max));
    exec->scratch = nr_new_floats(plan->scratch);
    if (!exec->memory || !exec->scratch) return NR_ERR_INTERNAL;
    memcpy(exec->nodes, spec->nodes, spec->n_nodes * sizeof *exec->nodes);
    for (size_t s = 0; s < plan->n_slots; s++) {
        for (size_t i = 0; i < size; i++)
            if (plan->slot_of[i] == s) exec->outputs[i] = exec->memory + offset;
        offset += plan->slots[s].floats * spec->rows_max;
    }
    for (size_t i = 0; i < spec->n_nodes; i++) exec->ours[spec->nodes[i]] = true;
    for (size_t i = 0; i < size; i++)
        exec->varying[i] = exec->ours[i] || !spec->varying || spec->varying[i];
    return NR_OK;
}

nr_status nr_exec_new(const nr_exec_spec *spec, nr_exec **out) {
    nr_exec *exec;
    buffer_plan plan;
    if (!NR_NEW(exec, 1)) return NR_ERR_INTERNAL;
    exec->graph = spec->graph;
    exec->kernels = spec->kernels;
    exec->n_nodes = spec->n_nodes;
    exec->rows_max = spec->rows_max;
    exec->linear = spec->linear;
    nr_status status = plan_buffers(spec, &plan);
    if (status == NR_OK) {
        status = allocate(exec, spec, &plan);
        plan_free(&plan);
    }
    if (status != NR_OK) {
        nr_exec_free(exec);
        return status;
    }
    *out = exec;
    return NR_OK;
}

void nr_exec_free(nr_exec *exec) {
    if (!exec) return;
    free(exec->nodes);
    free(exec->ours);
    free(exec->varying);
    free(exec->outputs);
    free(exec->operands);
    free(exec->memory);
    free(exec->scratch);
    free(exec);
}

/* ---- running ---- */

void nr_exec_bind(nr_exec *exec, uint32_t node, const float *data, size_t period) {
    NR_ASSERT(!exec->ours[node]);
    exec->operands[node] = (operand){data, period};
}

static operand input_of(const nr_exec *exec, uint32_t node, uint32_t k) {
    uint32_t input = nr_graph_input_of(exec->graph, node, k);
    if (exec->ours[input]) return (operand){exec->outputs[input], 0};
    return exec->operands[input];
}

static bool input_varies(const nr_exec *exec, uint32_t node, uint32_t k) {
    return exec->varying[nr_graph_input_of(exec->graph, node, k)];
}

static const float *row_of(operand x, size_t row, size_t size) {
    return x.data + (x.period ? row % x.period : row) * size;
}

static nr_shape shape_of_input(const nr_exec *exec, uint32_t node, uint32_t k) {
    return nr_graph_node(exec->graph, nr_graph_input_of(exec->graph, node, k))->shape;
}

/* One row: y = a + b or a * b, b spread over the map if it is one pixel. */
static void binary_row(nr_op op, nr_shape shape, bool spread, const float *a,
                       const float *b, float *restrict y) {
    size_t c = spread ? shape.c : nr_shape_size(shape);
    size_t n = spread ? (size_t)shape.h * shape.w : 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < c; k++)
            y[i * c + k] = op == NR_OP_ADD ? a[i * c + k] + b[k] : a[i * c + k] * b[k];
}

/* A linear Add leaves out an addend that does not vary. */
static void linear_add_row(nr_shape shape, bool spread, const float *a, const float *b,
                           float *y) {
    size_t c = shape.c, pixels = (size_t)shape.h * shape.w, n = pixels * c;
    NR_ASSERT(!a || !b);
    if (a) memcpy(y, a, n * sizeof *y);
    else if (!spread) memcpy(y, b, n * sizeof *y);
    else
        for (size_t p = 0; p < pixels; p++) memcpy(y + p * c, b, c * sizeof *y);
}

static void run_binary(const nr_exec *exec, uint32_t node, size_t rows, float *y) {
    const nr_node *n = nr_graph_node(exec->graph, node);
    nr_shape sa = shape_of_input(exec, node, 0), sb = shape_of_input(exec, node, 1);
    operand a = input_of(exec, node, 0), b = input_of(exec, node, 1);
    size_t na = nr_shape_size(sa), nb = nr_shape_size(sb);
    bool spread = nb != na, drop = exec->linear && n->op == NR_OP_ADD;
    bool drop_a = drop && !input_varies(exec, node, 0);
    bool drop_b = drop && !input_varies(exec, node, 1);
    for (size_t r = 0; r < rows; r++) {
        const float *ra = drop_a ? NULL : row_of(a, r, na);
        const float *rb = drop_b ? NULL : row_of(b, r, nb);
        if (ra && rb) binary_row(n->op, n->shape, spread, ra, rb, y + r * na);
        else linear_add_row(n->shape, spread, ra, rb, y + r * na);
    }
}

static void run_concat(const nr_exec *exec, uint32_t node, size_t rows, float *y) {
    const nr_node *n = nr_graph_node(exec->graph, node);
    size_t pixels = (size_t)n->shape.h * n->shape.w, c_out = n->shape.c, first = 0;
    for (uint32_t k = 0; k < n->n_inputs; k++) {
        operand x = input_of(exec, node, k);
        size_t c = shape_of_input(exec, node, k).c;
        bool zero = exec->linear && !input_varies(exec, node, k);
        for (size_t r = 0; r < rows; r++) {
            const float *in = zero ? NULL : row_of(x, r, pixels * c);
            for (size_t p = 0; p < pixels; p++) {
                float *out = y + (r * pixels + p) * c_out + first;
                if (zero) memset(out, 0, c * sizeof *out);
                else memcpy(out, in + p * c, c * sizeof *out);
            }
        }
        first += c;
    }
}

static void run_reshape(const nr_exec *exec, uint32_t node, size_t rows, const float *x,
                        float *y) {
    nr_shape in = shape_of_input(exec, node, 0);
    nr_shape out = nr_graph_node(exec->graph, node)->shape;
    size_t n = nr_shape_size(in), in_map = (size_t)in.h * in.w;
    size_t out_map = (size_t)out.h * out.w;
    if (nr_reshape_is_view(exec->graph, node)) {
        memcpy(y, x, rows * n * sizeof *y);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t e = 0; e < n; e++) /* e: the element in ONNX order */
            y[r * n + e % out_map * out.c + e / out_map] =
                x[r * n + e % in_map * in.c + e / in_map];
}

static void run_pad(const nr_window_args *a) {
    size_t row_out = nr_shape_size(a->out), line = (size_t)a->in.w * a->in.c;
    for (size_t i = 0; i < a->rows * row_out; i++) a->y[i] = a->low;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t y = 0; y < a->in.h; y++)
            memcpy(a->y + r * row_out +
                       ((y + a->window.pad_top) * a->out.w + a->window.pad_left) *
                           a->in.c,
                   a->x + (r * a->in.h + y) * line, line * sizeof *a->y);
}

static nr_window_args window_args(const nr_exec *exec, uint32_t node, size_t rows,
                                  const float *x, float *y) {
    const nr_node *n = nr_graph_node(exec->graph, node);
    return (nr_window_args){
        .rows = rows,
        .in = shape_of_input(exec, node, 0),
        .out = n->shape,
        .window = n->window,
        .x = x,
        .weight = nr_graph_weight(exec->graph, n->weight),
        .bias = exec->linear ? NULL : nr_graph_weight(exec->graph, n->bias),
        .low = exec->linear ? 0 : n->low,
        .y = y,
        .scratch = exec->scratch};
}

static void run_node(const nr_exec *exec, uint32_t node, size_t rows) {
    const nr_node *n = nr_graph_node(exec->graph, node);
    const nr_kernels *kernels = exec->kernels;
    float *y = exec->outputs[node];
    if (n->op == NR_OP_ADD || n->op == NR_OP_MUL) {
        run_binary(exec, node, rows, y);
        return;
    }
    if (n->op == NR_OP_CONCAT) {
        run_concat(exec, node, rows, y);
        return;
    }
    operand input = input_of(exec, node, 0);
    NR_ASSERT(input.period == 0 || input.period == rows);
    nr_window_args args = window_args(exec, node, rows, input.data, y);
    size_t elements = nr_shape_size(n->shape);
    switch ((nr_op)n->op) {
    case NR_OP_CONV: kernels->conv(&args); break;
    case NR_OP_DENSE:
        kernels->dense(rows, args.in.c, n->shape.c, args.x, args.weight, args.bias, y);
        break;
    case NR_OP_AFFINE:
        kernels->affine(rows * n->shape.h * n->shape.w, n->shape.c, args.x, args.weight,
                        args.bias, y);
        break;
    case NR_OP_MAX_POOL: kernels->max_pool(&args); break;
    case NR_OP_AVG_POOL: kernels->avg_pool(&args); break;
    case NR_OP_GLOBAL_AVG_POOL: kernels->global_avg_pool(&args); break;
    case NR_OP_RESHAPE: run_reshape(exec, node, rows, args.x, y); break;
    case NR_OP_PAD: run_pad(&args); break;
    default:
        kernels->pointwise((nr_op)n->op, n->low, n->high, rows * elements, args.x, y);
    }
}

void nr_exec_run(nr_exec *exec, size_t rows) {
    NR_ASSERT(rows <= exec->rows_max);
    for (size_t i = 0; i < exec->n_nodes; i++) {
        uint32_t node = exec->nodes[i];
        run_node(exec, node, rows);
        if (exec->hook) exec->hook(exec->hook_context, node, rows, exec->outputs[node]);
    }
}

void nr_exec_set_hook(nr_exec *exec, nr_exec_hook *hook, void *context) {
    exec->hook = hook;
    exec->hook_context = context;
}

const float *nr_exec_output(const nr_exec *exec, uint32_t node) {
    return exec->ours[node] ? exec->outputs[node] : exec->operands[node].data;
}
