#!/usr/bin/python3
"""The module graph: includes point down, never sideways, and each foreign header has one
owner. Run by `make lint`; src/README.md shows the same table."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# module: what it may include
MAY = {
    "base": "",
    "manual": "base",
    "nn": "base",
    "sample": "base",
    "estim": "base",
    "plan": "base",
    "h5": "base",
    "onnx": "base nn",
    "dataset": "base nn h5",
    "store": "base plan estim h5",
    "game": "base nn dataset",
    "switch": "base nn dataset",
    "sched": "base plan sample game estim",
    "report": "base plan estim store",
    # services of the commands below, which stand beside each other but for shapley
    "run": "base nn estim plan onnx dataset store game sched report",
    "shapley": "base nn sample estim plan onnx dataset store game sched run",
    "rate": "base nn estim plan onnx dataset store game switch sched run",
    "curve": "base nn estim plan onnx dataset store game sched report run",
    "prune": "base nn estim plan onnx dataset store game report run",
    "job": "base nn estim plan dataset store game sched report run shapley",
    "command": "base nn estim plan onnx h5 dataset store game report run shapley",
    "cli": "base manual nn plan report shapley rate curve prune job command",
}
# foreign header: the only place that may include it
OWNER = {
    r"mpi\.h": "src/sched/transport_mpi.c",
    r"cblas\.h": "src/nn/gemm.c",
    r"hdf5.*\.h": "src/h5/",
    r"onnx\.pb-c\.h|protobuf.*": "src/onnx/",
    r"xxhash\.h": "src/base/",
    r"Random123/.*": "src/base/",
    r"zlib\.h": "src/dataset/",
}
LINES = 500


def check(path):
    errors = []
    module = path.split("/")[2 if path.startswith("include/") else 1]
    with open(f"{TOP}/{path}") as f:
        lines = f.readlines()
    if len(lines) > LINES:
        errors.append(f"{path}: {len(lines)} lines, at most {LINES}")
    for number, line in enumerate(lines, 1):
        m = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not m:
            continue
        name = m.group(1)
        where = f"{path}:{number}"
        ours = re.match(r"neurank/(\w+)/", name)
        if ours and ours.group(1) != module and ours.group(1) not in MAY[module].split():
            errors.append(f"{where}: {module} may not include {name}")
        for pattern, owner in OWNER.items():
            if re.fullmatch(pattern, name) and not path.startswith(owner):
                errors.append(f"{where}: only {owner} may include {name}")
    return errors


def main():
    os.chdir(TOP)
    files = sorted(glob.glob("src/*/*.[ch]") + glob.glob("include/neurank/*/*.h"))
    modules = {f.split("/")[2 if f.startswith("include/") else 1] for f in files}
    errors = [f"module {m} is not in the graph" for m in modules - MAY.keys()]
    for f in files:
        errors += check(f)
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors or len(files) < 50 else 0


sys.exit(main())
