/* From ranks to the filters that stay.
 *
 * Layers whose filters are tied (prune/channels.h) form a *group*; what can be removed
 * from it is a *bundle*: one filter of each of them. A layer that is tied to no other
 * is a group of its own, and each of its filters a bundle. A bundle's value is the sum
 * of its filters' values; bundles with a filter that was not ranked always stay. Equal
 * values: the lower channel stays. No layer loses its last filter. */
#ifndef NEURANK_PRUNE_CHOICE_H
#define NEURANK_PRUNE_CHOICE_H

#include "neurank/prune/channels.h"

typedef struct {
    uint32_t node;        /* of the graph */
    const char *name;     /* borrowed */
    const double *values; /* [channels], NAN where not ranked; borrowed */
    const double *low;    /* [channels] lower ends of intervals, or NULL; borrowed */
} nr_ranked_layer;

typedef enum {
    NR_KEEP_COUNT,       /* amount bundles of each group */
    NR_KEEP_FRACTION,    /* that part of each group, rounded, at least one */
    NR_KEEP_SIGNIFICANT, /* those with a filter whose interval is above zero */
    NR_KEEP_EACH,        /* each[layer] filters of each layer */
    NR_KEEP_GROUPS       /* each[group] bundles of each group */
} nr_keep_kind;

typedef struct {
    nr_keep_kind kind;
    double amount;
    const size_t *each; /* in the order of the layers, or of the groups */
} nr_keep_rule;

typedef struct nr_choice nr_choice;

/* source: the model, for messages. Borrows it, channels, the layers [n_layers] and what
 * they point at for the life of *out. NR_ERR_MISMATCH names a layer that cannot be
 * pruned, and those in its way; NR_ERR_INTERNAL: no memory. */
nr_status nr_choice_new(const char *source, const nr_channels *channels,
                        const nr_ranked_layer *layers, size_t n_layers,
                        nr_choice **out);
void nr_choice_free(nr_choice *choice);

/* Groups in the order of their first layers: how many, how many bundles one has, and
 * its name, which is that layer's. */
size_t nr_choice_groups(const nr_choice *choice);
size_t nr_choice_group_size(const nr_choice *choice, size_t group);
const char *nr_choice_group_name(const nr_choice *choice, size_t group);

/* off [nr_channels_count]: the filters that go. NR_ERR_USAGE: the rule asks for more
 * than there is, for fewer than have to stay, or for unlike numbers of tied layers;
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_choice_make(const nr_choice *choice, const nr_keep_rule *rule, bool *off);

#endif
