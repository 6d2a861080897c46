#!/usr/bin/python3
"""Requests hold what is read: a field of a request (a struct nr_*_request in a public header) that
no source reads is an option that is ignored, and is refused. A read is NAME->field or NAME.field,
where NAME is declared with the request's type: in the same file, or as a member in a header that
the file's module may include. Run by `make lint`."""
import glob
import os
import re
import sys

from lint_layers import MAY, NO_CODE, TOP, module_of

REQUEST = re.compile(r"typedef struct \{([^{}]*)\} (nr_\w+_request);")
DECLARED = re.compile(r"\b(nr_\w+_request)\b\s*\**\s*(\w+)")
# The command line fills requests and checks them, which is no reading; but `show` is its own.
FILLS, OF_FILLS = "cli", {"nr_show_request"}


def text_of(path):
    with open(path) as f:
        return NO_CODE.sub(" ", f.read())


def fields_of(body):
    """Names of the fields that the struct's body declares."""
    declarators = [part for declaration in body.split(";") for part in declaration.split(",")]
    return [re.search(r"(\w+)(?:\[.*\])?$", part.strip()).group(1) for part in declarators if part.strip()]


def names_in(text):
    """{type: names declared with it}"""
    found = {}
    for kind, name in DECLARED.findall(text):
        found.setdefault(kind, set()).add(name)
    return found


def reads(text, names):
    """Fields that are read of what has one of these names; an assignment is no reading."""
    one_of = "|".join(sorted(names))
    return set(re.findall(rf"\b(?=(?:{one_of})(?:->|\.)(\w+)\b(?!\s*=[^=]))", text))


def ignored_parts(path, body, bodies, sources):
    """Of the requests that stand in this one: fields that its module neither reads nor hands on."""
    text = sources[module_of(path)]
    for kind, name in DECLARED.findall(body):
        if re.search(rf"(?:->|\.){name}\b(?!\s*(?:\.|->|=[^=]))", text):
            continue
        read = reads(text, {name})
        for field in fields_of(bodies[kind]):
            if field not in read:
                yield f"{path}: module {module_of(path)} neither reads {name}.{field} nor hands {name} on"


def main():
    os.chdir(TOP)
    headers = {p: text_of(p) for p in glob.glob("include/neurank/*/*.h") + glob.glob("src/*/*.h")}
    members = {p: names_in(t) for p, t in headers.items()}
    read, sources = {}, {}
    for path in glob.glob("src/*/*.c") + glob.glob("src/*/*/*.c"):
        text, module = text_of(path), module_of(path)
        sources[module] = sources.get(module, "") + text
        names = names_in(text)
        for header, found in members.items():
            owner = module_of(header)
            if owner == module or (header.startswith("include/") and owner in MAY[module].split()):
                for kind, more in found.items():
                    names[kind] = names.get(kind, set()) | more
        for kind, of_kind in names.items():
            if module != FILLS or kind in OF_FILLS:
                read.setdefault(kind, set()).update(reads(text, of_kind))
    requests = [(path, body, kind) for path, text in sorted(headers.items()) for body, kind in REQUEST.findall(text)]
    errors = [f"{path}: nobody reads {field} of {kind}" for path, body, kind in requests
              for field in fields_of(body) if field not in read.get(kind, ())]
    bodies = {kind: body for _, body, kind in requests}
    for path, body, kind in requests:
        errors += ignored_parts(path, body, bodies, sources)
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors or len(requests) < 16 else 0


if __name__ == "__main__":
    sys.exit(main())
