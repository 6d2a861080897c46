"""Estimates agree with full enumeration by PyTorch's whole forwards of a network with 8
filters, and `--method exact` equals it, for all images, by class and by image; values sum
to value_full - value_empty; a dead filter is exactly 0.
TEST: parallel timeout=180"""
import itertools
import json
import math

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from harness import check, run, write_images

FILTERS, IMAGES, SWEEPS = 8, 24, 40
DEAD = 5


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(2, FILTERS, 3, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(FILTERS)
        self.conv2 = torch.nn.Conv2d(FILTERS, 6, 3)
        self.fc = torch.nn.Linear(6 * 4 * 4, 5)
        self.kept = torch.ones(FILTERS)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = x * self.kept[None, :, None, None]
        return self.fc(F.relu(self.conv2(x)).flatten(1))


@torch.no_grad()
def value(net, kept, x, y, metric):
    """Of each image."""
    net.kept = torch.tensor(kept).float()
    out = net(x)
    if metric == "loss":
        return -F.cross_entropy(out, y, reduction="none").double().numpy()
    return (out.argmax(1) == y).double().numpy()


def exact(net, x, y, metric):
    """[filter, image], and the values of all coalitions."""
    values = {s: value(net, s, x, y, metric)
              for s in itertools.product((0, 1), repeat=FILTERS)}
    phi = np.zeros((FILTERS, IMAGES))
    for s, v in values.items():
        size = sum(s)
        for i in range(FILTERS):
            if s[i]:
                continue
            weight = (math.factorial(size) * math.factorial(FILTERS - size - 1)
                      / math.factorial(FILTERS))
            phi[i] += weight * (values[s[:i] + (1,) + s[i + 1:]] - v)
    return phi, values


def main():
    torch.manual_seed(3)
    torch.set_num_threads(1)
    net = Net().eval()
    for p in (net.bn1.weight, net.bn1.bias, net.bn1.running_mean):
        torch.nn.init.uniform_(p, -0.5, 1)
    with torch.no_grad():
        net.conv1.weight[DEAD] = 0
        net.bn1.bias[DEAD] = net.bn1.running_mean[DEAD] = 0
        net.fc.weight *= 4
    x, y = torch.randn(IMAGES, 2, 12, 12), torch.randint(0, 5, (IMAGES,))
    torch.onnx.export(net, x[:1], "net.onnx", opset_version=13,
                      training=torch.onnx.TrainingMode.PRESERVE)
    write_images("data.h5", x.numpy(), y.numpy())
    for metric in ("loss", "accuracy"):
        phi, values = exact(net, x, y, metric)
        check_sampled(metric, phi.mean(1), values)
        check_sampled(metric, phi.mean(1), values, "--estimator", "odd")
        check_exact(metric, phi, y.numpy())


def rank(path, metric, *options):
    run("shapley", "net.onnx", "data.h5", "--layer", "conv1", "--metric", metric, *options,
        "-o", path)
    return json.loads(run("show", path, "--format", "json").stdout)["layers"][0]


def check_sampled(metric, phi, values, *options):
    layer = rank(f"{metric}{len(options)}.h5", metric, "--sweeps", SWEEPS, *options)
    got, error = np.array(layer["shapley"]), np.array(layer["std_error"])
    full, empty = (values[(k,) * FILTERS].mean() for k in (1, 0))
    check(abs(layer["value_full"] - full) < 1e-5, f"{metric}: value_full")
    check(abs(layer["value_empty"] - empty) < 1e-5, f"{metric}: value_empty")
    total = layer["value_full"] - layer["value_empty"]
    scale = max(abs(layer["value_full"]), abs(layer["value_empty"]))
    check(abs(got.sum() - total) <= 1e-9 * scale, f"{metric}: efficiency")
    worst = np.abs(got - phi) - 1e-6
    check((worst <= 4.5 * error).all(), f"{metric}: {got} against {phi}, errors {error}")
    check(error.max() < 0.02, f"{metric}: errors {error} say something")
    check(got[DEAD] == 0 and layer["dead"][DEAD], f"{metric}: the dead filter")
    check(layer["ci_low"][DEAD] == 0 == layer["ci_high"][DEAD], "its interval")
    check(sum(layer["dead"]) == 1, f"{metric}: one dead filter, {layer['dead']}")


def check_exact(metric, phi, labels):
    path = f"{metric}-exact.h5"
    layer = rank(path, metric, "--method", "exact", "--by-class", "--per-image")
    got = np.array(layer["shapley"])
    check(np.abs(got - phi.mean(1)).max() < 1e-5, f"{metric}: exact {got}, {phi.mean(1)}")
    check(layer["std_error"] == [0] * FILTERS and layer["ci_low"] == layer["shapley"],
          "an exact value has no error for these images")
    check(layer["ended_by"] == layer["interval"] == layer["method"] == "exact", "it says so")
    # the population's standard error is that of a mean over images
    population = phi.std(1, ddof=1) / math.sqrt(IMAGES)
    check(np.allclose(layer["population_error"], population, atol=1e-5), "population")
    classes = layer["by_class"]
    for c, n in enumerate(classes["images"]):
        check(n == (labels == c).sum(), f"class {c} has {n} images")
        wanted = phi[:, labels == c].mean(1)
        check(np.abs(classes["shapley"][c] - wanted).max() < 1e-5, f"{metric}: class {c}")
    weighted = np.average(classes["shapley"], axis=0, weights=classes["images"])
    check(np.abs(weighted - got).max() < 1e-12, "classes add up")
    with h5py.File(path) as f:
        rows = f["conv1/shapley_by_image"]
        mine = rows[()] * rows.attrs["scale_factor"]
        order = f["conv1/image"][()]
        check((f["conv1/label_by_image"][()] == labels[order]).all(), "labels by image")
        check(np.abs(mine - phi.T[order]).max() < 1e-5, f"{metric}: by image")


main()
