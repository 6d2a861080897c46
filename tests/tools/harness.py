"""What the tests of the command line share."""
import os
import subprocess
import sys

import h5py
import numpy as np
from patience import patience, wait_for, whole_patience  # noqa: F401

NEURANK = os.environ["NEURANK"]
TOP = os.environ["NEURANK_TOP"]
DATA = f"{TOP}/data"
FASHION = "/usr/share/datasets/fashion-mnist"
MEAN, STD = 0.2860, 0.3530


def on_ranks(ranks):
    """The words before the program's."""
    return [os.environ.get("NEURANK_MPIRUN", "mpirun"), "-n", str(ranks)]


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


def same(a, b):
    ra, rb = results(a), results(b)
    for name in sorted(ra.keys() | rb.keys()):
        check(ra.get(name) == rb.get(name), f"{name} is the same in {a} and {b}")
