"""What the tests of the command line share."""
import functools
import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
from patience import patience, wait_for, whole_patience  # noqa: F401

NEURANK = os.environ["NEURANK"]
TOP = os.environ["NEURANK_TOP"]
DATA = f"{TOP}/data"
FASHION = "/usr/share/datasets/fashion-mnist"
MEAN, STD = 0.2860, 0.3530
ENDLESS = 100000  # sweeps or epochs: a run that is to be stopped is not done before


def on_ranks(ranks):
    """The words before the program's."""
    return [os.environ.get("NEURANK_MPIRUN", "mpirun"), "-n", str(ranks)]


@functools.cache
def launcher_is_hydra():
    """MPICH's, which gives 9 for a rank that was killed, and 0 after a signal that it has handed on."""
    p = subprocess.run([*on_ranks(1)[:1], "--version"], capture_output=True, text=True)
    return "HYDRA" in p.stdout


def run(*args, ranks=0, env=None, expect=0):
    """Runs neurank (under mpirun if ranks > 0); returns the finished process."""
    command = [*(on_ranks(ranks) if ranks else []), NEURANK, *map(str, args)]
    p = subprocess.run(command, capture_output=True, text=True,
                       env={**os.environ, **(env or {})})
    if expect is not None and p.returncode != expect:
        sys.exit(f"exit code {p.returncode}, {expect} expected: {' '.join(command)}\n"
                 f"{p.stdout}{p.stderr}")
    return p


def check(condition, message):
    if not condition:
        sys.exit(f"not true: {message}")


class Running(subprocess.Popen):
    """neurank under way. What it writes is in a file, so that it can be waited for."""
    started = 0

    def __init__(self, *args, ranks=0, env=None):
        Running.started += 1
        self.hydra, self.struck = bool(ranks) and launcher_is_hydra(), False
        self.log = os.path.abspath(f"running{Running.started}.log")
        with open(self.log, "w") as log:
            super().__init__([*(on_ranks(ranks) if ranks else []), NEURANK, *map(str, args)],
                             stdout=log, stderr=log, env={**os.environ, **(env or {})})

    def send_signal(self, number):
        self.struck = True
        super().send_signal(number)

    def said(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def until(self, what, condition, seconds=60):
        """Waits for it, while the run goes on."""
        def happened():
            code = self.poll()  # before the question: the last thing it did counts
            if condition():
                return True
            check(code is None, f"{what} before it ends, with {code}: {self.said()}")
            return False
        wait_for(what, seconds, happened, every=0.01)

    def until_said(self, text, seconds=60):
        self.until(f"{text!r} is said", lambda: text in self.said(), seconds)

    def until_saved(self, store, seconds=60):
        """A checkpoint with more than there was."""
        before = units_in(store)
        self.until(f"{store} grows", lambda: units_in(store) > before, seconds)

    def ends(self, code, within_s=60):
        """Returns what it has said."""
        begin = time.monotonic()
        try:
            wait_for("the run ends", within_s, lambda: self.poll() is not None, every=0.01)
        except TimeoutError as e:
            self.kill()
            sys.exit(f"{e}: {self.said()}")
        took = time.monotonic() - begin
        codes = {code}
        if self.hydra:
            codes |= ({9} if code == 137 else set()) | ({0} if self.struck else set())
        check(self.returncode in codes, f"{self.returncode}, {code} expected, {took:.1f} s after what "
              f"was to end it: {self.said()}")
        return self.said()


class Stepped(Running):
    """neurank under way on one rank, which stands still at each checkpoint of `store` (faults.c):
    what is then done to it, or to the disk, meets it there on any machine."""

    def __init__(self, *args, store, env=None):
        library = os.path.join(os.path.dirname(NEURANK), "tests", "faults.so")
        super().__init__(*args, env={"LD_PRELOAD": library, "NR_FAULT_PATH": store,
                                     "NR_FAULT_KIND": "stand", **(env or {})})

    def stands(self):
        try:
            with open(f"/proc/{self.pid}/stat") as f:
                return f.read().rpartition(")")[2].split()[0] == "T"
        except FileNotFoundError:
            return False

    def goes_on(self):
        self.send_signal(signal.SIGCONT)

    def until_stands(self, what="a checkpoint", condition=lambda: True):
        """From one time that it stands to the next, until that holds."""
        self.until(what, self.stands)
        while not condition():
            self.steps(what)

    def steps(self, what="a checkpoint"):
        """To where it stands next: one unit on, with --checkpoint-every 0.1s, the least there is."""
        time.sleep(0.11)
        self.goes_on()
        self.until(what, self.stands)

    def ends(self, code, within_s=60):
        """It goes on to its end, however often it still writes."""
        def over():
            if self.poll() is None and self.stands():
                self.goes_on()
            return self.poll() is not None
        wait_for("the run ends", within_s, over, every=0.01)
        return super().ends(code)


def message(p):
    """The one line of an error, without its prefix."""
    lines = [l for l in p.stderr.splitlines() if l.startswith("neurank: error: ")]
    check(len(lines) == 1, f"one error line expected, got {p.stderr!r}")
    return lines[0][len("neurank: error: "):]


def fashion(path="fashion.h5"):
    """The Fashion-MNIST test set, imported as README does it."""
    run("import", "--idx", f"{FASHION}/t10k-images-idx3-ubyte.gz",
        f"{FASHION}/t10k-labels-idx1-ubyte.gz", "--mean", MEAN, "--std", STD, "-o", path)
    return path


def write_images(path, images, labels, **attributes):
    """An image file as an h5py user writes it by hand."""
    with h5py.File(path, "w") as f:
        f["images"] = images
        f["labels"] = labels
        f["images"].attrs.update(attributes)
    return path


def results(path):
    """Every number of a store but those that tell of time: {name: bytes}."""
    return results_of(os.path.abspath(path), os.stat(path).st_mtime_ns)


@functools.lru_cache(maxsize=8)
def results_of(path, _):
    """Many stores are compared with the same one."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes()
        for key, value in item.attrs.items():
            if isinstance(value, (np.number, float, int)) and key != "seconds":
                found[f"{name}@{key}"] = np.asarray(value).tobytes()

    with h5py.File(path) as f:
        f.visititems(visit)
    check(len(found) > 20, f"{path} holds only {len(found)} numbers")
    return found


def layers_of(f):
    return [item for item in f.values() if isinstance(item, h5py.Group)]


def units_in(path):
    """How many units of sweeps, or steps of a switch, are safe in a store; 0 without one."""
    if not os.path.exists(path):
        return 0
    units = 0
    with h5py.File(path) as f:
        for layer in layers_of(f):
            if "state" in layer:
                units += int(layer.attrs["sweeps"]) * int(layer.attrs["plan_units_per_sweep"])
            if "state/open_done" in layer:
                units += int(layer["state/open_done"][()].sum())
            if "switch" in layer:
                units += int(layer["switch"].attrs["steps"])
    return units


def enough(path):
    """Sweeps (of a switch: epochs) that end what an endless run has begun, and one more."""
    found = [0]
    with h5py.File(path) as f:
        for layer in layers_of(f):
            if "state" in layer:
                found.append(layer.attrs["sweeps"])
            if "state/open_sweep" in layer:
                found += list(layer["state/open_sweep"][()] + 1)
            if "switch" in layer:
                a = layer["switch"].attrs
                found.append(-(-int(a["steps"]) * int(a["plan_batch"]) // int(a["plan_images"])))
    return int(max(found)) + 1


def same(a, b):
    ra, rb = results(a), results(b)
    for name in sorted(ra.keys() | rb.keys()):
        check(ra.get(name) == rb.get(name), f"{name} is the same in {a} and {b}")
