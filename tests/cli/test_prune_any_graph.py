"""prune cuts through concatenations with BatchNorm behind them, depthwise convolutions
with and without a multiplier, squeeze-and-excitation, sums before BatchNorm, weights used
twice, constants of every kind and reshapes that state a size; the smaller file's logits
are those of the masked network in neurank and in OpenCV, and what cannot be cut is refused
by the name of what is in the way.
TEST: parallel timeout=200"""
import glob
import json
import os

import cv2
import h5py
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from harness import TOP, check, message, run, write_images
import torch_models as tm
from torch import nn

RNG = np.random.default_rng(1)


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.c0 = nn.Conv2d(3, 6, 3, padding=1)
        self.b1, self.c1 = nn.BatchNorm2d(6), nn.Conv2d(6, 4, 3, padding=1)
        self.b2, self.c2 = nn.BatchNorm2d(10), nn.Conv2d(10, 4, 3, padding=1, bias=False)
        self.b3, self.fc = nn.BatchNorm2d(14), nn.Linear(14, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c0(x)), 2)
        x = torch.cat([x, self.c1(F.relu(self.b1(x)))], 1)
        x = torch.cat([x, self.c2(F.relu(self.b2(x)))], 1)
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.b3(x)), 1).flatten(1))


class Mobile(nn.Module):
    """e, d and the gate s2 lose filters together, and p with its multiplied m."""

    def __init__(self):
        super().__init__()
        self.e, self.be = nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8)
        self.d, self.bd = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8)
        self.s1, self.s2 = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.p, self.bp = nn.Conv2d(8, 6, 1), nn.BatchNorm2d(6)
        self.m = nn.Conv2d(6, 12, 3, groups=6)
        self.l1, self.l2 = nn.Linear(12 * 36, 16), nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.be(self.e(x)))
        x = F.relu(self.bd(self.d(x)))
        gate = torch.sigmoid(self.s2(F.relu(self.s1(F.adaptive_avg_pool2d(x, 1)))))
        x = self.bp(self.p(x * gate))
        x = F.leaky_relu(self.m(x)).reshape(-1, 12 * 36)
        return self.l2(F.relu(self.l1(x)))


class PreActivation(nn.Module):
    """A sum whose silent channels a BatchNorm would wake."""

    def __init__(self):
        super().__init__()
        self.c0 = nn.Conv2d(3, 6, 3, padding=1)
        self.b1, self.c1 = nn.BatchNorm2d(6), nn.Conv2d(6, 5, 3, padding=1, bias=False)
        self.b2, self.c2 = nn.BatchNorm2d(5), nn.Conv2d(5, 6, 3, padding=1)
        self.b3, self.fc = nn.BatchNorm2d(6), nn.Linear(6 * 16, 5)
        self.k = nn.Parameter(torch.randn(1, 6, 1, 1))

    def forward(self, x):
        x = self.c0(x)
        x = x + self.c2(F.relu(self.b2(self.c1(F.relu(self.b1(x))))))
        x = F.avg_pool2d(F.relu(self.b3(x * self.k)), 2)
        return self.fc(x.flatten(1))


class Shared(nn.Module):
    """One convolution twice in a row, and a MatMul with an Add."""

    def __init__(self):
        super().__init__()
        self.c0, self.c1 = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.w, self.b = nn.Parameter(torch.randn(6, 7)), nn.Parameter(torch.randn(7))
        self.fc = nn.Linear(7, 5)

    def forward(self, x):
        x = F.relu(self.c1(F.relu(self.c1(F.relu(self.c0(x))))))
        x = torch.matmul(x.mean((2, 3)), self.w) + self.b
        return self.fc(F.relu(x))


class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.c0, self.g = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, groups=2)
        self.c1, self.fc = nn.Conv2d(6, 4, 1), nn.Linear(4 * 16, 5)

    def forward(self, x):
        return self.fc(F.relu(self.c1(F.relu(self.g(F.relu(self.c0(x)))))).flatten(1))


def export(net, x):
    name = type(net).__name__
    for m in net.modules():
        if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)):
            for p in (m.weight, m.bias, m.running_mean):
                nn.init.uniform_(p, -0.5, 1.5)
            nn.init.uniform_(m.running_var, 0.5, 1.5)
    net.eval()
    torch.onnx.export(net, x[:1], f"{name}.onnx", opset_version=13, input_names=["x"],
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      dynamic_axes={"x": {0: "n"}})
    return f"{name}.onnx"


def logits(model, data):
    run("eval", model, data, "--logits", "l.h5")
    with h5py.File("l.h5") as f:
        return f["logits"][()]


def opencv(model, x):
    runtime = cv2.dnn.readNetFromONNX(model)
    runtime.setInput(x.numpy())
    return runtime.forward()


@torch.no_grad()
def masked_mobile(net, kept, x):
    """OpenCV 4.6 cannot run this one, pruned or not; PyTorch can, and zeros the channels
    wherever the next layer that mixes them reads them."""
    ends = {"be": "e", "bd": "d", "s1": "s1", "bp": "p", "m": "m", "l1": "l1"}
    hooks = []
    for end, layer in ends.items():
        module = getattr(net, end)
        gone = [c for c in range(getattr(net, layer).weight.shape[0]) if c not in kept[layer]]
        hooks.append(tm.replaced(module, gone, None))
    y = net(x).numpy()
    for h in hooks:
        h.remove()
    return y


def prune(model, store, data, *rule):
    return json.loads(run("prune", model, store, data, *rule, "-o", "small.onnx", "--format",
                          "json").stdout)


def check_network(net, x):
    model = export(net, x)
    run("shapley", model, "x.h5", "--layer", "all", "-o", "r.h5", "--fresh")
    whole = logits(model, "x.h5")
    for rule in ("0.7", "0.5", "1"):
        facts = prune(model, "r.h5", "x.h5", "--keep", rule)
        for layer in facts["layers"][:-1]:
            check(0 < len(layer["kept"]) < layer["filters"], f"{model} {layer['name']}")
        onnx.checker.check_model(onnx.load("small.onnx"), full_check=True)
        got = logits("small.onnx", "x.h5")
        check(np.abs(got - whole).max() > 1e-3 * np.ptp(whole), "the filters matter")
        kept = {l["name"]: l["kept"] for l in facts["layers"]}
        other = masked_mobile(net, kept, x) if model == "Mobile.onnx" else \
            opencv("small.onnx", x)
        worst = np.abs(other - got).max()
        check(worst <= 1e-4 * np.ptp(got), f"{model} {rule}, by others: {worst}")
    return facts


def check_masked_by_eval(model, layer, k):
    """A layer alone: the network that eval masks."""
    facts = prune(model, "r.h5", "x.h5", "--keep", str(k), "--layer", layer)
    found = [l for l in facts["layers"] if l["name"] == layer][0]
    drop = [str(c) for c in range(found["filters"]) if c not in found["kept"]]
    run("eval", model, "x.h5", "--layer", layer, "--drop", ",".join(drop), "--logits", "m.h5")
    with h5py.File("m.h5") as f:
        wanted = f["logits"][()]
    worst = np.abs(logits("small.onnx", "x.h5") - wanted).max()
    check(worst <= 1e-4 * np.ptp(wanted), f"{model} {layer}: {worst} from eval --drop")


def accepted(model):
    """Debian's checker does not know opsets above 17."""
    try:
        onnx.checker.check_model(model)
        return True
    except onnx.checker.ValidationError:
        return False


def check_golden():
    """The models of the importer's test: opsets 7 to 22, constants of all types, external
    and old files. All that has a layer to rank is pruned or refused for a reason."""
    pruned, refused = [], []
    for path in sorted(glob.glob(f"{TOP}/tests/golden/*.onnx")):
        model = onnx.load(path)
        constants = {t.name for t in model.graph.initializer}
        entry = [v for v in model.graph.input if v.name not in constants][0]
        shape = [12] + [d.dim_value for d in entry.type.tensor_type.shape.dim][1:]
        write_images("g.h5", RNG.standard_normal(shape).astype(np.float32), np.arange(12) % 2)
        p = run("shapley", path, "g.h5", "--layer", "all", "-o", "gr.h5", "--fresh",
                expect=None)
        if p.returncode:
            check("no layer before the logits" in p.stderr, p.stderr)
            continue
        p = run("prune", path, "gr.h5", "g.h5", "--keep", "0.5", "-o", "gs.onnx", expect=None)
        name = os.path.basename(path)[:-len(".onnx")]
        (refused if p.returncode else pruned).append(name)
        if p.returncode:
            check(p.returncode == 4 and "cannot be removed" in message(p), p.stderr)
            continue
        small = onnx.load("gs.onnx")
        check(accepted(small) or not accepted(model), f"{name}: accepted as the whole is")
        check([i.name for i in small.graph.input if i.name == entry.name], "the input")
        for t in small.graph.initializer:
            check(t.data_location == t.DEFAULT, f"{name}: {t.name} is in the file")
            for i in small.graph.input:
                if i.name == t.name:
                    dims = [d.dim_value for d in i.type.tensor_type.shape.dim]
                    check(dims == list(t.dims), f"{name}: {t.name} is declared as it is")
    check(refused == ["add_mul_concat", "conv_group_stride"], f"refused: {refused}")
    check(len(pruned) >= 18, f"pruned: {pruned}")


def check_refused(model, layer, *names):
    text = message(run("prune", model, "r.h5", "--layer", layer, "--keep", "0.5", "-o",
                       "no.onnx", expect=4))
    for name in names:
        check(name in text, f"{name} in {text}")
    check(not os.path.exists("no.onnx"), "nothing is written")


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    x = torch.randn(40, 3, 8, 8)
    write_images("x.h5", x.numpy(), np.arange(40) % 5)
    check_network(Dense(), x)
    for layer in ("c0", "c1", "c2"):
        check_masked_by_eval("Dense.onnx", layer, 2)
    facts = check_network(Mobile(), x)
    kept = {l["name"]: l["kept"] for l in facts["layers"]}
    check(kept["e"] == kept["d"] == kept["s2"], "tied filters go together")
    check(kept["m"] == [2 * c + k for c in kept["p"] for k in (0, 1)], "the multiplied ones")
    for layer in ("s1", "l1"):
        check_masked_by_eval("Mobile.onnx", layer, 2)
    check_masked_by_eval("Mobile.onnx", "e", 3)  # the rest of its bundle is idle then
    check_refused("Mobile.onnx", "s2", "s2", "tied to")
    check_network(PreActivation(), x)
    check_masked_by_eval("PreActivation.onnx", "c1", 2)
    check_refused("PreActivation.onnx", "c0", "tied to c2")
    check_network(Shared(), x)
    model = export(Grouped(), x)
    run("shapley", model, "x.h5", "--layer", "all", "-o", "r.h5", "--fresh")
    check_refused(model, "c0", 'layer "c0"', "grouped convolution g")
    prune(model, "r.h5", "x.h5", "--keep", "2", "--layer", "c1")
    check_golden()


main()
