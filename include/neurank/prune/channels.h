/* Which channels of a network stand or fall together, and which of them nothing needs.
 *
 *      conv a ----> relu --+
 *      conv b -------------+-> add -> batchnorm -> conv c
 *
 * Channel i of a, of b, of the sum and of everything up to c is one *bundle*: a file in
 * which it is missing from one of them and not from the others is no network. Channel
 * by channel operators, Add and Mul tie their inputs to their output, Concat and
 * reshapes pass channels on, convolutions and dense layers end a bundle and begin new
 * ones. The image, the logits and the two sides of a grouped convolution (its groups
 * have to stay equally large) can lose nothing.
 *
 * A channel is *silent* when it is zero wherever it is read, because the filters behind
 * it are off: through operators that work channel by channel, through Add where all
 * addends are silent, through Mul where one factor is. It is *idle* when every channel
 * that is made of it is silent. A bundle can be cut out of the file when each of its
 * channels is silent or idle; the smaller network then computes what the masked one
 * does.
 *
 * Weighed: the same on the ONNX file's own nodes (every operator's quirks twice), or on
 * one bit a channel without bundles (cannot say who is in the way). */
#ifndef NEURANK_PRUNE_CHANNELS_H
#define NEURANK_PRUNE_CHANNELS_H

#include <stdbool.h>

#include "neurank/nn/graph.h"

typedef struct nr_channels nr_channels;

/* Borrows the graph, folded or not, for the life of *out. NR_ERR_INTERNAL: no
 * memory. */
nr_status nr_channels_new(const nr_graph *graph, nr_channels **out);
void nr_channels_free(nr_channels *channels);

/* Channels of all tensors are numbered one after the other. first: where a node's
 * begin; of: how many it has; count: how many there are of all. */
size_t nr_channels_first(const nr_channels *channels, uint32_t node);
uint32_t nr_channels_of(const nr_channels *channels, uint32_t node);
size_t nr_channels_count(const nr_channels *channels);

/* The bundle of channel c of a node's output: the number of one of its channels. */
size_t nr_channels_bundle(const nr_channels *channels, uint32_t node, uint32_t c);

/* off [count]: filters that are off, at the convolution or dense layer that makes them;
 * silent [count]: what is zero wherever it is read. */
void nr_channels_silent(const nr_channels *channels, const bool *off, bool *silent);

/* cut [count]: the channels whose bundle can be cut out when these filters are off.
 * silent [count] is filled too. NR_ERR_INTERNAL: no memory. */
nr_status nr_channels_cut(const nr_channels *channels, const bool *off, bool *silent,
                          bool *cut);

/* Why the bundle cannot be cut out under `silent`, for a message: "it is tied to
 * layer2.0.conv2, ..."; text [bytes]. */
void nr_channels_why_not(const nr_channels *channels, size_t bundle, const bool *silent,
                         char *text, size_t bytes);

#endif
