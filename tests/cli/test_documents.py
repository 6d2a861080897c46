"""README is short, no document is long, every link leads somewhere, every document is reached from
README; the module table is the one lint checks; commands and options that documents name exist.
TEST: parallel timeout=120 needs=git"""
import functools
import os
import re
import subprocess

from harness import TOP, check, run

README_BYTES, DOCUMENT_BYTES = 12288, 20480


def read(path):
    with open(f"{TOP}/{path}", encoding="utf-8") as f:
        return f.read()


def documents():
    """What git has or would take, so neither build/ nor what others left."""
    p = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard", "*.md"], capture_output=True, text=True)
    if p.returncode == 0:
        return [d for d in p.stdout.splitlines() if os.path.exists(f"{TOP}/{d}")]
    return [os.path.relpath(os.path.join(folder, f), TOP) for folder, _, files in os.walk(TOP)
            for f in files if f.endswith(".md") and "/build" not in folder]


def links(document):
    """Targets in the repository, relative to its top."""
    text = re.sub(r"```.*?```", "", read(document), flags=re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?m)^    .*$", "", text))
    here = os.path.dirname(document)
    return {os.path.normpath(os.path.join(here, t.split("#")[0])) for t in found if not re.match(r"[a-z]+:|#", t)}


def check_links(all_documents):
    reached, to_see = set(), ["README.md"]
    while to_see:
        document = to_see.pop()
        if document in reached:
            continue
        reached.add(document)
        for target in links(document):
            check(os.path.exists(f"{TOP}/{target}"), f"{document}: there is {target}")
            check(not target.startswith(".."), f"{document}: {target} is in the repository")
            if target.endswith(".md"):
                to_see.append(target)
            elif os.path.exists(f"{TOP}/{target}/README.md"):
                to_see.append(f"{target}/README.md")
    check(reached == set(all_documents), f"reached from README: not {sorted(set(all_documents) - reached)}")


def check_modules():
    may = dict(re.findall(r'^    "(\w+)": "([\w ]*)",$', read("tests/tools/lint_layers.py"), re.M))
    rows = dict(re.findall(r"^\| (\w+) \| [^|]+ \| ([\w ]*?) ?\|$", read("src/README.md"), re.M))
    check(may, "a graph")
    for module, includes in may.items():
        check(rows.get(module) == includes, f"module {module}: {rows.get(module)!r}")


@functools.cache
def options_of(command):
    return set(re.findall(r"(?m)^  (--\S+)", run(command, "--help").stdout))


def check_commands(document):
    """In verbatim lines: `neurank COMMAND ... --option`."""
    commands = set(re.findall(r"(?m)^  neurank (\S+) ", run("help").stdout)) - {"help"}
    for line in read(document).splitlines():
        m = re.match(r" {4,}.*?\bneurank (\w[\w-]*) (.*)", line)
        if m and m.group(1) in commands:
            for option in re.findall(r"(?<!\S)--[a-z-]+", m.group(2).split(" #")[0].split(" && ")[0]):
                check(option in options_of(m.group(1)), f"{document}: {m.group(1)} {option}")
    for command in re.findall(r"`neurank ([a-z]+)\b", read(document)):
        check(command in commands | {"help"}, f"{document}: neurank {command}")
    for page in re.findall(r"`neurank\s+help\s+([a-z-]+)", read(document)):
        run("help", page)


def main():
    found = documents()
    check(len(found) > 20, "documents")
    for document in found:
        size, most = os.path.getsize(f"{TOP}/{document}"), README_BYTES if document == "README.md" else DOCUMENT_BYTES
        check(size <= most, f"{document}: {size} bytes, at most {most}")
    check_links(found)
    check_modules()
    for document in found:
        check_commands(document)


main()
