/* How far a layer is: a bar on a terminal, a line now and then in a log. */
#ifndef NEURANK_RUN_PROGRESS_H
#define NEURANK_RUN_PROGRESS_H

#include "neurank/store/store.h"

enum { NR_PROGRESS_LINE = 256 };

typedef struct {
    bool terminal;
    double started_s, shown_s;
    uint64_t units_before; /* of earlier sessions */
    /* The estimates as last looked at: that takes time, with many filters. */
    double looked_s, look_took_s;
    double widest, sweeps; /* half the widest joint interval; forecast of sweeps */
} nr_progress;

/* How far a layer is, as far as is known: NAN and 0 where it is not. */
typedef struct {
    double units, total; /* done; those of the whole run, a forecast where a goal is */
    double units_per_sweep, widest;
    double rate;   /* units a second of this session */
    double left_s; /* until the layer is complete */
} nr_progress_facts;

/* begin: of a session's work on the layer; end: clears the terminal's line. */
void nr_progress_begin(nr_progress *progress, const nr_store_layer *layer);
/* Shows the state if it is time to. Cheap otherwise. */
void nr_progress_show(nr_progress *progress, const nr_store *store,
                      const nr_store_layer *layer, double now_s);
/* The estimates looked at, unless that takes too long. */
nr_progress_facts nr_progress_look(nr_progress *progress, const nr_store *store,
                                   const nr_store_layer *layer, double now_s);

/* A note for `neurank status`, in one line, and back. what: the layer; of a rating the
 * layer and its kind. */
void nr_progress_write(const nr_progress_facts *facts, const char *what,
                       char line[NR_PROGRESS_LINE]);
/* What such a line is about; NULL if it is none. */
const char *nr_progress_read(const char *line, nr_progress_facts *out);
/* " [####....]"; ":" where part is NAN. */
enum { NR_PROGRESS_BAR = 40 };
void nr_progress_bar(double part, char text[NR_PROGRESS_BAR]);
void nr_progress_end(nr_progress *progress);

#endif
