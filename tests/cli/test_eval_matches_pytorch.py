"""Logits of the shipped networks equal PyTorch's, whole and with filters ablated in each
of the three ways, to 1e-4 of the logits' range.
TEST: parallel timeout=300"""
import h5py
import numpy as np
import torch
from harness import DATA, MEAN, STD, check, run, write_images
import torch_models as tm

N = 200
# layer, its module, the modules after which the channel is zero once it is pruned:
# the last one before another channel can see it
CASES = {
    "lenet5": [("conv1", "conv1", ["conv1"]), ("conv2", "conv2", ["conv2"]),
               ("fc1", "fc1", ["fc1"])],
    "vgg16s": [("conv1_2", "conv1_2", ["relu1_2"]), ("conv3_3", "conv3_3", ["relu3_3"]),
               ("conv5_3", "conv5_3", ["relu5_3"])],
    # inside a block the pruned channel is zero behind its ReLU, which is a function;
    # at the end of a block it adds nothing to the skip connection
    "resnet20": [("stage1.0.conv2", "stage1.0.conv2", ["stage1.0.bn2"]),
                 ("stage2.0.shortcut.conv", "stage2.0.shortcut.conv",
                  ["stage2.0.shortcut.bn"]),
                 ("stage3.2.conv2", "stage3.2.conv2", ["stage3.2.bn2"])],
}
DROP = [0, 3, 4, 11]


def agree(got, wanted, what):
    span = wanted.max() - wanted.min()
    worst = np.abs(got - wanted).max()
    check(worst <= 1e-4 * span, f"{what}: largest difference {worst:.3g} of range {span:.3g}")


def neurank_logits(model, *options):
    run("eval", f"{DATA}/{model}.onnx", "data.h5", "--logits", "l.h5", *options)
    with h5py.File("l.h5") as f:
        return f["logits"][()]


def module_of(net, path):
    return dict(net.named_modules())[path]


def main():
    raw, labels = tm.fashion(N)
    write_images("data.h5", raw, labels, scale=1 / 255, mean=MEAN, std=STD)
    x = tm.normalised(raw)
    for model, layers in CASES.items():
        net = tm.load(model)
        agree(neurank_logits(model), tm.logits(net, x), model)
        for layer, module, ends in layers:
            drop = ["--layer", layer, "--drop", ",".join(map(str, DROP))]
            target = module_of(net, module)
            hooks = [tm.replaced(module_of(net, e), DROP, None) for e in ends]
            wanted = tm.logits(net, x)
            for h in hooks:
                h.remove()
            agree(neurank_logits(model, *drop), wanted, f"{model} {layer} remove")

            state = {k: v.clone() for k, v in target.state_dict().items()}
            with torch.no_grad():
                for p in target.parameters():
                    p[DROP] = 0
            wanted = tm.logits(net, x)
            target.load_state_dict(state)
            agree(neurank_logits(model, *drop, "--ablate", "weights"), wanted,
                  f"{model} {layer} weights")

            hook = tm.replaced(target, DROP, tm.channel_means(net, target, x))
            wanted = tm.logits(net, x)
            hook.remove()
            agree(neurank_logits(model, *drop, "--ablate", "mean"), wanted,
                  f"{model} {layer} mean")
    p = run("eval", f"{DATA}/lenet5.onnx", "data.h5")
    hits = (tm.logits(tm.load("lenet5"), x).argmax(1) == labels).mean()
    check(p.stdout.splitlines()[0] == f"accuracy {hits:.4f}", f"accuracy: {p.stdout}")


main()
