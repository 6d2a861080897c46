/* What the game of a layer's filters is played on. */
#ifndef NEURANK_GAME_FILTER_SPEC_H
#define NEURANK_GAME_FILTER_SPEC_H

#include "neurank/dataset/images.h"
#include "neurank/game/score.h"
#include "neurank/nn/cut.h"

/* Whatever it is, the numbers are the same. */
enum { NR_FILTER_MEMORY = 256 << 20, NR_FILTER_MEMORY_MIN = 32 << 20 };

typedef struct {
    const nr_graph *graph; /* all borrowed for the life of the game */
    const nr_images *images;
    const nr_kernels *kernels;
    uint32_t layer;
    nr_ablation ablation;
    const float *channel_means; /* [channels of the layer] for NR_ABLATE_MEAN */
    const uint32_t *filters;    /* [n_players] ascending */
    size_t n_players;
    nr_metric metric;
    uint32_t block_images; /* T: images of a block; the last one may have fewer */
    uint32_t group_blocks; /* blocks whose prefix is computed in one batch */
    size_t memory_bytes;   /* about what the game may take; 0: NR_FILTER_MEMORY */
    bool again;            /* blocks come again: prefixes are worth keeping */
    bool enumerated;       /* all differences at hand, as `gray` needs them */
} nr_filter_spec;

#endif
