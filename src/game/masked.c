/* Both states of the TWO tensors, then a selection channel by channel, then everything
 * behind them by the ordinary operators. */
#include "neurank/game/masked.h"

#include <stdlib.h>
#include <string.h>

#include "ablate.h"
#include "neurank/base/memory.h"
#include "neurank/nn/exec.h"

struct nr_masked {
    nr_filter_spec spec;
    nr_cut *cut;
    nr_exec *prefix, *two[2], *rest; /* two: ablated, kept */
    float *input, *layer_ablated;
    size_t count;     /* images that are open */
    float **selected; /* [graph size] TWO tensors that the rest reads */
};

static size_t node_size(const nr_masked *m, uint32_t node) {
    return nr_shape_size(nr_graph_node(m->spec.graph, node)->shape);
}

/* keep: every node of the list, which is simple and only costs memory. */
static nr_status make_exec(const nr_masked *m, const uint32_t *nodes, size_t n,
                           size_t rows, nr_exec **out) {
    nr_exec_spec spec = {.graph = m->spec.graph,
                         .kernels = m->spec.kernels,
                         .nodes = nodes,
                         .n_nodes = n,
                         .keep = nodes,
                         .n_keep = n,
                         .rows_max = rows};
    return nr_exec_new(&spec, out);
}

static nr_status make_rest(nr_masked *m, size_t rows) {
    size_t size = nr_graph_size(m->spec.graph), n = 0;
    uint32_t *nodes;
    if (!NR_NEW(nodes, size)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < size; i++)
        if (nr_cut_part(m->cut, i) >= NR_PART_LINEAR) nodes[n++] = i;
    nr_status status = make_exec(m, nodes, n, rows, &m->rest);
    free(nodes);
    return status;
}

nr_status nr_masked_new(const nr_filter_spec *spec, size_t rows_max, nr_masked **out) {
    nr_masked *m;
    if (!NR_NEW(m, 1)) return NR_ERR_INTERNAL;
    m->spec = *spec;
    nr_status status = nr_cut_new(spec->graph, spec->layer, spec->ablation,
                                  spec->filters, spec->n_players, &m->cut);
    if (status != NR_OK) goto err_free;
    status = NR_ERR_INTERNAL;
    m->input = nr_new_floats(nr_size_mul(rows_max, node_size(m, 0)));
    m->layer_ablated = nr_new_floats(nr_size_mul(rows_max, node_size(m, spec->layer)));
    if (!m->input || !m->layer_ablated ||
        !NR_NEW(m->selected, nr_graph_size(spec->graph)))
        goto err_free;
    nr_node_list ends = nr_cut_two_ends(m->cut);
    for (size_t i = 0; i < ends.n; i++) {
        uint32_t node = ends.nodes[i];
        m->selected[node] = nr_new_floats(nr_size_mul(rows_max, node_size(m, node)));
        if (!m->selected[node]) goto err_free;
    }
    nr_node_list prefix = nr_cut_nodes(m->cut, NR_PART_CONST);
    nr_node_list two = nr_cut_nodes(m->cut, NR_PART_TWO);
    NR_TRY_GOTO(make_exec(m, prefix.nodes, prefix.n, rows_max, &m->prefix), err_free);
    for (int k = 0; k < 2; k++)
        NR_TRY_GOTO(make_exec(m, two.nodes, two.n, rows_max, &m->two[k]), err_free);
    NR_TRY_GOTO(make_rest(m, rows_max), err_free);
    nr_exec_set_hook(m->two[0], nr_ablate_absent, m->cut);
    *out = m;
    return NR_OK;

err_free:
    nr_masked_free(m);
    return status;
}

void nr_masked_free(nr_masked *m) {
    if (!m) return;
    for (size_t i = 0; m->selected && i < nr_graph_size(m->spec.graph); i++)
        free(m->selected[i]);
    free(m->selected);
    free(m->input);
    free(m->layer_ablated);
    nr_exec_free(m->prefix);
    nr_exec_free(m->two[0]);
    nr_exec_free(m->two[1]);
    nr_exec_free(m->rest);
    nr_cut_free(m->cut);
    free(m);
}

static const float *two_state(const nr_masked *m, uint32_t node, int kept) {
    if (node != m->spec.layer) return nr_exec_output(m->two[kept], node);
    return kept ? nr_exec_output(m->prefix, node) : m->layer_ablated;
}

static void select_channels(nr_masked *m, uint32_t node, const bool *kept,
                            size_t rows) {
    size_t c = nr_graph_node(m->spec.graph, node)->shape.c,
           n = rows * node_size(m, node);
    const uint32_t *players = nr_cut_players_of(m->cut, node);
    const float *states[2] = {two_state(m, node, 0), two_state(m, node, 1)};
    for (size_t i = 0; i < n; i++) {
        uint32_t player = players[i % c];
        m->selected[node][i] = states[player == NR_NO_PLAYER || kept[player]][i];
    }
}

/* CONST tensors are bound wherever they may be read. */
static void bind_constants(nr_masked *m, nr_exec *exec, size_t rows) {
    for (uint32_t i = 0; i < nr_graph_size(m->spec.graph); i++)
        if (nr_cut_part(m->cut, i) == NR_PART_CONST)
            nr_exec_bind(exec, i, nr_exec_output(m->prefix, i), rows);
}

void nr_masked_open(nr_masked *m, size_t first, size_t count) {
    uint32_t layer = m->spec.layer;
    m->count = count;
    nr_images_read(m->spec.images, first, count, m->input);
    nr_exec_bind(m->prefix, 0, m->input, count);
    nr_exec_run(m->prefix, count);
    nr_ablate_layer(m->cut, m->spec.ablation, m->spec.channel_means, count,
                    nr_exec_output(m->prefix, layer), m->layer_ablated);
    for (int k = 0; k < 2; k++) {
        bind_constants(m, m->two[k], count);
        nr_exec_bind(m->two[k], layer, two_state(m, layer, k), count);
        nr_exec_run(m->two[k], count);
    }
    bind_constants(m, m->rest, count);
}

void nr_masked_play(nr_masked *m, const bool *kept, float *logits) {
    uint32_t output = nr_graph_output(m->spec.graph);
    nr_node_list ends = nr_cut_two_ends(m->cut);
    size_t count = m->count;
    for (size_t i = 0; i < ends.n; i++) {
        select_channels(m, ends.nodes[i], kept, count);
        nr_exec_bind(m->rest, ends.nodes[i], m->selected[ends.nodes[i]], count);
    }
    nr_exec_run(m->rest, count);
    memcpy(logits, nr_exec_output(m->rest, output),
           count * node_size(m, output) * sizeof *logits);
}

void nr_masked_logits(nr_masked *m, const bool *kept, size_t first, size_t count,
                      float *logits) {
    nr_masked_open(m, first, count);
    nr_masked_play(m, kept, logits);
}
