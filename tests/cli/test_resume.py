"""A run that was stopped, killed or extended ends with the bits of one that was not; a
store of another run is refused with exit 4, naming what differs; a complete one is left
alone.
TEST: parallel timeout=600"""
import os
import signal

import h5py
from harness import (DATA, ENDLESS, Running, Stepped, check, enough, fashion, layers_of, message,
                     patience, run, same, units_in)
from torture import ranks_of, send

MODEL = f"{DATA}/lenet5.onnx"


def args(output, sweeps=3, *more):
    return ["shapley", MODEL, "fashion.h5", "--layer", "conv1,conv2", "--images", 200,
            "--sweeps", sweeps, "--by-class", "--per-image", "-o", output, *more]


def exact(output, *more):
    """Two units share a block."""
    return ["shapley", MODEL, "fashion.h5", "--layer", "conv1", "--filters", "0-13", "--images",
            24, "--method", "exact", "--by-class", "--per-image", "-o", output, *more]


def interrupted(p, store, number):
    """Sends a run a signal in the midst of it: after a checkpoint that it has added to."""
    p.until_saved(store)
    p.send_signal(number)
    p.wait()
    return p.returncode


def often(output):
    return args(output, ENDLESS, "--checkpoint-every", "0.1s")


def kill_ranks(output):
    """What a killed mpirun leaves behind."""
    while ranks_of(output):
        send(ranks_of(output), signal.SIGKILL)


def read_meanwhile():
    """Whoever reads a store while its run goes on sees one whole store or the next."""
    p = Running(*often("read.h5"))
    p.until_saved("read.h5")
    for _ in range(80):
        run("verify", "read.h5")
    run("show", "read.h5", "--format", "json")
    check(p.poll() is None, "the run goes on")
    p.kill()
    p.wait()


def ended(output, ranks):
    """An endless run, ended: the bits of one that had no end but this, and never stopped."""
    sweeps = enough(output)
    run(*args(output, sweeps), ranks=ranks)
    whole = f"whole{sweeps}.h5"
    if not os.path.exists(whole):
        run(*args(whole, sweeps))
    same(whole, output)


def time_limits():
    for ranks, limit_s in ((0, 0.3), (2, 0.5), (0, 0.5)):
        run(*args("limit.h5", ENDLESS, "--time-limit", f"{patience(limit_s):.1f}s"), ranks=ranks,
            expect=75)
        check("partial" in run("show", "limit.h5").stdout, "the store says that it is partial")
    ended("limit.h5", 3)


def signals():
    for number, wanted in ((signal.SIGTERM, 75), (signal.SIGINT, 75), (signal.SIGUSR1, 75),
                           (signal.SIGKILL, -9)):
        code = interrupted(Running(*often("signal.h5")), "signal.h5", number)
        check(code == wanted, f"{number.name} ends with {code}")
    ended("signal.h5", 2)
    p = Running(*often("mpi.h5"), ranks=2)
    check(interrupted(p, "mpi.h5", signal.SIGKILL) != 0, "mpirun was killed")
    kill_ranks("mpi.h5")
    ended("mpi.h5", 2)


def second_layer():
    """Stopped when the first of two layers is complete, and the second one just begun."""
    p = Stepped(*args("second.h5", 4, "--checkpoint-every", "0.1s"), store="second.h5")
    p.until_stands("the first layer is complete", lambda: sweeps_of("second.h5") == [4, 0])
    p.steps()
    p.send_signal(signal.SIGTERM)
    p.ends(75)
    check(layers_begun("second.h5") == 2, "the second layer is begun")
    run(*args("second.h5", 4), ranks=2)
    run(*args("whole4.h5", 4))
    same("whole4.h5", "second.h5")


def sweeps_of(output):
    with h5py.File(output) as f:
        return [int(layer.attrs["sweeps"]) for layer in layers_of(f)]


def layers_begun(output):
    with h5py.File(output) as f:
        return sum(layer.attrs["samples"] > 0 for layer in layers_of(f))


def pieces():
    """An exact run, whose end nobody can set: its units are many."""
    run(*exact("exact.h5"))
    for number in (signal.SIGTERM, signal.SIGKILL):
        before = units_in("pieces.h5")
        p = Stepped(*exact("pieces.h5", "--checkpoint-every", "0.1s"), store="pieces.h5")
        p.until_stands("pieces are done", lambda: units_in("pieces.h5") > before)
        p.send_signal(number)
        p.ends(75 if number == signal.SIGTERM else -9)
    shown = run("show", "pieces.h5").stdout
    check("values are known when every coalition is evaluated" in shown, shown)
    run(*exact("pieces.h5"), ranks=3)
    same("exact.h5", "pieces.h5")


def main():
    fashion()
    read_meanwhile()
    time_limits()
    signals()
    second_layer()
    pieces()
    run(*args("whole.h5"))
    run(*args("extended.h5", 1))
    run(*args("extended.h5", 3))
    same("whole.h5", "extended.h5")
    before = os.stat("extended.h5").st_mtime_ns
    p = run(*args("extended.h5", 2))
    check("extended.h5 is complete: nothing to do" in p.stderr, p.stderr)
    check(os.stat("extended.h5").st_mtime_ns == before, "a complete store is not touched")

    for names in ("/conv1/Conv,/conv2/Conv", "/conv1/Conv_output_0,conv2"):
        named = args("extended.h5", 3)
        named[named.index("--layer") + 1] = names
        check("nothing to do" in run(*named).stderr, f"{names} are the same layers")
    named[named.index("--layer") + 1] = "conv1"
    p = run(*named, expect=4)
    check("layers is conv1,conv2 there, conv1 here" in message(p), message(p))

    p = run(*args("whole.h5", 3, "--seed", 7, "--metric", "accuracy"), expect=4)
    check("seed is 1 there, 7 here" in message(p), message(p))
    check(message(p).startswith("whole.h5 belongs to another run: "), message(p))
    p = run(*args("whole.h5", 3, "--metric", "accuracy"), expect=4)
    check("metric is loss there, accuracy here" in message(p), message(p))
    p = run(*args("whole.h5", 3, "--seed", 7, "--fresh"))
    check(os.path.exists("whole.h5.old"), "--fresh keeps the old store")
    same("whole.h5.old", "extended.h5")


main()
