"""Every golden case gives PyTorch's logits, with fast and with reference kernels, to 1e-4
of their range: operators, attributes, opsets 7 to 19 and encodings of weights.
TEST: parallel timeout=120"""
import glob
import os

import h5py
import numpy as np
from harness import TOP, check, run, write_images


def main():
    cases = sorted(glob.glob(f"{TOP}/tests/golden/*.onnx"))
    check(len(cases) >= 25, f"{len(cases)} cases")
    for model in cases:
        with np.load(model[:-5] + ".npz") as g:
            x, y = g["x"], g["y"]
        write_images("x.h5", x, np.zeros(len(x), int))
        if os.path.basename(model) == "conv_dilation.onnx":  # normalised channel by channel
            mean, std = np.array([1, -2, 0.5, 3]), np.array([2, 0.5, 1, 4])
            raw = (x * std[:, None, None] + mean[:, None, None]) / 0.25
            write_images("x.h5", raw.astype(np.float32), np.zeros(len(x), int), scale=0.25,
                         mean=mean, std=std)
        for kernels in ("fast", "reference"):
            run("eval", model, "x.h5", "--logits", "y.h5", "--kernels", kernels)
            with h5py.File("y.h5") as f:
                worst = np.abs(f["logits"][()] - y).max()
            check(worst <= 1e-4 * (y.max() - y.min()),
                  f"{os.path.basename(model)} {kernels}: largest difference {worst}")


main()
