"""Shards joined in any order are the unsharded run, bit for bit; partial ones can be gone on
with; what overlaps or belongs to another run is refused.
TEST: parallel timeout=120"""
import itertools
import os
import shutil

import h5py
from harness import DATA, check, fashion, message, run, same


def args(output, *more, sweeps=5):
    return ["shapley", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv1,conv2",
            "--images", 150, "--by-class", "--per-image", "--sweeps", sweeps, "-o", output,
            *more]


def shard(i, k, output, *more, **options):
    return args(output, "--shard", f"{i}/{k}", *more, **options)


def refused(code, text, *command):
    p = run(*command, expect=code)
    check(text in message(p), f"{text!r} in {message(p)!r}")


def complete(path):
    return f"{path}: sound, complete" in run("verify", path).stdout


def whole():
    run(*args("whole.h5"))
    for i in (1, 2, 3):
        run(*shard(i, 3, f"s{i}.h5"), ranks=2 if i == 2 else 0)
        check(complete(f"s{i}.h5"), f"shard {i} is complete")
    for n, order in enumerate(itertools.permutations((1, 2, 3))):
        run("merge", f"m{n}.h5", *(f"s{i}.h5" for i in order))
        check(complete(f"m{n}.h5"), "the joined store is sound and complete")
        same("whole.h5", f"m{n}.h5")
    with h5py.File("m0.h5") as f:
        check(f.attrs["history"].count("--shard") == 3 and "merge" in f.attrs["history"],
              "the history is that of all shards")
    p = run(*args("m0.h5"))
    check("nothing to do" in p.stderr, "the unsharded command finds it complete")
    run(*args("m0.h5", sweeps=7))
    run(*args("whole7.h5", sweeps=7))
    same("whole7.h5", "m0.h5")


def in_two_steps():
    run("merge", "first.h5", "s3.h5", "s1.h5")
    check("sweep 1 is missing" in run("verify", "first.h5").stdout, "a gap is named")
    check("partial" in run("show", "first.h5").stdout, "a gap makes it partial")
    run("merge", "both.h5", "s2.h5", "first.h5")
    same("whole.h5", "both.h5")
    # sweeps 0 and 1 alone have no gap: lanes are forgotten, and found again
    for i in (1, 2, 3):
        run(*shard(i, 3, f"t{i}.h5", sweeps=3))
    run("merge", "two.h5", "t1.h5", "t2.h5")
    run("merge", "three.h5", "two.h5", "t3.h5")
    run(*args("whole3.h5", sweeps=3))
    same("whole3.h5", "three.h5")
    for i in (1, 2, 3):  # a shard is extended like any run
        run(*shard(i, 3, f"t{i}.h5"))
    run("merge", "longer.h5", "t1.h5", "t2.h5", "t3.h5")
    same("whole.h5", "longer.h5")


def partial():
    """Shards that were stopped somewhere; then the ordinary run, or the shards, go on."""
    for i in (1, 2, 3):
        code = run(*shard(i, 3, f"p{i}.h5", "--time-limit", f"0.{i}s"), expect=None).returncode
        check(code in (0, 75), f"a shard ends with {code}")
    run("merge", "part.h5", "p1.h5", "p2.h5", "p3.h5")
    run("show", "part.h5", "--format", "json")
    run("info", f"{DATA}/lenet5.onnx", "part.h5")
    shutil.copy("part.h5", "part2.h5")
    for ranks, limit in ((2, "0.4s"), (0, "0.3s"), (3, "99s")):
        run(*args("part.h5", "--time-limit", limit), ranks=ranks, expect=None)
    run(*args("part.h5"))
    same("whole.h5", "part.h5")
    for i in (1, 2, 3):
        run(*shard(i, 3, f"p{i}.h5"))
    run("merge", "part2.h5", "p1.h5", "p2.h5", "p3.h5", "--fresh")
    check(os.path.exists("part2.h5.old"), "--fresh keeps what was there")
    same("whole.h5", "part2.h5")


def refusals():
    refused(4, "overlap: both hold sweep 0", "merge", "x.h5", "s1.h5", "s2.h5", "s1.h5")
    refused(4, "overlap: both hold sweep 1", "merge", "x.h5", "s2.h5", "whole.h5")
    run(*shard(2, 4, "four.h5"))
    refused(4, "comes from 4 shards, those before it from 3", "merge", "x.h5", "s1.h5",
            "four.h5")
    run(*shard(2, 3, "seed.h5", "--seed", 8))
    refused(4, "seed is 1 there, 8 here", "merge", "x.h5", "s1.h5", "seed.h5")
    refused(4, "shard is 1/3 there, 2/3 here", *shard(2, 3, "s1.h5"))
    refused(4, "shard is 1/3 there, none here", *args("s1.h5"))
    refused(5, "m1.h5: is there already", "merge", "m1.h5", "s1.h5", "s2.h5")
    refused(2, "the output is also an input", "merge", "s1.h5", "s1.h5", "s2.h5")
    refused(3, "none.h5", "merge", "x.h5", "s1.h5", "none.h5")
    for text, wanted in (("0/3", "I/K is expected"), ("4/3", "I/K is expected"),
                         ("1/3x", "I/K is expected"), ("none", "I/K is expected"),
                         ("1/99999999", "I/K is expected"),
                         ("6/6", "of 5 sweeps none is left")):
        refused(2, wanted, *args("x.h5", "--shard", text))
    refused(2, "other goals look", *args("x.h5", "--shard", "1/2", "--half-width", 0.1))
    refused(2, "an exact run has one sweep", "shapley", "m.onnx", "d.h5", "--layer", "conv1",
            "--method", "exact", "--shard", "1/2", "-o", "x.h5")
    check(not os.path.exists("x.h5"), "nothing was written")


fashion()
whole()
in_two_steps()
partial()
refusals()
