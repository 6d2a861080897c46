"""In bash, TAB completes commands, options, choices, pages, and files where a file is taken;
it offers no files where nobody can guess the value.
TEST: parallel timeout=120 needs=shellcheck"""
import os
import pty
import re
import select
import subprocess
import time

from harness import NEURANK, check, run

PROBE = """
. ./neurank.bash
compopt() { COMPREPLY=("compopt $*"); }
complete -p neurank
while read -r -a COMP_WORDS; do
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    if [ "${COMP_WORDS[COMP_CWORD]}" = _ ]; then COMP_WORDS[COMP_CWORD]=""; fi
    _neurank
    echo "${COMPREPLY[*]}"
done
"""
NOTHING = "compopt +o default"  # bash is told to offer no files


def complete(*lines):
    """What the function replies to each line, whose last word is completed; _ is an empty one."""
    p = subprocess.run(["bash", "-c", PROBE], input="".join(f"{l}\n" for l in lines), capture_output=True, text=True)
    check(p.returncode == 0 and not p.stderr, p.stderr)
    shown = p.stdout.splitlines()
    check(shown[0] == "complete -o default -F _neurank neurank", shown[0])
    check(len(shown) == 1 + len(lines), p.stdout)
    return dict(zip(lines, shown[1:]))


def check_table(commands):
    """Each option of each command, and its choices."""
    wanted = {}
    for command in commands:
        options = re.findall(r"(?m)^  (--\S+) ?(\S*)", run(command, "--help").stdout)
        wanted[f"neurank {command} -"] = " ".join(o for o, _ in options)
        for option, argument in options:
            choices = re.fullmatch(r"[\w-]+(\|[\w-]+)+", argument)
            if choices and not argument[0].isupper():
                wanted[f"neurank {command} {option} _"] = argument.replace("|", " ")
                wanted[f"neurank {command} x {option} ="] = argument.replace("|", " ")
    check(sum("=" in line for line in wanted) > 20, "choices are there")
    found = complete(*wanted)
    for line, reply in wanted.items():
        check(found[line] == reply, f"{line}: {found[line]!r}, {reply!r}")


def check_lines(commands):
    wanted = {"neurank shapley m.onnx d.h5 -o _": "", "neurank import --idx _": "", "neurank show _": "",
              "neurank eval m --logits x": "", "neurank prune --masks = m": "",  # bash offers files
              "neurank shapley --seed _": NOTHING, "neurank show --top = 3": NOTHING,
              "neurank sh": "shapley show", "neurank help exi": "exit-codes",
              "neurank shapley --method = s": "sample", "neurank nonsense -": ""}
    found = complete("neurank _", *wanted)
    for line, reply in wanted.items():
        check(found[line] == reply, f"{line}: {found[line]!r}")
    check(set(found["neurank _"].split()) == commands | {"help", "--help", "--version"}, "all commands")


def check_keys():
    """Keys on a terminal: bash itself calls the function."""
    master, slave = pty.openpty()
    env = {**os.environ, "PATH": f"{os.path.dirname(NEURANK)}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "}
    p = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=slave, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    os.write(master, b". ./neurank.bash; echo rea''dy\n")
    read_until(master, b"ready\r\n")
    os.write(master, b"echo neurank; neurank sho\t --format=cs\tnothing.h\t; echo end''ed $?\n")
    said = read_until(master, b"ended 3\r\n")
    check(b"nothing.h5" in said, f"a file is completed: {said!r}")
    check(b"neurank: error: nothing.h5" in said, f"show --format=csv nothing.h5 was run: {said!r}")
    os.write(master, b"exit\n")
    p.wait(30)
    os.close(master)


def read_until(master, wanted):
    said, end = b"", time.time() + 50
    while wanted not in said and time.time() < end:
        if select.select([master], [], [], 1)[0]:
            said += os.read(master, 4096)
    check(wanted in said, f"{wanted!r} in {said!r}")
    return said


def main():
    with open("neurank.bash", "w") as f:
        f.write(run("--completion-bash").stdout)
    p = subprocess.run(["shellcheck", "-s", "bash", "neurank.bash"], capture_output=True, text=True)
    check(p.returncode == 0, p.stdout)
    open("nothing.h5", "w").close()
    commands = set(re.findall(r"(?m)^  neurank (\S+) ", run("help").stdout)) - {"help"}
    check_table(commands)
    check_lines(commands)
    check_keys()


main()
