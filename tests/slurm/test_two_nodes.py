"""A job over two nodes gives the bits of one rank, by srun and by mpirun; a world of one rank
in a step of many is refused; files are read from a node's own disk where there is one.
TEST: parallel timeout=180"""
import os
import shutil

from jobs import (JOBS, NEURANK, MODEL, check, cluster, completed, log_of, run, same, submit,
                  whole)

OPTIONS = "--images 2000 --sweeps 2 --by-class"


def launched_by(up, launcher):
    job = submit(up, "shapley.sbatch", "--ntasks-per-node=2", LAYER="conv2", OPTIONS=OPTIONS,
                 OUT=f"{launcher}.h5", NEURANK_LAUNCH=launcher)
    completed(up, job)
    log = log_of(job)
    check(f"{launcher}, 4 ranks" in log and "node[1-2]" in log, log)
    same("whole.h5", f"{launcher}.h5")
    check(not os.path.exists(f"{launcher}.h5.job"), "the job's notes are gone")


def world_of_one(up):
    with open("alone.sh", "w") as f:
        f.write(f"#!/bin/sh\nsrun --mpi=none {NEURANK} shapley {MODEL} fashion.h5 --layer conv2 "
                "-o alone.h5\necho ended with $?\n")
    job = up.submit("--ntasks=2", "--output=alone.log", "alone.sh")
    completed(up, job)
    with open("alone.log") as f:
        log = f.read()
    check("ended with 2" in log and "SLURM_NTASKS is 2" in log and "srun --mpi=pmix" in log, log)
    check(not os.path.exists("alone.h5"), "nothing is written")


def staged(up):
    os.makedirs("near", exist_ok=True)
    near = os.path.abspath("near")
    job = submit(up, "shapley.sbatch", "--nodes=1", "--ntasks-per-node=1", LAYER="conv2",
                 OPTIONS=OPTIONS, OUT="staged.h5", SLURM_TMPDIR=near)
    completed(up, job)
    same("whole.h5", "staged.h5")
    check(f"{near}/neurank." in run("show", "staged.h5", "--format", "json").stdout or
          near in history("staged.h5"), "read from there")
    check(os.listdir("near") == [], "nothing is left there")


def history(store):
    import h5py
    with h5py.File(store) as f:
        text = f.attrs["history"]
    return text.decode() if isinstance(text, bytes) else str(text)


def demo(up):
    job = up.submit("--mem-per-cpu=500M", f"{JOBS}/demo.sbatch", WORK="demo")
    completed(up, job, name="neurank-demo")
    log = log_of(job, "neurank-demo")
    check("conv2: 50 filters" in log, log)


def run_twice(up):
    """The same line again: nothing to do, and that is no error."""
    job = submit(up, "shapley.sbatch", "--ntasks-per-node=2", LAYER="conv2", OPTIONS=OPTIONS,
                 OUT="srun.h5")
    completed(up, job)
    check("complete: nothing to do" in log_of(job), log_of(job))


def main():
    with cluster() as up:
        whole("whole.h5", "--layer", "conv2", *OPTIONS.split())
        launched_by(up, "srun")
        launched_by(up, "mpirun")
        run_twice(up)
        world_of_one(up)
        staged(up)
        demo(up)


main()
