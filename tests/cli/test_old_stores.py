"""What an earlier version wrote is read for good: verify, show (as that version said it), export, report, compare, prune.
Going on with it gives the bits of the version that began it, or is refused by that version's name, and then
the file is as it was. A store of a version yet to come is refused by its format.
TEST: parallel timeout=120
"""
import glob
import json
import os
import shutil

import h5py
from harness import TOP, check, message, run, same

STORES = f"{TOP}/tests/golden/stores"
NET, DATA = f"{STORES}/net.onnx", f"{STORES}/data.h5"
PLAIN = ["--kernels", "reference", "--seed", 3]


def blas_of(path):
    """The same kernels of OpenBLAS as the store's, on any processor."""
    with h5py.File(path) as f:
        group = f["conv2"]
        at = group["switch"] if "switch" in group else group
        return {"OPENBLAS_CORETYPE": at.attrs.get("plan_blas", "Haswell")}


def numbers_below(a, b, where=""):
    """What the version said is still said; more may be."""
    for key, value in a.items():
        check(key in b, f"{where}{key} is gone")
        if isinstance(value, dict):
            numbers_below(value, b[key], f"{where}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for k, (x, y) in enumerate(zip(value, b[key])):
                numbers_below(x, y, f"{where}{key}[{k}].")
        else:
            check(value == b[key], f"{where}{key}: {value} then, {b[key]} now")


def read(folder):
    for path in sorted(glob.glob(f"{folder}/*.h5")):
        name = os.path.basename(path)[:-3]
        if name == "curve":
            run("report", f"{folder}/pairs.h5", path, "-o", f"{name}.html")
            continue
        run("report", path, "-o", f"{name}.html")
        run("verify", path)
        with open(f"{folder}/{name}.json") as f:
            numbers_below(json.load(f), json.loads(run("show", path, "--format", "json").stdout))
        run("show", path)
        check("filter" in run("show", path, "--format", "csv").stdout, f"{path} as csv")
        run("export", path, "-o", f"{name}.csv")
    run("compare", f"{folder}/pairs.h5", f"{folder}/rated.h5", "--layer", "conv2")
    run("prune", NET, f"{folder}/pairs.h5", "--keep", "50%", "-o", "small.onnx")
    run("eval", "small.onnx", DATA)


def go_on(folder):
    """One more sweep, two, and the ratings."""
    for name, words in (("partial", ["shapley", NET, DATA, "--layer", "conv1,conv2", "--sweeps", 3, "--by-class", "--per-image"]),
                        ("rated", ["switch", NET, DATA, "--layer", "conv2", "--epochs", 3, "--batch", 8])):
        shutil.copy(f"{folder}/{name}.h5", "on.h5")
        before = open("on.h5", "rb").read()
        p = run(*words, *PLAIN, "-o", "on.h5", env=blas_of("on.h5"), expect=None)
        if p.returncode == 4:
            said = message(p)
            check(os.path.basename(folder) in said and "go on with that version" in said, said)
            check(open("on.h5", "rb").read() == before, "what is refused is untouched")
            continue
        check(p.returncode == 0, p.stderr)
        if name == "partial":
            same("on.h5", f"{folder}/pairs.h5")
        os.remove("on.h5")
    for path in glob.glob("on.h5*"):
        os.remove(path)


def another_blas(folder):
    shutil.copy(f"{folder}/partial.h5", "other.h5")
    with h5py.File("other.h5") as f:
        if "plan_blas" not in f["conv2"].attrs:
            return
    p = run("shapley", NET, DATA, "--layer", "conv1,conv2", "--sweeps", 3, "--by-class", "--per-image", *PLAIN, "-o", "other.h5",
            env={"OPENBLAS_CORETYPE": "Prescott"}, expect=4)
    check("blas is Haswell there, Prescott here" in message(p), message(p))


def from_the_future(folder):
    shutil.copy(f"{folder}/pairs.h5", "future.h5")
    with h5py.File("future.h5", "r+") as f:
        f.attrs["format_version"] = f.attrs["format_version"] + 100
    p = run("show", "future.h5", expect=4)
    check("future.h5: store format " in message(p) and "this neurank (" in message(p), message(p))


def main():
    folders = sorted(glob.glob(f"{STORES}/*/"))
    version = run("--version").stdout.split()[1]
    check(f"{STORES}/{version}/" in folders, f"stores of version {version} are here: tests/golden/stores/make.py")
    for folder in (f.rstrip("/") for f in folders):
        read(folder)
        go_on(folder)
        another_blas(folder)
    from_the_future(f"{STORES}/{version}")


main()
