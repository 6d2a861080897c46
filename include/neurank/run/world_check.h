/* A world that is what its launcher meant. */
#ifndef NEURANK_RUN_WORLD_CHECK_H
#define NEURANK_RUN_WORLD_CHECK_H

#include "neurank/sched/world.h"

/* Refuses (NR_ERR_USAGE) a rank that was started alone among many, by SLURM or by
 * another MPI's launcher: each would repeat the same run. Not collective. */
nr_status nr_require_one_world(const nr_world *world);

#endif
