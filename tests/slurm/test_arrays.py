"""Arrays: a layer each, shards with a merge behind them. A task that cannot work fails once and
leaves the others alone; a merge waits for all shards, and goes when one has failed.
TEST: parallel timeout=300"""
import glob
import os
import re
import subprocess

from jobs import (DONE, JOBS, check, cluster, endless, patience, run, same, submit, whole,
                  whole_patience)

OPTIONS = "--images 1000 --sweeps 3"


def tasks_end(up, job, tasks, seconds=120):
    return [up.wait_state(f"{job}_{k}", *DONE, seconds=seconds) for k in tasks]


def layers(up):
    job = submit(up, "layers.sbatch", "--array=1-4", "--ntasks-per-node=1", OPTIONS=OPTIONS)
    states = tasks_end(up, job, (1, 2, 3, 4))
    check(states == ["COMPLETED"] * 4, f"{states}")
    with open(f"neurank-{job}_4.log") as f:
        check("only 3 layers: nothing to do" in f.read(), "a task too many")
    for layer in ("conv1", "conv2", "fc1"):
        whole(f"{layer}.h5", "--layer", layer, *OPTIONS.split())
        same(f"{layer}.h5", f"layers/{layer}.h5")


def bad_layer(up):
    """--time-limit: each task starts more than once, but for the one that cannot work."""
    job = submit(up, "layers.sbatch", "--array=1-3", "--ntasks-per-node=1", OUT="bad",
                 LAYERS="conv1 conv9 fc1", **endless(1),
                 OPTIONS=f"--images 300 --time-limit {patience(2):.1f}s")
    states = tasks_end(up, job, (1, 2, 3))
    check(states == ["COMPLETED", "FAILED", "COMPLETED"], f"{states}")
    with open(f"neurank-{job}_2.log") as f:
        log = f.read()
    check("conv9" in log and "ended with 2: not queued again" in log, log)
    check(up.restarts(f"{job}_2") == 0, "once")
    check(up.restarts(f"{job}_1") >= 1, "the others go on")
    check(sorted(os.listdir("bad")) == ["conv1.h5", "fc1.h5"], f"{os.listdir('bad')}")


def shards(up):
    """As a user submits them: from the login node."""
    env = {**os.environ, "SHARDS": "3", "LAYER": "conv2,fc1", "OUT": "run",
           "OPTIONS": f"--images 1000 --sweeps 20 --time-limit {patience(2):.1f}s",
           "MERGE_MEMORY": "1G"}
    text = subprocess.run(["bash", f"{JOBS}/shards.sbatch", "--ntasks-per-node=1",
                           "--mem-per-cpu=500M", f"--time={whole_patience(10, most=1440)}"], env=env, text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    array, merge = re.search(r"shards: job (\d+); merge: job (\d+)", text).groups()
    state = up.wait_state(merge, *DONE, seconds=180)
    check(state == "COMPLETED", f"merge {state}: {glob.glob('*.log')}")
    check(tasks_end(up, array, (1, 2, 3)) == ["COMPLETED"] * 3, "shards")
    for k in (1, 2, 3):
        with open(f"neurank-{array}_{k}.log") as f:
            log = f.read()
        check(f"job {array}_{k}, start 1 on" in log, f"a task knows itself: {log}")
        check("left to that" not in log, f"and nobody else for itself: {log}")
    whole("unsharded.h5", "--layer", "conv2,fc1", "--images", 1000, "--sweeps", 20)
    same("unsharded.h5", "run.h5")
    check("complete" in run("status", "run.h5").stdout, "status")


def failed_shard(up):
    """The merge is dropped, and sbatch of the array itself has the first task submit it."""
    job = submit(up, "shards.sbatch", "--array=1-3", "--ntasks-per-node=1", LAYER="conv2",
                 OUT="none", OPTIONS="--images 1000 --sweeps 2", MERGE_MEMORY="1G")
    states = tasks_end(up, job, (1, 2, 3))
    check(states == ["COMPLETED", "COMPLETED", "FAILED"], f"a third of two sweeps: {states}")
    with open(f"neurank-{job}_1.log") as f:
        merge = re.search(r"merge: job (\d+)", f.read()).group(1)
    check(up.wait_state(merge, "CANCELLED", "GONE", seconds=60), "the merge is dropped")
    check(not os.path.exists("none.h5"), "nothing is merged")


def main():
    with cluster() as up:
        layers(up)
        bad_layer(up)
        shards(up)
        failed_shard(up)


main()
