"""The networks shipped in data/, as PyTorch modules.

Module names become the layer names that `neurank info` prints, so they are
chosen to be read: conv1_1, fc1, stage2.0.conv1.
"""
from collections import OrderedDict

from torch import nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    """conv 20@5x5, conv 50@5x5, dense 500, dense 10, for 1 x 28 x 28 images."""

    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(50 * 4 * 4, 500)
        self.fc2 = nn.Linear(500, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class VGG16(nn.Module):
    """The 13 convolutions of VGG-16 (configuration D) for 32 x 32 images.

    width divides every channel count; pad is added to the first convolution's own, so
    that smaller images fill a map of 32 x 32.
    """

    STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))

    def __init__(self, width=1, in_channels=1, pad=0, batch_norm=True, classes=10):
        super().__init__()
        layers = OrderedDict()
        c_in = in_channels
        for s, (channels, repeats) in enumerate(self.STAGES, 1):
            c_out = channels // width
            for r in range(1, repeats + 1):
                layers[f"conv{s}_{r}"] = nn.Conv2d(
                    c_in, c_out, 3, padding=1 + (pad if s == r == 1 else 0),
                    bias=not batch_norm)
                if batch_norm:
                    layers[f"bn{s}_{r}"] = nn.BatchNorm2d(c_out)
                layers[f"relu{s}_{r}"] = nn.ReLU()
                c_in = c_out
            layers[f"pool{s}"] = nn.MaxPool2d(2)
        layers["flatten"] = nn.Flatten()
        layers["fc1"] = nn.Linear(c_in, c_in)
        layers["relu_fc1"] = nn.ReLU()
        layers["fc2"] = nn.Linear(c_in, classes)
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.order = list(layers)

    def forward(self, x):
        for name in self.order:
            x = getattr(self, name)(x)
        return x


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.shortcut = None
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Sequential(OrderedDict(
                conv=nn.Conv2d(c_in, c_out, 1, stride, bias=False),
                bn=nn.BatchNorm2d(c_out)))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (self.shortcut(x) if self.shortcut else x))


class ResNet20(nn.Module):
    """The CIFAR ResNet of He et al. (2016), section 4.2, n = 3, option B shortcuts."""

    def __init__(self, in_channels=1, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        c_in = 16
        for s, c_out in enumerate((16, 32, 64), 1):
            blocks = []
            for b in range(3):
                blocks.append(BasicBlock(c_in, c_out, 2 if s > 1 and b == 0 else 1))
                c_in = c_out
            self.add_module(f"stage{s}", nn.Sequential(*blocks))
        self.fc = nn.Linear(c_in, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.fc(x.mean((2, 3)))


def make(name):
    if name == "lenet5":
        return LeNet5()
    if name == "vgg16s":
        return VGG16(width=4, pad=2)
    if name == "resnet20":
        return ResNet20()
    raise ValueError(f"unknown network {name!r}: lenet5, vgg16s or resnet20")
