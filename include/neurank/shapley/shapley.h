/* `neurank shapley`; src/shapley/run.c is the page to read first. */
#ifndef NEURANK_SHAPLEY_SHAPLEY_H
#define NEURANK_SHAPLEY_SHAPLEY_H

#include "neurank/plan/options.h"

/* From the command line to the store. Collective: starts and stops MPI. command_line:
 * for the store's history; borrowed. NR_STOPPED: saved, and not done. */
nr_status nr_run_shapley(const nr_options *options, const char *command_line);

#endif
