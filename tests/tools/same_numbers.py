#!/usr/bin/python3
"""Do two programs compute the same? For changes that are to change no number.

    tests/tools/same_numbers.py OLD NEW         (programs; Debian: dataset-fashion-mnist)

Runs of each kind by both (pairs, odd, exact, by class, by image, switch with baseline, goals,
curves), on the same kernels of OpenBLAS; every numeric dataset and attribute of each layer is
compared to the last bit, but for seconds. Says what differs; 1: something does.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IDX = "/usr/share/datasets/fashion-mnist/t10k-"
MODEL = f"{TOP}/data/lenet5.onnx"
# store: lines that fill it, one after another
RUNS = {
    "pairs": ["shapley --layer conv1,conv2 --images 500 --sweeps 2"],
    "odd": ["shapley --layer conv2 --images 500 --sweeps 4 --estimator odd --metric accuracy"],
    "exact": ["shapley --layer conv1 --filters 0-9 --method exact --images 100"],
    "class": ["shapley --layer conv2 --images 300 --sweeps 2 --by-class"],
    "image": ["shapley --layer conv2 --images 300 --sweeps 2 --per-image"],
    "switch": ["switch --layer conv2 --images 500 --epochs 5", "baseline --layer conv2 --images 500"],
    "goal": ["shapley --layer conv2 --images 500 --half-width 0.02 --ablate mean --metric margin"],
    "top": ["shapley --layer conv2 --images 500 --top 5 --kernels blas"],
    "curve": ["curve pairs.h5 --images 200"],
}


def fill(program, folder):
    def run(*words):
        subprocess.run([program, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    run("import", "--idx", f"{IDX}images-idx3-ubyte.gz", f"{IDX}labels-idx1-ubyte.gz",
        "--mean", "0.2860", "--std", "0.3530", "-o", "data.h5")
    for store, lines in RUNS.items():
        for line in lines:
            command, *words = line.split()
            run(command, MODEL, "data.h5", *words, "-o", f"{store}.h5")


def numbers(path):
    """{name: bytes}"""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            values = np.asarray(item[()])
            if values.dtype.kind in "iufb":
                found[name] = (values.dtype.str, values.shape, values.tobytes())
        for key, value in item.attrs.items():
            if isinstance(value, np.number) and key != "seconds":
                found[f"{name}@{key}"] = (value.dtype.str, (), value.tobytes())

    with h5py.File(path) as f:
        f.visititems(visit)
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit("\n".join(__doc__.splitlines()[2:3]))
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for side, program in zip("ab", sys.argv[1:]):
            os.mkdir(f"{folder}/{side}")
            fill(os.path.abspath(program), f"{folder}/{side}")
        for store in RUNS:
            a, b = (numbers(f"{folder}/{side}/{store}.h5") for side in "ab")
            differ = sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))
            failed |= bool(differ) or not a
            print(f"{store}: {len(a)} numbers and arrays,",
                  f"differ: {' '.join(differ)}" if differ else "the same")
    return failed


if __name__ == "__main__":
    sys.exit(main())
