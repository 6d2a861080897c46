"""A store whose counts contradict each other, whose datasets claim more than they hold, or
whose sums were changed is refused with one line, by `show` and by a resume.
TEST: timeout=120"""
import shutil

import h5py
import numpy as np
from harness import DATA, check, fashion, message, run

BIG = 2 ** 28


def attribute(path, name, value):
    def change(f):
        f[path].attrs[name] = value
    return change


def add(path, index, value):
    def change(f):
        f[path][index] = f[path][index] + np.uint64(value)
    return change


def replace(path, data, **options):
    def change(f):
        scales = [d.keys() for d in f[path].dims]
        del scales, f[path]
        f.create_dataset(path, data=data, **options)
    return change


def huge_open(f):
    s = f["conv1/state"]
    for name in ("open_done", "open", "open_counts"):
        if name in s:
            del s[name]
    if "open_sweep" in s:
        del s["open_sweep"]
    s["open_sweep"] = np.arange(1, 201)
    s.create_dataset("open_done", (200, BIG), np.uint8, chunks=(1, 65536))
    s.create_dataset("open", (200, 14, 20), np.uint64, chunks=(1, 14, 20))
    s.create_dataset("open_counts", (200, 8), np.uint64, chunks=(1, 8))


CHANGES = {
    "sweeps 2^63": attribute("conv1", "sweeps", np.uint64(2 ** 63)),
    "sweeps 0": attribute("conv1", "sweeps", np.uint64(0)),
    "planned 2^62": attribute("conv1", "goal_sweeps", np.uint64(2 ** 62)),
    "units 2^28": attribute("conv1", "plan_units_per_sweep", str(BIG)),
    "units 0": attribute("conv1", "plan_units_per_sweep", "0"),
    "block 0": attribute("conv1", "plan_block", "0"),
    "strata 3": attribute("conv1", "plan_strata", "3"),
    "strata 2^30": attribute("conv1", "plan_strata", str(2 ** 30)),
    "pieces 2^30": attribute("conv1", "plan_pieces", str(2 ** 30)),
    "classes 2^40": attribute("conv1", "plan_by_class", str(2 ** 40)),
    "classes 10": attribute("conv1", "plan_by_class", "10"),
    "by image": attribute("conv1", "plan_per_image", "yes"),
    "ended by nothing known": attribute("conv1", "ended_by", "rain"),
    "goal nan": attribute("conv1", "goal_half_width", float("nan")),
    "sequence": attribute("conv1", "sequence_sweeps", -1.0),
    "confidence": attribute("/", "confidence", 1.0),
    "format": attribute("/", "format_version", np.uint64(99)),
    "a sum": add("conv1/state/complete", (0, 3), 1),
    "visits": add("conv1/state/complete_counts", 0, 1),
    "filters": replace("conv1/filter", np.zeros(20, np.uint32)),
    "shape": replace("conv1/state/complete", np.zeros((14, 19), np.uint64)),
    "texts": replace("conv1/state/complete", np.array([b"a"] * 280).reshape(14, 20)),
    "huge": huge_open,
}


def remove(path):
    def change(f):
        del f[path]
    return change


CHANGES_BY_CLASS = {
    "a class's sum": add("conv1/state/complete_classes", (3, 0, 5), 1),
    "a class's images": add("conv1/state/complete_class_images", 4, 1),
    "classes gone": remove("conv1/state/complete_classes"),
    "classes of another shape": replace("conv1/state/complete_classes",
                                        np.zeros((10, 4, 21), np.uint64)),
    "images gone": remove("conv1/shapley_by_image"),
    "images of another shape": replace("conv1/shapley_by_image",
                                       np.zeros((64, 19), np.int64)),
    "files of images": replace("conv1/image", np.zeros(63, np.uint32)),
    "by class 11": attribute("conv1", "plan_by_class", "11"),
}


def main():
    data = fashion()
    args = ["shapley", f"{DATA}/lenet5.onnx", data, "--layer", "conv1", "--images", 64, "-o"]
    run(*args, "good.h5")
    check_refused(args, "good.h5", CHANGES)
    args[-1:] = ["--by-class", "--per-image", "-o"]
    run(*args, "rich.h5")
    check_refused(args, "rich.h5", CHANGES_BY_CLASS)
    run("show", "good.h5")
    run("show", "rich.h5")
    shutil.copy("good.h5", "bad.h5")
    with h5py.File("bad.h5", "a") as f:
        f["conv1/filter"][...] = np.arange(1, 21)
    args = [a for a in args if a not in ("--by-class", "--per-image", "-o")]
    p = run(*args, "-o", "bad.h5", "--sweeps", 2, expect=3)
    check(message(p) == 'bad.h5: layer "conv1": its filters are not those of its plan',
          message(p))


def check_refused(args, good, changes):
    for name, change in changes.items():
        shutil.copy(good, "bad.h5")
        with h5py.File("bad.h5", "a") as f:
            change(f)
        for command in (["show", "bad.h5"], [*args, "bad.h5", "--sweeps", 2]):
            p = run(*command, expect=None)
            check(p.returncode in (3, 4), f"{name}: {command[0]} ends with {p.returncode}")
            check(message(p).startswith("bad.h5"), f"{name}: {message(p)}")


main()
