"""show draws bars as wide as the terminal leaves room for, leaves out columns where it is
narrow, and uses colour on a terminal alone and not where NO_COLOR is set; what is piped stays
as it was.
TEST: parallel timeout=60"""
import json
import os
import re

from harness import DATA, check, fashion, run
from terminal import CODES, on_terminal


def rows(text):
    return [l for l in CODES.sub("", text).splitlines() if re.match(r" +\d+ +\d", l)]


def bar(row):
    m = re.search(r"  ([<=-]+)( dead| unreliable)?$", row)
    return m.group(1) if m else ""


def check_width(columns, *args):
    text = on_terminal(columns, "show", *args)
    for row in rows(text):
        check(len(row) <= max(columns, 75), f"{columns} columns: {len(row)} in {row!r}")
    return text


def check_bars(text, shown):
    """Lengths in proportion to the ends of the intervals; '=' up to the near one."""
    ends = {i: (lo, hi) for i, (lo, hi) in enumerate(zip(shown["ci_low"], shown["ci_high"]))}
    longest = max(len(bar(r)) for r in rows(text))
    largest = max(max(abs(lo), abs(hi)) for lo, hi in ends.values())
    for row in rows(text):
        filter_, b = int(re.match(r" +\d+ +[\d-]+ . +(\d+)", row).group(1)), bar(row)
        lo, hi = ends[filter_]
        check(abs(len(b) - longest * max(abs(lo), abs(hi)) / largest) <= 1, f"length of {row!r}")
        near = lo if lo > 0 else -hi if hi < 0 else 0
        solid = b.count("=") + (b[:1] == "<" and near > 0)
        check(abs(solid - longest * near / largest) <= 1.5, f"solid part of {row!r}")
        check((b[:1] == "<") == (hi < 0 and len(b) > 0), f"sign of {row!r}")


def main():
    fashion()
    args = ["lenet5.onnx", "fashion.h5", "--layer", "conv1", "--images", "40"]
    os.symlink(f"{DATA}/lenet5.onnx", "lenet5.onnx")
    run("shapley", *args, "--sweeps", "3", "-o", "r.h5")
    run("switch", *args, "--epochs", "2", "-o", "r.h5")
    shown = json.loads(run("show", "r.h5", "--format", "json").stdout)["layers"][0]
    check(min(shown["ci_high"]) < 0 < max(shown["ci_low"]), "values of both signs")
    piped = run("show", "r.h5").stdout
    check("\x1b" not in piped, "no colour in a pipe")
    check(max(len(bar(r)) for r in rows(piped)) == 32, "bars of 32 columns in a pipe")
    run("shapley", *args, "--sweeps", "3", "-o", "only.h5")
    lengths = []
    for columns in (60, 80, 100, 120, 160, 240):
        check_width(columns, "r.h5")
        text = check_width(columns, "only.h5")
        lengths.append(max(len(bar(r)) for r in rows(text)))
        titles = text.splitlines()[-len(rows(text)) - 1]
        check(columns >= 100 or "+-joint" not in titles, f"{columns}: no room for errors")
        check(columns < 120 or "+-joint" in titles, f"{columns}: room for errors")
        if columns > 60:
            check_bars(text, shown)
    check(lengths[0] == 0 and lengths[-1] > 100, f"bars by width: {lengths}")
    wide = on_terminal(240, "show", "only.h5")
    check("\x1b[34m" in wide and "\x1b[33m" in wide, "two colours")
    starts, ends = len(CODES.findall(wide)), wide.count("\x1b[0m")
    check(starts == 2 * ends > 0, f"each colour is ended: {starts} codes, {ends} ends")
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = on_terminal(240, "show", "only.h5", **env)
        check("\x1b" not in plain and plain == CODES.sub("", wide), f"no colour under {env}")
    check("\x1b" in on_terminal(240, "show", "only.h5", NO_COLOR=""), "empty is not set")
    narrow = on_terminal(240, "show", "only.h5", COLUMNS="100")
    check(narrow == on_terminal(100, "show", "only.h5"), "COLUMNS is obeyed")
    check("\x1b" not in on_terminal(240, "show", "only.h5", "--format", "csv"), "not in csv")


main()
