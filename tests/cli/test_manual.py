"""Every command and topic has a page: as text it fits the terminal, as roff neither groff nor
man has a word to say about it; every option of a command is on its page, with its meaning and
default; `make install` puts them where man looks.
TEST: parallel timeout=200 needs=groff,man,lexgrog"""
import glob
import os
import re
import subprocess

from harness import NEURANK, TOP, check, message, run
from terminal import CODES, on_terminal

UTF8 = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
TOPICS = {"exit-codes", "networks", "numbers", "pytorch", "store"}


def words(text):
    return " ".join(text.split())


def options_of(command):
    """A line an option: it, its argument, its meaning."""
    lines = [l for l in run(command, "--help").stdout.splitlines() if l.startswith("  --")]
    check(lines and lines[-1].split()[0] == "--help", f"{command}: options")
    return lines


def check_text(page):
    text = run("help", page).stdout
    lines = text.splitlines()
    check(lines[0] == "Name" and "Description" in lines and "See also" in lines, f"{page}: its parts")
    for line in lines:
        check(len(line) <= 80 or line.startswith(" " * 8), f"{page}: {line!r}")
        check(line == line.rstrip(), f"{page}: no blanks at the end of {line!r}")
    check("**" not in text and "](" not in text, f"{page}: no marks are left")
    return text


def check_roff(page, section):
    roff = run("--manual-roff", page).stdout
    name = page if page == "neurank" else f"neurank-{page}"
    path = f"{name}.{section}"
    with open(path, "w") as f:
        f.write(roff)
    p = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", path], capture_output=True, text=True)
    check(p.returncode == 0 and not p.stderr, f"groff of {path}: {p.stderr}")
    p = subprocess.run(["man", "--warnings", "-l", f"./{path}"], capture_output=True, text=True, env=UTF8)
    check(p.returncode == 0 and not p.stderr, f"man of {path}: {p.stderr}")
    p2 = subprocess.run(["lexgrog", path], capture_output=True, text=True)
    check(f'"{name} - ' in p2.stdout, f"whatis finds {path}: {p2.stdout}")
    return re.sub("[\u2010\u2212]", "-", re.sub(".\b", "", p.stdout))


def check_options(command, text, shown):
    for line in options_of(command):
        option, meaning = line.split(None, 1)[0], words(line)
        check(re.search(rf"(?m)^    {option}\b", text), f"{command}: {option} in the text")
        check(meaning in words(text), f"{command}: {meaning!r} in the text")
        check(meaning in words(shown), f"{command}: {meaning!r} in man")


def check_terminal():
    for columns in (50, 100):
        text = on_terminal(columns, "help", "numbers")
        lines = CODES.sub("", text).splitlines()
        check(columns - 12 < max(map(len, lines)) <= columns, f"{columns} columns")
        check("\x1b[1mPlaces\x1b[0m" in text, "headings are bold")
        check("\x1b" not in on_terminal(columns, "help", "numbers", NO_COLOR="1"), "but for NO_COLOR")


def check_refusals():
    check('did you mean "shapley"' in message(run("help", "shaply", expect=2)), "the nearest page")
    check("one command or topic" in message(run("help", "shapley", "show", expect=2)), "two pages")
    run("--manual-roff", "nothing", expect=2)


def check_install():
    """Over what is built: nothing is compiled here."""
    folder = os.path.abspath("there")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    p = subprocess.run(["make", "-s", "-C", TOP, "install", "INSTALL_PACKAGES=0", f"DESTDIR={folder}", "PREFIX=/usr"],
                       capture_output=True, text=True, env=env)
    check(p.returncode == 0, f"make install: {p.stderr}")
    p = subprocess.run(["man", "-M", f"{folder}/usr/share/man", "neurank-shapley"], capture_output=True, text=True, env=UTF8)
    check("NEURANK-SHAPLEY(1)" in p.stdout and not p.stderr, f"man neurank-shapley: {p.stderr}")
    p = subprocess.run(["man", "-M", f"{folder}/usr/share/man", "neurank-store"], capture_output=True, text=True, env=UTF8)
    check("NEURANK-STORE(7)" in p.stdout, "man neurank-store")
    with open(f"{folder}/usr/share/bash-completion/completions/neurank") as f:
        check(f.read() == run("--completion-bash").stdout, "the completion")


def main():
    pages = dict(l.split() for l in run("--manual-pages").stdout.splitlines())
    files = {os.path.basename(p)[:-3] for p in glob.glob(f"{TOP}/src/cli/man/*.md")}
    overview = run("help").stdout
    commands = set(re.findall(r"(?m)^  neurank (\S+) ", overview)) - {"help"}
    check(pages.keys() == files == commands | TOPICS | {"neurank"}, f"pages: {sorted(pages.keys() ^ files)}")
    check(run("--help").stdout == overview, "--help is help")
    for page, section in pages.items():
        check(section == ("7" if page in TOPICS else "1"), f"section of {page}")
        check(page == "neurank" or f"neurank help {page} " in overview or page in commands, f"help names {page}")
        text, shown = check_text(page), check_roff(page, section)
        if page in commands:
            check_options(page, text, shown)
            check(words(run(page, "--help").stdout.splitlines()[0]) in words(text), f"{page}: synopsis")
        with open(f"{TOP}/src/cli/man/{page}.md", encoding="utf-8") as f:
            check(not re.search(r"(?m)^(\||>|\d+\. |###|  +\* |- )", f.read()), f"{page}.md: what the printers know")
    check_terminal()
    check_refusals()
    check_install()


main()
