"""Goals end a run when they are reached, the store says which, tightening goes on, and
what cannot be is refused. Exact runs stop and go on as others do.
TEST: parallel timeout=300"""
import json
import os

from harness import DATA, check, fashion, message, run, same

MODEL = f"{DATA}/lenet5.onnx"


def rank(output, *options, images=200, layer="conv2", expect=0):
    p = run("shapley", MODEL, "fashion.h5", "--layer", layer, "--images", images, "-o", output,
            *options, expect=expect)
    return p


def shown(path):
    return json.loads(run("show", path, "--format", "json").stdout)["layers"][0]


def widest(layer):
    return max(h - l for l, h in zip(layer["joint_low"], layer["joint_high"])) / 2


def check_widths():
    rank("width.h5", "--half-width", 0.02)
    loose = shown("width.h5")
    check(loose["ended_by"] == "half-width" and loose["status"] == "complete", loose["ended_by"])
    check(loose["interval"] == "confidence sequence", loose["interval"])
    check(widest(loose) <= 0.02, f"{widest(loose)} is at most 0.02")
    check("nothing to do" in rank("width.h5", "--half-width", 0.02).stderr, "complete")
    rank("width.h5", "--half-width", 0.014)
    tight = shown("width.h5")
    check(tight["sweeps"] > loose["sweeps"] and widest(tight) <= 0.014, "tightened")
    rank("direct.h5", "--half-width", 0.014)
    same("direct.h5", "width.h5")
    # without a goal that looks at the data it stays a sequence: the data was looked at
    rank("width.h5", "--sweeps", tight["sweeps"] + 1)
    check(shown("width.h5")["interval"] == "confidence sequence", "once watched, for good")
    check(shown("width.h5")["ended_by"] == "sweeps", "ended by sweeps")
    rank("relative.h5", "--rel-half-width", 0.15)
    relative = shown("relative.h5")
    largest = max(map(abs, relative["shapley"]))
    check(relative["ended_by"] == "rel-half-width" and widest(relative) <= 0.15 * largest,
          f"{widest(relative)} of {largest}")
    # the first goal that is reached wins
    rank("both.h5", "--half-width", 1e-6, "--sweeps", 2)
    both = shown("both.h5")
    check(both["ended_by"] == "sweeps" and both["sweeps"] == 2, both["ended_by"])
    rank("limit.h5", "--half-width", 1e-6, "--time-limit", "0.5s", expect=75)
    check(shown("limit.h5")["ended_by"] == "time-limit", "stopped by the clock")


def check_top():
    rank("top.h5", "--top", 1)
    top = shown("top.h5")
    best = top["rank"].index(1)
    others = [h for i, h in enumerate(top["joint_high"]) if i != best]
    check(top["ended_by"] == "top" and top["joint_low"][best] > max(others), "resolved")
    check(top["tie_group"].count(1) == 1 and top["rank_high"][best] == 1, "its group and place")
    rank("ties.h5", "--top", 3, "--tolerance", 0.05)
    ties = shown("ties.h5")
    order = sorted(range(50), key=lambda i: ties["rank"][i])
    inside = min(ties["joint_low"][i] for i in order[:3])
    outside = max(ties["joint_high"][i] for i in order[3:])
    check(ties["ended_by"] == "top" and inside + 0.05 > outside, "resolved up to the tolerance")
    rows = [line.split() for line in run("show", "ties.h5").stdout.splitlines()]
    marks = [row[2] for row in rows if len(row) > 3 and row[0].isdigit()]
    check("/" in marks and "\\" in marks, f"ties are drawn: {marks}")


def check_exact():
    args = ["--method", "exact", "--filters", "0-12", "--per-image"]
    p = rank("no.h5", "--method", "exact", expect=2)
    check("coalition-images of its 50 filters would take" in message(p), message(p))
    check(not os.path.exists("no.h5"), "a refused run leaves no store")
    p = rank("no.h5", *args, "--time-limit", "1s", images=2000, layer="conv1", expect=2)
    check("the limit is 1.0 s" in message(p), message(p))
    p = rank("no.h5", *args, "--half-width", 1, expect=2)
    check(message(p) == "--half-width: an exact run evaluates every coalition and has no "
          "other goal", message(p))
    rank("whole.h5", *args, images=4, layer="conv1")


def check_auto():
    """The pilot's choice is part of the plan, and a resume keeps it."""
    options = ["--metric", "accuracy", "--estimator", "auto"]
    p = rank("auto.h5", *options, images=64)
    chosen = shown("auto.h5")["estimator"]
    check(f"estimator {chosen} (variance times time" in p.stderr, p.stderr)
    p = rank("auto.h5", *options, "--sweeps", 2, images=64)
    check("variance times time" not in p.stderr and shown("auto.h5")["sweeps"] == 2, "kept")
    other = "odd" if chosen == "pairs" else "pairs"
    p = rank("auto.h5", "--metric", "accuracy", "--estimator", other, images=64, expect=4)
    check(f"estimator is {chosen} there, {other} here" in message(p), message(p))


def check_refusals():
    p = rank("no.h5", "--by-class", "--block", 2, expect=2)
    check(message(p) == "--block 2: --by-class needs blocks of one image", message(p))
    p = rank("no.h5", "--top", 51, expect=2)
    check(message(p) == '--top 51: layer "conv2" has 50 filters', message(p))
    p = rank("no.h5", "--tolerance", 1, expect=2)
    check(message(p) == "--tolerance: only with --top", message(p))
    p = run("info", MODEL, "--half-width", 1, expect=2)
    check(message(p).startswith("info: a goal or a layer needs images or a store"), message(p))


def check_info():
    lines = run("info", MODEL, "fashion.h5", "--images", 300, "--half-width",
                0.01).stdout.splitlines()
    check([l.split()[0] for l in lines[2:]] == ["conv1", "conv2", "fc1"], lines)
    lines = run("info", MODEL, "width.h5", "--half-width", 0.007).stdout.splitlines()
    sweeps = int(lines[2].split(" +-0.007")[1].split()[0])
    wider = run("info", MODEL, "width.h5", "--half-width", 0.007, "--confidence",
                0.9999).stdout.splitlines()
    check(int(wider[2].split(" +-0.007")[1].split()[0]) > sweeps, wider)
    check(run("info", MODEL, "width.h5", "--layer", "conv2").stdout.count("conv2") == 1, "")
    named = run("info", MODEL, "width.h5", "--layer", "/conv2/Conv").stdout
    check(named == run("info", MODEL, "width.h5", "--layer", "conv2").stdout, named)
    p = run("info", MODEL, "width.h5", "--layer", "conv1", expect=2)
    check(message(p) == "--layer conv1: no layer of width.h5", message(p))
    p = run("info", MODEL, "width.h5", "--images", 5, expect=2)
    check(message(p) == "--images: width.h5 is a store, its run has settled that already",
          message(p))
    p = run("info", f"{DATA}/resnet20.onnx", "width.h5", expect=4)
    check(message(p).startswith("width.h5 belongs to another model: its digest is "), message(p))
    rank("width.h5", "--half-width", 0.007)
    took = shown("width.h5")["sweeps"]
    check(0.6 * took <= sweeps <= 1.7 * took, f"{sweeps} sweeps were forecast, it took {took}")


def main():
    fashion()
    check_widths()
    check_top()
    check_exact()
    check_auto()
    check_refusals()
    check_info()


main()
