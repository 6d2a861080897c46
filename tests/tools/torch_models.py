"""The shipped networks in PyTorch, with the weights of the ONNX files, and their
ablations by hooks."""
import numpy as np
import onnx
import torch
from onnx import numpy_helper

import networks
from harness import DATA, FASHION, MEAN, STD


def load(name):
    """The module with the weights that the ONNX file holds."""
    torch.set_num_threads(1)
    model = onnx.load(f"{DATA}/{name}.onnx")
    state = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy())
             for i in model.graph.initializer}
    for node in model.graph.node:  # the exporter writes equal parameters once
        if node.op_type == "Identity" and node.input[0] in state:
            state[node.output[0]] = state[node.input[0]]
    net = networks.make(name)
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert not unexpected and all(m.endswith("num_batches_tracked") for m in missing)
    return net.eval()


def fashion(n):
    import gzip
    with gzip.open(f"{FASHION}/t10k-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:n]
    with gzip.open(f"{FASHION}/t10k-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return x, y


def normalised(x):
    return (torch.from_numpy(x.astype(np.float32)) / 255 - MEAN) / STD


@torch.no_grad()
def logits(net, x):
    return torch.cat([net(part) for part in x.split(100)]).numpy()


def replaced(module, channels, values):
    """Hook: output channels take these values (one a channel, or zero)."""
    def hook(_module, _inputs, output):
        output = output.clone()
        for c in channels:
            output[:, c] = values[c] if values is not None else 0
        return output
    return module.register_forward_hook(hook)


@torch.no_grad()
def channel_means(net, module, x):
    total = 0

    def hook(_module, _inputs, output):
        nonlocal total
        dims = [0, 2, 3] if output.dim() == 4 else [0]
        scale = output[0, 0].numel() if output.dim() == 4 else 1
        total = total + output.double().sum(dims) / scale
    handle = module.register_forward_hook(hook)
    logits(net, x)
    handle.remove()
    return (total / len(x)).float()
