#include "prefix.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

struct nr_prefix {
    const nr_board *board;
    const nr_cursor *cursor;
    nr_exec *exec;
    float *input;                   /* [group * T, h, w, c] */
    uint64_t computed, input_group; /* group + 1 that `exec`, `input` hold */
    uint64_t group_first;           /* first block of the open one */
    uint32_t *nodes;                /* [n_nodes] whose tensors are read later */
    size_t n_nodes;
    /* groups that are kept */
    size_t *offset; /* [graph size] of each tensor in a group's floats */
    size_t floats;  /* of a group */
    size_t n_slots;
    uint64_t *group;   /* [n_slots] + 1; 0: free */
    float **data;      /* [n_slots] */
    const float *open; /* of the open group; NULL: stands in the execution */
};

static size_t group_rows(const nr_prefix *p) {
    return nr_size_mul(p->board->spec.group_blocks, p->board->rows_block);
}

static nr_status fill(nr_prefix *p) {
    const nr_board *board = p->board;
    size_t rows = group_rows(p);
    NR_TRY(nr_board_leaving(board, NR_PART_CONST, &p->nodes, &p->n_nodes));
    NR_TRY(nr_board_exec(board, NR_PART_CONST, p->nodes, p->n_nodes, rows, &p->exec));
    p->input = nr_new_floats(nr_size_mul(rows, nr_board_size(board, 0)));
    if (!p->input || !NR_NEW(p->offset, nr_graph_size(board->spec.graph)))
        return NR_ERR_INTERNAL;
    nr_exec_bind(p->exec, 0, p->input, rows);
    for (size_t i = 0; i < p->n_nodes; i++) {
        size_t size = nr_size_mul(rows, nr_board_size(board, p->nodes[i]));
        p->offset[p->nodes[i]] = p->floats;
        p->floats = nr_size_add(p->floats, size);
    }
    return NR_OK;
}

nr_status nr_prefix_new(const nr_board *board, const nr_cursor *cursor,
                        nr_prefix **out) {
    nr_prefix *p;
    if (!NR_NEW(p, 1)) return NR_ERR_INTERNAL;
    p->board = board;
    p->cursor = cursor;
    nr_status status = fill(p);
    if (status != NR_OK) {
        nr_prefix_free(p);
        return status;
    }
    *out = p;
    return NR_OK;
}

void nr_prefix_free(nr_prefix *p) {
    if (!p) return;
    for (size_t s = 0; p->data && s < p->n_slots; s++) free(p->data[s]);
    free(p->data);
    free(p->group);
    free(p->offset);
    free(p->nodes);
    free(p->input);
    nr_exec_free(p->exec);
    free(p);
}

nr_status nr_prefix_keep(nr_prefix *p, size_t bytes_max) {
    size_t rows = group_rows(p), images = nr_images_count(p->board->spec.images);
    size_t bytes = nr_size_mul(p->floats, sizeof(float));
    size_t groups = (images + rows - 1) / rows;
    p->n_slots = bytes && p->board->spec.again ? bytes_max / bytes : 0;
    if (p->n_slots > groups) p->n_slots = groups;
    return NR_NEW(p->group, p->n_slots) && NR_NEW(p->data, p->n_slots)
               ? NR_OK
               : NR_ERR_INTERNAL;
}

size_t nr_prefix_bytes(const nr_prefix *p) {
    return nr_exec_bytes(p->exec);
}

/* The group has just been computed: a free slot takes it. Without memory it is computed
 * again next time. */
static void keep_group(nr_prefix *p, uint64_t group, size_t rows) {
    if (p->n_slots == 0 || p->group[group % p->n_slots] != 0) return;
    size_t slot = group % p->n_slots;
    p->data[slot] = malloc(p->floats * sizeof(float));
    if (!p->data[slot]) return;
    p->group[slot] = group + 1;
    for (size_t i = 0; i < p->n_nodes; i++) {
        uint32_t node = p->nodes[i];
        memcpy(p->data[slot] + p->offset[node], nr_exec_output(p->exec, node),
               rows * nr_board_size(p->board, node) * sizeof(float));
    }
}

/* Reads the group's images; returns how many. */
static size_t read_group(nr_prefix *p, uint64_t group) {
    const nr_images *images = p->board->spec.images;
    size_t total = nr_images_count(images), rows = group_rows(p);
    size_t image = (size_t)group * rows;
    if (rows > total - image) rows = total - image;
    if (p->input_group != group + 1) nr_images_read(images, image, rows, p->input);
    p->input_group = group + 1;
    return rows;
}

static void compute_group(nr_prefix *p, uint64_t group) {
    size_t rows = read_group(p, group);
    nr_exec_bind(p->exec, 0, p->input, rows);
    nr_exec_run(p->exec, rows);
    p->computed = group + 1;
    keep_group(p, group, rows);
}

void nr_prefix_open(nr_prefix *p) {
    uint64_t group = p->cursor->batch_first / p->board->spec.group_blocks;
    size_t slot = p->n_slots ? group % p->n_slots : 0;
    p->group_first = group * p->board->spec.group_blocks;
    p->open = NULL;
    if (p->n_slots && p->group[slot] == group + 1) p->open = p->data[slot];
    else if (p->computed != group + 1) compute_group(p, group);
    if (nr_cut_leaves_part(p->board->cut, 0)) read_group(p, group);
}

const float *nr_prefix_tensor(const nr_prefix *p, uint32_t node) {
    size_t block = (size_t)(p->cursor->batch_first - p->group_first);
    const float *rows = nr_board_node(p->board, node)->n_inputs == 0 ? p->input
                        : p->open ? p->open + p->offset[node]
                                  : nr_exec_output(p->exec, node);
    return rows + block * p->board->rows_block * nr_board_size(p->board, node);
}
