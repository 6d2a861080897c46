#!/usr/bin/env python3
"""Public headers are contracts (src/STYLE.md). A function has a comment of its own, above or
beside it, or shares one with its group: functions that follow each other with no blank line
and no other comment between. One that returns nr_status says how it fails: that comment
names a code, or another function whose failures it has ("fails as nr_..."), or the comment
at the header's head has a sentence that begins with "Failures:" and names a code."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

COMMENT = re.compile(r"/\*(.*?)\*/", re.S)
TITLE = re.compile(r"-+ [\w ]+ -+")
# In clang-format's style: from column 0 to the end of a prototype, or to a body.
FUNCTION = re.compile(r"^(?:__attribute__\(\(\w+\)\) )?(\w[\w \*]*?)\b(nr_\w+)\([^;{]*[;{]", re.M)
CODE = r"\bNR_(?:ERR_[A-Z]+|STOPPED)\b"
SAYS = re.compile(CODE + r"|\b[Ff]ails as nr_\w+")
RULE = re.compile(r"\bFailures:[^.]*" + CODE)


def words(comment):
    return " ".join(re.sub(r"^ *\* ?", "", comment, flags=re.M).split())


def functions(text):
    """[(line, name, returns nr_status, all that its comments say)]"""
    comments = [(m.start(), m.end(), words(m.group(1))) for m in COMMENT.finditer(text)]
    comments = [c for c in comments if not TITLE.fullmatch(c[2])]
    code = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    for m in FUNCTION.finditer(code):
        above = [c[2] for c in comments if c[1] <= m.start() and "\n\n" not in text[c[1]:m.start()]
                 and (c[0] == 0 or text[c[0] - 1] == "\n")]
        beside = [c[2] for c in comments if m.start() <= c[0] < text.index("\n", m.end())]
        fails = m.group(1).replace("typedef ", "").startswith("nr_status")
        yield text.count("\n", 0, m.start()) + 1, m.group(2), fails, " ".join(above[-1:] + beside)


def check(path):
    with open(path) as f:
        text = f.read()
    head = COMMENT.match(text)
    rule = head and RULE.search(words(head.group(1)))
    errors = []
    for line, name, fails, said in functions(text):
        if not said:
            errors.append(f"{path}:{line}: {name} has no comment, nor has its group")
        elif fails and not rule and not SAYS.search(said):
            errors.append(f"{path}:{line}: {name} does not say how it fails")
    return errors


def main():
    os.chdir(TOP)
    files = sorted(glob.glob("include/neurank/*/*.h"))
    errors = [error for path in files for error in check(path)]
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors or len(files) < 50 else 0


sys.exit(main())
