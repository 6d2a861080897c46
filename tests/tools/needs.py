"""What a test needs and this machine lacks, for `make check`, which runs with what is installed.

Python modules are those that the test imports, itself or through others of tests/. Programs stand
behind `needs=` in its head: TEST: needs=h5dump,ncdump. Who takes fashion() from harness.py needs
that data set.
"""
import ast
import importlib.util
import os
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
OWN = [HERE, os.path.join(HERE, "..", "slurm"), os.path.join(HERE, "..", "..", "data")]
FASHION = "/usr/share/datasets/fashion-mnist"


def own_file(module):
    """Of a module of ours; None for others."""
    found = [f for f in (os.path.join(d, f"{module}.py") for d in OWN) if os.path.exists(f)]
    return found[0] if found else None


def imports(path, seen):
    """Adds (module, name) pairs to seen, through our own modules."""
    with open(path) as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [(a.name.split(".")[0], None) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [((node.module or "").split(".")[0], a.name) for a in node.names]
        else:
            continue
        for pair in found:
            if pair in seen:
                continue
            seen.add(pair)
            if own_file(pair[0]):
                imports(own_file(pair[0]), seen)
    return seen


def lacking(test, programs):
    """Names of what is not here; [] for a test that can run. programs: of its head."""
    missing = [p for p in programs if not shutil.which(p)]
    if not test.endswith(".py"):
        return missing
    for module, name in sorted(imports(test, set()), key=str):
        if not own_file(module) and importlib.util.find_spec(module) is None and module not in missing:
            missing.append(module)
        if (module, name) == ("harness", "fashion") and not os.path.exists(FASHION):
            missing.append("dataset-fashion-mnist")
    return missing
