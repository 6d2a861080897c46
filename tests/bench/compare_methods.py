#!/usr/bin/python3
"""Do the methods agree? make compare-methods: a table over all layers of three networks.

    tests/bench/compare_methods.py NEURANK DATA.h5 FOLDER [NETWORK...]

Two runs of each method, with seeds 1 and 2 and so with other images, other orders and other
draws; the switch with both of its scales; Shapley values for both meanings of "not kept": a
filter that is not there, and one whose weights are zero while BatchNorm stays, as the switch has
it where s is 0. What stands in FOLDER already goes on from there,
so that a table that was interrupted is continued (NEURANK_RANKS: ranks of each run).

Printed are Spearman's rank correlations: of Shapley values and switch, with the interval of
`neurank compare`; of each method with its own second run, the noise floor; and of the
Shapley values and baselines. The last row of a network is the median over its layers.
"""
import csv
import datetime
import io
import os
import statistics
import subprocess
import sys

from machine import cpu

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETWORKS = ["lenet5", "vgg16s", "resnet20"]
IMAGES = 1000
# Enough for ranks: the rule that ends the switch sees to its convergence.
SWITCH = ["--batch", "50", "--draws", "2"]
BASELINES = ["l1", "bn_scale", "activation", "taylor", "leave_one_out", "random"]
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
       "OPENBLAS_NUM_THREADS": "1"}


def run(neurank, *arguments):
    ranks = int(os.environ.get("NEURANK_RANKS", os.cpu_count()))
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    print("+ neurank", *arguments, file=sys.stderr, flush=True)
    subprocess.run([*launcher, neurank, *arguments], check=True, env=ENV)


def rank_all(neurank, data, folder, network):
    """Every method, twice; the names of the stores: [seed][scale]."""
    stores = []
    for seed in "12":
        store, unit = (f"{folder}/{network}.{seed}{s}.h5" for s in ("", ".unit"))
        common = [f"{TOP}/data/{network}.onnx", data, "--layer", "all", "--images", str(IMAGES),
                  "--seed", seed]
        run(neurank, "shapley", *common, "--sweeps", "1", "-o", store)
        run(neurank, "baseline", *common, "-o", store)
        run(neurank, "switch", *common, *SWITCH, "--scale", "sum", "-o", store)
        run(neurank, "switch", *common, *SWITCH, "--scale", "unit", "-o", unit)
        stores.append({"sum": store, "unit": unit})
        if seed == "1":
            stores[0]["weights"] = f"{folder}/{network}.1.weights.h5"
            run(neurank, "shapley", *common, "--sweeps", "1", "--ablate", "weights", "-o",
                stores[0]["weights"])
    return stores


def compare(neurank, *stores, differing=False):
    """{layer: {(kind, a, b): row}}; of runs that differ in more than the seed only if asked."""
    text = subprocess.run([neurank, "compare", *stores, "--format", "csv"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    table = {}
    for row in csv.DictReader(io.StringIO(text)):
        if differing or not row["differences"]:
            table.setdefault(row["layer"], {})[row["kind"], row["a"], row["b"]] = row
    return table


def number(row, name="spearman"):
    return float(row[name]) if row and row[name] else None


def show(value):
    return "" if value is None else f"{value:.2f}"


def with_interval(row):
    if number(row) is None:
        return ""
    return f"{number(row):.2f} [{number(row, 'spearman_low'):.2f}, {number(row, 'spearman_high'):.2f}]"


def table(neurank, network, stores):
    first, second = stores
    of_sum = compare(neurank, first["sum"], second["sum"])
    of_unit = compare(neurank, first["unit"], first["sum"], second["unit"])
    of_weights = compare(neurank, first["weights"], first["sum"], differing=True)
    columns = []
    pair, same = ("methods", "shapley", "switch"), ("repeat", "shapley", "shapley")
    switched = ("repeat", "switch", "switch")
    for layer, rows in of_sum.items():
        unit, weights = of_unit[layer], of_weights[layer]
        between = [rows[pair], weights[pair], unit[pair]]
        numbers = [number(weights.get(same)), number(rows.get(same)), number(rows.get(switched)),
                   number(unit.get(switched)),
                   *[number(rows.get(("methods", "shapley", b))) for b in BASELINES]]
        columns.append([*map(number, between), *numbers])
        cells = [f"{network} {layer}", rows[pair]["filters"], *map(with_interval, between),
                 *map(show, numbers)]
        print("| " + " | ".join(cells) + " |")
    columns = [[x for x in c if x is not None] for c in zip(*columns)]
    medians = [statistics.median(c) if c else None for c in columns]
    print("| **" + " | ".join([f"{network}, median**", "", *map(show, medians)]) + " |")


def main():
    neurank, data, folder = sys.argv[1:4]
    os.makedirs(folder, exist_ok=True)
    networks = sys.argv[4:] or NETWORKS
    stores = [rank_all(neurank, data, folder, network) for network in networks]
    print(f"Spearman's rho over the filters of a layer; {cpu()}, {datetime.date.today()}; "
          f"{IMAGES} images of a seed\n")
    head = ["layer", "filters", "S, switch `sum`", "S `weights`, switch `sum`", "S, switch `unit`",
            "S, S `weights`", "S twice", "switch `sum` twice", "`unit` twice",
            *[f"S, {b}" for b in BASELINES]]
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for network, of in zip(networks, stores):
        table(neurank, network, of)


main()
