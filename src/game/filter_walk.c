/* Walks: the rows of all prefixes and their complements form one batch, cut into chunks
 * that stay in cache. Complements are free on LINEAR tensors:
 * z(S^c) = z(N) + z(empty) - z(S). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/base/stop.h"

/* A chunk's buffers fill about this much of a core's cache, or hold CHUNK_WANTED
 * coalitions, which products with large weights want, if that fits in memory.
 * Constants: chunking must not depend on the machine. */
enum { CHUNK_BYTES = 1 << 20, CHUNK_WANTED = 56, CHUNK_MAX = 128 };
enum { CHUNK_BYTES_MAX = 64 << 20 };

/* The node of the suffix that alone reads `node`, or NULL. */
static const nr_node *only_reader(const nr_filter *game, uint32_t node, uint32_t *out) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_MIXED);
    size_t readers = node == nr_graph_output(game->spec.graph);
    for (size_t i = 0; i < list.n; i++)
        for (uint32_t k = 0;
             k < nr_graph_node(game->spec.graph, list.nodes[i])->n_inputs; k++)
            if (nr_graph_input_of(game->spec.graph, list.nodes[i], k) == node) {
                readers++;
                *out = list.nodes[i];
            }
    return readers == 1 && *out != node ? nr_graph_node(game->spec.graph, *out) : NULL;
}

static void find_clamp(const nr_filter *game, nr_frontier *front) {
    uint32_t reader = front->node;
    const nr_node *n = only_reader(game, front->node, &reader);
    front->row_node = front->node;
    if (game->spec.kernels->plain || front->part != NR_PART_LINEAR || !n) return;
    if (n->op != NR_OP_RELU && n->op != NR_OP_CLIP) return;
    front->clamp = true;
    front->low = n->op == NR_OP_RELU ? 0 : n->low;
    front->high = n->op == NR_OP_RELU ? INFINITY : n->high;
    front->row_node = reader;
}

static bool is_row_node(const nr_filter *game, uint32_t node) {
    for (size_t f = 0; f < game->n_frontier; f++)
        if (game->frontier[f].row_node == node) return true;
    return false;
}

/* Coalitions of a batch: enough for the suffix' products, not more than fits. */
static size_t choose_chunk(size_t bytes) {
    size_t chunk = bytes ? CHUNK_BYTES / bytes : CHUNK_MAX;
    size_t wanted = bytes ? CHUNK_BYTES_MAX / bytes : CHUNK_MAX;
    if (wanted > CHUNK_WANTED) wanted = CHUNK_WANTED;
    if (chunk < wanted) chunk = wanted;
    if (chunk > CHUNK_MAX) chunk = CHUNK_MAX;
    return chunk < 2 ? 2 : chunk / 2 * 2;
}

static nr_status make_suffix(nr_filter *game) {
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_MIXED);
    uint32_t output = nr_graph_output(game->spec.graph), *nodes;
    size_t n = 0, bytes;
    if (!NR_NEW(nodes, list.n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < list.n; i++)
        if (!is_row_node(game, list.nodes[i])) nodes[n++] = list.nodes[i];
    nr_exec_spec spec = {.graph = game->spec.graph,
                         .kernels = game->spec.kernels,
                         .nodes = nodes,
                         .n_nodes = n,
                         .keep = &output,
                         .n_keep = 1,
                         .packs = game->packs};
    nr_status status = nr_exec_bytes_per_row(&spec, &bytes);
    if (status == NR_OK) {
        for (size_t f = 0; f < game->n_frontier; f++)
            bytes = nr_size_add(bytes, game->frontier[f].size * sizeof(float));
        game->chunk = choose_chunk(nr_size_mul(bytes, game->rows_block));
        spec.rows_max = game->chunk * game->rows_block;
        status = nr_exec_new(&spec, &game->suffix);
    }
    free(nodes);
    return status;
}

nr_status nr_filter_walk_new(nr_filter *game) {
    nr_node_list list = nr_cut_frontier(game->cut);
    if (!NR_NEW(game->frontier, list.n)) return NR_ERR_INTERNAL;
    game->n_frontier = list.n;
    for (size_t f = 0; f < list.n; f++) {
        nr_frontier *front = &game->frontier[f];
        front->node = list.nodes[f];
        front->part = nr_cut_part(game->cut, front->node);
        front->size =
            nr_shape_size(nr_graph_node(game->spec.graph, front->node)->shape);
        find_clamp(game, front);
    }
    NR_TRY(make_suffix(game));
    size_t rows = game->chunk * game->rows_block;
    for (size_t f = 0; f < list.n; f++) {
        nr_frontier *front = &game->frontier[f];
        front->rows = nr_new_floats(nr_size_mul(rows, front->size));
        front->current = nr_new_floats(nr_size_mul(2 * game->rows_block, front->size));
        if (!front->rows || !front->current) return NR_ERR_INTERNAL;
        if (front->part == NR_PART_LINEAR)
            front->delta = game->entry[front->node]
                               ? game->entry[front->node]
                               : nr_exec_output(game->delta, front->node);
    }
    game->members = nr_new_floats(nr_size_mul(game->chunk, game->window));
    if (!game->members || !NR_NEW(game->order, game->n) ||
        !NR_NEW(game->row_labels, rows) || !NR_NEW(game->row_values, rows) ||
        !NR_NEW(game->prefix_value, game->n + 1) ||
        !NR_NEW(game->complement_value, game->n + 1))
        return NR_ERR_INTERNAL;
    return nr_filter_tail_new(game);
}

size_t nr_filter_walk_bytes(const nr_filter *game) {
    size_t bytes = nr_exec_bytes(game->suffix);
    for (size_t f = 0; f < game->n_frontier; f++)
        bytes +=
            game->chunk * game->rows_block * game->frontier[f].size * sizeof(float);
    return bytes;
}

void nr_filter_walk_free(nr_filter *game) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        free(game->frontier[f].rows);
        free(game->frontier[f].current);
    }
    free(game->frontier);
    nr_filter_tail_free(game);
    nr_exec_free(game->suffix);
    free(game->order);
    free(game->members);
    free(game->row_labels);
    free(game->row_values);
    free(game->prefix_value);
    free(game->complement_value);
}

/* ---- values ---- */

bool nr_filter_add_scores(nr_filter *game, const float *logits, size_t rows,
                          size_t images, const uint32_t *labels, int64_t *values,
                          size_t *bad, double *bad_value) {
    for (size_t r = 0; r < rows; r++) game->row_labels[r] = labels[r % images];
    nr_score(game->spec.metric, game->spec.kernels, rows, game->classes, logits,
             game->row_labels, game->row_values);
    for (size_t r = 0; r < rows; r++) {
        int64_t quanta;
        if (!nr_quantise(game->row_values[r], &quanta)) {
            *bad = r / images;
            *bad_value = game->row_values[r];
            return false;
        }
        values[r / images] += quanta;
    }
    return true;
}

bool nr_filter_evaluate(nr_filter *game, size_t count, int64_t *values, size_t *bad,
                        double *bad_value) {
    size_t rows = count * game->images;
    uint32_t output = nr_graph_output(game->spec.graph);
    for (size_t f = 0; f < game->n_frontier; f++)
        nr_exec_bind(game->suffix, game->frontier[f].row_node, game->frontier[f].rows,
                     rows);
    nr_exec_run(game->suffix, rows);
    memset(values, 0, count * sizeof *values);
    return nr_filter_add_scores(game, nr_exec_output(game->suffix, output), rows,
                                game->images,
                                nr_images_labels(game->spec.images) + game->first_image,
                                values, bad, bad_value);
}

static float clamp(const nr_frontier *front, float v) {
    v = v < front->low ? front->low : v;
    return v > front->high ? front->high : v;
}

void nr_filter_put_row(const nr_frontier *front, const float *from, size_t n,
                       float *to) {
    if (!front->clamp) memcpy(to, from, n * sizeof *to);
    else
        for (size_t i = 0; i < n; i++) to[i] = clamp(front, from[i]);
}

/* CONST tensors that the suffix reads stand once, for all rows. */
static void bind_constants(nr_filter *game) {
    for (uint32_t i = 0; i < nr_graph_size(game->spec.graph); i++)
        if (nr_cut_part(game->cut, i) == NR_PART_CONST &&
            nr_cut_leaves_part(game->cut, i))
            nr_exec_bind(game->suffix, i,
                         nr_filter_state(game, i, NR_EMPTY) +
                             game->row * nr_shape_size(
                                             nr_graph_node(game->spec.graph, i)->shape),
                         game->images);
}

nr_status nr_filter_walk_ends(nr_filter *game) {
    size_t images = game->images, bad;
    double bad_value = 0;
    int64_t values[2];
    bind_constants(game);
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        for (int end = NR_EMPTY; end <= NR_FULL; end++) {
            front->end[end] = nr_filter_state(game, front->node, (nr_end)end) +
                              game->row * front->size;
            nr_filter_put_row(front, front->end[end], images * front->size,
                              front->rows + (size_t)end * images * front->size);
        }
    }
    if (!nr_filter_evaluate(game, 2, values, &bad, &bad_value))
        return nr_filter_report_end(game, bad_value, bad == NR_FULL);
    game->ends.images = (uint32_t)images;
    game->ends.full = values[NR_FULL];
    /* Nobody live: both rows are equal, and must not differ by a kernel's rounding. */
    game->ends.empty = game->n_live ? values[NR_EMPTY] : values[NR_FULL];
    return NR_OK;
}

/* ---- walking ---- */

static void linear_start(nr_frontier *front, size_t n) {
    memcpy(front->current, front->end[NR_EMPTY], n * sizeof *front->current);
}

/* Adds the player and writes the rows of the prefix and of its complement. */
static void linear_step(const nr_filter *game, nr_frontier *front, uint32_t player,
                        float *restrict prefix, float *restrict complement) {
    size_t n = game->images * front->size;
    const float *restrict delta = nr_filter_delta(game, front, player);
    const float *restrict empty = front->end[NR_EMPTY], *restrict full =
                                                            front->end[NR_FULL];
    float *restrict current = front->current;
    for (size_t i = 0; i < n; i++) {
        float sum = current[i] + delta[i];
        current[i] = sum;
        prefix[i] = sum;
        complement[i] = full[i] + empty[i] - sum;
    }
    if (!front->clamp) return;
    for (size_t i = 0; i < n; i++) {
        prefix[i] = clamp(front, prefix[i]);
        complement[i] = clamp(front, complement[i]);
    }
}

static void two_start(nr_frontier *front, size_t n) {
    memcpy(front->current, front->end[NR_EMPTY], n * sizeof *front->current);
    memcpy(front->current + n, front->end[NR_FULL], n * sizeof *front->current);
}

static void two_step(const nr_filter *game, nr_frontier *front, uint32_t player,
                     float *restrict prefix, float *restrict complement) {
    nr_shape shape = nr_graph_node(game->spec.graph, front->node)->shape;
    size_t n = game->images * front->size, n_channels, pixels = n / shape.c;
    const uint32_t *channels =
        nr_cut_channels(game->cut, front->node, player, &n_channels);
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n_channels; i++) {
            size_t at = p * shape.c + channels[i];
            front->current[at] = front->end[NR_FULL][at];
            front->current[n + at] = front->end[NR_EMPTY][at];
        }
    memcpy(prefix, front->current, n * sizeof *prefix);
    memcpy(complement, front->current + n, n * sizeof *complement);
}

static void start(nr_filter *game) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        size_t n = game->images * front->size;
        if (front->part == NR_PART_LINEAR) linear_start(front, n);
        else two_start(front, n);
    }
}

/* Rows of prefix `place` of a chunk whose complements start at row `half`. */
static void step(nr_filter *game, uint32_t player, size_t place, size_t half) {
    for (size_t f = 0; f < game->n_frontier; f++) {
        nr_frontier *front = &game->frontier[f];
        size_t n = game->images * front->size;
        float *prefix = front->rows + place * n;
        float *complement = front->rows + (half + place) * n;
        if (front->part == NR_PART_LINEAR)
            linear_step(game, front, player, prefix, complement);
        else two_step(game, front, player, prefix, complement);
    }
}

/* Values of the prefixes of size first + 1 .. first + count and of their complements.
 */
static nr_status walk_chunk(nr_filter *game, size_t first, size_t count) {
    int64_t values[CHUNK_MAX];
    size_t bad;
    double bad_value = 0;
    bool good;
    if (game->tail.fits) {
        good = nr_filter_tail_steps(game, first, count, values, &bad, &bad_value);
    } else {
        for (size_t k = 0; k < count; k++) step(game, game->order[first + k], k, count);
        good = nr_filter_evaluate(game, 2 * count, values, &bad, &bad_value);
    }
    if (!good) {
        bool prefix = bad < count;
        size_t size = first + 1 + (prefix ? bad : bad - count);
        return nr_filter_report_walk(game, bad_value, size, !prefix);
    }
    for (size_t k = 0; k < count; k++) {
        game->prefix_value[first + 1 + k] = values[k];
        game->complement_value[first + 1 + k] = values[count + k];
    }
    return NR_OK;
}

/* Steps whose two rows fill the product kernel's tiles (14 rows). */
enum { STEPS_OF_TILE = 7 };

/* Steps [from, to), in chunks of about one size, because a small last one would waste
 * its products, and of whole tiles. */
static nr_status walk_window(nr_filter *game, size_t from, size_t to) {
    size_t half = game->chunk / 2, unit = half < STEPS_OF_TILE ? 1 : STEPS_OF_TILE;
    size_t units = (to - from + unit - 1) / unit, most = half / unit;
    size_t chunks = (units + most - 1) / most;
    for (size_t k = 0; k < chunks; k++) {
        size_t first = from + units * k / chunks * unit;
        size_t end = k + 1 == chunks ? to : from + units * (k + 1) / chunks * unit;
        if (first > 0 && nr_stop_leave()) return NR_STOPPED;
        NR_TRY(walk_chunk(game, first, end - first));
    }
    return NR_OK;
}

static nr_status walk_values(nr_filter *game, uint64_t *coalition_images) {
    size_t m = game->n_live, steps = m - 1; /* the last prefix is everybody */
    game->prefix_value[0] = game->complement_value[m] = game->ends.empty;
    game->prefix_value[m] = game->complement_value[0] = game->ends.full;
    start(game);
    if (game->tail.fits) nr_filter_tail_start(game);
    for (size_t from = 0; from < steps; from += game->window) {
        size_t to = steps - from < game->window ? steps : from + game->window;
        if (!game->all_fit && !game->tail.scaled)
            nr_filter_deltas_compute(game, game->order + from, to - from);
        NR_TRY(walk_window(game, from, to));
    }
    *coalition_images += 2 * steps * game->images;
    return NR_OK;
}

nr_status nr_filter_walk_pair(nr_filter *game, const uint32_t *order, size_t n,
                              int64_t *forward, int64_t *reverse,
                              uint64_t *coalition_images) {
    size_t m = 0;
    memset(forward, 0, game->n * sizeof *forward);
    memset(reverse, 0, game->n * sizeof *reverse);
    if (game->n_live == 0) return NR_OK;
    for (size_t k = 0; k < n; k++)
        if (game->live[order[k]]) game->order[m++] = order[k];
    NR_ASSERT(m == game->n_live);
    NR_TRY(walk_values(game, coalition_images));
    for (size_t k = 0; k < m; k++) {
        uint32_t player = game->order[k];
        forward[player] = game->prefix_value[k + 1] - game->prefix_value[k];
        reverse[player] = game->complement_value[k] - game->complement_value[k + 1];
    }
    return NR_OK;
}
