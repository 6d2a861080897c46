#include "states.h"

#include <stdlib.h>

#include "../ablate.h"
#include "neurank/base/memory.h"

struct nr_states {
    const nr_board *board;
    const nr_cursor *cursor;
    const nr_prefix *prefix;
    float *layer_ablated;   /* [batch, layer] */
    bool empty_is_constant; /* nobody's state is the same for every block */
    size_t empty_images;    /* of the batch that layer_ablated is of */
    nr_exec *two[2];        /* by nr_end */
    nr_exec *linear[2];
};

static nr_status make_ends(const nr_board *board, nr_part part, nr_exec *out[2]) {
    uint32_t *keep;
    size_t n_keep, rows = board->batch_blocks * board->rows_block;
    NR_TRY(nr_board_leaving(board, part, &keep, &n_keep));
    nr_status status = NR_OK;
    for (int end = NR_EMPTY; end <= NR_FULL && status == NR_OK; end++)
        status = nr_board_exec(board, part, keep, n_keep, rows, &out[end]);
    free(keep);
    return status;
}

/* Does a node behind the layer read what differs from block to block, but the layer? */
static bool reads_constants(const nr_board *board, nr_part part) {
    nr_node_list list = nr_cut_nodes(board->cut, part);
    for (size_t i = 0; i < list.n; i++)
        for (uint32_t k = 0; k < nr_board_node(board, list.nodes[i])->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(board->spec.graph, list.nodes[i], k);
            if (nr_cut_part(board->cut, input) == NR_PART_CONST) return true;
        }
    return false;
}

static nr_status fill(nr_states *s) {
    const nr_board *board = s->board;
    size_t rows = nr_size_mul(board->batch_blocks, board->rows_block);
    s->layer_ablated =
        nr_new_floats(nr_size_mul(rows, nr_board_size(board, board->spec.layer)));
    if (!s->layer_ablated) return NR_ERR_INTERNAL;
    NR_TRY(make_ends(board, NR_PART_TWO, s->two));
    NR_TRY(make_ends(board, NR_PART_LINEAR, s->linear));
    nr_exec_set_hook(s->two[NR_EMPTY], nr_ablate_absent, board->cut);
    s->empty_is_constant =
        board->n == nr_board_node(board, board->spec.layer)->shape.c &&
        !reads_constants(board, NR_PART_TWO) && !reads_constants(board, NR_PART_LINEAR);
    return NR_OK;
}

nr_status nr_states_new(const nr_board *board, const nr_cursor *cursor,
                        const nr_prefix *prefix, nr_states **out) {
    nr_states *s;
    if (!NR_NEW(s, 1)) return NR_ERR_INTERNAL;
    s->board = board;
    s->cursor = cursor;
    s->prefix = prefix;
    nr_status status = fill(s);
    if (status != NR_OK) {
        nr_states_free(s);
        return status;
    }
    *out = s;
    return NR_OK;
}

void nr_states_free(nr_states *s) {
    if (!s) return;
    free(s->layer_ablated);
    for (int end = NR_EMPTY; end <= NR_FULL; end++) {
        nr_exec_free(s->two[end]);
        nr_exec_free(s->linear[end]);
    }
    free(s);
}

const float *nr_states_tensor(const nr_states *s, uint32_t node, nr_end end) {
    switch (nr_cut_part(s->board->cut, node)) {
    case NR_PART_CONST: return nr_prefix_tensor(s->prefix, node);
    case NR_PART_TWO:
        if (node == s->board->spec.layer)
            return end == NR_FULL ? nr_prefix_tensor(s->prefix, node)
                                  : s->layer_ablated;
        return nr_exec_output(s->two[end], node);
    case NR_PART_LINEAR: return nr_exec_output(s->linear[end], node);
    case NR_PART_MIXED: break;
    }
    return NULL;
}

/* Binds every external tensor that the nodes of `part` read. */
static void bind_inputs(const nr_states *s, nr_exec *exec, nr_part part, nr_end end) {
    const nr_board *board = s->board;
    nr_node_list list = nr_cut_nodes(board->cut, part);
    for (size_t i = 0; i < list.n; i++)
        for (uint32_t k = 0; k < nr_board_node(board, list.nodes[i])->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(board->spec.graph, list.nodes[i], k);
            bool ours =
                nr_cut_part(board->cut, input) == part && input != board->spec.layer;
            if (!ours)
                nr_exec_bind(exec, input, nr_states_tensor(s, input, end),
                             s->cursor->batch_images);
        }
}

static void run_end(const nr_states *s, nr_end end) {
    bind_inputs(s, s->two[end], NR_PART_TWO, end);
    nr_exec_run(s->two[end], s->cursor->batch_images);
    if (end == NR_FULL && s->board->full_is_sum) return;
    bind_inputs(s, s->linear[end], NR_PART_LINEAR, end);
    nr_exec_run(s->linear[end], s->cursor->batch_images);
}

/* The layer with nobody kept, and what follows from it. */
static void ablate(nr_states *s) {
    const nr_filter_spec *spec = &s->board->spec;
    nr_ablate_layer(s->board->cut, spec->ablation, spec->channel_means,
                    s->cursor->batch_images, nr_prefix_tensor(s->prefix, spec->layer),
                    s->layer_ablated);
    s->empty_images = s->cursor->batch_images;
    run_end(s, NR_EMPTY);
}

/* What nobody kept looks like is the same for every block where all channels are
 * players and nothing else is read: zero, or means. */
void nr_states_open(nr_states *s) {
    bool known = s->empty_is_constant && s->empty_images == s->cursor->batch_images;
    if (!known) ablate(s);
    run_end(s, NR_FULL);
}
