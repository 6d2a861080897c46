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

typedef enum { NR_STOP_NONE, NR_STOP_SOON, NR_STOP_NOW } nr_stop;

void nr_stop_install(void);
/* What this process has been asked for so far. Cheap. */
nr_stop nr_stop_asked(void);

#endif
