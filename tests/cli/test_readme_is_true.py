"""README.md's module table is the one lint checks, and the commands it names exist.
TEST: parallel timeout=20"""
import re

from harness import TOP, check, run


def main():
    with open(f"{TOP}/README.md") as f:
        text = f.read()
    with open(f"{TOP}/tests/tools/lint_layers.py") as f:
        may = dict(re.findall(r'^    "(\w+)": "([\w ]*)",$', f.read(), re.M))
    rows = dict(re.findall(r"^\| (\w+) \| [^|]+ \| ([\w ]*?) ?\|$", text, re.M))
    for module, includes in may.items():
        wanted = "all above" if module == "run" else includes
        check(rows.get(module) == wanted, f"module {module}: {rows.get(module)!r}")
    for command in re.findall(r"neurank (info|eval|shapley|switch|baseline|show|compare|prune|curve|export|report|import|verify|merge|submit|status)\b", text):
        run(command, "--help")


main()
