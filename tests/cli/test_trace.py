"""The trace of a run, how wide its widest interval was after so many sweeps, is what runs of
so many sweeps say; it survives a stop, a resume, other ranks, and shards that are joined; an
exact run has none.
TEST: parallel timeout=120"""
import json

import h5py
import numpy as np
from harness import DATA, check, fashion, run, same

MODEL = f"{DATA}/lenet5.onnx"
LAYER = ["--layer", "conv1", "--filters", "0-7", "--images", "60", "--ablate", "mean"]
POINTS = [1, 2, 3, 4, 6, 8, 11]


def shapley(out, *args, **options):
    return run("shapley", MODEL, "fashion.h5", *LAYER, "-o", out, *args, **options)


def trace(path):
    layer = json.loads(run("show", path, "--format", "json").stdout)["layers"][0]
    return layer["trace"]["sweeps"], layer["trace"]["half_width"]


def widest(path):
    with h5py.File(path) as f:
        group = f["conv1"]
        return float(np.max(group["joint_high"][()] - group["joint_low"][()]) / 2)


def check_against_runs():
    shapley("long.h5", "--sweeps", "11", "--by-class")
    sweeps, widths = trace("long.h5")
    check(sweeps == POINTS, f"points of a run of 11 sweeps: {sweeps}")
    for k, n in enumerate(POINTS):
        shapley("short.h5", "--sweeps", n, "--by-class", "--fresh")
        check(widest("short.h5") == widths[k], f"widest interval after {n} sweeps")
    run("verify", "long.h5")


def check_extended():
    shapley("e.h5", "--sweeps", "3", "--by-class")
    shapley("e.h5", "--sweeps", "5", "--by-class", ranks=2)
    check(trace("e.h5")[0] == [1, 2, 3, 4, 5], "points of a run of 5 sweeps")
    shapley("e.h5", "--sweeps", "11", "--by-class", ranks=3)
    check(trace("e.h5") == trace("long.h5"), "an extended run has the same trace")
    same("e.h5", "long.h5")


def check_shards():
    for k in (1, 2, 3):
        shapley(f"s{k}.h5", "--sweeps", "11", "--shard", f"{k}/3", "--by-class")
    check(trace("s3.h5")[0] == [1, 2, 3], f"own sweeps of a shard: {trace('s3.h5')[0]}")
    run("merge", "part.h5", "s3.h5", "s1.h5")
    check(trace("part.h5")[0] == [1, 7], f"sweeps without a gap, and all: {trace('part.h5')}")
    run("merge", "joined.h5", "part.h5", "s2.h5")
    check(trace("joined.h5") == trace("long.h5"), "joined shards have the same trace")
    run("verify", "part.h5", "joined.h5", "s1.h5", "s2.h5", "s3.h5")


def check_exact():
    run("shapley", MODEL, "fashion.h5", "--layer", "conv1", "--filters", "0-5", "--images", "20",
        "--method", "exact", "-o", "x.h5")
    with h5py.File("x.h5") as f:
        check("stages" not in f["conv1/state"], "an exact run has no stages")
    check(trace("x.h5") == ([], []), "and no trace")


fashion()
check_against_runs()
check_extended()
check_shards()
check_exact()
