#!/usr/bin/python3
"""How many ranks one run can use: make bench-ranks.

    tests/bench/ranks.py NEURANK SCALE SIMULATE FOLDER

For each layer: the time of a unit (measured on one core), the time that rank 0 takes to
receive a result and fold it (measured between two ranks here), and with them the scheduler's
own state machines in virtual time (simulate.c) with up to 16,384 ranks.

useful   ranks until each brings less than nine tenths of the first's work
limit    what the next ones wait for: rank 0, whose time results take up, or units, of which
         there are too few to keep all busy until the end
"""
import datetime
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import torch

from games import TOP, load
from machine import cpu

# model, layer, images of a run, sweeps of a run, images of the measurement
CASES = [("lenet5", "conv2", 10000, 16, 3000), ("lenet5", "fc1", 10000, 16, 3000),
         ("vgg16", "conv1_2", 10000, 4, 4), ("vgg16", "conv3_3", 10000, 4, 16),
         ("vgg16", "conv5_3", 10000, 16, 400),
         ("resnet50", "layer1.0.conv1", 1000, 4, 1), ("resnet50", "layer2.0.conv2", 1000, 4, 1),
         ("resnet50", "layer4.2.conv2", 1000, 16, 8)]
RANKS = [2 ** k for k in range(15)]
LATENCY_S, SHARE = 50e-6, 0.9
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def output(*command):
    return subprocess.run(list(map(str, command)), check=True, env=ENV, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def network(model):
    """(network, images, labels); ResNet-50 with random weights and images, as VGG-16."""
    if model != "resnet50":
        return load(model)
    import torchvision
    torch.manual_seed(0)
    net = torchvision.models.resnet50(weights=None).eval()
    return net, torch.randn(8, 3, 224, 224), torch.randint(1000, (8,))


def files(model, folder):
    """The network as ONNX, its images as HDF5."""
    onnx, data = f"{folder}/{model}.onnx", f"{folder}/{model}_images.h5"
    net, x, y = network(model)
    torch.onnx.export(net, x[:1], onnx, opset_version=13, input_names=["x"],
                      output_names=["logits"], dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}})
    with h5py.File(data, "w") as f:
        f["images"], f["labels"] = x.numpy().astype(np.float32), y.numpy()
    return onnx, data


def measure(program, model, layer, images, folder):
    """Seconds of a unit, blocks of a unit, players."""
    onnx, data = f"{folder}/{model}.onnx", f"{folder}/{model}_images.h5"
    store = f"{folder}/ranks.h5"
    if os.path.exists(store):
        os.remove(store)
    output("taskset", "-c", 0, program, "shapley", onnx, data, "--layer", layer, "--images",
           images, "--sweeps", 1, "-o", store)
    with h5py.File(store) as f:
        group = next(f[k] for k in f if isinstance(f[k], h5py.Group))
        plan = {k: str(v.decode() if isinstance(v, bytes) else v)
                for k, v in group.attrs.items() if k.startswith("plan_")}
        units = int(plan["plan_units_per_sweep"])
        return (float(group.attrs["seconds"]) / units, int(plan["plan_unit"]),
                int(group.attrs["players"]))


def duration(seconds):
    for unit, name in ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{1e6 * seconds:.3g} us"


def simulate(program, ranks, players, units, sweeps, unit_s, block_s, message_s):
    return json.loads(output(program, ranks, players, units, sweeps, unit_s, block_s,
                             message_s, LATENCY_S))


def main():
    program, scale, simulator, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    torch.set_grad_enabled(False)
    report = {"cpu": cpu(), "date": str(datetime.date.today()), "latency_s": LATENCY_S, "rows": []}
    print(f"{cpu()}, {report['date']}; messages take {1e6 * LATENCY_S:.0f} us on their way")
    print("| network/layer | players | images x sweeps | one core | a unit | rank 0, a result | "
          "useful ranks | then limited by | time with them | 10,000 ranks |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    made = set()
    for model, layer, images, sweeps, few in CASES:
        if model not in made:
            files(model, folder)
            made.add(model)
        unit_s, blocks, players = measure(program, model, layer, few, folder)
        message_s = json.loads(output("mpirun", "-n", 2, scale, "messages", players))["seconds"]
        units = -(-images // blocks)
        args = (players, units, sweeps, unit_s, unit_s / blocks, message_s)
        runs = [simulate(simulator, r, *args) for r in RANKS]
        most = simulate(simulator, 10000, *args)
        useful = max((r for r in runs if r["efficiency"] >= SHARE), key=lambda r: r["ranks"])
        behind = next((r for r in runs if r["ranks"] > useful["ranks"]), runs[-1])
        limit = ("none" if behind is useful else
                 "rank 0" if behind["master_busy"] > 0.5 else "units")
        report["rows"].append({"model": model, "layer": layer, "players": players,
                               "images": images, "sweeps": sweeps, "units": units,
                               "unit_s": unit_s, "message_s": message_s, "runs": runs,
                               "ten_thousand": most})
        print(f"| {model} {layer} | {players} | {images:,} x {sweeps} | "
              f"{duration(runs[0]['seconds'])} | {duration(unit_s)} | {duration(message_s)} | "
              f"{useful['ranks']:,} | {limit} | {duration(useful['seconds'])} | "
              f"{most['efficiency']:.0%} useful, rank 0 {most['master_busy']:.0%} busy |",
              flush=True)
    with open(f"{folder}/ranks.json", "w") as f:
        json.dump(report, f, indent=1)


main()
