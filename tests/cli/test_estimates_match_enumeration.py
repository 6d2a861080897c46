"""Estimates agree with full enumeration by PyTorch's whole forwards of a network with 8
filters; they sum to value_full - value_empty; a dead filter is exactly 0.
TEST: timeout=180"""
import itertools
import json
import math

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
    net.kept = torch.tensor(kept).float()
    out = net(x)
    if metric == "loss":
        return -F.cross_entropy(out, y).item()
    return (out.argmax(1) == y).double().mean().item()


def exact(net, x, y, metric):
    values = {s: value(net, s, x, y, metric)
              for s in itertools.product((0, 1), repeat=FILTERS)}
    phi = np.zeros(FILTERS)
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
        run("shapley", "net.onnx", "data.h5", "--layer", "conv1", "--metric", metric,
            "--sweeps", SWEEPS, "-o", f"{metric}.h5")
        layer = json.loads(run("show", f"{metric}.h5", "--format", "json").stdout)["layers"][0]
        got, error = np.array(layer["shapley"]), np.array(layer["std_error"])
        full, empty = values[(1,) * FILTERS], values[(0,) * FILTERS]
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


main()
