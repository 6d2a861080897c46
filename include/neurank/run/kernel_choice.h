/* Which kind of kernels all ranks of a run use. */
#ifndef NEURANK_RUN_KERNEL_CHOICE_H
#define NEURANK_RUN_KERNEL_CHOICE_H

#include "neurank/nn/kernels.h"
#include "neurank/sched/world.h"

/* The wanted ones, or, where that is "fast", those that the store or the curves at path
 * began with (NULL: there is none to go on with). Collective; NR_ERR_USAGE on every
 * rank where they would have different ones, of this program or of OpenBLAS, or where a
 * processor does not have them; NR_ERR_INTERNAL: no memory. */
nr_status nr_choose_kernels(nr_world *world, const char *wanted, const char *path,
                            const nr_kernels **out);

/* Those kernels, a constant; NR_ERR_USAGE where the processor does not have them. */
nr_status nr_require_kernels(const char *name, const nr_kernels **out);

#endif
