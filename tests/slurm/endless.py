#!/usr/bin/python3
"""Stands in for neurank in a job that is to be stopped before it is done, however fast the
machine is and whenever the test looks.

$STARTS_ENDLESS starts of the job have no end of their own. The first that comes after them ends
what has been begun, and one more sweep (or epoch) than that: the store says how many they were.
If it is stopped, too, later ones have the same goal, and reach it however slow the machine is.
"""
import os
import signal
import sys

from harness import ENDLESS, enough

PROGRAM = os.environ["ENDLESS_PROGRAM"]
GOALS = {"shapley": "--sweeps", "switch": "--epochs"}


def goal(store):
    """Every rank comes here, so the note is whole as soon as it has its name; what they write
    is the same, since nobody computes before all have begun."""
    note = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.environ["SLURM_JOB_ID"])
    if not os.path.exists(note):
        with open(f"{note}.{os.getpid()}", "w") as f:
            f.write(str(enough(store)))
        os.rename(f"{note}.{os.getpid()}", note)
    with open(note) as f:
        return int(f.read())


def main():
    words = sys.argv[1:]
    # One that comes before the program itself listens would end it; ignored ones stay so until
    # it does.
    for number in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if words[0] in GOALS:
        starts = int(os.environ.get("SLURM_RESTART_COUNT", 0))
        store = words[words.index("-o") + 1]
        last = starts >= int(os.environ["STARTS_ENDLESS"])
        words += [GOALS[words[0]], str(goal(store) if last else ENDLESS)]
    os.execv(PROGRAM, [PROGRAM, *words])


main()
