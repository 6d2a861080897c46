#include "neurank/game/cost.h"

enum { GROUP_BYTES = 32 << 20, GROUP_IMAGES_MAX = 32 };

uint32_t nr_filter_group_blocks(const nr_graph *graph, uint32_t block_images) {
    size_t floats = 1;
    for (uint32_t i = 0; i < nr_graph_size(graph); i++) {
        size_t size = nr_shape_size(nr_graph_node(graph, i)->shape);
        if (size > floats) floats = size;
    }
    size_t images = GROUP_BYTES / sizeof(float) / (4 * floats);
    if (images > GROUP_IMAGES_MAX) images = GROUP_IMAGES_MAX;
    return images < block_images ? 1 : (uint32_t)(images / block_images);
}

static double part_macs(const nr_cut *cut, nr_part part) {
    nr_node_list list = nr_cut_nodes(cut, part);
    double macs = 0;
    for (size_t i = 0; i < list.n; i++)
        macs += nr_graph_node_macs(nr_cut_graph(cut), list.nodes[i]);
    return macs;
}

static double frontier_size(const nr_cut *cut) {
    nr_node_list list = nr_cut_frontier(cut);
    double size = 0;
    for (size_t i = 0; i < list.n; i++)
        size += (double)nr_shape_size(
            nr_graph_node(nr_cut_graph(cut), list.nodes[i])->shape);
    return size;
}

static double visit_macs(const nr_cut *cut, uint32_t block_images, double prefix) {
    double n = (double)nr_cut_players(cut), steps = 4 * (n - 1) + 2;
    double once = prefix * part_macs(cut, NR_PART_CONST) +
                  2 * part_macs(cut, NR_PART_TWO) + 3 * part_macs(cut, NR_PART_LINEAR);
    return block_images * (once + steps * nr_filter_coalition_macs(cut));
}

double nr_filter_visit_macs(const nr_cut *cut, uint32_t block_images) {
    return visit_macs(cut, block_images, 1);
}

double nr_filter_planned_macs(const nr_cut *cut, uint32_t block_images) {
    return visit_macs(cut, block_images, 1.0 / 8);
}

double nr_filter_coalition_macs(const nr_cut *cut) {
    return part_macs(cut, NR_PART_MIXED) + frontier_size(cut);
}
