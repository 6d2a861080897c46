"""curve: its points are what eval says of the network with the other filters dropped, for
every method and ablation; the orders are those of the stores; any number of ranks gives the
same file; a run that is stopped goes on; held-out images are told from ranked ones; what
does not fit is refused.
TEST: parallel timeout=200"""
import csv
import io
import json
import os
import signal

import h5py
import numpy as np
from harness import DATA, Stepped, check, fashion, message, run, same

MODEL = f"{DATA}/lenet5.onnx"
IMAGES = ["--images", "120"]


def curves(*args, **options):
    return json.loads(run("curve", MODEL, "fashion.h5", *args, *IMAGES, "--format", "json",
                          **options).stdout)


def drop(layer, order, kept, ablate="remove"):
    out = ",".join(map(str, sorted(order[kept:])))
    options = ["--layer", layer, "--ablate", ablate] + (["--drop", out] if out else [])
    found = json.loads(run("eval", MODEL, "fashion.h5", *IMAGES, *options, "--format",
                           "json").stdout)
    return found["accuracy"], found["loss"]


def check_points(found, ablate="remove"):
    for layer in found["layers"]:
        for k, method in enumerate(layer["methods"]):
            for point in {k % len(layer["kept"]), len(layer["kept"]) // 2, -1}:
                kept = layer["kept"][point]
                accuracy, loss = drop(layer["name"], method["order"], kept, ablate)
                what = f"{layer['name']} {method['method']} {kept} {ablate}"
                check(abs(method["accuracy"][point] - accuracy) < 1e-9, f"accuracy {what}")
                check(abs(method["loss"][point] - loss) < 1e-5, f"loss {what}")


def check_orders(found):
    shown = json.loads(run("show", "r.h5", "--format", "json").stdout)
    for layer in found["layers"]:
        name = layer["name"]
        methods = {m["method"]: m["order"] for m in layer["methods"]}
        values = [l for l in shown["layers"] if l["name"] == name][0]["shapley"]
        check(methods["shapley"] == list(np.argsort(-np.array(values), kind="stable")),
              f"order of {name} by Shapley value")
        with h5py.File("r.h5") as f:
            for method in ("l1", "l2", "taylor", "activation", "leave_one_out"):
                values = f[f"{name}/baseline/{method}"][()]
                check(methods[method] == list(np.argsort(-values, kind="stable")),
                      f"order of {name} by {method}")
        random = [methods[f"random_{k}"] for k in (1, 2)]
        check(random[0] != random[1], "random orders differ")
        check(all(sorted(r) == sorted(methods["l1"]) for r in random), "and have everybody")
        check("random" not in methods and "random_3" not in methods, "and no others")


def check_forms(found):
    text = run("curve", MODEL, "fashion.h5", "r.h5", *IMAGES, "--random", "2", "-o", "c.h5")
    check("conv1: 20 filters, kept best first; 120 images" in text.stdout, text.stdout)
    rows = list(csv.DictReader(io.StringIO(run(
        "curve", MODEL, "fashion.h5", "r.h5", *IMAGES, "--random", "2", "-o", "c.h5",
        "--format", "csv").stdout)))
    at = 0
    for layer in found["layers"]:
        with h5py.File("c.h5") as f:
            group = f[layer["name"]]
            check(list(group["kept"]) == layer["kept"], "kept in the file")
            for m in layer["methods"]:
                check(list(group[f"accuracy_{m['method']}"]) == m["accuracy"], "accuracy")
                check(list(group[f"loss_{m['method']}"]) == m["loss"], "loss")
                check(list(group[f"order_{m['method']}"]) == m["order"], "order")
        for m in layer["methods"]:
            for k, kept in enumerate(layer["kept"]):
                r = rows[at]
                check((r["layer"], r["method"], int(r["kept"])) ==
                      (layer["name"], m["method"], kept), f"row {at}")
                check(float(r["accuracy"]) == m["accuracy"][k], "accuracy in csv")
                check(float(r["loss"]) == m["loss"][k], "loss in csv")
                at += 1
    check(at == len(rows), "rows")


def check_stop():
    """Stopped in the midst of it and continued: the same numbers."""
    line = ["curve", MODEL, "fashion.h5", "r.h5", "--images", "3000", "--points", "12",
            "--random", "1", "--methods", "shapley,l1"]
    run(*line, "-o", "whole.h5", ranks=2)
    p = Stepped(*line, "-o", "part.h5", store="part.h5")
    p.until_stands("a layer is done", lambda: os.path.exists("part.h5"))
    p.send_signal(signal.SIGTERM)
    p.ends(75)
    with h5py.File("part.h5") as f:
        check(0 < len(f.keys()) < 3, "some layers are there")
    run(*line, "-o", "part.h5")
    same("whole.h5", "part.h5")


def check_goes_on():
    """With the kernels that it began with; what is complete is not written again."""
    line = ["curve", MODEL, "fashion.h5", "r.h5", *IMAGES, "--points", "4", "--methods", "l1",
            "-o", "k.h5"]
    run(*line, "--layer", "conv1", "--kernels", "blas")
    run(*line, "--layer", "conv1,conv2")
    with h5py.File("k.h5") as f:
        check(f.attrs["plan_kernels"] == "blas", f.attrs["plan_kernels"])
        check(set(f.keys()) == {"conv1", "conv2"}, "both layers")
        check(len(f.attrs["history"].splitlines()) == 2, "both commands")
    before = os.stat("k.h5")
    run(*line, "--layer", "conv2")
    after = os.stat("k.h5")
    check((before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "left alone")


def check_refusals():
    line = ["curve", MODEL, "fashion.h5", "r.h5"]
    check("seed is 1 there, 2 here" in message(run(*line, *IMAGES, "--random", "2", "-o",
                                                    "c.h5", "--seed", "2", expect=4)), "seed")
    check("--fresh" in message(run(*line, *IMAGES, "--random", "1", "-o", "c.h5", expect=4)),
          "other methods")
    run(*line, *IMAGES, "--random", "1", "-o", "c.h5", "--fresh", "--layer", "conv1")
    check(os.path.exists("c.h5.old"), "the old file stays")
    check('no layer "conv7"' in message(run(*line, "--layer", "conv7", expect=2)), "layer")
    check("no ranks of these" in message(run(*line, "--methods", "switch", expect=4)),
          "method")
    check("another model" in message(run("curve", f"{DATA}/vgg16s.onnx", "fashion.h5", "r.h5",
                                         expect=4)), "model")
    check("holds no curves" in message(run(*line, *IMAGES, "-o", "copy.h5", expect=4)),
          "a store is no file of curves")
    with open("c.h5", "r+b") as f:
        f.truncate(3000)
    before = os.path.getsize("c.h5")
    run(*line, *IMAGES, "-o", "c.h5", expect=3)
    check(os.path.getsize("c.h5") == before, "a damaged file is left")
    run(*line, "--points", "0", expect=2)


def main():
    fashion()
    run("shapley", MODEL, "fashion.h5", "--layer", "all", *IMAGES, "-o", "r.h5")
    run("baseline", MODEL, "fashion.h5", "--layer", "all", *IMAGES, "-o", "r.h5")
    with open("r.h5", "rb") as a, open("copy.h5", "wb") as b:
        b.write(a.read())
    found = curves("r.h5", "--random", "2", "-o", "c.h5", "--points", "32")
    check(found["ranked_on_these_images"] and found["images"] == 120, "the ranked images")
    check([l["kept"][:3] for l in found["layers"]] == [[0, 1, 2], [0, 2, 3], [0, 16, 31]],
          "all filters, or about 32 steps")
    check([l["kept"][-1] for l in found["layers"]] == [20, 50, 500], "to all of them")
    check_points(found)
    check_orders(found)
    check_forms(found)
    run("curve", MODEL, "fashion.h5", "r.h5", *IMAGES, "--random", "2", "-o", "c3.h5", ranks=3)
    same("c.h5", "c3.h5")
    for ablate in ("weights", "mean"):
        check_points(curves("r.h5", "--ablate", ablate, "--points", "2", "--layer", "conv2",
                            "--methods", "shapley,l1"), ablate)
    other = json.loads(run("curve", MODEL, "fashion.h5", "r.h5", "--images", "50", "--layer",
                           "conv1", "--format", "json").stdout)
    check(not other["ranked_on_these_images"], "other images")
    check_stop()
    check_goes_on()
    check_refusals()


main()
