/* How far a command is that has a known number of like steps: a bar on a terminal, a
 * line now and then in a log. */
#ifndef NEURANK_RUN_STEPS_H
#define NEURANK_RUN_STEPS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *what; /* borrowed */
    size_t done, total;
    bool terminal;
    double started_s, shown_s;
} nr_steps;

/* Nothing is done yet, of `total`. */
void nr_steps_begin(nr_steps *steps, const char *what, size_t total);
/* One more is done; detail: what it was about. */
void nr_steps_next(nr_steps *steps, const char *detail);
/* So many are done. */
void nr_steps_to(nr_steps *steps, size_t done, const char *detail);
/* Removes the bar, if there is one. */
void nr_steps_end(nr_steps *steps);

#endif
