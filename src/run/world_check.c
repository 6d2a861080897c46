#include "neurank/run/world_check.h"

#include <stdbool.h>
#include <stdlib.h>

/* Where launchers say how many processes they started. */
static const struct {
    const char *variable, *launcher;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "Open MPI"},
    {"PMI_SIZE", "MPICH or one of its kin"},
    {"MV2_COMM_WORLD_SIZE", "MVAPICH"},
    {"JSM_NAMESPACE_SIZE", "jsrun"},
};

/* A launcher of another MPI than the one this program was linked with starts as many
 * worlds of one rank as it was asked for ranks, and each would do the whole run. */
static nr_status require_own_launcher(bool *found) {
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        const char *size = getenv(launchers[i].variable);
        if (!size) continue;
        *found = true;
        NR_REQUIRE(strtol(size, NULL, 10) <= 1, NR_ERR_USAGE,
                   "this process is a world of one rank although %s is %s: it was "
                   "started by the mpirun of %s, and this program was built with %s; "
                   "use the mpirun of that, or build with make MPI=openmpi|mpich",
                   launchers[i].variable, size, launchers[i].launcher,
                   nr_world_library());
    }
    return NR_OK;
}

nr_status nr_require_one_world(const nr_world *world) {
    const char *tasks = getenv("SLURM_NTASKS");
    bool launched = false;
    if (nr_world_size(world) > 1) return NR_OK;
    NR_TRY(require_own_launcher(&launched));
    bool many = tasks && strtol(tasks, NULL, 10) > 1 && !launched;
    NR_REQUIRE(
        !many, NR_ERR_USAGE,
        "this process is a world of one rank although SLURM_NTASKS is %s: start it "
        "with srun --mpi=pmix or mpirun, or with --ntasks=1",
        tasks);
    return NR_OK;
}
