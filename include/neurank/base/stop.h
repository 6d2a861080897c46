/* Polite requests to stop: SIGTERM, SIGINT or SIGUSR1, alike, any number of times.
 *
 *   first signal                     NR_STOP_SOON  finish the unit under way, save
 *   another, ten seconds or more     NR_STOP_NOW   leave the unit under way, save
 *   after the first
 *
 * Launchers and job scripts send the same signal twice within moments, so a second one
 * that comes early means nothing. What a handler has written is never cleared. */
#ifndef NEURANK_BASE_STOP_H
#define NEURANK_BASE_STOP_H

#include <stdbool.h>

typedef enum { NR_STOP_NONE, NR_STOP_SOON, NR_STOP_NOW } nr_stop;

/* From now on these signals are requests; called once, by the main program. */
void nr_stop_install(void);
/* What signals asked of this process so far. Cheap. */
nr_stop nr_stop_asked(void);

/* A computation that takes long calls this between its pieces: whoever started it can
 * look after its messages meanwhile. True: leave it, with NR_STOPPED, because
 * NR_STOP_NOW was asked for or nr_stop_order_leave was called. */
bool nr_stop_leave(void);

/* Who looks after what meanwhile (NULL: nobody), and how it has the computation left;
 * an order holds until the next nr_stop_listen. listen is called from nr_stop_leave
 * only, at most every 10 ms. Both calls are for the one thread that computes. */
typedef void nr_stop_listener(void *self);
void nr_stop_listen(nr_stop_listener *listen, void *self);
void nr_stop_order_leave(void);

#endif
