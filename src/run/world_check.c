#include "world_check.h"

#include <stdlib.h>

nr_status nr_require_one_world(const nr_world *world) {
    const char *tasks = getenv("SLURM_NTASKS");
    bool many = tasks && strtol(tasks, NULL, 10) > 1 && !getenv("OMPI_COMM_WORLD_SIZE");
    NR_REQUIRE(
        nr_world_size(world) > 1 || !many, NR_ERR_USAGE,
        "this process is a world of one rank although SLURM_NTASKS is %s: start it "
        "with srun --mpi=pmix or mpirun, or with --ntasks=1",
        tasks);
    return NR_OK;
}
