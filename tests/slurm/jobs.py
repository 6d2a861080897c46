"""What the tests on SLURM share: the project's own job scripts, as a user submits them."""
import os
import re
import shutil
import sys

import h5py
from cluster import Cluster
from harness import (DATA, ENDLESS, NEURANK, TOP, check, enough, fashion, message,  # noqa: F401
                     patience, run, same, wait_for, whole_patience, write_images)

MODEL = f"{DATA}/lenet5.onnx"
JOBS = f"{TOP}/jobs"
DONE = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "DEADLINE", "GONE")


def cluster(name="cluster", **conf):
    """In the test's own folder; everything that is submitted finds program and files."""
    if not os.path.exists("fashion.h5"):
        fashion()
    os.chmod(".", 0o755)  # munge wants its socket within reach of all
    os.environ.update(NEURANK=NEURANK, MODEL=MODEL, DATA="fashion.h5")
    return Cluster(name, **conf)


def submit(up, script, *options, **settings):
    """jobs/<script> on the cluster's small nodes; settings as in its head."""
    return up.submit("--mem-per-cpu=500M", f"--time={whole_patience(10, most=1440)}", *options,
                     f"{JOBS}/{script}", **{k: str(v) for k, v in settings.items()})


def endless(starts):
    """Settings of a job that has no end of its own for so many starts: endless.py."""
    if not os.path.exists("endless"):
        os.mkdir("endless")
        shutil.copy(f"{TOP}/tests/slurm/endless.py", "endless/neurank")
        os.chmod("endless/neurank", 0o755)
        os.symlink(os.path.join(os.path.dirname(NEURANK), "neurank-job"), "endless/neurank-job")
    return {"NEURANK": os.path.abspath("endless/neurank"), "ENDLESS_PROGRAM": NEURANK,
            "STARTS_ENDLESS": starts}


def goal_of(store):
    """Sweeps, or a switch's epochs, that its last run was to reach."""
    with h5py.File(store) as f:
        layer, = (item for item in f.values() if isinstance(item, h5py.Group))
        return int(layer["switch"].attrs["goal_epochs"] if "switch" in layer else
                   layer.attrs["goal_sweeps"])


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


def starts(job):
    return len(re.findall(r"job \d+, start \d+ on", log_of(job)))


def wait_log(job, text, seconds=60, start=1):
    """What the job's so manyth start has written."""
    def written():
        parts = re.split(r"job \d+, start \d+ on", log_of(job))
        return any(text in part for part in parts[start:])
    try:
        wait_for(text, seconds, written)
    except TimeoutError as e:
        sys.exit(f"{e}\n{log_of(job)}")
