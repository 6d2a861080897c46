#!/usr/bin/python3
"""Runs tests and says which failed: tests/tools/run.py [-v] [-jN] [--installed] NEURANK TEST...

A test is an executable or a Python file; it passes by ending with 0 in time. The head of
its source may say `TEST: timeout=SECONDS` (60 otherwise), of a quiet machine: where it is slow or busy
they have more (patience.py). -jN: executables run N at a time, and so do
Python files that say `TEST: parallel`, those with the most time first; then the others, which need the
machine's time to themselves. Tests
that pass show one line, others (with -v: all) what they wrote. Tests find the program in $NEURANK, what
starts it on several ranks in $NEURANK_MPIRUN (mpirun, or as it is set), and work in $PWD, a temporary
folder of their own. --installed: tests that need what is not here (needs.py) are left out, and said.
"""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import needs
import patience

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def head_of(test):
    """What stands behind TEST: in the test's source."""
    source = test
    if not test.endswith(".py"):
        m = re.search(r"build/[^/]+/tests/(.*)$", test)
        source = f"{TOP}/tests/unit/{m.group(1)}.c" if m else test
    with open(source, errors="replace") as f:
        m = re.search(r"TEST:(.*)", f.read(4096))
    return m.group(1) if m else ""


def timeout_of(test):
    m = re.search(r"timeout=(\d+)", head_of(test))
    return int(m.group(1)) if m else 60


def is_parallel(test):
    return not test.endswith(".py") or "parallel" in head_of(test)


under_way = set()  # tests, each the head of a group of processes


def programs_of(test):
    m = re.search(r"needs=([\w.+,-]+)", head_of(test))
    return m.group(1).split(",") if m else []


def without_lacking(tests):
    """Those that can run here; says what is left out, and why."""
    kept = []
    for test in tests:
        missing = needs.lacking(test, programs_of(test))
        if missing:
            print(f"left out {re.sub(r'.*/tests/', '', test)}: no {', '.join(missing)} here", flush=True)
        else:
            kept.append(test)
    return kept


def environment(neurank):
    env = dict(os.environ)
    for name in list(env):  # a test is no part of the job it may be started from
        if name.startswith(("SLURM_", "OMPI_", "PMIX_", "PRTE_", "MUNGE_")):
            del env[name]
    env.update(NEURANK=os.path.abspath(neurank), NEURANK_TOP=TOP,
               PYTHONPATH=f"{TOP}/tests/tools:{TOP}/tests/slurm:{TOP}/data", PYTHONDONTWRITEBYTECODE="1",
               OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               # more ranks than cores: Open MPI 4, and the launcher of Open MPI 5
               OMPI_MCA_rmaps_base_oversubscribe="1",
               PRTE_MCA_rmaps_default_mapping_policy=":oversubscribe",
               OMPI_MCA_mpi_yield_when_idle="1",
               # else the ranks of all tests that run at a time would share the first two cores
               OMPI_MCA_hwloc_base_binding_policy="none",
               PRTE_MCA_hwloc_default_binding_policy="none",
               OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    env.setdefault("NEURANK_MPIRUN", "mpirun")
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1")  # as from GCC 13 on by itself
    return env


def end_group(p):
    """What a test has started and left behind, a run without an end say, ends with it."""
    try:
        os.killpg(p.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def interrupted(*_):
    """Ctrl-C does not reach the tests, which have sessions of their own."""
    for p in list(under_way):
        stop(p)
        end_group(p)
    os._exit(130)


def stop(p):
    """Interrupted, so that it can end what it has started, a cluster say."""
    p.send_signal(signal.SIGINT)
    try:
        p.wait(patience.patience(30))
    except subprocess.TimeoutExpired:
        pass


def code_of(p, timeout):
    """How it ended; None: it took too long for this machine."""
    begin = time.monotonic()
    while True:
        left = patience.patience(timeout) - (time.monotonic() - begin)
        try:
            return p.wait(max(left, 0.1))
        except subprocess.TimeoutExpired:
            if left <= 0:
                stop(p)
                return None


def output_of(command, folder, env, timeout):
    """(exit code, what it wrote), of the test alone: it is over when its process is."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out:
        p = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, start_new_session=True,
                             stdout=out, stderr=out)
        under_way.add(p)
        try:
            code = code_of(p, timeout)
        finally:
            end_group(p)
            under_way.discard(p)
        out.seek(0)
        text = out.read().decode(errors="replace")
    return code, text if code is not None else f"{text}\nstopped after {time.monotonic() - begin:.0f} s"


def run(test, env, verbose):
    folder = tempfile.mkdtemp(prefix="neurank-test-")
    command = ["/usr/bin/python3", test] if test.endswith(".py") else [test]
    start = time.time()
    code, text = output_of(command, folder, env, timeout_of(test))
    good = code == 0
    shutil.rmtree(folder, ignore_errors=True)
    name = re.sub(r".*/tests/", "", test)
    said = f"{'ok    ' if good else 'FAILED'} {name} ({time.time() - start:.1f} s)\n"
    if not good or verbose and text:
        said += "    " + text.replace("\n", "\n    ") + "\n"
    sys.stdout.write(said)  # at once: others may write
    sys.stdout.flush()
    return good


def main():
    arguments = sys.argv[1:]
    verbose, jobs, installed = False, 1, False
    while arguments[0].startswith("-"):
        option = arguments.pop(0)
        verbose |= option == "-v"
        installed |= option == "--installed"
        if option.startswith("-j"):
            jobs = int(option[2:])
    neurank, *wanted = arguments
    tests = without_lacking(wanted) if installed else wanted
    env = environment(neurank)

    def one(test):
        return run(os.path.abspath(test), env, verbose)

    with tempfile.TemporaryDirectory(prefix="neurank-run-") as folder:
        os.environ["NEURANK_SLOWNESS"] = env["NEURANK_SLOWNESS"] = f"{folder}/slowness"
        watch = patience.Watch(jobs, f"{folder}/slowness")
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            together = sorted(filter(is_parallel, tests), key=timeout_of, reverse=True)
            results = list(pool.map(one, together))
        results += [one(t) for t in tests if not is_parallel(t)]
        watch.close()
    print(f"at the worst the machine was {watch.factor:.1f} times as slow as a quiet one")
    left_out = f", {len(wanted) - len(tests)} skipped" if installed else ""
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed{left_out}", flush=True)
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    sys.exit(main())
