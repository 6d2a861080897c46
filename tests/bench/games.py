"""The games that benchmarks play: networks cut at a layer, images, and neurank's runs.

A cut has prefix(x), what the suffix reads (the masked tensor first), and suffix(...).
"""
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/data", f"{TOP}/tests/tools"]
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NEURANK_TOP=TOP)
os.environ.setdefault("NEURANK", "")  # the tests' harness asks for it

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import networks  # noqa: E402
import torch_models as tm  # noqa: E402

# model/layer: images, sweeps
CASES = {
    "lenet5/conv1": (1000, 1), "lenet5/conv2": (10000, 16), "lenet5/fc1": (10000, 16),
    "vgg16s/conv1_2": (40, 1), "vgg16s/conv3_3": (100, 1), "vgg16s/conv5_2": (1000, 8),
    "resnet20/stage1.0.conv1": (40, 1), "resnet20/stage2.1.conv1": (100, 1),
    "resnet20/stage3.2.conv1": (1000, 1),
    "vgg16/conv1_2": (4, 1), "vgg16/conv2_2": (4, 1), "vgg16/conv3_3": (8, 1),
    "vgg16/conv4_3": (32, 1), "vgg16/conv5_1": (40, 1), "vgg16/conv5_2": (200, 4),
    "vgg16/conv5_3": (1000, 64),
}
OTHERS = (40, 1)  # layers that are named on the command line


# ---- the networks, cut at a layer ----

class Cut:
    def __init__(self, prefix, suffix):
        self.prefix, self.suffix = prefix, suffix


def cut_lenet(net, layer):
    pool = nn.MaxPool2d(2)
    first = nn.Sequential(net.conv1, nn.ReLU(), pool)
    second = nn.Sequential(net.conv2, nn.ReLU(), pool)
    third = nn.Sequential(nn.Flatten(1), net.fc1, nn.ReLU())
    parts = {"conv1": 1, "conv2": 2, "fc1": 3}[layer]
    stages = [first, second, third, net.fc2]
    return Cut(nn.Sequential(*stages[:parts]), nn.Sequential(*stages[parts:]))


def cut_vgg(net, layer):
    at = net.order.index("relu" + layer[4:]) + 1
    at += net.order[at].startswith("pool")
    modules = [getattr(net, name) for name in net.order]
    return Cut(nn.Sequential(*modules[:at]), nn.Sequential(*modules[at:]))


class ResidualSuffix(nn.Module):
    def __init__(self, block, rest, head):
        super().__init__()
        self.conv, self.bn, self.rest, self.head = block.conv2, block.bn2, rest, head

    def forward(self, a, skip):
        y = self.bn(self.conv(a))
        y = y.view(skip.shape[0], -1, y.shape[1], y.shape[2], y.shape[3]) + skip[:, None]
        return self.head(self.rest(F.relu(y.flatten(0, 1))).mean((2, 3)))


def cut_resnet(net, layer):
    stage, block = int(layer[5]), int(layer[7])
    blocks = [b for s in (net.stage1, net.stage2, net.stage3) for b in s]
    at = 3 * (stage - 1) + block
    here = blocks[at]

    def prefix(x):
        x = F.relu(net.bn1(net.conv1(x)))
        for b in blocks[:at]:
            x = b(x)
        return F.relu(here.bn1(here.conv1(x))), here.shortcut(x) if here.shortcut else x
    return Cut(prefix, ResidualSuffix(here, nn.Sequential(*blocks[at + 1:]), net.fc))


def load(model):
    """(network, images, labels); the full VGG-16 has random weights and images."""
    if model != "vgg16":
        x, y = tm.fashion(10000)
        return tm.load(model), tm.normalised(x), torch.from_numpy(y.astype(np.int64))
    torch.manual_seed(0)
    net = networks.VGG16(width=1, in_channels=3, batch_norm=False)
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.normal_(m.bias, 0, 0.05)
    return net.eval(), torch.randn(1000, 3, 32, 32), torch.randint(10, (1000,))


def export(model, net, x, folder):
    path = f"{folder}/{model}.onnx"
    if model != "vgg16":
        return f"{TOP}/data/{model}.onnx"
    axes = {"x": {0: "n"}, "logits": {0: "n"}}
    torch.onnx.export(net, x[:1], path, opset_version=13, input_names=["x"],
                      output_names=["logits"], dynamic_axes=axes)
    return path


def tupled(value):
    return value if isinstance(value, tuple) else (value,)


# ---- neurank ----

class Game:
    """One layer of one network, as neurank plays it."""

    def __init__(self, name, program, folder, net, x, y):
        self.model, self.layer = name.split("/")
        n, self.sweeps = CASES.get(name, OTHERS)
        self.x, self.y, self.program, self.folder = x[:n], y[:n], program, folder
        self.onnx = export(self.model, net, x, folder)
        self.cut = {"l": cut_lenet, "v": cut_vgg, "r": cut_resnet}[name[0]](net, self.layer)
        self.net = net

    def neurank(self, *args):
        return subprocess.run([self.program, *map(str, args)], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def run(self, n=None, sweeps=None):
        """Ranks the first n images (all); the layer's results as `show` gives them."""
        data, store = f"{self.folder}/images.h5", f"{self.folder}/run.h5"
        with h5py.File(data, "w") as f:
            f["images"], f["labels"] = self.x[:n].numpy(), self.y[:n].numpy()
        if os.path.exists(store):
            os.remove(store)
        self.neurank("shapley", self.onnx, data, "--layer", self.layer, "--sweeps",
                     sweeps or self.sweeps, "-o", store)
        return json.loads(self.neurank("show", store, "--format", "json"))["layers"][0]


class Games:
    def __init__(self, program, folder):
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        os.makedirs(folder, exist_ok=True)
        self.program, self.folder, self.nets, self.games = program, folder, {}, {}

    def get(self, name):
        model = name.split("/")[0]
        if model not in self.nets:
            self.nets[model] = load(model)
        if name not in self.games:
            self.games[name] = Game(name, self.program, self.folder, *self.nets[model])
        return self.games[name]
