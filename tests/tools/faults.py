"""Whichever call on the store's files fails, or is the last one before kill -9, the store
that stands there opens and verifies, and the same command ends with the same bits.

    play(everything)      each call fails once in one way; everything: in every way

Calls are made to fail by faults.c.
"""
import collections
import concurrent.futures
import glob
import os
import shutil
import signal

from harness import NEURANK, check, fashion, run, same

PROCESSES = 2
IMAGES = 8  # the store has all its parts; most of a run is its start and its files
FOLDER, STORE = "run.h5.folder", "run.h5.folder/run.h5"
LIBRARY = os.path.join(os.path.dirname(NEURANK), "tests", "faults.so")
KINDS = [("ENOSPC", 0), ("kill", 0), ("EIO", 1), ("short", 0), ("EDQUOT", 0), ("EIO", 0),
         ("ENOSPC", 1), ("kill", 0), ("EROFS", 1)]


def args(output, sweeps=2):
    return ["shapley", f"{os.environ['NEURANK_TOP']}/data/lenet5.onnx", "fashion.h5",
            "--layer", "conv1", "--images", IMAGES, "--sweeps", sweeps, "--per-image",
            "--rescue", "lifeboat.h5", "-o", output]


def faulty(at, kind, forever):
    env = {"LD_PRELOAD": LIBRARY, "NR_FAULT_PATH": "/run.h5.folder", "NR_FAULT_AT": str(at),
           "NR_FAULT_KIND": kind, "NR_FAULT_FROM": str(forever), "NR_FAULT_COUNT": "count"}
    # an absolute path: calls on the folder name it, too
    return run(*args(os.path.abspath(STORE)), env=env, expect=None)


def verified(path, where):
    p = run("verify", path, expect=None)
    check(p.returncode == 0 and "sound" in p.stdout, f"{where}: {path} is sound: {p.stderr}")


def tidy(where, idle):
    """Nothing is left but the store; an idle run does not look for an old lock's file."""
    left = {f for f in os.listdir(FOLDER)}
    left -= {"run.h5.lock"} if idle else set()
    check(left == {"run.h5"}, f"{where}: only the store is left, not {left}")


def one(at, kind, forever):
    where = f"call {at}, {kind}{' from then on' if forever else ''}"
    for old in glob.glob(FOLDER + "/*") + glob.glob("lifeboat*"):
        os.remove(old)
    shutil.copy("before.h5", STORE)
    p = faulty(at, kind, forever)
    killed = p.returncode == -signal.SIGKILL
    # 3: it could not be read; 4: nor could its successor; 5: it could not be written
    check(killed == (kind == "kill") or p.returncode == 0, f"{where}: ends with {p.returncode}")
    check(killed or p.returncode in (0, 3, 5), f"{where}: ends with {p.returncode}: {p.stderr}")
    if p.returncode == 5:
        check("run.h5" in p.stderr and "neurank: error: " in p.stderr, f"{where}: {p.stderr}")
    verified(STORE, where)
    if p.returncode == 0:
        same("after.h5", STORE)
    if os.path.exists("lifeboat.h5"):
        verified("lifeboat.h5", where)
        same("after.h5", "lifeboat.h5")
        shutil.move("lifeboat.h5", STORE)
    idle = "nothing to do" in run(*args(STORE)).stderr
    same("after.h5", STORE)
    if not idle:  # else it is the one that was verified
        verified(STORE, where)
    tidy(where, idle)
    return p.returncode


def prepare(rated):
    """rated: the store also holds a switch and baselines, which every run has to keep."""
    fashion()
    os.makedirs(FOLDER)
    run(*args("before.h5", 1))
    for command in ["switch", "--epochs", 2], ["baseline"]:
        if rated:
            run(command[0], f"{os.environ['NEURANK_TOP']}/data/lenet5.onnx", "fashion.h5",
                "--layer", "conv1", "--images", IMAGES, "-o", "before.h5", *command[1:])
    shutil.copy("before.h5", "after.h5")
    run(*args("after.h5"))
    shutil.copy("before.h5", STORE)
    check(faulty(0, "EIO", 0).returncode == 0, "without a fault it works")
    with open("count") as f:
        return int(f.read())


def share(number, cases):
    """Cases of one process, in a folder of its own."""
    os.makedirs(f"share{number}/{FOLDER}")
    for name in ("fashion.h5", "before.h5", "after.h5"):
        shutil.copy(name, f"share{number}")
    os.chdir(f"share{number}")
    return [one(*case) for case in cases[number::PROCESSES]]


def play(everything):
    """Returns how often runs ended with which code."""
    calls = prepare(everything)
    check(calls > 60, f"{calls} calls are watched")
    cases = [(at, *kind) for at in range(1, calls + 1)
             for kind in (KINDS if everything else [KINDS[at % len(KINDS)]])]
    with concurrent.futures.ProcessPoolExecutor(PROCESSES) as pool:
        parts = [pool.submit(share, k, cases) for k in range(PROCESSES)]
        codes = collections.Counter(code for part in parts for code in part.result())
    check(codes[0] > 10 and codes[5] > 5 and codes[-9] > 5,
          f"calls end in every way: {codes}")
    return f"{len(cases)} runs, {calls} calls; runs ended with {dict(sorted(codes.items()))}"
