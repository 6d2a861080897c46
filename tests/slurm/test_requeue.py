"""A job goes on until its run is done, unattended, whatever stops it: its own time limit, a
signal, scontrol requeue, a node that dies; and ends with the bits of one long run. It does not
come back when it was cancelled, when the program says no, or when nothing moves.
TEST: parallel timeout=600

The first job has a limit of a minute, SLURM knows no shorter ones; the others run beside it.
"""
import os
import re
import time

from jobs import (MODEL, NEURANK, check, cluster, completed, log_of, run, same, submit,
                  wait_log, whole)

SWEEPS = 16
SWITCH = "--images 2000 --epochs 20 --checkpoint-every 1s"
SHORT = f"--images 10000 --sweeps {SWEEPS} --checkpoint-every 1s"


def start(up, name, options, *more, **settings):
    return submit(up, "shapley.sbatch", "--nodes=1", "--ntasks-per-node=1", *more,
                  LAYER="fc1", OPTIONS=options, OUT=f"{name}.h5", **settings)


def starts(job):
    return len(re.findall(r"job \d+, start \d+ on", log_of(job)))


def finished(up, job, name, whole_store, at_least, seconds=120):
    completed(up, job, seconds=seconds)
    check(starts(job) >= at_least, f"{name}: {starts(job)} starts: {log_of(job)}")
    run("verify", f"{name}.h5")
    same(whole_store, f"{name}.h5")
    check(not os.path.exists(f"{name}.h5.job"), "the job's notes are gone")


def program_limit(up, job):
    finished(up, job, "limit", "short.h5", 3)
    check(up.restarts(job) >= 2, "restarts")


def signalled(up):
    """USR1 to the steps, as scancel sends it; then to the script alone."""
    job = start(up, "signal", SHORT)
    wait_log(job, "fc1: ")
    up.output("scancel", "--signal=USR1", job)
    wait_log(job, "stopped early: queued again")
    wait_log(job, "start 2 on")
    time.sleep(2)
    up.output("scancel", "--batch", "--signal=USR1", job)
    finished(up, job, "signal", "short.h5", 3)


def requeued(up):
    job = start(up, "requeue", SHORT)
    wait_log(job, "fc1: ")
    up.output("scontrol", "requeue", job)
    finished(up, job, "requeue", "short.h5", 2)


def node_dies(up, options):
    """Two nodes, so that the job cannot go on without the dead one, whose processes live on."""
    job = submit(up, "shapley.sbatch", "--nodes=2", "--ntasks-per-node=1", LAYER="fc1",
                 OPTIONS=f"{options} --checkpoint-every 1s", OUT="node.h5")
    wait_log(job, "fc1: ")
    up.kill_node(2)
    up.wait_state(job, "PENDING", seconds=60)
    up.start_node(2)
    finished(up, job, "node", "long_whole.h5", 2)


def switch(up, job):
    """The second method, stopped every two seconds."""
    options = ["--layer", "fc1", *SWITCH.split()]
    run("switch", MODEL, "fashion.h5", *options, "-o", "switch_whole.h5")
    finished(up, job, "switch", "switch_whole.h5", 3)
    job = start(up, "switch", "--images 2000", COMMAND="baseline")
    completed(up, job)
    run("verify", "switch.h5")


def cancelled(up):
    job = start(up, "cancel", SHORT)
    wait_log(job, "fc1: ")
    up.output("scancel", job)
    check(up.wait_state(job, "CANCELLED", seconds=30) == "CANCELLED", "cancelled")
    time.sleep(6)
    check(up.state(job) == "CANCELLED" and starts(job) == 1, f"it stays so: {log_of(job)}")
    job = start(up, "cancel", SHORT)
    finished(up, job, "cancel", "short.h5", 1)


def no_progress(up):
    with open("stuck", "w") as f:
        f.write(f'#!/bin/sh\n[ "$1" = shapley ] && exit 75\nexec {NEURANK} "$@"\n')
    os.chmod("stuck", 0o755)
    os.symlink(os.path.join(os.path.dirname(NEURANK), "neurank-job"), "neurank-job")
    job = start(up, "stuck", SHORT, NEURANK=os.path.abspath("stuck"), NEURANK_TRIES="2")
    check(up.wait_state(job, "FAILED", seconds=60) == "FAILED", "given up")
    check(starts(job) == 2 and "no progress in 2 starts" in log_of(job), log_of(job))


def refused(up):
    """What cannot work fails once."""
    job = start(up, "bad", "--sweeps 2 --images 0")
    check(up.wait_state(job, "FAILED", seconds=60) == "FAILED", "refused")
    check(starts(job) == 1 and "ended with 2: not queued again" in log_of(job), log_of(job))


def main():
    with cluster(SlurmdTimeout=8) as up:
        begin = time.time()
        whole("short.h5", "--layer", "fc1", *SHORT.split())
        sweeps = int(75 / (time.time() - begin) * SWEEPS)
        options = f"--images 10000 --sweeps {sweeps}"
        long = start(up, "long", options, "--time=1")
        limited = start(up, "limit", f"{SHORT} --time-limit 3s")
        switched = start(up, "switch", f"{SWITCH} --time-limit 2s", COMMAND="switch")
        for test in (signalled, requeued, cancelled, no_progress, refused):
            begin = time.time()
            test(up)
            print(f"{test.__name__}: {time.time() - begin:.0f} s", flush=True)
        program_limit(up, limited)
        switch(up, switched)
        completed(up, long, seconds=200)
        run("shapley", MODEL, "fashion.h5", "--layer", "fc1", *options.split(), "-o",
            "long_whole.h5", ranks=2)
        finished(up, long, "long", "long_whole.h5", 2)
        begin = time.time()
        node_dies(up, options)
        print(f"node_dies: {time.time() - begin:.0f} s")


main()
