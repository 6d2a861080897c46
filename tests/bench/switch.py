#!/usr/bin/python3
"""An epoch of the importance switch against PyTorch, side by side: make bench-switch.

    tests/bench/switch.py NEURANK DATA.h5 FOLDER

LeNet-5's conv2, 10,000 images, batches of 100, 10 draws, Adam: neurank on two ranks, PyTorch on
two threads, in turns. Both draw one set of 10 vectors for 5 images, as neurank does. PyTorch
runs in two forms: with the gate on the pre-activations, as the method is written, and behind
ReLU and pooling, which is the same (s > 0) and less work; the faster one counts. neurank's time
is that of the whole command, with start, loading and the store; PyTorch's is the epoch alone.
Both print the bound over the last tenth of the epoch, which should be the same but for the draws
and for which images come last.
Exits with 1 if neurank is slower.
"""
import datetime
import os
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/data", f"{TOP}/tests/tools"]
os.environ.update(NEURANK_TOP=TOP)
os.environ.setdefault("NEURANK", "")  # the tests' harness asks for it

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import torch_models as tm  # noqa: E402
from machine import cpu  # noqa: E402

ROUNDS, IMAGES, BATCH, SHARED, DRAWS, ALPHA0, RATE = 5, 10000, 100, 5, 10, 2.0, 0.1
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
       "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Torch:
    def __init__(self):
        torch.set_num_threads(2)
        self.net = tm.load("lenet5")
        for p in self.net.parameters():
            p.requires_grad_(False)
        pixels, labels = tm.fashion(IMAGES)
        self.x, self.y = tm.normalised(pixels), torch.from_numpy(labels.astype("int64"))

    def epoch(self, late):
        """(seconds, bound over the last tenth)"""
        net, n = self.net, 50
        u = torch.full((n,), float(np.log(ALPHA0)), requires_grad=True)
        adam = torch.optim.Adam([u], lr=RATE)
        prior = torch.distributions.Dirichlet(torch.full((n,), ALPHA0))
        began, bounds = time.time(), []
        for at in range(0, IMAGES, BATCH):
            with torch.no_grad():
                a = net.conv2(F.max_pool2d(F.relu(net.conv1(self.x[at:at + BATCH])), 2))
                if late:
                    a = F.max_pool2d(F.relu(a), 2)
            q = torch.distributions.Dirichlet(u.exp())
            s = q.rsample((BATCH // SHARED, DRAWS)).repeat_interleave(SHARED, 0)
            z = (a[:, None] * s[:, :, :, None, None]).flatten(0, 1)
            if not late:
                z = F.max_pool2d(F.relu(z), 2)
            logits = net.fc2(F.relu(net.fc1(z.flatten(1))))
            labels = self.y[at:at + BATCH].repeat_interleave(DRAWS)
            loss = F.cross_entropy(logits, labels) + torch.distributions.kl_divergence(q, prior) / IMAGES
            adam.zero_grad()
            loss.backward()
            adam.step()
            bounds.append(-loss.item())
        return time.time() - began, np.mean(bounds[-IMAGES // BATCH // 10:])


def neurank(program, data, folder):
    """(seconds, the layer's seconds, bound over the last tenth)"""
    store = f"{folder}/switch.h5"
    if os.path.exists(store):
        os.remove(store)
    began = time.time()
    subprocess.run(["mpirun", "-n", "2", program, "switch", f"{TOP}/data/lenet5.onnx", data, "--layer",
                    "conv2", "--epochs", "1", "--draws", str(DRAWS), "--batch", str(BATCH), "-o", store],
                   check=True, env=ENV, stderr=subprocess.DEVNULL)
    took = time.time() - began
    with h5py.File(store) as f:
        s = f["conv2/switch"]
        bound = s["trace_log_likelihood"][()] - s["trace_divergence"][()]
        steps = np.diff(np.concatenate([[0], s["trace_step"][()]]))
        last = s["trace_step"][()] > 0.9 * s["trace_step"][-1]
        return took, s.attrs["seconds"], np.average(bound[last], weights=steps[last])


def main():
    program, data, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    peer = Torch()
    peer.epoch(True)  # warm
    rounds = []
    for k in range(ROUNDS):
        rounds.append((neurank(program, data, folder), peer.epoch(False), peer.epoch(True)))
        (took, layer, bound), (early, early_bound), (late, late_bound) = rounds[-1]
        print(f"round {k + 1}: neurank {took:.2f} s (the layer {layer:.2f} s), PyTorch {early:.2f} s, "
              f"{late:.2f} s; bounds {bound:.3f}, {early_bound:.3f}, {late_bound:.3f}", flush=True)
    ratio = statistics.median(min(e[0], l[0]) / n[0] for n, e, l in rounds)
    alone = statistics.median(min(e[0], l[0]) / n[1] for n, e, l in rounds)
    medians = [statistics.median(r[k][0] for r in rounds) for k in range(3)]
    print(f"{cpu()}, {datetime.date.today()}, medians of {ROUNDS}: neurank {medians[0]:.2f} s, PyTorch "
          f"{torch.__version__} {medians[1]:.2f} s with the gate in front of ReLU, {medians[2]:.2f} s behind "
          f"pooling: {ratio:.1f} times as long as the whole command, {alone:.1f} times as long as the layer")
    sys.exit(ratio < 1)


main()
