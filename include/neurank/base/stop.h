/* A polite request to stop: SIGTERM, SIGINT or SIGUSR1, any number of times.
 *
 * The flag is the one piece of state that a signal handler can have; it is set once and
 * never cleared. */
#ifndef NEURANK_BASE_STOP_H
#define NEURANK_BASE_STOP_H

#include <stdbool.h>

void nr_stop_install(void);
bool nr_stop_requested(void);

#endif
