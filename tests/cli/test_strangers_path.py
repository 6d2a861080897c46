"""The manual's way from PyTorch and back, as it stands there: every block in its order. What it
says is what others say of the small network: neurank, OpenCV, and the masked whole network.
TEST: parallel timeout=200"""
import contextlib
import io
import json
import os
import re
import subprocess

import cv2
import h5py
import numpy as np
import onnx.numpy_helper
import torch
from harness import NEURANK, TOP, check, run


def blocks():
    with open(f"{TOP}/src/cli/man/pytorch.md", encoding="utf-8") as f:
        found = re.findall(r"<!-- path: (\w+) -->\n(.*?)<!-- end -->", f.read(), re.S)
    check([k for k, _ in found] == ["python", "python", "shell", "python"], "blocks of the path")
    return [(kind, re.sub(r"(?m)^    ", "", text)) for kind, text in found]


def walk():
    names, said = {"__name__": "path"}, io.StringIO()
    env = {**os.environ, "PATH": f"{os.path.dirname(NEURANK)}:{os.environ['PATH']}"}
    for kind, text in blocks():
        if kind == "shell":
            p = subprocess.run(["sh", "-eu", "-c", text], env=env, capture_output=True, text=True)
            check(p.returncode == 0, f"the commands: {p.stderr}")
            said.write(p.stdout)
        else:
            with contextlib.redirect_stdout(said):
                exec(compile(text, f"pytorch.md, {kind}", "exec"), names)
    return names, said.getvalue()


torch.set_num_threads(1)
names, said = walk()
print(said.splitlines()[-1])
onnx.checker.check_model(onnx.load("small.onnx"), full_check=True)

# What was cut: as many as asked for, and the lowest ones.
shown = {l["name"]: l for l in json.loads(run("show", "run.h5", "--format", "json").stdout)["layers"]}
kept = {p.key[len("neurank.kept."):]: [int(i) for i in p.value.split(",")]
        for p in onnx.load("small.onnx").metadata_props if p.key.startswith("neurank.kept.")}
for layer, n in (("conv1", 6), ("conv2", 12), ("fc1", 32)):
    best = np.array(shown[layer]["filters"])[np.argsort(shown[layer]["rank"])[:n]]
    check(sorted(best) == kept[layer], f"the best {n} of {layer}")

# The cut network, before it was trained on: PyTorch by name, neurank, OpenCV, and the masks.
weights = {w.name: torch.from_numpy(onnx.numpy_helper.to_array(w).copy())
           for w in onnx.load("small.onnx").graph.initializer}
small = names["Net"](6, 12, 32)
missing, unexpected = small.load_state_dict(weights, strict=False)
check(not unexpected and all("num_batches_tracked" in m for m in missing), f"by name: {missing}")
with h5py.File("test.h5") as f:
    x = (f["images"][:500] / np.float32(255)).astype(np.float32)
with torch.no_grad():
    logits = small.eval()(torch.from_numpy(x)).numpy()
    masked = names["net"].eval()
    for layer, norm in (("conv1", "bn1"), ("conv2", "bn2"), ("fc1", None)):
        off = [i for i in range(len(getattr(masked, layer).weight)) if i not in kept[layer]]
        for module in [getattr(masked, layer)] + ([getattr(masked, norm)] if norm else []):
            module.weight[off] = 0
            module.bias[off] = 0
    whole = masked(torch.from_numpy(x)).numpy()
run("eval", "small.onnx", "test.h5", "--logits", "l.h5")
with h5py.File("l.h5") as f:
    ours = f["logits"][:500]
runtime = cv2.dnn.readNetFromONNX("small.onnx")
others = []
for image in x:
    runtime.setInput(image[None])
    others.append(runtime.forward()[0])
for who, found in (("the masked network", whole), ("neurank", ours), ("OpenCV", np.array(others))):
    check(np.max(np.abs(found - logits)) < 1e-4 * np.ptp(logits), f"logits of {who}")

text = re.search(r"(\d+) parameters: ([\d.]+); (\d+): ([\d.]+), trained on: ([\d.]+)", said)
before, cut, tuned = (float(text.group(k)) for k in (2, 4, 5))
check(f"accuracy {cut:.3f}" in re.sub(r"(accuracy \d\.\d{3})\d*", r"\1", said), "neurank agrees")
check(before > 0.75 and tuned > cut and int(text.group(3)) < 0.3 * int(text.group(1)), said)
with open("run.html") as f:
    page = f.read()
check(page.count("<svg") >= 15 and "What is left with fewer filters" in page, "the report")
