"""What fast kernels change in a Shapley value stays below a tenth of the standard error of
a run over all 10,000 images with 16 sweeps; memory changes nothing at all; a store says
which kernels made it.
TEST: timeout=300"""
import json

import h5py
import numpy as np
from harness import DATA, check, fashion, message, run

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


def check_memory():
    for memory in (32, 1000):
        rank("lenet5", "conv2", 300, f"m{memory}.h5", "--memory", memory, "--sweeps", 3)
    with h5py.File("m32.h5") as a, h5py.File("m1000.h5") as b:
        check(a["conv2"].attrs["digest"] == b["conv2"].attrs["digest"], "the same bits")


def check_plan():
    with h5py.File("m32.h5") as f:
        kind = f["conv2"].attrs["plan_kernels"]
    check(kind in ("avx512", "avx2", "blas"), kind)
    p = run("shapley", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv2", "--images", 300,
            "-o", "m32.h5", "--kernels", "reference", "--sweeps", 4, expect=4)
    check(f"kernels is {kind} there, reference here" in message(p), message(p))


fashion()
check_memory()
check_plan()
check_kernels()
