"""What fast kernels change in a Shapley value stays below a tenth of the standard error of
a run over all 10,000 images with 16 sweeps; memory changes nothing at all, and a rank keeps
to it; a store says which kernels made it.
TEST: parallel timeout=300"""
import json
import os
import subprocess

import h5py
import numpy as np
import onnx
import onnx.numpy_helper
from harness import DATA, NEURANK, check, fashion, message, run, same, write_images

TYPICAL = 10000 * 16  # image visits
CASES = [("lenet5", "conv1", 32), ("lenet5", "conv2", 64), ("lenet5", "fc1", 64),
         ("vgg16s", "conv5_2", 16), ("resnet20", "stage3.2.conv1", 16)]


def rank(model, layer, images, path, *more):
    run("shapley", f"{DATA}/{model}.onnx", "fashion.h5", "--layer", layer, "--images", images,
        "-o", path, *more)
    return json.loads(run("show", path, "--format", "json").stdout)["layers"][0]


def kinds():
    """What this processor has, by a run of no cost."""
    p = run("eval", f"{DATA}/lenet5.onnx", "fashion.h5", "--images", 1, "--kernels", "avx2",
            expect=None)
    check(p.returncode == 0 or "not on this processor" in message(p), p.stderr)
    return ("fast", "avx2", "blas") if p.returncode == 0 else ("fast", "blas")


def check_kernels():
    for model, layer, images in CASES:
        plain = rank(model, layer, images, f"{model}-{layer}.h5", "--kernels", "reference")
        for kind in kinds():
            fast = rank(model, layer, images, f"{model}-{layer}-{kind}.h5", "--kernels", kind)
            moved = np.abs(np.array(fast["shapley"]) - np.array(plain["shapley"])).max()
            error = np.mean(fast["std_error"]) * np.sqrt(images / TYPICAL)
            print(f"{model} {layer} {kind}: moves {moved:.2g}, {moved / error:.2g} of the "
                  f"standard error of a typical run")
            check(moved < 0.1 * error, f"{model} {layer} {kind}: {moved} of {error}")


def check_masked_class():
    """A class that nobody may get, by its bias, costs the others no digits."""
    model = onnx.load(f"{DATA}/lenet5.onnx")
    for tensor in model.graph.initializer:
        if tensor.name == "fc2.bias":
            bias = onnx.numpy_helper.to_array(tensor).copy()
            bias[9] = -1e9
            tensor.CopyFrom(onnx.numpy_helper.from_array(bias, "fc2.bias"))
    onnx.save(model, "masked.onnx")
    with h5py.File("fashion.h5") as f:
        some = np.flatnonzero(f["labels"][:40] != 9)
        write_images("some.h5", f["images"][:40][some], f["labels"][:40][some],
                     **dict(f["images"].attrs))
    values = []
    for kind in ("reference", "fast"):
        run("shapley", "masked.onnx", "some.h5", "--layer", "conv2", "-o", f"{kind}.h5",
            "--kernels", kind)
        with h5py.File(f"{kind}.h5") as f:
            values.append(f["conv2/shapley"][()])
    check(np.abs(values[0] - values[1]).max() < 1e-6, np.abs(values[0] - values[1]).max())


def check_memory():
    for memory in (32, 1000):
        rank("lenet5", "conv2", 300, f"m{memory}.h5", "--memory", memory, "--sweeps", 3)
    with h5py.File("m32.h5") as a, h5py.File("m1000.h5") as b:
        check(a["conv2"].attrs["digest"] == b["conv2"].attrs["digest"], "the same bits")
    # differences of all players do not fit in the smaller one
    for memory in (32, 1000):
        for estimator in ("pairs", "odd"):
            rank("vgg16s", "conv1_2", 64, f"{estimator}{memory}.h5", "--memory", memory,
                 "--block", 32, "--estimator", estimator)
    for estimator in ("pairs", "odd"):
        with h5py.File(f"{estimator}32.h5") as a, h5py.File(f"{estimator}1000.h5") as b:
            check(a["conv1_2"].attrs["digest"] == b["conv1_2"].attrs["digest"], estimator)


def check_peak():
    """A rank stays below its share of model and images and 256 MiB."""
    for model, layer in (("lenet5", "conv2"), ("vgg16s", "conv1_2"),
                         ("resnet20", "stage1.0.conv1")):
        args = [NEURANK, "shapley", f"{DATA}/{model}.onnx", "fashion.h5", "--layer", layer,
                "--images", "10000" if model == "lenet5" else "60", "--sweeps", "2", "-o",
                f"peak-{model}.h5"]
        p = subprocess.Popen(args, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(p.pid, 0)
        inputs = sum(map(os.path.getsize, (f"{DATA}/{model}.onnx", "fashion.h5")))
        limit = (256 << 20) + inputs
        check(status == 0 and usage.ru_maxrss * 1024 <= limit,
              f"{model} {layer}: {usage.ru_maxrss} KiB, at most {limit >> 10} are allowed")


def check_plan():
    with h5py.File("m32.h5") as f:
        kind = f["conv2"].attrs["plan_kernels"]
    check(kind in ("avx512", "avx2", "blas"), kind)
    p = run("shapley", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv2", "--images", 300,
            "-o", "m32.h5", "--kernels", "reference", "--sweeps", 4, expect=4)
    check(f"kernels is {kind} there, reference here" in message(p), message(p))
    # Who does not choose goes on with the kind that began: a queued job may get other nodes.
    conv2 = ("shapley", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv2", "--images", 100)
    run(*conv2, "--kernels", "blas", "-o", "blas.h5")
    run(*conv2, "--sweeps", 2, "-o", "blas.h5", ranks=2)
    run(*conv2, "--kernels", "blas", "--sweeps", 2, "-o", "blas_whole.h5")
    same("blas.h5", "blas_whole.h5")


fashion()
check_masked_class()
check_memory()
check_peak()
check_plan()
check_kernels()
