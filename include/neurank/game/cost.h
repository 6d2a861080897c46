/* What the game of a layer's filters will take: functions of the network alone, by
 * which work is cut into units before there is a game. */
#ifndef NEURANK_GAME_COST_H
#define NEURANK_GAME_COST_H

#include "neurank/nn/cut.h"

/* Blocks whose prefix fits in a batch of moderate memory, at least 1: a function of the
 * graph and of the images of a block. */
uint32_t nr_filter_group_blocks(const nr_graph *graph, uint32_t block_images);

/* Multiply-adds for one block visit of two pairs, as planned: an upper bound that does
 * not know which channels are silent. */
double nr_filter_visit_macs(const nr_cut *cut, uint32_t block_images);
/* The same as units are cut by: the prefix counts an eighth, for it is kept for later
 * sweeps, and large units make its batches large. */
double nr_filter_planned_macs(const nr_cut *cut, uint32_t block_images);
/* Multiply-adds for one coalition on one image, everything before the suffix given: the
 * suffix, and forming what it reads. */
double nr_filter_coalition_macs(const nr_cut *cut);

#endif
