"""neurank submit refuses on the login node what a run would refuse, with the same code, and
submits nothing; what it submits runs, and neurank status follows it. Status is also asked of
runs without a job.
TEST: parallel timeout=200"""
import csv
import io
import json
import os
import subprocess


from jobs import (DONE, ENDLESS, MODEL, check, cluster, enough, message, patience, run, same, wait_for,
                  whole, write_images)

SMALL = ("--ranks-per-node", 1, "--memory", 64)


def submit(*options, expect=0, **env):
    return run("submit", MODEL, "fashion.h5", *SMALL, *options, expect=expect, env=env)


def refused(up):
    """Each with what a run would say, and nothing in the queue or beside the store."""
    import numpy as np
    write_images("wide.h5", np.zeros((4, 1, 30, 30), "f4"), np.zeros(4, int))
    with open("broken.onnx", "wb") as f:
        f.write(b"\x08\x07nonsense")
    with open("text.h5", "w") as f:
        f.write("no store")
    whole("other.h5", "--layer", "conv1", "--images", 20, "--seed", 7)
    layer = ("--layer", "conv2", "-o", "x.h5")
    cases = [
        (2, "conv9", ["submit", MODEL, "fashion.h5", "--layer", "conv9", "-o", "x.h5"]),
        (2, "--layer", ["submit", MODEL, "fashion.h5", "-o", "x.h5"]),
        (2, "--sweep", ["submit", MODEL, "fashion.h5", *layer, "--sweep", 3]),
        (2, "--fresh", ["submit", MODEL, "fashion.h5", *layer, "--fresh"]),
        (3, "none.onnx", ["submit", "none.onnx", "fashion.h5", *layer]),
        (3, "broken.onnx", ["submit", "broken.onnx", "fashion.h5", *layer]),
        (3, "none.h5", ["submit", MODEL, "none.h5", *layer]),
        (3, "30 x 30", ["submit", MODEL, "wide.h5", *layer]),
        (3, "text.h5", ["submit", MODEL, "fashion.h5", "--layer", "conv2", "-o", "text.h5"]),
        (4, "seed", ["submit", MODEL, "fashion.h5", "--layer", "conv1", "--images", 20, "-o",
                     "other.h5", "--sweeps", 2]),
        (5, "nowhere", ["submit", MODEL, "fashion.h5", "--layer", "conv2", "-o",
                        "nowhere/x.h5"]),
        (2, "nodes have 2 cores", ["submit", MODEL, "fashion.h5", *layer, "--ranks-per-node",
                                   64]),
        (2, "MiB of a node", ["submit", MODEL, "fashion.h5", *layer, "--memory", 100000]),
        (2, "give --ranks-per-node", ["submit", MODEL, "fashion.h5", *layer, "--partition",
                                      "nosuch"]),
        (2, "sbatch refused", ["submit", MODEL, "fashion.h5", *layer, *SMALL, "--partition",
                               "nosuch", "--images", 20]),
    ]
    for code, words, command in cases:
        p = run(*command, expect=code)
        check(words in message(p), f"{command}: {words} in {p.stderr}")
        check(not os.path.exists("x.h5.job"), "no job is remembered")
    check(up.output("squeue", "-h") == "", "nothing is in the queue")


def dry_run(up):
    p = submit("--layer", "conv2", "-o", "it's dry 100%.h5", "--dry-run", "--nodes", 2,
               "--time", "90m", "--account", "physics", "--sweeps=3")
    with open("it's dry 100%.h5.sbatch") as f:
        script = f.read()
    check(script in p.stdout, "shown as written")
    for line in ("#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=1",
                 "#SBATCH --time=0-01:30:00", "#SBATCH --account=physics",
                 '#SBATCH --output="it\'s dry 100%%.h5.log"'):
        check(line in script, f"{line} in {script}")
    check("--account" not in script.split("exec")[1], "not an option of shapley")
    check(up.output("squeue", "-h") == "", "nothing is in the queue")
    words = subprocess.run(["sh", "-c", "set -- " + script.split(" shapley ")[1] +
                            "\nprintf '%s\\n' \"$@\""], text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    check(words[:2] == [MODEL, "fashion.h5"] and "it's dry 100%.h5" in words and
          "--sweeps=3" in words, f"the words survive a shell: {words}")


def rows(*stores):
    return list(csv.DictReader(io.StringIO(run("status", *stores, "--format", "csv").stdout)))


def waits(up):
    """In the queue, behind a job that takes both nodes."""
    blocker = up.submit("--nodes=2", "--exclusive", "--mem-per-cpu=500M", "--time=1-0", "--wrap",
                        "sleep infinity")
    up.wait_state(blocker, "RUNNING")
    p = submit(*options(ENDLESS))
    with open("run.h5.job") as f:
        job = f.read().split("=")[1].split()[0]
    check(f"job {job} is in the queue" in p.stdout, p.stdout)
    check([(r["state"], r["job"], r["job_state"]) for r in rows("run.h5")] ==
          [("queued", job, "PENDING")], f"{rows('run.h5')}")
    p = submit(*options(ENDLESS), expect=5)
    check(f"job {job} is PENDING" in message(p), p.stderr)
    up.output("scancel", blocker)
    return job


def options(sweeps):
    return ("--layer", "conv2,fc1", "-o", "run.h5", "--sweeps", sweeps, "--images", 1000,
            "--checkpoint-every", "10m", "--time", "20h")


def runs(job):
    """Seen to move between checkpoints, of which none is due."""
    def moves():
        return [r for r in rows("run.h5") if r["state"] == "running" and
                r["layer_state"] == "running" and float(r["units"] or 0) > 0 and
                r["job_state"] == "RUNNING" and r["units_per_second"] and r["seconds_left"]]
    wait_for("a layer is running", 60, moves)
    first = moves()[0]
    check(first["job"] == job, f"{first}")
    wait_for("it is seen to move between checkpoints", 30, lambda: any(
        float(r["units"]) > float(first["units"]) for r in moves()))
    shown = json.loads(run("status", "run.h5", "--format", "json").stdout)[0]
    check(shown["state"] == "running" and f"job {job}" in shown["owner"], f"{shown}")
    text = run("status", "run.h5").stdout
    check(f"job {job} RUNNING" in text and "of 20:00:00" in text, text)


def followed(up):
    """While it waits, while it runs, when it is cancelled, when it is done."""
    job = waits(up)
    runs(job)
    up.output("scancel", job)
    up.wait_state(job, "CANCELLED")
    check({r["state"] for r in rows("run.h5")} == {"stopped"}, f"{rows('run.h5')}")
    sweeps = enough("run.h5")
    submit(*options(sweeps))
    with open("run.h5.job") as f:
        job = f.read().split("=")[1].split()[0]
    check(up.wait_state(job, *DONE, seconds=300) == "COMPLETED", "done")
    check({r["state"] for r in rows("run.h5")} == {"complete"}, f"{rows('run.h5')}")
    whole("whole.h5", "--layer", "conv2,fc1", "--sweeps", sweeps, "--images", 1000)
    same("whole.h5", "run.h5")
    p = submit(*options(sweeps))
    check("complete: nothing to submit" in p.stderr, p.stderr)


def without_a_job():
    p = run("status", "absent.h5", expect=3)
    check("no such store" in message(p), p.stderr)
    run("shapley", MODEL, "fashion.h5", "--layer", "conv2", "--sweeps", ENDLESS, "-o", "part.h5",
        "--time-limit", f"{patience(1):.1f}s", expect=75)
    r, = rows("part.h5")
    check(r["state"] == "stopped" and r["layer_state"] == "partial", f"{r}")
    check(0 < float(r["units"]) < float(r["units_total"]), f"{r}")
    p = run("status", "part.h5", "absent.h5", "whole.h5", expect=3)
    check("part.h5: stopped" in p.stdout and "whole.h5: complete" in p.stdout, p.stdout)


def main():
    with cluster() as up:
        refused(up)
        dry_run(up)
        followed(up)
        without_a_job()


main()
