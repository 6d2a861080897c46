/* The importance switch and baselines, into the same store. */
#ifndef NEURANK_RATE_RATE_H
#define NEURANK_RATE_RATE_H

#include "neurank/plan/options.h"

/* As nr_run_shapley. */
nr_status nr_run_switch(const nr_options *options, const char *command_line);
nr_status nr_run_baseline(const nr_options *options, const char *command_line);

#endif
