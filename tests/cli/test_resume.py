"""A run that was stopped, killed or extended ends with the bits of one that was not; a
store of another run is refused with exit 4, naming what differs; a complete one is left
alone.
TEST: timeout=600"""
import os
import signal
import subprocess
import time

from harness import DATA, NEURANK, check, fashion, message, run, same

MODEL = f"{DATA}/lenet5.onnx"


def args(output, sweeps=3, *more):
    return ["shapley", MODEL, "fashion.h5", "--layer", "conv1,conv2", "--images", 600,
            "--sweeps", sweeps, "--by-class", "--per-image", "-o", output, *more]


def exact(output, *more):
    """Two units share a block."""
    return ["shapley", MODEL, "fashion.h5", "--layer", "conv1", "--filters", "0-13", "--images",
            12, "--method", "exact", "--by-class", "--per-image", "-o", output, *more]


def interrupted(output, number, ranks, line=None):
    """Starts a run and sends it a signal in the midst of it."""
    command = [NEURANK, *map(str, line or args(output, 3, "--checkpoint-every", "0.1s"))]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    before = os.stat(output).st_mtime_ns if os.path.exists(output) else 0
    p = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # in the midst of it: after the first checkpoint
    for _ in range(2):
        while not os.path.exists(output) or os.stat(output).st_mtime_ns == before:
            check(p.poll() is None, f"the run ended before {number.name}")
            time.sleep(0.01)
        before = os.stat(output).st_mtime_ns
    p.send_signal(number)
    p.communicate()
    return p.returncode


def kill_ranks(word):
    """What a killed mpirun leaves behind."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if word.encode() in f.read():
                    os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass


def read_meanwhile():
    """Whoever reads a store while its run goes on sees one whole store or the next."""
    p = subprocess.Popen([NEURANK, *map(str, args("read.h5", 400, "--checkpoint-every", "0.1s"))],
                         stderr=subprocess.DEVNULL)
    while not os.path.exists("read.h5"):
        check(p.poll() is None, "the run has begun")
        time.sleep(0.01)
    for _ in range(80):
        run("verify", "read.h5")
    run("show", "read.h5", "--format", "json")
    check(p.poll() is None, "the run goes on")
    p.kill()
    p.wait()


def main():
    fashion()
    read_meanwhile()
    run(*args("whole.h5"))

    run(*args("limit.h5", 3, "--time-limit", "0.3s"), expect=75)
    check("partial" in run("show", "limit.h5").stdout, "the store says that it is partial")
    for ranks in (2, 0):
        run(*args("limit.h5", 3, "--time-limit", "0.5s"), ranks=ranks, expect=75)
    run(*args("limit.h5"), ranks=3)
    same("whole.h5", "limit.h5")

    for number, wanted in ((signal.SIGTERM, 75), (signal.SIGINT, 75), (signal.SIGUSR1, 75),
                           (signal.SIGKILL, -9)):
        code = interrupted("signal.h5", number, 1)
        check(code == wanted, f"{number.name} ends with {code}")
    run(*args("signal.h5"), ranks=2)
    same("whole.h5", "signal.h5")
    check(interrupted("mpi.h5", signal.SIGKILL, 2) != 0, "mpirun was killed")
    kill_ranks("mpi.h5")
    run(*args("mpi.h5"), ranks=2)
    same("whole.h5", "mpi.h5")

    run(*exact("exact.h5"))
    for number in (signal.SIGTERM, signal.SIGKILL):
        interrupted("pieces.h5", number, 1, exact("pieces.h5", "--checkpoint-every", "0.1s"))
    shown = run("show", "pieces.h5").stdout
    check("values are known when every coalition is evaluated" in shown, shown)
    run(*exact("pieces.h5"), ranks=3)
    same("exact.h5", "pieces.h5")

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
