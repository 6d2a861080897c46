"""Gradients and baselines equal PyTorch's, which know nothing of ours: one step of plain
gradient ascent (sgd, rate 1) moves ln phi by the gradient of the ELBO an image, at the
posterior's mean; taylor is a gradient of its own. In double precision, by hooks on the
modules with BatchNorm as it is.
TEST: parallel timeout=200"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F
from harness import DATA, MEAN, STD, check, run, write_images
import torch_models as tm

N = 20
# layer: its module, and the modules behind which the next layer reads the channel
CASES = {
    "lenet5": [("conv1", "conv1", None, F.relu), ("conv2", "conv2", None, F.relu),
               ("fc1", "fc1", None, F.relu)],
    "vgg16s": [("conv1_1", "conv1_1", "bn1_1", F.relu), ("conv3_3", "conv3_3", "bn3_3", F.relu)],
    "resnet20": [("stage1.0.conv1", "stage1.0.conv1", "stage1.0.bn1", F.relu),
                 ("stage2.0.conv2", "stage2.0.conv2", "stage2.0.bn2", None),
                 ("stage3.0.shortcut.conv", "stage3.0.shortcut.conv",
                  "stage3.0.shortcut.bn", None)],
}
ALPHA0 = 0.7


def spread(s, output):
    return s.reshape(1, -1, *[1] * (output.dim() - 2))


def log_likelihoods(net, x, y):
    return -F.cross_entropy(net(x), y, reduction="none")


def elbo_gradient(net, module, x, y, scaled):
    u = torch.full((module.weight.shape[0],), np.log(ALPHA0), dtype=torch.double,
                   requires_grad=True)
    phi = u.exp()
    s = phi / phi.sum() * (len(u) if scaled else 1)
    hook = module.register_forward_hook(lambda m, i, o: o * spread(s, o))
    kl = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(phi),
        torch.distributions.Dirichlet(torch.full_like(phi, ALPHA0)))
    (log_likelihoods(net, x, y).mean() - kl / N).backward()
    hook.remove()
    return u.grad.numpy()


def leave_one_out(net, last, x, y, n):
    """last: the module behind which a pruned channel is zero, before a ReLU if any."""
    with torch.no_grad():
        full = log_likelihoods(net, x, y).mean()
        losses = []
        for j in range(n):
            def hook(m, i, o):
                o = o.clone()
                o[:, j] = 0
                return o
            handle = last.register_forward_hook(hook)
            losses.append((full - log_likelihoods(net, x, y).mean()).item())
            handle.remove()
    return np.array(losses)


def activation_and_taylor(net, last, function, x, y):
    """The channels where the next layer reads them: ReLU of a nonnegative is itself."""
    seen = []

    def hook(m, i, o):
        o = function(o) if function else o
        o = o.detach().requires_grad_()
        seen.append(o)
        return o
    handle = last.register_forward_hook(hook)
    log_likelihoods(net, x, y).sum().backward()
    handle.remove()
    a = seen[0].detach().flatten(2) if seen[0].dim() == 4 else seen[0].detach()[:, :, None]
    g = seen[0].grad.reshape(a.shape)
    return a.abs().mean(2).mean(0).numpy(), (a * g).sum(2).abs().mean(0).numpy()


def near(got, wanted, tolerance, what):
    scale = np.abs(wanted).max()
    worst = np.abs(got - wanted).max()
    check(worst <= tolerance * scale, f"{what}: off by {worst:.3g} of {scale:.3g}")


def ascent(model, layer, scale):
    run("switch", f"{DATA}/{model}.onnx", "data.h5", "--layer", layer, "--estimator", "mean",
        "--optimizer", "sgd", "--lr", 1, "--batch", N, "--epochs", 1, "--alpha0", ALPHA0,
        "--scale", scale, "-o", f"{model}-{scale}.h5")
    with h5py.File(f"{model}-{scale}.h5") as f:
        return np.log(f[f"{layer}/switch/phi"][()]) - np.log(ALPHA0)


def main():
    raw, labels = tm.fashion(N)
    write_images("data.h5", raw, labels, scale=1 / 255, mean=MEAN, std=STD)
    x, y = tm.normalised(raw).double(), torch.from_numpy(labels.astype(np.int64))
    for model, layers in CASES.items():
        net = tm.load(model).double()
        for p in net.parameters():
            p.requires_grad_(False)
        modules = dict(net.named_modules())
        for layer, name, behind, function in layers:
            what, module = f"{model} {layer}", modules[name]
            last = modules[behind] if behind else module
            for scale in ("sum", "unit"):
                near(ascent(model, layer, scale),
                     elbo_gradient(net, module, x, y, scale == "unit"), 1e-4,
                     f"{what} ELBO, {scale}")
            run("baseline", f"{DATA}/{model}.onnx", "data.h5", "--layer", layer, "-o", f"{model}.h5")
            with h5py.File(f"{model}.h5") as f:
                b = {k: v[()] for k, v in f[f"{layer}/baseline"].items()
                     if isinstance(v, h5py.Dataset)}
            w = module.weight.flatten(1)
            near(b["l1"], w.abs().sum(1).numpy(), 1e-6, f"{what} l1")
            near(b["l2"], w.norm(dim=1).numpy(), 1e-6, f"{what} l2")
            if behind:
                near(b["bn_scale"], modules[behind].weight.abs().numpy(), 1e-6, f"{what} bn")
            else:
                check(np.isnan(b["bn_scale"]).all(), f"{what} has no BatchNorm")
            activation, taylor = activation_and_taylor(net, last, function, x, y)
            near(b["activation"], activation, 1e-4, f"{what} activation")
            near(b["taylor"], taylor, 1e-3, f"{what} taylor")
            if function:  # behind the ReLU zero is zero before it, too
                near(b["leave_one_out"], leave_one_out(net, last, x, y, len(w)), 1e-3,
                     f"{what} leave one out")


main()
