#!/usr/bin/python3
"""Runs tests and says which failed: tests/tools/run.py [-v] NEURANK TEST...

A test is an executable or a Python file; it passes by ending with 0 in time. The head of
its source may say `TEST: timeout=SECONDS` (60 otherwise). Tests that pass show one line,
others (with -v: all) what they wrote. Tests find the program in $NEURANK and work in $PWD, a
temporary folder of their own.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def timeout_of(test):
    source = test
    if not test.endswith(".py"):
        m = re.search(r"build/\w+/tests/(.*)$", test)
        source = f"{TOP}/tests/unit/{m.group(1)}.c" if m else test
    with open(source, errors="replace") as f:
        m = re.search(r"TEST:.*?timeout=(\d+)", f.read(4096))
    return int(m.group(1)) if m else 60


def environment(neurank):
    env = dict(os.environ)
    for name in list(env):  # a test is no part of the job it may be started from
        if name.startswith(("SLURM_", "OMPI_", "PMIX_", "MUNGE_")):
            del env[name]
    env.update(NEURANK=os.path.abspath(neurank), NEURANK_TOP=TOP,
               PYTHONPATH=f"{TOP}/tests/tools:{TOP}/tests/slurm:{TOP}/data", PYTHONDONTWRITEBYTECODE="1",
               OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1",
               OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    return env


def run(test, env, verbose):
    folder = tempfile.mkdtemp(prefix="neurank-test-")
    command = ["/usr/bin/python3", test] if test.endswith(".py") else [test]
    limit = timeout_of(test)
    start = time.time()
    try:
        done = subprocess.run(command, cwd=folder, env=env, timeout=limit,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        good, text = done.returncode == 0, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as e:
        good = False
        text = (e.stdout or b"").decode(errors="replace") + f"\nstopped after {limit} s"
    shutil.rmtree(folder, ignore_errors=True)
    name = re.sub(r".*/tests/", "", test)
    print(f"{'ok    ' if good else 'FAILED'} {name} ({time.time() - start:.1f} s)", flush=True)
    if not good or verbose and text:
        print("    " + text.replace("\n", "\n    "), flush=True)
    return good


def main():
    verbose = sys.argv[1] == "-v"
    neurank, *tests = sys.argv[1 + verbose:]
    env = environment(neurank)
    results = [run(os.path.abspath(t), env, verbose) for t in tests]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed", flush=True)
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
