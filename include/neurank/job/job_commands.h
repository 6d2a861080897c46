/* Runs as jobs of SLURM: submitted, and watched. */
#ifndef NEURANK_JOB_JOB_COMMANDS_H
#define NEURANK_JOB_JOB_COMMANDS_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/run/request.h"
#include "neurank/shapley/shapley.h"

typedef struct {
    nr_shapley_request run;
    bool kernels_given; /* else a store goes on with its own, on whatever nodes */
    uint64_t nodes;
    uint64_t ranks_per_node; /* 0: the cores of a node */
    double time_s;           /* limit of a start; 0: from the forecast */
    const char *partition, *account;
    bool dry_run;
    const char *words; /* of the run's command line, quoted for a shell */
} nr_submit_request;
nr_status nr_run_submit(const nr_submit_request *request);
/* How far all of the stores are; returns what is wrong with the first that is. */
typedef struct {
    nr_paths stores;
    nr_format format;
} nr_status_request;
nr_status nr_run_status(const nr_status_request *request);

#endif
