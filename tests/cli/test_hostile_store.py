"""A store whose counts contradict each other, whose datasets claim more than they hold, or
whose sums were changed is refused with one line, by `show` and by a resume.
TEST: parallel timeout=120"""
import os
import shutil

import h5py
import numpy as np
from harness import DATA, Stepped, check, fashion, message, run, units_in

BIG = 2 ** 28


def attribute(path, name, value):
    def change(f):
        f[path].attrs[name] = value
    return change


def add(path, index, value):
    def change(f):
        f[path][index] = np.uint64((int(f[path][index]) + value) % 2 ** 64)
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
    "a unit that wraps": lambda f: [attribute("conv1", name, value)(f) for name, value in (
        ("plan_unit", str(2 ** 64 - 1)), ("plan_strata", "1"), ("plan_units_per_sweep", "0"))],
    "images 2^32": attribute("/", "plan_images", str(2 ** 32)),
    "no metric": attribute("conv1", "plan_metric", "speed"),
    "no number": attribute("conv1", "plan_numbers", "three"),
    "exact in no pieces": attribute("conv1", "plan_method", "exact"),
    "an enumeration": attribute("conv1", "plan_estimator", "none"),
    "shard 0/3": attribute("conv1", "plan_shard", "0/3"),
    "strata 3": attribute("conv1", "plan_strata", "3"),
    "strata 2^30": attribute("conv1", "plan_strata", str(2 ** 30)),
    "pieces 2^30": attribute("conv1", "plan_pieces", str(2 ** 30)),
    "classes 2^40": attribute("conv1", "plan_by_class", str(2 ** 40)),
    "classes 10": attribute("conv1", "plan_by_class", "10"),
    "by image": attribute("conv1", "plan_per_image", "yes"),
    "ended by nothing known": attribute("conv1", "ended_by", "rain"),
    "goal nan": attribute("conv1", "goal_half_width", float("nan")),
    "sequence": attribute("conv1", "sequence_sweeps", -1.0),
    "another sequence": attribute("conv1", "sequence_sweeps", 3.0),
    "ended by top": attribute("conv1", "ended_by", "top"),
    "ended exactly": attribute("conv1", "ended_by", "exact"),
    "too few sweeps": attribute("conv1", "goal_sweeps", np.uint64(2)),
    "another metric": attribute("conv1", "plan_metric", "accuracy"),
    "a square": add("conv1/state/complete", (4, 3), 1),
    "confidence": attribute("/", "confidence", 1.0),
    "format": attribute("/", "format_version", np.uint64(99)),
    "a sum": add("conv1/state/complete", (0, 3), 1),
    "visits": add("conv1/state/complete_counts", 0, 1),
    "a stage's sum": add("conv1/state/stages", (0, 0, 3), 1),
    "a stage's visits": add("conv1/state/stage_counts", (0, 0), 1),
    "stages of another shape": replace("conv1/state/stages",
                                       np.zeros((1, 18, 19), np.uint64)),
    "too many stages": replace("conv1/state/stages", np.zeros((65, 18, 20), np.uint64)),
    "no stages": lambda f: f.__delitem__("conv1/state/stages"),
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


def flip(path, index):
    def change(f):
        f[path][index] = 1 - f[path][index]
    return change


def swap_done(f):
    """The same number of finished pieces, but others."""
    done = f["conv1/state/open_done"]
    row = done[0]
    row[np.flatnonzero(row)[-1]], row[np.flatnonzero(row == 0)[-1]] = 0, 1
    done[0] = row


def clear_rows(f):
    """As if nothing had been written."""
    name = "conv1/state/by_image_0"
    shape, chunks = f[name].shape, f[name].chunks
    scales = [f["conv1/image"], f["conv1/filter"]]
    del f[name]
    made = f.create_dataset(name, shape, np.int64, chunks=chunks, shuffle=True, compression=1)
    for axis, scale in zip(made.dims, scales):
        axis.attach_scale(scale)


CHANGES_EXACT = {
    "a piece less": flip("conv1/state/open_done", (0, 0)),
    "a piece more": flip("conv1/state/open_done", (0, -1)),
    "other pieces": swap_done,
    "no block begun": remove("conv1/state/begun_block"),
    "no shares": remove("conv1/state/begun"),
    "another share": add("conv1/state/begun", (0, 0, 0), 1),
    "a huge share": add("conv1/state/begun", (0, 1, 0), 2 ** 62),
    "another block": attribute("conv1", "plan_block", "2"),
    "no rows by image": clear_rows,
    "block out of range": replace("conv1/state/begun_block", np.array([99], np.uint32)),
    "sweep out of range": replace("conv1/state/open_sweep", np.array([2 ** 31], np.uint32)),
}


def set_at(path, index, value):
    def change(f):
        f[path][index] = value
    return change


CHANGES_SWITCH = {
    "phi nan": set_at("conv1/switch/state/log_phi", 3, np.nan),
    "phi inf": set_at("conv1/switch/state/log_phi", 3, np.inf),
    "phi e400": set_at("conv1/switch/state/log_phi", 3, 400.0),
    "phi moved": set_at("conv1/switch/state/log_phi", 3, 0.5),
    "likelihood": add("conv1/switch/state/before", 3, 1),
    "rate nan": attribute("conv1/switch", "learning_rate", float("nan")),
    "steps": attribute("conv1/switch", "steps", np.uint64(2 ** 63)),
    "ended by sweeps": attribute("conv1/switch", "ended_by", "sweeps"),
    "no scale": attribute("conv1/switch", "plan_scale", "large"),
    "no rate": attribute("conv1/switch", "plan_lr", "fast"),
    "block 0": attribute("conv1/switch", "plan_block", "0"),
    "ended by rain": attribute("conv1/switch", "ended_by", "rain"),
    "images 2^40": attribute("conv1/switch", "plan_images", str(2 ** 40)),
    "filters": replace("conv1/switch/filter", np.zeros(BIG // 64, np.uint32)),
    "state gone": remove("conv1/switch/state"),
    "a moment": replace("conv1/switch/state/first_moment", np.zeros(19)),
}
CHANGES_BASELINE = {
    "a sum": add("conv1/baseline/state/sums", (2, 3), 1),
    "images": attribute("conv1/baseline", "images_seen", np.uint64(2 ** 63)),
    "a norm": set_at("conv1/baseline/l1", 3, 0.5),
    "ended by epochs": attribute("conv1/baseline", "ended_by", "epochs"),
    "seconds": attribute("conv1/baseline", "seconds", -1.0),
}


def begun_exact_run(args, path):
    """Stops an exact run of two pieces a block within a block."""
    p = Stepped(*args, path, "--checkpoint-every", "0.1s", store=path)
    p.until_stands("a block is begun", lambda: is_within_block(path))
    p.kill()
    p.wait()


def is_within_block(path):
    with h5py.File(path) as f:
        return units_in(path) > 0 and "begun_block" in f["conv1/state"]


def main():
    data = fashion()
    exact = ["shapley", f"{DATA}/lenet5.onnx", data, "--layer", "conv1", "--filters", "0-16",
             "--images", 12, "--method", "exact", "--per-image", "-o"]
    begun_exact_run(exact, "exact.h5")
    check_refused(exact, "exact.h5", CHANGES_EXACT)
    args = ["shapley", f"{DATA}/lenet5.onnx", data, "--layer", "conv1", "--images", 64, "-o"]
    run(*args, "good.h5")
    check_refused(args, "good.h5", CHANGES)
    args[-1:] = ["--by-class", "--per-image", "-o"]
    run(*args, "rich.h5")
    check_refused(args, "rich.h5", CHANGES_BY_CLASS)
    rated = [f"{DATA}/lenet5.onnx", data, "--layer", "conv1", "--images", 64, "-o"]
    run("switch", *rated, "rated.h5", "--epochs", 2)
    run("baseline", *rated, "rated.h5")
    check_refused(["switch", *rated], "rated.h5", CHANGES_SWITCH)
    check_refused(["baseline", *rated], "rated.h5", CHANGES_BASELINE)
    shutil.copy("rich.h5", "bad.h5")
    with h5py.File("bad.h5", "a") as f:
        f["conv1/label_by_image"][5] = 9 - f["conv1/label_by_image"][5]
    p = run(*args, "bad.h5", "--sweeps", 2, expect=3)
    check(message(p) == 'bad.h5: layer "conv1": its images are not those of its plan', message(p))
    run("show", "good.h5")
    run("show", "rich.h5")
    shutil.copy("good.h5", "bad.h5")
    with h5py.File("bad.h5", "a") as f:
        f["conv1"].attrs["plan_metric"] = "speed"
    p = run("show", "bad.h5", expect=3)
    check(message(p) == 'bad.h5: plan_metric of /conv1 is "speed", expected is loss, accuracy, '
          'margin', message(p))
    shutil.copy("good.h5", "bad.h5")
    with h5py.File("bad.h5", "a") as f:
        f["conv1/filter"][...] = np.arange(1, 21)
    args = [a for a in args if a not in ("--by-class", "--per-image", "-o")]
    p = run(*args, "-o", "bad.h5", "--sweeps", 2, expect=3)
    check(message(p) == 'bad.h5: layer "conv1" is damaged: its sums, finished units, plan or '
          'goal are not those that were written', message(p))


def check_refused(args, good, changes):
    for name, change in changes.items():
        shutil.copy(good, "bad.h5")
        with h5py.File("bad.h5", "a") as f:
            change(f)
        more = {"shapley": ["--sweeps", 2], "switch": ["--epochs", 3], "baseline": []}[args[0]]
        more = [] if "exact" in args else more
        for command in (["show", "bad.h5"], [*args, "bad.h5", *more]):
            p = run(*command, expect=None)
            check(p.returncode in (3, 4), f"{name}: {command[0]} ends with {p.returncode}")
            check(message(p).startswith("bad.h5"), f"{name}: {message(p)}")


main()
