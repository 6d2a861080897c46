/* Runs as jobs of SLURM: submitted, and watched. */
#ifndef NEURANK_JOB_JOB_COMMANDS_H
#define NEURANK_JOB_JOB_COMMANDS_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/plan/options.h"
#include "neurank/run/request.h"

/* argv: that of the program, for the job's script. */
nr_status nr_run_submit(const nr_options *options, int argc, char **argv);
/* How far all of the stores are; returns what is wrong with the first that is. */
typedef struct {
    nr_paths stores;
    nr_format format;
} nr_status_request;
nr_status nr_run_status(const nr_status_request *request);

#endif
