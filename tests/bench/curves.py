#!/usr/bin/python3
"""Which ranks make the better small network? make curves: tables over all layers of networks.

    tests/bench/curves.py NEURANK TRAIN.h5 TEST.h5 FOLDER [NETWORK...]

Ranks come from IMAGES of the images the networks were trained on; accuracy and loss are
measured on others, the test set. What stands in FOLDER already goes on from there
(NEURANK_RANKS: ranks of each run).

Of each layer alone: the mean of the accuracy over all numbers of filters kept, best first, by
each method; random is the mean of five orders, and +- their standard deviation. The last row
of a network is the median over its layers. Then the number of layers that a method is the best
of, and what the whole network keeps when all layers are pruned at once to 75, 50 and 25%.
The curves themselves are figures in FOLDER/NETWORK.html.
"""
import csv
import datetime
import io
import json
import os
import statistics
import subprocess
import sys

from machine import cpu

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETWORKS = ["lenet5", "vgg16s"]
IMAGES, TEST_IMAGES, SEEDS = 1000, {"lenet5": 10000, "vgg16s": 1000}, 5
METHODS = ["shapley", "switch", "l1", "l2", "bn_scale", "activation", "taylor", "leave_one_out"]
SWITCH = ["--batch", "50", "--draws", "2"]
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
       "OPENBLAS_NUM_THREADS": "1"}


def run(neurank, *arguments, ranks=True):
    n = int(os.environ.get("NEURANK_RANKS", os.cpu_count())) if ranks else 1
    launcher = ["mpirun", "-n", str(n)] if n > 1 else []
    print("+ neurank", *arguments, file=sys.stderr, flush=True)
    return subprocess.run([*launcher, neurank, *arguments], check=True, env=ENV, text=True,
                          stdout=subprocess.PIPE).stdout


def rank_all(neurank, train, folder, network):
    store = f"{folder}/{network}.h5"
    common = [f"{TOP}/data/{network}.onnx", train, "--layer", "all", "--images", str(IMAGES),
              "-o", store]
    run(neurank, "shapley", *common)
    run(neurank, "baseline", *common)
    run(neurank, "switch", *common, *SWITCH)
    return store


def curves(neurank, test, folder, network, store):
    """{layer: {method: [(kept, accuracy)]}}"""
    text = run(neurank, "curve", f"{TOP}/data/{network}.onnx", test, store, "--images",
               str(TEST_IMAGES[network]), "--random", str(SEEDS), "-o",
               f"{folder}/{network}.curve.h5", "--format", "csv")
    found = {}
    for r in csv.DictReader(io.StringIO(text)):
        points = found.setdefault(r["layer"], {}).setdefault(r["method"], [])
        points.append((int(r["kept"]), float(r["accuracy"])))
    return found


def mean(points):
    """Over the numbers of filters kept, by the trapezoidal rule."""
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(points, points[1:]))
    return area / (points[-1][0] - points[0][0])


def show(value):
    return "" if value is None else f"{value:.3f}"


def print_curves(network, found):
    print(f"| layer | filters | {' | '.join(METHODS)} | random |")
    print("|---" * (len(METHODS) + 3) + "|")
    rows, wins = [], dict.fromkeys(METHODS, 0)
    for layer, methods in found.items():
        means = {m: mean(p) for m, p in methods.items()}
        random = [v for m, v in means.items() if m.startswith("random_")]
        row = [means.get(m) for m in METHODS]
        best = max(v for v in row if v is not None)
        for m, v in zip(METHODS, row):
            wins[m] += v == best
        rows.append(row + [statistics.mean(random)])
        cells = [f"**{show(v)}**" if v == best else show(v) for v in row]
        print(f"| {network} {layer} | {next(iter(methods.values()))[-1][0]} | "
              f"{' | '.join(cells)} | {statistics.mean(random):.3f} +- "
              f"{statistics.stdev(random):.3f} |")
    columns = [[v for v in c if v is not None] for c in zip(*rows)]
    print(f"| **{network}, median** | | "
          f"{' | '.join(show(statistics.median(c)) if c else '' for c in columns)} |")
    print(f"| {network}, best of {len(rows)} layers | | "
          f"{' | '.join(str(wins[m]) for m in METHODS)} | |\n")


def print_whole(neurank, test, folder, network, store):
    """All layers at once; bn_scale is no rank of layers without BatchNorm."""
    methods = [m for m in METHODS if m != "bn_scale"]
    print(f"| {network}, all layers, filters kept | {' | '.join(methods)} |")
    print("|---" * (len(methods) + 1) + "|")
    for part in ("90%", "75%", "50%", "25%"):
        cells = []
        for m in methods:
            out = run(neurank, "prune", f"{TOP}/data/{network}.onnx", store, test, "--images",
                      str(TEST_IMAGES[network]), "--by", m, "--keep", part, "-o",
                      f"{folder}/small.onnx", "--format", "json", ranks=False)
            cells.append(json.loads(out)["after"]["accuracy"])
        best = max(cells)
        print(f"| {part} | " + " | ".join(
            f"**{c:.3f}**" if c == best else f"{c:.3f}" for c in cells) + " |")
    print()


def main():
    neurank, train, test, folder = sys.argv[1:5]
    os.makedirs(folder, exist_ok=True)
    of = ", ".join(f"{n} of {network}" for network, n in TEST_IMAGES.items())
    print(f"Ranked on {IMAGES} training images, measured on test images: {of}. "
          f"{cpu()}, {datetime.date.today()}.\n")
    for network in sys.argv[5:] or NETWORKS:
        store = rank_all(neurank, train, folder, network)
        print_curves(network, curves(neurank, test, folder, network, store))
        print_whole(neurank, test, folder, network, store)
        run(neurank, "report", store, f"{folder}/{network}.curve.h5", "-o",
            f"{folder}/{network}.html", ranks=False)
        sys.stdout.flush()


main()
