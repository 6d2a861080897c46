"""On a network in which four hidden units make the label, switch and Shapley values find these
four; a small alpha0 makes the posterior sparse, a large one flat; the bound rises; posterior mean
and draws give the same ranks on LeNet.
TEST: parallel timeout=120"""
import csv
import io

import h5py
import numpy as np
import torch
from harness import DATA, check, fashion, run, write_images

MODEL = f"{DATA}/lenet5.onnx"
CLASSES, UNITS, SIDE = 4, 16, 6
THEIRS = [2, 5, 11, 14]  # the unit that detects class 0, 1, ...


def toy():
    """Unit THEIRS[c] detects the pattern of class c. Of the others, half add the same to all
    classes, which no label depends on, and half a little noise."""
    draw = torch.Generator().manual_seed(3)
    patterns = torch.randn(CLASSES, SIDE * SIDE, generator=draw)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(SIDE * SIDE, UNITS),
                              torch.nn.ReLU(), torch.nn.Linear(UNITS, CLASSES)).eval()
    with torch.no_grad():
        hidden, out = net[1], net[3]
        hidden.weight.copy_(torch.randn(UNITS, SIDE * SIDE, generator=draw) / SIDE)
        hidden.bias.fill_(0.1)
        out.weight.copy_(0.02 * torch.randn(CLASSES, UNITS, generator=draw))
        out.bias.zero_()
        for k in [u for u in range(UNITS) if u not in THEIRS][::2]:
            out.weight[:, k] = 0.5
        for c, unit in enumerate(THEIRS):
            hidden.weight[unit] = patterns[c] / SIDE
            out.weight[:, unit] = 0
            out.weight[c, unit] = 4
    labels = torch.arange(2000) % CLASSES
    images = patterns[labels] + 0.5 * torch.randn(2000, SIDE * SIDE, generator=draw)
    images = images.reshape(2000, 1, SIDE, SIDE)
    torch.onnx.export(net, images[:1], "toy.onnx", opset_version=13, input_names=["x"],
                      output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
    write_images("toy.h5", images.numpy(), labels.numpy())
    with torch.no_grad():
        return (net(images).argmax(1) == labels).float().mean().item()


def switch(path, name):
    with h5py.File(path) as f:
        s = f[f"{name}/switch"]
        return (s["mean"][()], s["trace_log_likelihood"][()] - s["trace_divergence"][()],
                s.attrs["ended_by"])


def perplexity(share):
    return np.exp(-(share * np.log(share)).sum())


def check_toy():
    check(toy() > 0.95, "the toy's units make the label")
    name = next(csv.DictReader(io.StringIO(run("info", "toy.onnx", "--format", "csv").stdout)))["layer"]
    args = ["toy.onnx", "toy.h5", "--layer", name]
    run("shapley", *args, "--sweeps", 4, "-o", "toy_shapley.h5")
    with h5py.File("toy_shapley.h5") as f:
        value, error = f[f"{name}/shapley"][()], f[f"{name}/std_error"][()]
        whole = f[name].attrs["value_full"] - f[name].attrs["value_empty"]
    others = np.setdiff1d(np.arange(UNITS), THEIRS)
    check((value[THEIRS] - 4 * error[THEIRS]).min() > 10 * np.abs(value[others]).max(),
          f"Shapley finds the four: {value}")
    check(value[THEIRS].sum() > 0.95 * whole, "and they have the value")
    for options in ([], ["--estimator", "mean"], ["--optimizer", "sgd", "--lr", 1],
                    ["--alpha0", 0.1]):
        run("switch", *args, *options, "--batch", 50, "--fresh", "-o", "toy_switch.h5")
        share, bound, _ = switch("toy_switch.h5", name)
        check(share[THEIRS].sum() > 0.9 and share[THEIRS].min() > 5 * share[others].max(),
              f"the switch finds the four, {options}: {share}")
        check(bound[-10:].mean() > bound[0] + 0.2, f"the bound rises, {options}: {bound}")


def check_prior(data):
    """Ever more of the same: alpha0 from sparse to flat, at the same evidence."""
    found = []
    for alpha0 in (0.01, 0.1, 1, 10, 1000):
        run("switch", MODEL, data, "--layer", "conv2", "--images", 200, "--batch", 50, "--draws", 4,
            "--alpha0", alpha0, "-o", f"alpha{alpha0}.h5")
        share, bound, ended_by = switch(f"alpha{alpha0}.h5", "conv2")
        check(ended_by == "converged", f"it converges: {ended_by}")
        # Up to what a mean over the last points varies by: 5 steps of 50 images each.
        check(bound[-20:].mean() > bound[:2].mean() - 0.02, f"alpha0 {alpha0}: the bound: {bound}")
        found.append(perplexity(share))
    check(all(a < b + 0.01 for a, b in zip(found, found[1:])), f"ever flatter: {found}")
    check(found[0] < 5 and found[-1] > 49.9, f"from a few of 50 filters to all: {found}")
    share, bound, _ = switch("alpha0.1.h5", "conv2")
    check(bound[-20:].mean() > bound[:2].mean() + 0.1, f"the bound rises: {bound}")


def check_estimators(data):
    for layer, bar in (("conv1", 0.98), ("conv2", 0.98), ("fc1", 0.85)):
        for estimator in ("mean", "sample"):
            run("switch", MODEL, data, "--layer", layer, "--images", 400, "--batch", 50, "--draws", 4,
                "--epochs", 40, "--estimator", estimator, "-o", f"{layer}.{estimator}.h5")
        text = run("compare", f"{layer}.mean.h5", f"{layer}.sample.h5", "--format", "csv").stdout
        row = next(csv.DictReader(io.StringIO(text)))
        check(row["kind"] == "repeat" and "estimator mean and sample" in row["differences"], f"{row}")
        check(float(row["spearman"]) > bar, f"{layer}: mean and draws agree: {row['spearman']}")


check_toy()
data = fashion()
check_prior(data)
check_estimators(data)
