/* The part of the network that no player changes, computed for a group of blocks at
 * once, and kept for the next sweep as far as memory allows.
 *
 * Which groups are kept depends on the order in which they come, but what is computed
 * does not depend on what is kept: a group's prefix is always computed in the same
 * batch. A slot keeps its first group for good: when not all groups fit, sweeps in
 * order would otherwise drop each one just before it is wanted again. */
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"

struct nr_prefix_cache {
    const uint32_t *nodes; /* [n_nodes] whose tensors are kept */
    size_t n_nodes;
    size_t *offset; /* [graph size] of each one in a group's floats */
    size_t floats;  /* of a group */
    size_t n_slots;
    uint64_t *group;   /* [n_slots] + 1; 0: free */
    float **data;      /* [n_slots] */
    const float *open; /* of the open group; NULL: stands in the execution */
};

static size_t node_size(const nr_filter *game, uint32_t node) {
    return nr_shape_size(nr_graph_node(game->spec.graph, node)->shape);
}

static size_t group_rows(const nr_filter *game) {
    return nr_size_mul(game->spec.group_blocks, game->rows_block);
}

nr_status nr_filter_prefix_keep(nr_filter *game, size_t bytes_max) {
    nr_prefix_cache *cache = game->cache;
    size_t rows = group_rows(game), images = nr_images_count(game->spec.images);
    size_t bytes = nr_size_mul(cache->floats, sizeof(float));
    size_t groups = (images + rows - 1) / rows;
    cache->n_slots = bytes && game->spec.again ? bytes_max / bytes : 0;
    if (cache->n_slots > groups) cache->n_slots = groups;
    if (!NR_NEW(cache->group, cache->n_slots) || !NR_NEW(cache->data, cache->n_slots))
        return NR_ERR_INTERNAL;
    return NR_OK;
}

nr_status nr_filter_prefix_new(nr_filter *game, const uint32_t *keep, size_t n_keep) {
    if (!NR_NEW(game->cache, 1) || !NR_NEW(game->prefix_nodes, n_keep))
        return NR_ERR_INTERNAL;
    memcpy(game->prefix_nodes, keep, n_keep * sizeof *keep);
    game->cache->nodes = game->prefix_nodes;
    game->cache->n_nodes = n_keep;
    game->input = nr_new_floats(nr_size_mul(group_rows(game), node_size(game, 0)));
    if (!game->input) return NR_ERR_INTERNAL;
    nr_exec_bind(game->prefix, 0, game->input, group_rows(game));
    if (!NR_NEW(game->cache->offset, nr_graph_size(game->spec.graph)))
        return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n_keep; i++) {
        nr_prefix_cache *cache = game->cache;
        cache->offset[keep[i]] = cache->floats;
        cache->floats = nr_size_add(
            cache->floats, nr_size_mul(group_rows(game), node_size(game, keep[i])));
    }
    return NR_OK;
}

void nr_filter_prefix_free(nr_filter *game) {
    nr_prefix_cache *cache = game->cache;
    free(game->input);
    free(game->prefix_nodes);
    if (!cache) return;
    for (size_t s = 0; cache->data && s < cache->n_slots; s++) free(cache->data[s]);
    free(cache->data);
    free(cache->group);
    free(cache->offset);
    free(cache);
}

/* The group has just been computed: a free slot takes it. Without memory it is computed
 * again next time. */
static void keep_group(nr_filter *game, uint64_t group, size_t rows) {
    nr_prefix_cache *cache = game->cache;
    if (cache->n_slots == 0 || cache->group[group % cache->n_slots] != 0) return;
    size_t slot = group % cache->n_slots;
    cache->data[slot] = malloc(cache->floats * sizeof(float));
    if (!cache->data[slot]) return;
    cache->group[slot] = group + 1;
    for (size_t i = 0; i < cache->n_nodes; i++) {
        uint32_t node = cache->nodes[i];
        memcpy(cache->data[slot] + cache->offset[node],
               nr_exec_output(game->prefix, node),
               rows * node_size(game, node) * sizeof(float));
    }
}

/* Reads the group's images; returns how many. */
static size_t read_group(nr_filter *game, uint64_t group) {
    size_t total = nr_images_count(game->spec.images), rows = group_rows(game);
    size_t image = (size_t)group * rows;
    if (rows > total - image) rows = total - image;
    if (game->input_group != group + 1)
        nr_images_read(game->spec.images, image, rows, game->input);
    game->input_group = group + 1;
    return rows;
}

static void compute_group(nr_filter *game, uint64_t group) {
    size_t rows = read_group(game, group);
    nr_exec_bind(game->prefix, 0, game->input, rows);
    nr_exec_run(game->prefix, rows);
    game->computed = group + 1;
    keep_group(game, group, rows);
}

void nr_filter_prefix_open(nr_filter *game) {
    nr_prefix_cache *cache = game->cache;
    uint64_t group = game->batch_first / game->spec.group_blocks;
    size_t slot = cache->n_slots ? group % cache->n_slots : 0;
    game->group_first = group * game->spec.group_blocks;
    cache->open = NULL;
    if (cache->n_slots && cache->group[slot] == group + 1)
        cache->open = cache->data[slot];
    else if (game->computed != group + 1) compute_group(game, group);
    if (nr_cut_leaves_part(game->cut, 0)) read_group(game, group);
}

const float *nr_filter_prefix_tensor(const nr_filter *game, uint32_t node) {
    const nr_prefix_cache *cache = game->cache;
    size_t row = (size_t)(game->batch_first - game->group_first) * game->rows_block;
    const float *rows = nr_graph_node(game->spec.graph, node)->n_inputs == 0
                            ? game->input
                        : cache->open ? cache->open + cache->offset[node]
                                      : nr_exec_output(game->prefix, node);
    return rows + row * node_size(game, node);
}
