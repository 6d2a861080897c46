#!/usr/bin/python3
"""What checkpoints cost: a layer of 4096 filters, 1,000 classes, --by-class, the default
interval. tests/bench/checkpoint.py NEURANK FOLDER

A checkpoint takes processor time of a thread of rank 0, and a moment in which rank 0 copies
its sums. Both are counted against all that the ranks had: the share of a run on two cores,
and of one core alone, where thread and computation take turns. The interval is the default:
60 s, or longer where one checkpoint is more than a hundredth of it.
"""
import os
import re
import subprocess
import sys

import h5py
import numpy as np
import torch

FILTERS, CLASSES, IMAGES, SECONDS = 4096, 1000, 4000, 300


def make(folder):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, FILTERS),
                              torch.nn.ReLU(), torch.nn.Linear(FILTERS, CLASSES)).eval()
    with torch.no_grad():
        net[3].weight.mul_(3)
    torch.onnx.export(net, torch.zeros(1, 1, 8, 8), f"{folder}/wide.onnx")
    with h5py.File(f"{folder}/wide.h5", "w") as f:
        f["images"] = np.random.default_rng(1).normal(size=(IMAGES, 1, 8, 8)).astype("f4")
        f["labels"] = np.arange(IMAGES) % CLASSES


def measure(neurank, folder, launcher, cores):
    store = f"{folder}/wide_run.h5"
    if os.path.exists(store):
        os.remove(store)
    env = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
           "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    p = subprocess.run([*launcher, neurank, "shapley", f"{folder}/wide.onnx",
                        f"{folder}/wide.h5", "--layer", "1", "--by-class", "--sweeps", "1000",
                        "--time-limit", f"{SECONDS}s", "-o", store], capture_output=True,
                       text=True, env=env)
    m = re.search(r"(\d+) checkpoints on the way: (\S+) s .*; the computation waited (\S+) s",
                  p.stderr)
    if p.returncode != 75 or not m:
        sys.exit(p.stderr)
    n, thread, waited = int(m[1]), float(m[2]), float(m[3])
    share = (thread + waited) / (cores * SECONDS)
    print(f"{' '.join(launcher) or 'one rank':24} {n} checkpoints of "
          f"{os.path.getsize(store) / 1e6:.0f} MB: {thread / n:.2f} s of the thread each, "
          f"{waited / n:.2f} s of waiting: {100 * share:.2f}% of {cores} "
          f"core{'s' if cores > 1 else ''}", flush=True)
    return share


def main():
    neurank, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    make(folder)
    shares = [measure(neurank, folder, ["mpirun", "-n", "2"], 2),
              measure(neurank, folder, ["taskset", "-c", "0"], 1)]
    return 0 if max(shares) < 0.01 else 1


if __name__ == "__main__":
    sys.exit(main())
