/* What the files of `neurank prune` share. */
#ifndef NEURANK_PRUNE_PRUNE_RUN_H
#define NEURANK_PRUNE_PRUNE_RUN_H

#include "neurank/prune/choice.h"
#include "neurank/prune/prune.h"
#include "neurank/run/network.h"
#include "neurank/store/store.h"

typedef struct {
    double parameters, flops; /* weights and biases; of one image */
    double accuracy, loss;    /* NAN without images */
} nr_network_facts;

/* The ranks of the layers that are pruned. */
typedef struct {
    nr_store *store;
    nr_ranked_layer *layers; /* [n] in the network's order */
    size_t n;
    double *numbers; /* what the layers point at */
    bool complete;   /* all of these results */
} nr_ranks;

/* Reads the store and finds the ranks of its layers in the graph. NR_ERR_MISMATCH: the
 * store is of another model, or does not have these ranks. */
nr_status nr_ranks_load(const nr_prune_request *request, const nr_graph *graph,
                        const char *model_digest, nr_ranks *out);
void nr_ranks_clear(nr_ranks *ranks);

typedef struct {
    const nr_prune_request *request;
    nr_graph *plain, *graph,
        *small; /* the model as it is; as it runs; the smaller one */
    char digest[NR_DIGEST_TEXT];
    const nr_kernels *kernels;
    nr_images *images; /* NULL: none are given */
    nr_ranks ranks;
    nr_channels *channels; /* of plain */
    nr_choice *choice;
    bool *off, *silent, *cut; /* [channels of plain] */
    nr_network_facts before, after;
    double worst, range; /* largest difference to the masked network; of its logits */
    size_t rows;         /* that were compared */
} nr_pruning;

/* Accuracy and loss of the network with the filters in pruning->off silent;
 * logits [rows, classes]. */
nr_status nr_prune_masked(nr_pruning *pruning, float *logits, nr_network_facts *scores);
/* Fills pruning->off: as few filters as --max-drop allows. */
nr_status nr_prune_by_drop(nr_pruning *pruning);
/* Facts before. */
nr_status nr_prune_measure(nr_pruning *pruning);
/* Facts after, of pruning->small; NR_ERR_INTERNAL if its logits are not those of the
 * masked network. */
nr_status nr_prune_verify(nr_pruning *pruning);

/* On stdout, as --format says. */
nr_status nr_prune_print(const nr_pruning *pruning);

/* The files of --masks, if it is given. */
nr_status nr_prune_masks(const nr_pruning *pruning);

/* Channels [*n] of a layer that stay, owned by the caller; NULL after a message. */
uint32_t *nr_prune_kept(const nr_pruning *pruning, uint32_t node, size_t *n);

#endif
