/* `neurank shapley`; src/shapley/run.c is the page to read first. */
#ifndef NEURANK_SHAPLEY_SHAPLEY_H
#define NEURANK_SHAPLEY_SHAPLEY_H

#include "neurank/shapley/layer.h"

typedef struct {
    nr_layers_request play;
    nr_store_request out;
} nr_shapley_request;

/* From the command line to the store. Collective: starts and stops MPI; returns the
 * same on every rank, or ends all of them where some cannot take part any more.
 * command_line: for the store's history; borrowed. NR_STOPPED: saved, and not done.
 * NR_ERR_USAGE, NR_ERR_INPUT: what is asked, or files, are not what they should be;
 * NR_ERR_MISMATCH: the output belongs to another run; NR_ERR_STORE: it cannot be
 * written, or another run has written it meanwhile, so what was computed since the last
 * checkpoint may be lost; NR_ERR_UNIT: a unit has no usable value, what was computed
 * before is saved; NR_ERR_INTERNAL: no memory. Every failure has been said. */
nr_status nr_run_shapley(const nr_shapley_request *request, const char *command_line);

#endif
