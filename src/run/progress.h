/* How far a layer is: a bar on a terminal, a line now and then in a log. */
#ifndef NEURANK_RUN_PROGRESS_H
#define NEURANK_RUN_PROGRESS_H

#include "neurank/store/store.h"

typedef struct {
    bool terminal;
    double started_s, shown_s;
    uint64_t units_before; /* of earlier sessions */
    /* The estimates as last looked at: that takes time, with many filters. */
    double looked_s, look_took_s;
    double widest, sweeps; /* half the widest joint interval; forecast of sweeps */
} nr_progress;

void nr_progress_begin(nr_progress *progress, const nr_store_layer *layer);
/* Shows the state if it is time to. Cheap otherwise. */
void nr_progress_show(nr_progress *progress, const nr_store *store,
                      const nr_store_layer *layer, double now_s);
void nr_progress_end(nr_progress *progress);

#endif
