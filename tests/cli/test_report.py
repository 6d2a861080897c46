"""report: one page that loads nothing, says what show, compare and curve say, has a table
beside every plot and the numbers in the plots; opens in a browser without a word on its
console and fits a phone; the same bytes from the same files; whatever a store holds, and
what does not fit refused.
TEST: parallel timeout=200 needs=chromium,gnuplot"""
import html.parser
import json
import os
import re
import signal
import subprocess
import xml.etree.ElementTree as ET

import cv2
import h5py
import numpy as np
import onnx
from harness import DATA, Stepped, check, fashion, message, patience, run

MODEL = f"{DATA}/lenet5.onnx"
IMAGES = ["--images", "100"]
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--enable-logging=stderr"]


class Page(html.parser.HTMLParser):
    """Tables by section and caption, pairs of a plot and a table, names, links."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.tables, self.ids, self.links, self.open = {}, [], [], []
        self.pairs, self.section, self.heading = [], "", ""
        self.table = self.cell = None
        self.svgs = []
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.open.append(tag)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs[k] for k in ("href", "src", "xlink:href") if k in attrs]
        if tag == "div" and attrs.get("class") == "pair":
            self.pairs.append([])
        if tag == "figure":
            check(attrs.get("role") == "img" and attrs.get("aria-label"), "a plot has a label")
        if tag == "svg":
            check(self.open[-2] == "figure", "and stands in its figure")
            self.pairs[-1].append("svg")
        if tag == "table":
            if self.pairs and self.pairs[-1] == ["svg"]:
                self.pairs[-1].append("table")
            self.table = []
        if tag == "tr":
            self.table.append([])
        if tag in ("td", "th", "caption", "h2", "h3"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag == "caption":
            self.tables[(self.section, self.heading, self.cell)] = self.table
        if tag in ("td", "th"):
            self.table[-1].append(self.cell)
        if tag == "h2":
            self.section, self.heading = self.cell, ""
        if tag == "h3":
            self.heading = self.cell

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def find(self, section, heading, caption=""):
        found = [t for (s, h, c), t in self.tables.items()
                 if (s, h) == (section, heading) and caption in c]
        check(len(found) == 1, f"{len(found)} tables {caption!r} in {section}, {heading}")
        head = found[0][0]
        return [dict(zip(head, row)) for row in found[0][1:]]


def report(out, *args, **options):
    p = run("report", *args, "-o", out, **options)
    check(p.stderr == "" and p.stdout == "", f"nothing to say: {p.stderr}{p.stdout}")
    return Page(out)


def svgs(page):
    found = re.findall(r'<figure [^>]*aria-label="([^"]*)"[^>]*>(<svg.*?</svg>)\s*</figure>',
                       page.text, re.S)
    return {label: ET.fromstring(svg) for label, svg in found}


def check_form(page, plots):
    check(len(page.ids) == len(set(page.ids)), "every name is given once")
    check(all(p == ["svg", "table"] for p in page.pairs), f"a table beside each plot: {page.pairs}")
    check(len(page.pairs) == plots == len(svgs(page)), f"{plots} plots, {len(page.pairs)} found")
    for link in page.links:
        check(link.startswith("data:") or link[1:] in page.ids and link[0] == "#",
              f"loads nothing: {link[:60]}")
    check("<script" not in page.text, "runs nothing")


# ---- what it says ----

def check_values(page):
    for layer in json.loads(run("show", "r.h5", "--format", "json").stdout)["layers"]:
        rows = page.find(layer["name"], "Shapley values")
        order = np.argsort(layer["rank"])
        check([int(r["filter"]) for r in rows] == [layer["filters"][i] for i in order], "order")
        digits = len(rows[0]["value"].split(".")[1])
        for row, i in zip(rows, order):
            for name, key in (("value", "shapley"), ("from", "ci_low"), ("to", "ci_high"),
                              ("joint from", "joint_low"), ("joint to", "joint_high")):
                check(row[name] == f"{layer[key][i]:.{digits}f}", f"{name} of filter {i}")
            check(int(row["group"]) == layer["tie_group"][i], "tie group")
        rows = page.find(layer["name"], "How the intervals became narrower")
        check([int(r["sweeps"]) for r in rows] == layer["trace"]["sweeps"], "sweeps of the trace")
        check(np.allclose([float(r["widest \u00b1"]) for r in rows],
                          layer["trace"]["half_width"], rtol=1e-5), "its widths")
        best = page.find(layer["name"], "By class")
        for c, row in enumerate(best):
            values = layer["by_class"]["shapley"][c]
            check(row["best filter"].startswith(f"{layer['filters'][np.argmax(values)]}: "),
                  f"best filter of class {c}")
        check_points(page, layer, order)


def check_points(page, layer, order):
    """The points of the plot are where the values are."""
    svg = svgs(page)[f"Shapley values of the filters of {layer['name']}, the best first"]
    spots = [list(map(float, re.search(r"translate\(([^,]*),([^)]*)\)", u.get("transform")).groups()))
             for u in svg.iter("{http://www.w3.org/2000/svg}use") if "translate" in u.get("transform", "")]
    check(len(spots) == layer["players"], f"{len(spots)} points in the plot of {layer['name']}")
    spots = np.array(sorted(spots))
    values = np.array(layer["shapley"])[order]
    slope, start = np.polyfit(values, spots[:, 1], 1)
    check(slope < 0 and np.max(np.abs(spots[:, 1] - slope * values - start)) < 0.1,
          "points stand at their values")
    check(np.ptp(np.diff(spots[:, 0])) < 0.1, "and at their places")


def bounds(pair, measure):
    value, low, high = (pair[measure + end] for end in ("", "_low", "_high"))
    if value is None:
        return "\u2013"
    return f"{value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None else "")


def check_methods(page):
    for layer in json.loads(run("compare", "r.h5", "--format", "json").stdout):
        name = layer["layer"]
        rows = page.find(name, "Methods compared", "agreement")
        check(len(rows) == len(layer["pairs"]) > 20, "all pairs")
        for row, pair in zip(rows, layer["pairs"]):
            check((row["method"], row["with"]) == (pair["a"], pair["b"])
                  or row["with"] == "itself, expected", "methods in order")
            for title, measure in (("rho", "spearman"), ("tau", "kendall"),
                                   (f"best {layer['top']} in common", "overlap")):
                check(row[title] == bounds(pair, measure), f"{title} {row} {pair}")
        places = page.find(name, "Methods compared", "the place")
        shapley = page.find(name, "Shapley values")
        check([r["filter"] for r in places] == [r["filter"] for r in shapley], "places in order")
        check([int(r["shapley"]) for r in places] == list(range(1, len(places) + 1)), "1, 2, ...")
        with h5py.File("r.h5") as f:
            for method in ("l1", "taylor", "activation"):
                order = list(np.argsort(-f[f"{name}/baseline/{method}"][()], kind="stable"))
                check(all(int(r[method]) == order.index(int(r["filter"])) + 1 for r in places),
                      f"places by {method}")


def check_curves(page, found):
    for layer in found["layers"]:
        for quantity in ("accuracy", "loss"):
            rows = page.find(layer["name"], "What is left with fewer filters", quantity)
            check([int(r["kept"]) for r in rows] == layer["kept"], "filters kept")
            for m in layer["methods"]:
                if not m["method"].startswith("random_"):
                    check([r[m["method"]] for r in rows] == [f"{x:.4f}" for x in m[quantity]],
                          f"{quantity} by {m['method']}")
            random = np.mean([m[quantity] for m in layer["methods"] if "random" in m["method"]], 0)
            check([r["random: mean"] for r in rows] == [f"{x:.4f}" for x in random], "random")


# ---- in a browser ----

def browse(*args):
    p = subprocess.run([*CHROMIUM, *args], capture_output=True, text=True, timeout=patience(90),
                       check=True)
    return p.stdout, [l for l in p.stderr.splitlines() if "CONSOLE" in l]


def check_browser():
    url = "file://" + os.path.abspath("r.html")
    _, console = browse("--window-size=1280,1600", "--screenshot=r.png", url)
    check(console == [], f"nothing on the console: {console}")
    with open("control.html", "w") as f:
        f.write("<script>console.error('boom')</script>")
    check("boom" in str(browse("--dump-dom", "file://" + os.path.abspath("control.html"))[1]),
          "an error on the console would have been seen")
    image = cv2.imread("r.png").astype(int)
    for name, colour in (("blue", (178, 114, 0)), ("orange", (0, 94, 213))):
        n = np.sum(np.max(np.abs(image - colour), axis=2) < 30)
        check(n > 100, f"the plots are to be seen: {n} {name} dots")
    # On a phone nothing sticks out but what can be moved within its frame: a copy that may
    # run a script tells how wide it is. (A window of its own cannot be that narrow.)
    copy = re.sub(r"<meta http-equiv[^>]*>", "", page.text).replace(
        "</body>", "<script>parent.postMessage([innerWidth, document.documentElement.scrollWidth]"
        ".join('/'), '*')</script></body>")
    with open("phone.html", "w") as f:
        f.write(copy)
    with open("frame.html", "w") as f:
        f.write("<script>onmessage = e => document.title = 'width ' + e.data</script>"
                "<iframe style='width:360px;height:800px;border:0' src='phone.html'></iframe>")
    dom, _ = browse("--virtual-time-budget=20000", "--dump-dom", "file://" + os.path.abspath("frame.html"))
    check("<title>width 360/360" in dom, f"as wide as a phone: {dom[:120]}")
    browse("--print-to-pdf=r.pdf", url)
    check(os.path.getsize("r.pdf") > 20000, "it prints")


# ---- other stores ----

def check_whatever_is_there():
    one = ["--layer", "conv1", "--images", "40"]
    run("baseline", MODEL, "fashion.h5", *one, "-o", "b.h5")
    check_form(report("b.html", "b.h5"), 1)
    run("switch", MODEL, "fashion.h5", *one, "--epochs", "2", "-o", "w.h5")
    check_form(report("w.html", "w.h5"), 2)
    run("shapley", MODEL, "fashion.h5", *one, "--metric", "accuracy", "--half-width", "0.2",
        "-o", "a.h5")
    page = report("a.html", "a.h5")  # the second plot: agreement with another such run
    check_form(page, 2)
    check("From two on there is a plot" in page.text, "one sweep is no plot")
    run("shapley", MODEL, "fashion.h5", *one, "--ablate", "mean", "--top", "2", "--sweeps", "3",
        "-o", "t.h5")
    page = report("t.html", "t.h5")
    check("Goal: the set of the 2 best filters known" in page.text, "the goal")
    run("shapley", MODEL, "fashion.h5", *one, "--filters", "0-5", "--method", "exact", "-o", "x.h5")
    check_form(report("x.html", "x.h5"), 1)
    run("shapley", MODEL, "fashion.h5", *one, "--filters", "3", "--sweeps", "2", "-o", "1.h5")
    check_form(report("1.html", "1.h5"), 2)
    p = Stepped("shapley", MODEL, "fashion.h5", "--layer", "conv1", "--filters", "0-15", "--method",
                "exact", "--images", "500", "-o", "p.h5", store="p.h5")
    p.until_stands()
    p.send_signal(signal.SIGTERM)
    p.ends(75)
    page = report("p.html", "p.h5")
    check("an exact run has them at its end" in page.text, "no value yet")
    check_form(page, 0)
    several = report("s.html", "r.h5", "b.h5", "--layer", "conv1")
    check("l1, store 2" in several.text and "conv2" not in several.ids, "two stores, one layer")


NAME = "<b>&amp;`touch${IFS}hacked`$(id>hacked)"


def check_odd_names():
    m = onnx.load(MODEL)
    for tensor in m.graph.initializer:
        tensor.name = tensor.name.replace("conv1", NAME)
    for node in m.graph.node:
        node.input[:] = [i.replace("conv1", NAME) if i.startswith("conv1") else i for i in node.input]
    onnx.save(m, "odd.onnx")
    run("shapley", "odd.onnx", "fashion.h5", "--layer", NAME, "--images", "20", "--by-class",
        "-o", "odd.h5")
    run("curve", "odd.onnx", "fashion.h5", "odd.h5", "--images", "20", "-o", "oddc.h5")
    page = report("odd.html", "odd.h5", "oddc.h5")
    check_form(page, 5)
    check(any(s == NAME for s, _, _ in page.tables), "the name as it is")
    check(not os.path.exists("hacked"), "and it is no command")


def check_refusals():
    def refused(code, what, *args, **options):
        p = run("report", *args, expect=code, **options)
        check(what in message(p), f"{what!r} in {p.stderr!r}")

    refused(2, "-o REPORT.html is missing", "r.h5")
    refused(2, "r.h5", "r.h5", "-o", "r.h5")
    refused(2, '"conv9"', "r.h5", "-o", "n.html", "--layer", "conv9")
    refused(3, "missing.h5", "missing.h5", "-o", "n.html")
    refused(3, "fashion.h5", "fashion.h5", "-o", "n.html")
    refused(4, "curves", "c.h5", "-o", "n.html")
    refused(4, "another network", "r.h5", "oddc.h5", "-o", "n.html")
    refused(4, "another network", "r.h5", "odd.h5", "-o", "n.html")
    refused(5, "nowhere", "r.h5", "-o", "nowhere/n.html")
    os.makedirs("bin", exist_ok=True)
    refused(1, "gnuplot-nox", "r.h5", "-o", "n.html", env={"PATH": os.path.abspath("bin")})
    with open("bin/gnuplot", "w") as f:
        f.write("#!/bin/sh\necho oops; exit 3\n")
    os.chmod("bin/gnuplot", 0o755)
    refused(1, "code 3", "r.h5", "-o", "n.html", env={"PATH": os.path.abspath("bin")})
    check(not os.path.exists("n.html") and not [f for f in os.listdir() if f.endswith(".tmp")],
          "nothing half-written")


fashion()
LAYERS = ["--layer", "conv1,conv2", *IMAGES]
run("shapley", MODEL, "fashion.h5", *LAYERS, "--sweeps", "3", "--by-class", "-o", "r.h5")
run("baseline", MODEL, "fashion.h5", *LAYERS, "-o", "r.h5")
run("switch", MODEL, "fashion.h5", *LAYERS, "--epochs", "2", "-o", "r.h5")
curve = json.loads(run("curve", MODEL, "fashion.h5", "r.h5", *IMAGES, "--seed", "4", "-o", "c.h5",
                       "--format", "json").stdout)
page = report("r.html", "r.h5", "c.h5")
check_form(page, 2 * 8)
check_values(page)
check_methods(page)
check_curves(page, curve)
check("not the selection that was ranked on" in page.text, "held-out images are told")
with h5py.File("r.h5") as f:
    wrote = f"neurank {f.attrs['neurank_version']} ({f.attrs['build']})"
check(f"<td class=\"t w\">{wrote}</td>" in page.text, "the program that wrote it")
check(page.text.count("<td class=\"t w\">pairs</td>") == 2, "settings of both layers")
report("again.html", "r.h5", "c.h5")
check(open("again.html").read() == page.text, "the same bytes again")
check_browser()
check_whatever_is_there()
check_odd_names()
check_refusals()
