/* `neurank curve`: what is left with fewer filters. */
#ifndef NEURANK_CURVE_CURVE_H
#define NEURANK_CURVE_CURVE_H

#include "neurank/plan/options.h"

/* As nr_run_shapley: any number of ranks, the same bits. */
nr_status nr_run_curve(const nr_options *options, const char *command_line);

#endif
