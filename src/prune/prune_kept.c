#include "neurank/base/memory.h"
#include "prune_run.h"

uint32_t *nr_prune_kept(const nr_pruning *p, uint32_t node, size_t *n) {
    uint32_t channels = nr_channels_of(p->channels, node), *kept;
    const bool *cut = p->cut + nr_channels_first(p->channels, node);
    *n = 0;
    if (!NR_NEW(kept, channels)) return NULL;
    for (uint32_t c = 0; c < channels; c++)
        if (!cut[c]) kept[(*n)++] = c;
    return kept;
}
