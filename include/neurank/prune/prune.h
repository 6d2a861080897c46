/* `neurank prune`: a smaller network, or masks. */
#ifndef NEURANK_PRUNE_PRUNE_H
#define NEURANK_PRUNE_PRUNE_H

#include "neurank/plan/options.h"

nr_status nr_run_prune(const nr_options *options);

#endif
