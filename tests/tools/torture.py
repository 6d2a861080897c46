"""Runs that are killed at random moments, in every way, and go on with other numbers of
ranks: in the end the store is that of an untouched run, bit for bit.

    play(kills, seed)     until so many runs were stopped before their end

A run is stopped by kill -9 of one rank, of mpirun, or of everything; by SIGTERM, SIGINT or
SIGUSR1 to some of its ranks or (SIGUSR1) to mpirun; or by its own time limit.
"""
import os
import random
import signal
import subprocess
import time

import h5py
from harness import (DATA, NEURANK, check, fashion, launcher_is_hydra, on_ranks, patience, run,
                     same)

COMMON = ["--images", 300, "--checkpoint-every", "0.1s"]
CASES = {
    "walks": ["--layer", "conv1,conv2", "--sweeps", 3, "--by-class", "--per-image"],
    "exact": ["--layer", "conv2", "--method", "exact", "--filters", "0-11", "--images", 200,
              "--per-image"],
    "goal": ["--layer", "conv2", "--half-width", 0.008, "--sweeps", 40],
    "odd": ["--layer", "conv1", "--estimator", "odd", "--metric", "accuracy", "--sweeps", 2],
}
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]


def command(case, output, *more):
    options = CASES[case]
    common = COMMON[2:] if "--images" in options else COMMON
    return ["shapley", f"{DATA}/lenet5.onnx", "fashion.h5", *options, *common, "-o", output,
            *more]


def ranks_of(output):
    """Process numbers of the ranks that work on this store, in this folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            here = os.path.samefile(f"/proc/{pid}/cwd", ".")
        except OSError:
            continue
        if here and os.path.basename(words[0]) == b"neurank" and output.encode() in words:
            found.append(int(pid))
    return found


def listens(pid):
    """Has it begun to catch signals? One that comes before ends it like any other program."""
    try:
        with open(f"/proc/{pid}/status") as f:
            caught = next(line for line in f if line.startswith("SigCgt:"))
    except (OSError, StopIteration):
        return False
    return bool(int(caught.split()[1], 16) & 1 << signal.SIGUSR1 - 1)


def is_complete(path):
    if not os.path.exists(path):
        return False
    with h5py.File(path) as f:
        return all(layer.attrs["status"] == "complete" for layer in f.values())


def stamp(path):
    return os.stat(path).st_mtime_ns if os.path.exists(path) else None


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Torture:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kills = self.finished = 0
        self.how = {}

    def start(self, case, output, limit):
        ranks = self.random.randint(1, 4)
        words = [NEURANK, *map(str, command(case, output, *limit))]
        if ranks > 1 or self.random.random() < 0.3:
            words = [*on_ranks(ranks), *words]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)

    def some_time(self, p, output):
        """Until the run has written its store so many times and then some; more than once is
        progress, on the slowest machine."""
        writes = self.random.randint(0, 6)
        before = stamp(output)
        while writes > 0 and p.poll() is None:
            if stamp(output) != before:
                before = stamp(output)
                writes -= 1
            time.sleep(0.005)
        time.sleep(self.random.uniform(0, 0.3))

    def strike(self, p, output):
        """Returns what was done, and how the run may end then."""
        launched = p.args[0] != NEURANK
        ranks = ranks_of(output)
        what = self.random.choice(["rank", "launcher", "all", "signal", "signal", "usr1"])
        if what == "rank" and ranks:
            send([self.random.choice(ranks)], signal.SIGKILL)
        elif what == "launcher" and launched:
            p.kill()
        elif what == "all":
            send([p.pid, *ranks], signal.SIGKILL)
        elif what == "signal" and ranks:
            some = self.random.sample(ranks, self.random.randint(1, len(ranks)))
            listening = all(map(listens, some))
            for _ in range(self.random.randint(1, 3)):
                send(some, self.random.choice(SIGNALS))
            return what, (0, 75) if listening else None
        else:
            p.send_signal(signal.SIGUSR1)
            # before its ranks have begun, mpirun itself or they may end by it
            return "usr1", None
        return what, None

    def rest_of(self, p, output, what, began):
        """What it and its ranks still write: its launcher may be dead, and they at work."""
        while True:
            late = time.monotonic() - began > patience(25)
            try:
                return p.communicate(timeout=1)[0]
            except subprocess.TimeoutExpired:
                if late:
                    send([p.pid, *ranks_of(output)], signal.SIGKILL)
                    check(False, what)

    def one(self, case, output):
        """One run, stopped or not: has it come to its end?"""
        # an exact run that its limit does not suffice for is refused, not stopped
        limited = case != "exact" and self.random.random() < 0.15
        limit = ["--time-limit", f"{self.random.uniform(0.05, 1):.2f}s"] if limited else []
        p = self.start(case, output, limit)
        what, codes = "limit", (0, 75)
        if not limited:
            self.some_time(p, output)
            what, codes = self.strike(p, output) if p.poll() is None else ("none", (0,))
        began = time.monotonic()
        text = self.rest_of(p, output, f"{case}: ends within 25 s of {what}", began)
        check(codes is None or p.returncode in codes,
              f"{case}: {p.returncode} after {what}: {text}")
        # MPICH's launcher ends with 0 after a signal that it has handed on
        over = p.returncode == 0 and (not launcher_is_hydra() or is_complete(output))
        if not over:
            self.kills += 1
            self.how[what] = self.how.get(what, 0) + 1
        return over

    def play(self, kills):
        fashion()
        for case in CASES:
            run(*command(case, f"{case}.h5"))
        while self.kills < kills:
            case = self.random.choice(sorted(CASES))
            output = f"tortured{self.finished}.h5"
            while not self.one(case, output):
                if os.path.exists(output):
                    run("verify", output)
            run("verify", output)
            same(f"{case}.h5", output)
            self.finished += 1


def play(kills, seed):
    torture = Torture(seed)
    torture.play(kills)
    left = [f for f in os.listdir(".") if ".tmp" in f]
    check(len(left) <= 1, f"no temporary files are left: {left}")
    return (f"{torture.kills} stopped runs, {torture.finished} finished stores equal to the "
            f"untouched ones; stopped by {dict(sorted(torture.how.items()))}")
