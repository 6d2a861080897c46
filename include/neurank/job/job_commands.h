/* Runs as jobs of SLURM: submitted, and watched. One rank each; every failure has been
 * said. */
#ifndef NEURANK_JOB_JOB_COMMANDS_H
#define NEURANK_JOB_JOB_COMMANDS_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/run/request.h"
#include "neurank/shapley/shapley.h"

/* Where the run is complete there is nothing to do. Fails as the run would before it
 * begins (nr_run_shapley), and with NR_ERR_USAGE: no such nodes, or too little memory
 * on them; NR_ERR_STORE: the script cannot be written, there is a job already, or
 * sbatch does not take it. */
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

/* How far all of the stores are, on stdout; returns what is wrong with the first of
 * which that cannot be said: NR_ERR_INPUT: it is damaged, or there is none and no job
 * for it; NR_ERR_MISMATCH: a format that is not read here; NR_ERR_INTERNAL: no
 * memory. */
typedef struct {
    nr_paths stores;
    nr_format format;
} nr_status_request;
nr_status nr_run_status(const nr_status_request *request);

#endif
