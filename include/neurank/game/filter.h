/* The game of a layer's filters: players are output channels, a coalition's value is
 * the network's mean score with all other channels ablated. */
#ifndef NEURANK_GAME_FILTER_H
#define NEURANK_GAME_FILTER_H

#include "neurank/dataset/images.h"
#include "neurank/game/game.h"
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

nr_status nr_filter_game_new(const nr_filter_spec *spec, nr_game *out);

/* Coalitions that such a game evaluates at a time: a function of graph and layer. */
size_t nr_filter_game_batch(const nr_game *game);

/* Blocks whose prefix fits in a batch of moderate memory: a function of the graph. */
uint32_t nr_filter_group_blocks(const nr_graph *graph, uint32_t block_images);

/* Multiply-adds for one block visit of two pairs, as planned: an upper bound that does
 * not know which channels are silent. */
double nr_filter_visit_macs(const nr_cut *cut, uint32_t block_images);
/* The same as units are cut by: the prefix counts an eighth, for it is kept for later
 * sweeps, and large units make its batches large. */
double nr_filter_planned_macs(const nr_cut *cut, uint32_t block_images);
/* The same for one coalition on one image, everything before the suffix given. */
double nr_filter_coalition_macs(const nr_cut *cut);

/* ---- pieces that other commands use ---- */

/* The state of the layer's channels when ablated: ablated [rows, map, c] from kept. */
void nr_filter_ablate_layer(const nr_cut *cut, nr_ablation ablation, const float *means,
                            size_t rows, const float *kept, float *ablated);

/* An nr_exec_hook for the ablated state of TWO tensors, context the nr_cut: absent
 * channels read as zero whatever the operator made of them. */
void nr_filter_clear_absent(void *cut, uint32_t node, size_t rows, float *output);

/* Value rows of the network with exactly the players marked in `kept` [n_players]:
 * whole forwards, nothing shared between coalitions. logits [count, classes] of images
 * [first, first + count). */
typedef struct nr_masked nr_masked;
nr_status nr_masked_new(const nr_filter_spec *spec, size_t rows_max, nr_masked **out);
void nr_masked_free(nr_masked *masked);
/* The same in two steps: everything before the choice, once for some images; then as
 * many coalitions as wanted on them. */
void nr_masked_open(nr_masked *masked, size_t first, size_t count);
void nr_masked_play(nr_masked *masked, const bool *kept, float *logits);
void nr_masked_logits(nr_masked *masked, const bool *kept, size_t first, size_t count,
                      float *logits);

/* Adds each channel's mean over positions, image by image and exactly (units of 2^-40),
 * for images [first, first + count): sums [2 * channels] words, low and high of each.
 * rows: batch size. */
nr_status nr_channel_sums(const nr_graph *graph, const nr_images *images,
                          const nr_kernels *kernels, uint32_t layer, size_t first,
                          size_t count, uint64_t *sums);
/* means[channels] from the sums of all `n_images`. */
void nr_channel_means(const uint64_t *sums, size_t channels, size_t n_images,
                      float *means);
/* The same of all images, by one process; means [channels]. */
nr_status nr_channel_means_find(const nr_graph *graph, const nr_images *images,
                                const nr_kernels *kernels, uint32_t layer,
                                float *means);
/* Adds one set of sums to another. */
void nr_channel_sums_merge(uint64_t *into, const uint64_t *from, size_t channels);

#endif
