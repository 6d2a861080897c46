"""README.md's option table is the program's, its module table is the one lint checks, and
the commands it names exist.
TEST: parallel timeout=20"""
import re
import sys

from harness import TOP, check, run


def main():
    with open(f"{TOP}/README.md") as f:
        text = f.read()
    table = run("--options-markdown").stdout
    shown = re.search(r"<!-- neurank --options-markdown -->\n(.*?)<!-- end -->", text, re.S)
    check(shown and shown.group(1) == table, "the option table is that of the program; "
          "neurank --options-markdown prints it")
    with open(f"{TOP}/tests/tools/lint_layers.py") as f:
        may = dict(re.findall(r'^    "(\w+)": "([\w ]*)",$', f.read(), re.M))
    rows = dict(re.findall(r"^\| (\w+) \| [^|]+ \| ([\w ]*?) ?\|$", text, re.M))
    for module, includes in may.items():
        wanted = "all above" if module == "run" else includes
        check(rows.get(module) == wanted, f"module {module}: {rows.get(module)!r}")
    for command in re.findall(r"neurank (info|eval|shapley|switch|baseline|show|compare|prune|curve|export|report|import|verify|merge|submit|status)\b", text):
        run(command, "--help")


main()
