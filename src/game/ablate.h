/* Ablated states of channels. */
#ifndef NEURANK_GAME_ABLATE_H
#define NEURANK_GAME_ABLATE_H

#include "neurank/nn/cut.h"

/* The state of the layer's channels when ablated: ablated [rows, map, c] from kept. */
void nr_ablate_layer(const nr_cut *cut, nr_ablation ablation, const float *means,
                     size_t rows, const float *kept, float *ablated);

/* An nr_exec_hook for the ablated state of TWO tensors, context the nr_cut: absent
 * channels read as zero whatever the operator made of them. */
void nr_ablate_absent(void *cut, uint32_t node, size_t rows, float *output);

#endif
