"""What the tests on SLURM share: the project's own job scripts, as a user submits them."""
import os
import sys
import time

from cluster import Cluster
from harness import (DATA, NEURANK, TOP, check, fashion, message, run, same, wait_for,  # noqa: F401
                     write_images)

MODEL = f"{DATA}/lenet5.onnx"
JOBS = f"{TOP}/jobs"
DONE = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "DEADLINE", "GONE")


def cluster(**conf):
    """In the test's own folder; everything that is submitted finds program and files."""
    fashion()
    os.chmod(".", 0o755)  # munge wants its socket within reach of all
    os.environ.update(NEURANK=NEURANK, MODEL=MODEL, DATA="fashion.h5")
    return Cluster("cluster", **conf)


def submit(up, script, *options, **settings):
    """jobs/<script> on the cluster's small nodes; settings as in its head."""
    return up.submit("--mem-per-cpu=500M", "--time=10", *options, f"{JOBS}/{script}",
                     **{k: str(v) for k, v in settings.items()})


def whole(output, *options):
    """The same run in one go on one rank."""
    run("shapley", MODEL, "fashion.h5", *options, "-o", output)


def log_of(job, name="neurank"):
    path = f"{name}-{job}.log"
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        return f.read()


def completed(up, job, seconds=120, name="neurank"):
    state = up.wait_state(job, *DONE, seconds=seconds)
    check(state == "COMPLETED", f"job {job} is {state}: {log_of(job, name)}")


def wait_log(job, text, seconds=60):
    try:
        wait_for(text, seconds, lambda: text in log_of(job))
    except TimeoutError as e:
        sys.exit(f"{e}\n{log_of(job)}")


def begun(store, seconds=60):
    """A checkpoint is there."""
    wait_for(f"{store} is there", seconds, lambda: os.path.exists(store))
    time.sleep(0.5)
