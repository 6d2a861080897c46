"""A job goes on until its run is done, unattended, whatever stops it: its own time limit, a
signal, scontrol requeue, a node that dies; and ends with the bits of one long run. It does not
come back when it was cancelled, when the program says no, or when nothing moves.
TEST: parallel timeout=600

No job can be done before it was stopped: its first starts have no end of their own (endless.py).
The first one has a limit of a minute, SLURM knows no shorter ones; the others run beside it.
"""
import os
import time

from jobs import (MODEL, NEURANK, check, cluster, completed, endless, goal_of, log_of, patience, run, same,
                  starts, submit, wait_log, whole, whole_patience)

SHAPLEY = "--images 2000 --checkpoint-every 1s"
SWITCH = "--images 2000 --checkpoint-every 1s"


def start(up, name, options, *more, **settings):
    return submit(up, "shapley.sbatch", "--nodes=1", "--ntasks-per-node=1", *more,
                  LAYER="fc1", OPTIONS=options, OUT=f"{name}.h5", **settings)


def finished(up, job, name, at_least, method="shapley", seconds=120):
    """Completed by itself, after so many starts, with the bits of one go as far as it went."""
    completed(up, job, seconds=seconds)
    check(starts(job) >= at_least, f"{name}: {starts(job)} starts: {log_of(job)}")
    run("verify", f"{name}.h5")
    goal = {"shapley": "--sweeps", "switch": "--epochs"}[method]
    run(method, MODEL, "fashion.h5", "--layer", "fc1", "--images", 2000, goal,
        goal_of(f"{name}.h5"), "-o", f"{name}_whole.h5")
    same(f"{name}_whole.h5", f"{name}.h5")
    check(not os.path.exists(f"{name}.h5.job"), "the job's notes are gone")


def job_limit(up):
    """USR1 comes up to half a minute before it is due: not while the program starts."""
    minutes = whole_patience(0.2, most=1440)
    return start(up, "long", SHAPLEY, f"--time={minutes}", "--signal=B:USR1@5", **endless(1))


def program_limit(up, job):
    finished(up, job, "limit", 3)
    check(up.restarts(job) >= 2, "restarts")


def signalled(up):
    """USR1 to the steps, as scancel sends it; then to the script alone."""
    job = start(up, "signal", SHAPLEY, **endless(2))
    wait_log(job, "fc1: ")
    up.output("scancel", "--signal=USR1", job)
    wait_log(job, "stopped early: queued again")
    wait_log(job, "fc1: ", start=2)
    up.output("scancel", "--batch", "--signal=USR1", job)
    finished(up, job, "signal", 3)


def requeued(up):
    job = start(up, "requeue", SHAPLEY, **endless(1))
    wait_log(job, "fc1: ")
    up.output("scontrol", "requeue", job)
    finished(up, job, "requeue", 2)


def node_dies(up):
    """Two nodes, so that the job cannot go on without the dead one, whose processes live on."""
    job = submit(up, "shapley.sbatch", "--nodes=2", "--ntasks-per-node=1", LAYER="fc1",
                 OPTIONS=SHAPLEY, OUT="node.h5", **endless(1))
    wait_log(job, "fc1: ")
    up.kill_node(2)
    up.wait_state(job, "PENDING", seconds=60)
    up.start_node(2)
    finished(up, job, "node", 2)


def switch(up, job):
    """The second method, stopped twice by its own limit."""
    finished(up, job, "switch", 3, method="switch")
    job = start(up, "switch", "--images 2000", COMMAND="baseline")
    completed(up, job)
    run("verify", "switch.h5")


def cancelled(up):
    """And the same job again ends it."""
    job = start(up, "cancel", SHAPLEY, **endless(1))
    wait_log(job, "fc1: ")
    up.output("scancel", job)
    check(up.wait_state(job, "CANCELLED", seconds=30) == "CANCELLED", "cancelled")
    again = start(up, "cancel", SHAPLEY, **endless(0))
    finished(up, again, "cancel", 1)
    # it has had the time of a whole job to come back
    check(up.state(job) == "CANCELLED" and starts(job) == 1, f"it stays so: {log_of(job)}")


def no_progress(up):
    with open("stuck", "w") as f:
        f.write(f'#!/bin/sh\n[ "$1" = shapley ] && exit 75\nexec {NEURANK} "$@"\n')
    os.chmod("stuck", 0o755)
    os.symlink(os.path.join(os.path.dirname(NEURANK), "neurank-job"), "neurank-job")
    job = start(up, "stuck", SHAPLEY, NEURANK=os.path.abspath("stuck"), NEURANK_TRIES="2")
    check(up.wait_state(job, "FAILED", seconds=60) == "FAILED", "given up")
    check(starts(job) == 2 and "no progress in 2 starts" in log_of(job), log_of(job))


def refused(up):
    """What cannot work fails once."""
    job = start(up, "bad", "--sweeps 2 --images 0")
    check(up.wait_state(job, "FAILED", seconds=60) == "FAILED", "refused")
    check(starts(job) == 1 and "ended with 2: not queued again" in log_of(job), log_of(job))


def timed(test, *args):
    begin = time.time()
    test(*args)
    print(f"{test.__name__}: {time.time() - begin:.0f} s", flush=True)


def main():
    with cluster() as up:
        long = job_limit(up)
        limited = start(up, "limit", f"{SHAPLEY} --time-limit {patience(1):.1f}s", **endless(2))
        switched = start(up, "switch", f"{SWITCH} --time-limit {patience(0.5):.1f}s",
                         COMMAND="switch", **endless(2))
        for test in (signalled, requeued, cancelled, no_progress, refused):
            timed(test, up)
        timed(program_limit, up, limited)
        timed(switch, up, switched)
        timed(finished, up, long, "long", 2, "shapley", 200)
    # A cluster that is quick to take a node for dead, and has no other jobs.
    with cluster("cluster2", SlurmdTimeout=whole_patience(8), FirstJobId=1001) as up:
        timed(node_dies, up)


main()
