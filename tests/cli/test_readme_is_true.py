"""Who has only README brings a network and images, ranks, prunes, and writes a job: the blocks of
"Your own network" work as they stand there, each behind its word in bold.
TEST: parallel timeout=200"""
import os
import re
import shutil
import subprocess

import h5py
import numpy as np
import onnx
import PIL.Image
import torch
from harness import NEURANK, TOP, check, on_ranks
from torch import nn

TASKS = ["The network.", "The images", "Rank.", "Prune", "On SLURM"]


def tasks():
    with open(f"{TOP}/README.md", encoding="utf-8") as f:
        text = re.search(r"\n## Your own network.*?\n(?=## )", f.read(), re.S).group(0)
    parts = re.split(r"(?m)^\d\. \*\*(.*?)\*\*", text)
    check(parts[1::2] == TASKS, f"five tasks: {parts[1::2]}")
    return ["\n".join(l[7:] for l in part.splitlines() if l.startswith(" " * 7)) for part in parts[2::2]]


def shell(lines):
    """With the program and its launcher in the path, and a sinfo that knows one partition of two nodes."""
    os.makedirs("bin", exist_ok=True)
    for name, does in (("sinfo", "echo 'debug*|2|4|64000'"),
                       ("mpirun", f'exec {shutil.which(on_ranks(1)[0])} "$@"')):
        with open(f"bin/{name}", "w") as f:
            f.write(f"#!/bin/sh\n{does}\n")
        os.chmod(f"bin/{name}", 0o755)
    env = {**os.environ, "PATH": f"{os.getcwd()}/bin:{os.path.dirname(NEURANK)}:{os.environ['PATH']}"}
    p = subprocess.run(["sh", "-eu", "-c", lines], env=env, capture_output=True, text=True)
    check(p.returncode == 0, f"{lines}\n{p.stdout}{p.stderr}")
    return p.stdout


def from_folder(lines, x):
    """Images of two classes, in files without loss."""
    for k in range(10):
        os.makedirs(f"images/{'cat dog'.split()[k % 2]}", exist_ok=True)
        PIL.Image.fromarray(x[k].transpose(1, 2, 0)).save(f"images/{'cat dog'.split()[k % 2]}/{k}.jpg", "png")
    found = {}
    exec(lines, found)
    check(found["y"] == [0] * 5 + [1] * 5, f"labels: {found['y']}")
    check(np.array_equal(found["x"], x[[0, 2, 4, 6, 8, 1, 3, 5, 7, 9]]), "pixels")


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Conv2d(3, 4, 5, 4), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.Flatten(),
                        nn.Linear(6 * 25, 10))
    x = np.random.default_rng(1).integers(0, 256, (1200, 3, 32, 32), dtype=np.uint8)
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    seen = torch.from_numpy(((x / np.float32(255) - mean[:, None, None]) / std[:, None, None]).astype(np.float32))
    with torch.no_grad():
        y = net(seen).argmax(1).numpy()
    network, images, rank, prune, job = tasks()
    exec(network, {"net": net, "torch": torch})
    file, folder = images.split("import numpy")
    exec(file, {"x": x, "y": y})
    from_folder(f"import numpy{folder}", x)
    check("accuracy 1.0000" in shell("neurank eval net.onnx data.h5"), "the network sees what it saw in PyTorch")
    said = shell(rank + "\nneurank info net.onnx run.h5 --half-width 0.001")
    check("complete: goal half-width" in said, said)
    with h5py.File("run.h5") as f:
        check(len([k for k in f if "shapley" in f[k]]) == 2, f"all layers but the last are ranked: {list(f)}")
    shell(prune)
    weights = {w.name: w.dims[0] for w in onnx.load("half.onnx").graph.initializer if w.name.endswith("weight")}
    check(sorted(weights.values()) == [2, 3, 10], f"half of the filters: {weights}")
    onnx.checker.check_model(onnx.load("small.onnx"), full_check=True)
    submit, status = job.splitlines()
    shell(f"{submit.replace('-o run.h5', '-o job.h5')} --dry-run")
    with open("job.h5.sbatch") as f:
        script = f.read()
    check("#SBATCH --nodes=2" in script and "--half-width 0.001" in script, script)
    check("run.h5" in shell(status), "status")


main()
