#include "suffix.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "report.h"

/* A chunk's buffers fill about this much of a core's cache, or hold CHUNK_WANTED
 * coalitions, which products with large weights want, if that fits in memory.
 * Constants: chunking must not depend on the machine. */
enum { CHUNK_BYTES = 1 << 20, CHUNK_WANTED = 56, CHUNK_BYTES_MAX = 64 << 20 };

/* ---- making ---- */

static bool is_row_node(const nr_board *board, uint32_t node) {
    for (size_t f = 0; f < board->n_frontier; f++)
        if (board->frontier[f].row_node == node) return true;
    return false;
}

/* Coalitions of a batch: enough for the suffix' products, not more than fits. */
static size_t choose_chunk(size_t bytes) {
    size_t chunk = bytes ? CHUNK_BYTES / bytes : NR_CHUNK_MAX;
    size_t wanted = bytes ? CHUNK_BYTES_MAX / bytes : NR_CHUNK_MAX;
    if (wanted > CHUNK_WANTED) wanted = CHUNK_WANTED;
    if (chunk < wanted) chunk = wanted;
    if (chunk > NR_CHUNK_MAX) chunk = NR_CHUNK_MAX;
    return chunk < 2 ? 2 : chunk / 2 * 2;
}

static nr_status make_exec(nr_suffix *s) {
    const nr_board *board = s->board;
    nr_node_list list = nr_cut_nodes(board->cut, NR_PART_MIXED);
    uint32_t output = nr_graph_output(board->spec.graph), *nodes;
    size_t n = 0, bytes;
    if (!NR_NEW(nodes, list.n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < list.n; i++)
        if (!is_row_node(board, list.nodes[i])) nodes[n++] = list.nodes[i];
    nr_exec_spec spec = {.graph = board->spec.graph,
                         .kernels = board->spec.kernels,
                         .nodes = nodes,
                         .n_nodes = n,
                         .keep = &output,
                         .n_keep = 1,
                         .packs = board->packs};
    nr_status status = nr_exec_bytes_per_row(&spec, &bytes);
    if (status == NR_OK) {
        for (size_t f = 0; f < board->n_frontier; f++)
            bytes = nr_size_add(bytes, board->frontier[f].size * sizeof(float));
        s->chunk = choose_chunk(nr_size_mul(bytes, board->rows_block));
        spec.rows_max = s->chunk * board->rows_block;
        status = nr_exec_new(&spec, &s->exec);
    }
    free(nodes);
    return status;
}

static nr_status fill(nr_suffix *s) {
    const nr_board *board = s->board;
    NR_TRY(make_exec(s));
    size_t rows = s->chunk * board->rows_block;
    if (!NR_NEW(s->rows, board->n_frontier) || !NR_NEW(s->end, board->n_frontier) ||
        !NR_NEW(s->row_labels, rows) || !NR_NEW(s->row_values, rows))
        return NR_ERR_INTERNAL;
    for (size_t f = 0; f < board->n_frontier; f++) {
        s->rows[f] = nr_new_floats(nr_size_mul(rows, board->frontier[f].size));
        if (!s->rows[f]) return NR_ERR_INTERNAL;
    }
    return NR_OK;
}

nr_status nr_suffix_new(const nr_board *board, const nr_cursor *cursor,
                        const nr_prefix *prefix, const nr_deltas *deltas,
                        nr_suffix **out) {
    nr_suffix *s;
    if (!NR_NEW(s, 1)) return NR_ERR_INTERNAL;
    *s = (nr_suffix){
        .board = board, .cursor = cursor, .prefix = prefix, .deltas = deltas};
    nr_status status = fill(s);
    if (status != NR_OK) {
        nr_suffix_free(s);
        return status;
    }
    *out = s;
    return NR_OK;
}

void nr_suffix_free(nr_suffix *s) {
    if (!s) return;
    for (size_t f = 0; s->rows && f < s->board->n_frontier; f++) free(s->rows[f]);
    free(s->rows);
    free(s->end);
    free(s->row_labels);
    free(s->row_values);
    nr_exec_free(s->exec);
    free(s);
}

size_t nr_suffix_bytes(const nr_suffix *s) {
    size_t bytes = nr_exec_bytes(s->exec);
    for (size_t f = 0; f < s->board->n_frontier; f++)
        bytes += s->chunk * s->board->rows_block * s->board->frontier[f].size *
                 sizeof(float);
    return bytes;
}

/* ---- values ---- */

bool nr_suffix_add_scores(const nr_suffix *s, const float *logits, size_t rows,
                          size_t images, const uint32_t *labels, int64_t *values,
                          nr_bad *bad) {
    const nr_filter_spec *spec = &s->board->spec;
    for (size_t r = 0; r < rows; r++) s->row_labels[r] = labels[r % images];
    nr_score(spec->metric, spec->kernels, rows, s->board->classes, logits,
             s->row_labels, s->row_values);
    for (size_t r = 0; r < rows; r++) {
        int64_t quanta;
        if (!nr_quantise(s->row_values[r], &quanta)) {
            *bad = (nr_bad){r / images, s->row_values[r]};
            return false;
        }
        values[r / images] += quanta;
    }
    return true;
}

bool nr_suffix_evaluate(const nr_suffix *s, size_t count, int64_t *values,
                        nr_bad *bad) {
    const nr_filter_spec *spec = &s->board->spec;
    size_t rows = count * s->cursor->images;
    for (size_t f = 0; f < s->board->n_frontier; f++)
        nr_exec_bind(s->exec, s->board->frontier[f].row_node, s->rows[f], rows);
    nr_exec_run(s->exec, rows);
    memset(values, 0, count * sizeof *values);
    return nr_suffix_add_scores(
        s, nr_exec_output(s->exec, nr_graph_output(spec->graph)), rows,
        s->cursor->images, nr_images_labels(spec->images) + s->cursor->first_image,
        values, bad);
}

void nr_suffix_put_row(const nr_front *front, const float *from, size_t n, float *to) {
    if (!front->clamp) memcpy(to, from, n * sizeof *to);
    else
        for (size_t i = 0; i < n; i++) to[i] = nr_suffix_clamp(front, from[i]);
}

/* ---- the open block ---- */

/* CONST tensors that the suffix reads stand once, for all rows. */
static void bind_constants(const nr_suffix *s) {
    const nr_board *board = s->board;
    for (uint32_t i = 0; i < nr_graph_size(board->spec.graph); i++)
        if (nr_cut_part(board->cut, i) == NR_PART_CONST &&
            nr_cut_leaves_part(board->cut, i))
            nr_exec_bind(s->exec, i,
                         nr_prefix_tensor(s->prefix, i) +
                             s->cursor->row * nr_board_size(board, i),
                         s->cursor->images);
}

nr_status nr_suffix_open(nr_suffix *s) {
    size_t images = s->cursor->images;
    int64_t values[2];
    nr_bad bad;
    bind_constants(s);
    for (size_t f = 0; f < s->board->n_frontier; f++) {
        const nr_front *front = &s->board->frontier[f];
        for (int end = NR_EMPTY; end <= NR_FULL; end++) {
            s->end[f][end] = nr_deltas_end(s->deltas, front->node, (nr_end)end) +
                             s->cursor->row * front->size;
            nr_suffix_put_row(front, s->end[f][end], images * front->size,
                              s->rows[f] + (size_t)end * images * front->size);
        }
    }
    if (!nr_suffix_evaluate(s, 2, values, &bad))
        return nr_filter_report_end(s->deltas, bad.value, bad.coalition == NR_FULL);
    /* Nobody live: both rows are equal, and must not differ by a kernel's rounding. */
    s->ends =
        (nr_block_ends){.images = (uint32_t)images,
                        .full = values[NR_FULL],
                        .empty = s->deltas->n_live ? values[NR_EMPTY] : values[NR_FULL],
                        .label = NR_NO_LABEL};
    return NR_OK;
}
