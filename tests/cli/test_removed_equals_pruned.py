"""`--ablate remove` equals a network from which the filters were physically removed, also
where BatchNorm would make a constant of a zero: behind concatenations whose other operands
depend on the players (DenseNet), and behind depthwise convolutions.
TEST: parallel timeout=60"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F
from harness import check, run, write_images
from torch import nn

CHANNELS, DROP = 6, [1, 2, 5]
KEPT = [c for c in range(CHANNELS) if c not in DROP]


def conv(w, kept):
    """A convolution without the input channels that are not kept."""
    new = nn.Conv2d(len(kept), w.out_channels, w.kernel_size, padding=w.padding)
    with torch.no_grad():
        new.weight.copy_(w.weight[:, kept])
        new.bias.copy_(w.bias)
    return new


def norm(b, kept):
    new = nn.BatchNorm2d(len(kept))
    with torch.no_grad():
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(new, name).copy_(getattr(b, name)[kept])
    return new


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.c0 = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.bn1, self.c1 = nn.BatchNorm2d(CHANNELS), nn.Conv2d(CHANNELS, 4, 3, padding=1)
        self.bn2, self.c2 = nn.BatchNorm2d(CHANNELS + 4), nn.Conv2d(CHANNELS + 4, 4, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(CHANNELS + 8)
        self.fc = nn.Linear(CHANNELS + 8, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c0(x)), 2)
        x = torch.cat([x, self.c1(F.relu(self.bn1(x)))], 1)
        x = torch.cat([x, self.c2(F.relu(self.bn2(x)))], 1)
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.bn3(x)), 1).flatten(1))

    def pruned(self):
        p = Dense()
        p.load_state_dict(self.state_dict())
        wide = lambda extra: KEPT + list(range(CHANNELS, CHANNELS + extra))
        p.c0.weight.data, p.c0.bias.data = self.c0.weight[KEPT], self.c0.bias[KEPT]
        p.bn1, p.c1 = norm(self.bn1, KEPT), conv(self.c1, KEPT)
        p.bn2, p.c2 = norm(self.bn2, wide(4)), conv(self.c2, wide(4))
        p.bn3 = norm(self.bn3, wide(8))
        p.fc.weight.data = self.fc.weight[:, wide(8)]
        return p.eval()


class Depthwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.c0 = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.d = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS)
        self.bn = nn.BatchNorm2d(CHANNELS)
        self.c1 = nn.Conv2d(CHANNELS, 4, 1)
        self.fc = nn.Linear(4 * 64, 5)

    def forward(self, x):
        x = F.relu6(self.bn(self.d(F.relu6(self.c0(x)))))
        return self.fc(F.relu(self.c1(x)).flatten(1))

    def pruned(self):
        p = Depthwise()
        p.load_state_dict(self.state_dict())
        p.c0.weight.data, p.c0.bias.data = self.c0.weight[KEPT], self.c0.bias[KEPT]
        p.d = nn.Conv2d(len(KEPT), len(KEPT), 3, padding=1, groups=len(KEPT))
        p.d.weight.data, p.d.bias.data = self.d.weight[KEPT], self.d.bias[KEPT]
        p.bn, p.c1 = norm(self.bn, KEPT), conv(self.c1, KEPT)
        return p.eval()


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    x = torch.randn(10, 3, 8, 8)
    write_images("x.h5", x.numpy(), np.zeros(10, int))
    for net in (Dense(), Depthwise()):
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                for p in (m.weight, m.bias, m.running_mean):
                    nn.init.uniform_(p, -0.5, 1.5)
        net.eval()
        with torch.no_grad():
            wanted, whole = net.pruned()(x).numpy(), net(x).numpy()
        torch.onnx.export(net, x[:1], "net.onnx", opset_version=13)
        run("eval", "net.onnx", "x.h5", "--layer", "c0", "--drop", ",".join(map(str, DROP)),
            "--logits", "y.h5")
        with h5py.File("y.h5") as f:
            worst = np.abs(f["logits"][()] - wanted).max()
        check(worst < 1e-4 * np.ptp(wanted), f"{type(net).__name__}: {worst}")
        check(np.abs(whole - wanted).max() > 0.05, "the filters matter")


main()
