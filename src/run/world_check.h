/* A world that is what its launcher meant. */
#ifndef NEURANK_RUN_WORLD_CHECK_H
#define NEURANK_RUN_WORLD_CHECK_H

#include "neurank/sched/world.h"

/* Every rank started alone inside a step of many tasks would repeat the same run. */
nr_status nr_require_one_world(const nr_world *world);

#endif
