/* `neurank shapley`; src/shapley/run.c is the page to read first. */
#ifndef NEURANK_SHAPLEY_SHAPLEY_H
#define NEURANK_SHAPLEY_SHAPLEY_H

#include "neurank/shapley/layer.h"

typedef struct {
    nr_layers_request play;
    nr_store_request out;
} nr_shapley_request;

/* From the command line to the store. Collective: starts and stops MPI. command_line:
 * for the store's history; borrowed. NR_STOPPED: saved, and not done. */
nr_status nr_run_shapley(const nr_shapley_request *request, const char *command_line);

#endif
