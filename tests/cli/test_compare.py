"""compare: correlations as their definitions give them from the stores' numbers; floors;
three forms that say the same; what cannot be compared is refused.
TEST: parallel timeout=120"""
import csv
import io
import json

import h5py
import numpy as np
from harness import DATA, check, fashion, message, run

MODEL = f"{DATA}/lenet5.onnx"


def near(got, wanted, what):
    check(abs(float(got) - wanted) < 1e-9, f"{what}: {got} instead of {wanted}")


def pair_signs(x):
    return np.sign(x[:, None] - x[None, :])


def kendall(x, y):
    a, b = pair_signs(x), pair_signs(y)
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def spearman(x, y):
    a, b = pair_signs(x).sum(1), pair_signs(y).sum(1)
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def rows_of(*args):
    rows = list(csv.DictReader(io.StringIO(run("compare", *args, "--format", "csv").stdout)))
    return {(r["layer"], r["kind"], r["a"], r["b"], r["store_b"]): r for r in rows}


def values(path, layer, method):
    with h5py.File(path) as f:
        group = f[layer]
        if method == "shapley":
            return group["shapley"][()]
        if method == "switch":
            return group["switch/mean"][()]
        return group[f"baseline/{method}"][()]


def check_pairs(rows, top):
    methods = ["shapley", "switch", "l1", "l2", "activation", "taylor", "leave_one_out", "random"]
    for layer in ("conv1", "conv2"):
        for k, a in enumerate(methods):
            for b in methods[k + 1:]:
                row = rows[layer, "methods", a, b, "a.h5"]
                x, y = values("a.h5", layer, a), values("a.h5", layer, b)
                near(row["spearman"], spearman(x, y), f"rho of {a}, {b}")
                near(row["kendall"], kendall(x, y), f"tau of {a}, {b}")
                best = [set(np.argsort(-z)[:int(row["top"])]) for z in (x, y)]
                near(row["overlap"], len(best[0] & best[1]) / int(row["top"]), "overlap")
                check(int(row["top"]) == (top or len(x) // 4), "the size of the overlap")
                has_interval = bool(row["spearman_low"])
                check(has_interval == (a == "shapley"), f"an interval where there are errors: {row}")
                for m in ("spearman", "kendall", "overlap") if has_interval else ():
                    check(float(row[m + "_low"]) <= float(row[m]) <= float(row[m + "_high"]), m)
    check(not any("bn_scale" in key for key in rows), "what the network does not have is left out")


def check_show():
    """show and status tell of ratings in every form, also where there is nothing else."""
    shown = json.loads(run("show", "a.h5", "--format", "json").stdout)
    check([x["name"] for x in shown["switch"]] == ["conv1", "conv2"], "both layers")
    second, mean = shown["switch"][1], values("a.h5", "conv2", "switch")
    check(np.allclose(second["mean"], mean, rtol=0, atol=0), "the posterior's mean")
    check(second["ended_by"] == "epochs" and len(second["trace"]["step"]) > 0, "facts")
    check(sorted(second["rank"]) == list(range(1, 51)), "places count from 1")
    check(shown["baseline"][0]["bn_scale"] == [None] * 20, "what is not known is null")
    best = json.loads(run("show", "a.h5", "--format", "json", "--top", 3).stdout)["switch"][1]
    check(set(best["filters"]) == set(np.argsort(-mean)[:3]) and len(best["phi"]) == 3, "top")
    rows = list(csv.DictReader(io.StringIO(run("show", "a.h5", "--format", "csv").stdout)))
    check(len(rows) == 70, "a row a filter")
    for row in rows[20:]:
        i = int(row["filter"])
        near(row["shapley"], values("a.h5", "conv2", "shapley")[i], "csv: shapley")
        near(row["switch_mean"], mean[i], "csv: switch")
        near(row["taylor"], values("a.h5", "conv2", "taylor")[i], "csv: taylor")
    text = run("show", "a.h5", "--top", 2).stdout
    where = [text.index(x) for x in ("conv1: 20", "conv1, importance switch", "conv1, baselines",
                                     "conv2: 50", "conv2, importance switch", "conv2, baselines")]
    check(where == sorted(where), "in the order of layers")
    args = [MODEL, "fashion.h5", "--layer", "fc1", "--images", 100, "-o", "alone.h5"]
    run("switch", *args, "--epochs", 1)
    run("baseline", *args)
    check("fc1, importance switch: 500" in run("show", "alone.h5").stdout, "ratings alone")
    rows = list(csv.DictReader(io.StringIO(run("show", "alone.h5", "--format", "csv").stdout)))
    check(len(rows) == 500 and rows[0]["shapley"] == "" and rows[0]["l1"] != "", "csv alone")
    rows = list(csv.DictReader(io.StringIO(run("status", "alone.h5", "--format", "csv").stdout)))
    check([(r["layer"], r["method"], r["layer_state"], r["units"], r["units_total"]) for r in rows] ==
          [("fc1", "switch", "complete", "1", "1"), ("fc1", "baseline", "complete", "100", "100")],
          f"{rows}")
    check("1 of 1 steps" in run("status", "alone.h5").stdout, "status as text")
    check("holds no Shapley values" in message(run("info", MODEL, "alone.h5", expect=4)), "info")


def main():
    data = fashion()
    for seed, store in ((1, "a.h5"), (2, "b.h5")):
        common = [MODEL, data, "--layer", "conv1,conv2", "--images", 200, "--seed", seed, "-o", store]
        run("shapley", *common)
        run("switch", *common, "--epochs", 5)
        run("baseline", *common)
    rows = rows_of("a.h5", "b.h5")
    check_pairs(rows, 0)
    check_pairs(rows_of("a.h5", "b.h5", "--top", 7), 7)
    for layer in ("conv1", "conv2"):
        floor = rows[layer, "floor", "shapley", "shapley", "a.h5"]
        seen = rows[layer, "repeat", "shapley", "shapley", "b.h5"]
        near(seen["spearman"], spearman(values("a.h5", layer, "shapley"),
                                        values("b.h5", layer, "shapley")), "two seeds")
        check(float(floor["spearman"]) > 0.9, "one sweep tells most filters apart")
        near(rows[layer, "repeat", "l1", "l1", "b.h5"]["kendall"], 1, "norms have no seed")
    check_show()
    # Few samples: a wide interval, which holds what more of them find.
    few = ["shapley", MODEL, data, "--layer", "conv2", "--images", 20, "--metric", "accuracy"]
    run(*few, "-o", "few.h5")
    run("switch", MODEL, data, "--layer", "conv2", "--images", 20, "--epochs", 20, "-o", "few.h5")
    run(*few, "--sweeps", 60, "-o", "many.h5")
    row = rows_of("few.h5")["conv2", "methods", "shapley", "switch", "few.h5"]
    exact = spearman(values("many.h5", "conv2", "shapley"), values("few.h5", "conv2", "switch"))
    check(float(row["spearman_low"]) <= exact <= float(row["spearman_high"]), f"{exact} in {row}")
    check(float(row["spearman_high"]) - float(row["spearman_low"]) > 0.02, f"few samples: {row}")
    # Settings that differ are named; the filters that both have.
    run(*few[:-2], "--filters", "3-12", "-o", "some.h5")
    row = rows_of("few.h5", "some.h5", "--methods", "shapley")[
        "conv2", "repeat", "shapley", "shapley", "some.h5"]
    check(row["filters"] == "10" and "metric accuracy and loss" in row["differences"], f"{row}")
    row = rows_of("a.h5", "a.h5", "--methods", "l1")["conv1", "repeat", "l1", "l1", "a.h5"]
    check(row["differences"] == "the same seed", "a store is no second run of itself")
    # An exact run has no error, so no interval.
    run("shapley", MODEL, data, "--layer", "conv2", "--images", 20, "--filters", "0-7",
        "--method", "exact", "-o", "exact.h5")
    run("baseline", MODEL, data, "--layer", "conv2", "--images", 20, "-o", "exact.h5")
    exact = rows_of("exact.h5")["conv2", "methods", "shapley", "l1", "exact.h5"]
    check(exact["filters"] == "8" and exact["spearman_low"] == "", f"{exact}")
    # The three forms; a part of the methods.
    only = ["--layer", "conv2", "--methods", "shapley,switch"]
    parsed = json.loads(run("compare", "a.h5", "b.h5", *only, "--format", "json").stdout)
    check([p["kind"] for p in parsed[0]["pairs"]] == ["methods", "floor", "repeat", "repeat"], "kinds")
    near(parsed[0]["pairs"][0]["kendall"],
         float(rows["conv2", "methods", "shapley", "switch", "a.h5"]["kendall"]), "json")
    text = run("compare", "a.h5", "b.h5", *only).stdout
    check(f"{parsed[0]['pairs'][0]['spearman']:.3f}" in text and "itself in store 2" in text, text)
    check(text == run("compare", "a.h5", "b.h5", *only).stdout, "the same again")
    check(all(line == line.rstrip() for line in text.splitlines()), "no blanks at the end")
    # What cannot be compared.
    check('did you mean "switch"' in message(run("compare", "a.h5", "--methods", "swich", expect=2)), "")
    check('did you mean "conv1"' in message(run("compare", "a.h5", "--layer", "conf1", expect=2)), "")
    run("shapley", f"{DATA}/vgg16s.onnx", data, "--layer", "conv5_3", "--images", 20, "-o", "other.h5")
    check("another network" in message(run("compare", "a.h5", "other.h5", expect=4)), "")
    check("no layer has two rankings" in
          message(run("compare", "exact.h5", "--methods", "l1", expect=4)), "one ranking")
    check("no neurank store" in message(run("compare", data, expect=3)), "images are no store")
    message(run("compare", "none.h5", expect=3))


main()
