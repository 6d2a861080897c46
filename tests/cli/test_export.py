"""export: the tables of show as files, and arrays that NumPy loads; prune --masks: which
filters are kept, in three forms that say the same; the manual's lines apply them in PyTorch,
where the masked network then is the pruned one and stays so while it is trained.
TEST: parallel timeout=120"""
import csv
import json
import os
import re

import h5py
import numpy as np
import torch
from harness import DATA, MEAN, STD, TOP, check, message, run, write_images
import torch_models as tm

MODEL = f"{DATA}/lenet5.onnx"
N = 100


def text(path):
    with open(path) as f:
        return f.read()


def check_ranks():
    run("export", "lenet5.h5", "-o", "r.csv")
    run("export", "lenet5.h5", "-o", "r.json")
    check(text("r.csv") == run("show", "lenet5.h5", "--format", "csv").stdout, "csv")
    check(text("r.json") == run("show", "lenet5.h5", "--format", "json").stdout, "json")
    run("export", "lenet5.h5", "-o", "r.npy")
    for layer in json.loads(text("r.json"))["layers"]:
        values = np.load(f"r.{layer['name']}.npy")
        check(values.dtype == np.float64, "doubles")
        check(list(values) == layer["shapley"], layer["name"])
    run("baseline", MODEL, "data.h5", "--layer", "conv2", "-o", "part.h5")
    run("export", "part.h5", "--by", "taylor", "--layer", "conv2", "-o", "t.npy")
    with h5py.File("part.h5") as f:
        check(np.array_equal(np.load("t.conv2.npy"), f["conv2/baseline/taylor"][()]), "taylor")
    run("shapley", MODEL, "data.h5", "--layer", "conv1", "--filters", "2,5", "-o", "some.h5")
    run("export", "some.h5", "-o", "some.npy")
    some = np.load("some.conv1.npy")
    check(len(some) == 6 and list(np.isfinite(some)) == [i in (2, 5) for i in range(6)],
          "NaN where a filter was not ranked")


def check_masks():
    args = ["prune", MODEL, "lenet5.h5", "--keep", "0.3", "-o", "small.onnx", "--masks"]
    for ending in ("npy", "csv", "json"):
        run(*args, f"m.{ending}")
    layers = {l["name"]: l for l in json.loads(text("m.json"))["layers"]}
    check(layers.keys() == {"conv1", "conv2", "fc1", "fc2"}, "all layers")
    rows = {}
    with open("m.csv") as f:
        for r in csv.DictReader(f):
            rows.setdefault(r["layer"], []).append(r["kept"] == "1")
    for name, layer in layers.items():
        mask = np.load(f"m.{name}.npy")
        check(mask.dtype == bool and len(mask) == layer["filters"], f"{name}: one a filter")
        check(list(np.flatnonzero(mask)) == layer["kept"], f"{name}: json")
        check(list(mask) == rows[name], f"{name}: csv")


def snippet():
    """The manual's lines between the marks."""
    found = re.search(r"<!-- masks in PyTorch -->\n(.*?)<!-- end -->", 
                      text(f"{TOP}/src/cli/man/pytorch.md"), re.S)
    check(found, "the manual has lines that apply masks")
    return "\n".join(l[4:] for l in found.group(1).splitlines())


def logits(model):
    run("eval", model, "data.h5", "--logits", "l.h5")
    with h5py.File("l.h5") as f:
        return f["logits"][()]


def check_pytorch(model, x, labels):
    run("prune", f"{DATA}/{model}.onnx", f"{model}.h5", "--keep", "0.5", "-o", "small.onnx",
        "--masks", "masks.npy")
    net = tm.load(model)
    exec(snippet(), {"net": net})
    wanted, got = logits("small.onnx"), tm.logits(net, x)
    check(np.abs(wanted - got).max() <= 1e-4 * np.ptp(wanted), f"{model}: masked = pruned")
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    before = None
    for _ in range(5):
        loss = torch.nn.functional.cross_entropy(net(x), torch.from_numpy(labels.astype(int)))
        before = before or loss.item()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    check(loss.item() < before, f"{model}: it learns")
    for name, module in net.named_modules():
        if os.path.exists(f"masks.{name}.npy"):
            off = module.weight[~torch.from_numpy(np.load(f"masks.{name}.npy"))]
            check(not off.any(), f"{model} {name}: what is off stays zero")
            os.remove(f"masks.{name}.npy")


def check_refusals():
    check("ends in .csv" in message(run("export", "lenet5.h5", "-o", "r.txt", expect=2)), "kind")
    check("for .npy" in message(run("export", "lenet5.h5", "-o", "r.csv", "--layer", "conv1",
                                    expect=2)), "a part of a table")
    check("no values of the method switch" in message(
        run("export", "lenet5.h5", "--by", "switch", "-o", "r.npy", expect=4)), "method")
    check("ends in .csv" in message(run("prune", MODEL, "lenet5.h5", "--keep", "5", "-o",
                                        "no.onnx", "--masks", "m", expect=2)), "masks")
    check(not os.path.exists("no.onnx"), "nothing is written")
    run("export", "lenet5.h5", "-o", "/nowhere/r.csv", expect=5)
    run("export", "lenet5.h5", expect=2)


def main():
    raw, labels = tm.fashion(N)
    write_images("data.h5", raw, labels, scale=1 / 255, mean=MEAN, std=STD)
    x = tm.normalised(raw)
    for model in ("lenet5", "vgg16s"):
        run("shapley", f"{DATA}/{model}.onnx", "data.h5", "--layer", "all", "--images", "20",
            "-o", f"{model}.h5")
    check_ranks()
    check_masks()
    for model in ("lenet5", "vgg16s"):
        check_pytorch(model, x, labels)
    check_refusals()


main()
