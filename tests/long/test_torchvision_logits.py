"""Logits of torchvision's VGG-16, ResNet-18 and ResNet-50 with random weights equal
PyTorch's to 1e-4 of their range, exported with BatchNorm folded and with BatchNorm kept.
TEST: timeout=900"""
import os

import h5py
import numpy as np
import torch
import torchvision
from harness import check, run, write_images

IMAGES = 4


def randomise(net):
    """Running statistics as after training, so that every BatchNorm does something and
    the activations neither vanish nor overflow."""
    net.train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(8, 3, 224, 224))
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(m.weight, 0.5, 1.5)
            torch.nn.init.uniform_(m.bias, -0.3, 0.3)
    return net.eval()


def main():
    torch.manual_seed(2)
    torch.set_num_threads(1)
    x = torch.randn(IMAGES, 3, 224, 224)
    write_images("x.h5", x.numpy(), np.zeros(IMAGES, int))
    mode = torch.onnx.TrainingMode
    for name, modes in (("resnet18", (mode.EVAL, mode.PRESERVE)),
                        ("resnet50", (mode.EVAL, mode.PRESERVE)), ("vgg16", (mode.EVAL,))):
        net = randomise(getattr(torchvision.models, name)(weights=None))
        with torch.no_grad():
            wanted = net(x).numpy()
        for training in modes:
            torch.onnx.export(net, x[:1], "m.onnx", opset_version=13, training=training,
                              input_names=["x"], output_names=["y"],
                              dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
            run("eval", "m.onnx", "x.h5", "--logits", "y.h5")
            with h5py.File("y.h5") as f:
                worst = np.abs(f["logits"][()] - wanted).max() / np.ptp(wanted)
            print(f"{name} {training.name}: largest difference {worst:.2g} of the range")
            check(worst <= 1e-4, f"{name} {training.name}: {worst}")
            os.remove("m.onnx")


main()
