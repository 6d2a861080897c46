#!/usr/bin/python3
"""The module graph: includes point down, never sideways, each foreign header has one owner,
and within a module no files call each other in a circle. Run by `make lint`; src/README.md
shows the same table. With --circles: prints the circles that there are."""
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
    "plan": "base nn estim",
    "h5": "base",
    "onnx": "base nn",
    "dataset": "base nn h5",
    "store": "base plan estim h5",
    "game": "base nn plan dataset",
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
    "cli": "base manual nn estim plan game report run shapley rate curve prune job command",
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
# Of a function; those that have more are older than the rule, and the list only shrinks.
PARAMETERS = 7
MORE_PARAMETERS = set("""
    nr_gemm nr_graph_add_conv product step_features load_tile nr_thinned_size write_column
    put get""".split())
# Names that only some modules may say: below the command line each command has a request
# of its own.
OWN_NAMES = {re.compile(r"\bnr_options?\b|\bnr_options?_\w+|neurank/cli/"): {"cli"}}

NO_CODE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
# In clang-format's style: a type in column 0, the name, parameters, a brace.
DEFINITION = re.compile(r"^(?!static|typedef)\w[\w \*]*?\b(nr_\w+)\([^;{}]*\)\s*\{", re.M)


FUNCTION = re.compile(r"^\w[\w \*]*?\b(\w+)\(([^;{}]*)\)\s*\{", re.M)


def long_lists(path, text):
    """Functions with too many parameters."""
    for name, parameters in FUNCTION.findall(NO_CODE.sub(" ", text)):
        n = re.sub(r"\([^()]*\)", "", parameters).count(",") + 1
        if n > PARAMETERS and name not in MORE_PARAMETERS:
            yield f"{path}: {name} has {n} parameters, at most {PARAMETERS}"


def module_of(path):
    return path.split("/")[2 if path.startswith("include/") else 1]


def circles(files):
    """[(module, [file, ...])]: sets of .c files each of which uses, perhaps over others, a
    function that another one defines."""
    text, home = {}, {}
    for path in files:
        with open(path) as f:
            text[path] = NO_CODE.sub(" ", f.read())
        home.update({(module_of(path), name): path for name in DEFINITION.findall(text[path])})
    uses = {path: {home.get((module_of(path), name)) for name in re.findall(r"\bnr_\w+", code)} - {None, path}
            for path, code in text.items()}
    reached = {}
    for path in files:
        reached[path], to_see = set(), [path]
        while to_see:
            new = uses[to_see.pop()] - reached[path]
            reached[path] |= new
            to_see += new
    found = {tuple(sorted(b for b in reached[a] if a in reached[b])) for a in files if a in reached[a]}
    return [(module_of(circle[0]), circle) for circle in sorted(found)]


def check_circles(found):
    return [f"src/{module}: in a circle: {' '.join(os.path.relpath(f, f'src/{module}') for f in circle)}"
            for module, circle in found]


def check(path):
    errors = []
    module = module_of(path)
    with open(f"{TOP}/{path}") as f:
        lines = f.readlines()
    if len(lines) > LINES:
        errors.append(f"{path}: {len(lines)} lines, at most {LINES}")
    errors += long_lists(path, "".join(lines))
    for number, line in enumerate(lines, 1):
        for pattern, modules in OWN_NAMES.items():
            if pattern.search(line) and module not in modules:
                errors.append(f"{path}:{number}: {module} may not say {pattern.search(line).group()}")
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
    files = sorted(glob.glob("src/*/*.[ch]") + glob.glob("src/*/*/*.[ch]") + glob.glob("include/neurank/*/*.h"))
    files = [f for f in files if "/generated/" not in f]
    found = circles([f for f in files if f.endswith(".c")])
    if "--circles" in sys.argv:
        print("\n".join(" ".join(circle) for _, circle in found))
        return 0
    modules = {module_of(f) for f in files}
    errors = [f"module {m} is not in the graph" for m in modules - MAY.keys()]
    for f in files:
        errors += check(f)
    errors += check_circles(found)
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors or len(files) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
