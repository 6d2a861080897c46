#!/usr/bin/python3
"""Train one of the shipped networks on Fashion-MNIST and export it to ONNX.

    /usr/bin/python3 data/train.py lenet5|vgg16s|resnet20 [--epochs N] [--out FILE]

Needs Debian's python3-torch and dataset-fashion-mnist. Seeded: the same machine
and thread count give the same file. Not part of any test: the results are
committed beside this script, with their accuracies in data/README.md.
"""
import argparse
import gzip
import os
import random
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F

import networks

FASHION = "/usr/share/datasets/fashion-mnist"
MEAN, STD = 0.2860, 0.3530  # of the 60,000 training images, pixels in 0..1
EPOCHS = {"lenet5": 10, "vgg16s": 11, "resnet20": 8}


def idx(name, header):
    with gzip.open(f"{FASHION}/{name}.gz") as f:
        return np.frombuffer(f.read(), np.uint8, offset=header)


def fashion(split):
    x = idx(f"{split}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)
    y = idx(f"{split}-labels-idx1-ubyte", 8)
    x = (torch.from_numpy(x.copy()).float() / 255 - MEAN) / STD
    return x, torch.from_numpy(y.astype(np.int64))


def augment(x):
    """Random horizontal flip and shift by up to two pixels, per image."""
    n = len(x)
    background = -MEAN / STD
    x = torch.where(torch.rand(n, 1, 1, 1) < 0.5, x.flip(3), x)
    x = F.pad(x, (2, 2, 2, 2), value=background)
    dy, dx = torch.randint(0, 5, (n,)), torch.randint(0, 5, (n,))
    rows = dy[:, None] + torch.arange(28)
    cols = dx[:, None] + torch.arange(28)
    return x[torch.arange(n)[:, None, None], 0, rows[:, :, None], cols[:, None, :]][:, None]


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    hits = sum((net(a).argmax(1) == b).sum().item()
               for a, b in zip(x.split(500), y.split(500)))
    return hits / len(y)


def train(net, epochs, batch=128, rate=0.1):
    x, y = fashion("train")
    xt, yt = fashion("t10k")
    decay = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    sgd = torch.optim.SGD([{"params": decay, "weight_decay": 5e-4}, {"params": rest}],
                          lr=rate, momentum=0.9, nesterov=True)
    steps = epochs * (len(x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(sgd, rate, total_steps=steps, pct_start=0.2)
    for epoch in range(epochs):
        net.train()
        start, total = time.time(), 0.0
        for part in torch.randperm(len(x))[:len(x) // batch * batch].split(batch):
            loss = F.cross_entropy(net(augment(x[part])), y[part])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs} loss {total / (len(x) // batch):.4f} "
              f"accuracy {accuracy(net, xt, yt):.4f} {time.time() - start:.0f} s", flush=True)


def export(net, path):
    """BatchNorm stays as nodes of its own: TrainingMode.PRESERVE skips the folding."""
    net.eval()
    warnings.filterwarnings("ignore")
    torch.onnx.export(net, torch.zeros(1, 1, 28, 28), path, opset_version=13,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      input_names=["images"], output_names=["logits"],
                      dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}})


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("network", choices=sorted(EPOCHS))
    p.add_argument("--epochs", type=int)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--out")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    net = networks.make(a.network)
    rate = 0.02 if a.network == "lenet5" else 0.1
    train(net, a.epochs or EPOCHS[a.network], rate=rate)
    path = a.out or f"{here}/{a.network}.onnx"
    export(net, path)
    print(f"{path}: {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
