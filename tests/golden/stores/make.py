#!/usr/bin/python3
"""Makes a version's stores, once, when it is released; they are never made again.

    tests/golden/stores/make.py NEURANK          (writes beside this file, in the version's folder)

A network of two convolutions, 24 images of 1 x 6 x 6, and what every kind of run leaves. Kernels are the plain
loops and OpenBLAS's are set, so that any processor can go on with what is begun here.
"""
import os
import subprocess
import sys

import h5py
import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
NET, DATA = f"{HERE}/net.onnx", f"{HERE}/data.h5"
COMMON = ["--kernels", "reference", "--seed", 3]
RUNS = {
    "pairs": ["shapley", "--layer", "conv1,conv2", "--sweeps", 3, "--by-class", "--per-image"],
    "partial": ["shapley", "--layer", "conv1,conv2", "--sweeps", 1, "--by-class", "--per-image"],
    "odd": ["shapley", "--layer", "conv2", "--sweeps", 2, "--estimator", "odd", "--metric", "accuracy"],
    "exact": ["shapley", "--layer", "conv2", "--method", "exact", "--ablate", "mean"],
    "top": ["shapley", "--layer", "conv2", "--top", 2],
    "rated": ["switch", "--layer", "conv2", "--epochs", 2, "--batch", 8],
}


def make_inputs():
    rng = np.random.default_rng(7)
    weights = {name: (rng.standard_normal(shape) * 0.6).astype(np.float32) for name, shape in
               (("conv1.weight", (4, 1, 3, 3)), ("conv2.weight", (5, 4, 3, 3)), ("fc.weight", (3, 20)))}
    nodes = [helper.make_node("Conv", ["x", "conv1.weight"], ["a"]), helper.make_node("Relu", ["a"], ["b"]),
             helper.make_node("Conv", ["b", "conv2.weight"], ["c"]), helper.make_node("Relu", ["c"], ["d"]),
             helper.make_node("Flatten", ["d"], ["e"]), helper.make_node("Gemm", ["e", "fc.weight"], ["y"], transB=1)]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "net", [value("x", TensorProto.FLOAT, ["n", 1, 6, 6])],
                              [value("y", TensorProto.FLOAT, ["n", 3])],
                              [numpy_helper.from_array(w, name) for name, w in weights.items()])
    with open(NET, "wb") as f:
        f.write(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString())
    with h5py.File(DATA, "w") as f:
        f["images"] = rng.standard_normal((24, 1, 6, 6)).astype(np.float32)
        f["labels"] = np.arange(24) % 3


def main():
    program = os.path.abspath(sys.argv[1])
    version = subprocess.run([program, "--version"], text=True, capture_output=True).stdout.split()[1]
    folder = f"{HERE}/{version}"
    os.makedirs(folder)
    if not os.path.exists(NET):
        make_inputs()
    os.chdir(HERE)
    env = {**os.environ, "OPENBLAS_CORETYPE": "Haswell"}

    def run(*args):
        return subprocess.run([program, *map(str, args)], check=True, env=env, text=True, capture_output=True).stdout

    for name, (command, *options) in RUNS.items():
        run(command, "net.onnx", "data.h5", *options, *COMMON, "-o", f"{version}/{name}.h5")
    run("baseline", "net.onnx", "data.h5", "--layer", "conv2", *COMMON, "-o", f"{version}/rated.h5")
    run("curve", "net.onnx", "data.h5", f"{version}/pairs.h5", *COMMON, "-o", f"{version}/curve.h5")
    for name in RUNS:  # what it says of them, for later ones to compare with
        with open(f"{folder}/{name}.json", "w") as f:
            f.write(run("show", f"{version}/{name}.h5", "--format", "json"))


main()
