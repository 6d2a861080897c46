"""A signal to any rank, a launcher that dies, a rank that dies, a job that ends: the run stops
in time, with all that is finished, and the same command goes on. A second run on a store is
refused.
TEST: parallel timeout=240"""
import glob
import os
import re
import signal
import time

import h5py
import numpy as np
from harness import (DATA, ENDLESS, NEURANK, Running, check, fashion, message, patience, run,
                     whole_patience)
from torture import ranks_of, send

LENET = f"{DATA}/lenet5.onnx"


def args(output, *more, sweeps=ENDLESS):
    return ["shapley", LENET, "fashion.h5", "--layer", "conv2", "--sweeps", sweeps, "-o", output,
            *more]


def under_way(p, output, size, layer="conv2"):
    """Waits until the run computes: all ranks are there, and a progress line was shown."""
    p.until("all ranks are there", lambda: len(ranks_of(output)) == size)
    p.until_said(f"neurank: {layer}: ")
    return sorted(ranks_of(output))


def any_rank():
    """Rank 0, the others, all: each signal, one or many times."""
    for number, chosen in ((signal.SIGTERM, [2]), (signal.SIGUSR1, [1]), (signal.SIGINT, [0]),
                           (signal.SIGUSR1, [0, 1, 2]), (signal.SIGTERM, [1, 2])):
        p = Running(*args("any.h5"), ranks=3)
        ranks = under_way(p, "any.h5", 3)
        for _ in range(3):
            send([ranks[k] for k in chosen], number)
            time.sleep(0.05)
        text = p.ends(75, 6)
        check("stopped early; the same command goes on from any.h5" in text, text)
        run("verify", "any.h5")
    with h5py.File("any.h5") as f:
        check(f["conv2"].attrs["ended_by"] == "signal", "the store says why it stopped")


def long_units():
    """Blocks that take long, half a minute on a core of 2025: one signal waits for them, a
    second one does not."""
    words = ["shapley", "slow.onnx", "slow.h5", "--layer", "0",
             "--sweeps", 1000, "-o", "long.h5"]
    for ranks in (0, 2):
        p = Running(*words, ranks=ranks)
        pids = under_way(p, "long.h5", max(ranks, 1), layer="0")
        send(pids[-1:], signal.SIGUSR1)
        time.sleep(11)  # the program's patience is ten, on any machine
        check(p.poll() is None, f"it waits for the unit under way, not {p.poll()}: {ranks} ranks")
        send(pids[-1:], signal.SIGUSR1)
        p.ends(75, 6)
        check("partial" in run("verify", "long.h5").stdout, "it has saved")
        os.remove("long.h5")


def job_end():
    """SLURM's end of the job, from the environment: a tenth of what is left before it."""
    soon = str(int(time.time()) + whole_patience(9))
    p = run(*args("job.h5"), env={"SLURM_JOB_END_TIME": soon}, expect=75)
    check(time.time() < int(soon), "it has stopped before")
    check("SLURM ends this job in" in p.stderr, p.stderr)
    p = run(*args("job.h5", "--time-limit", "0.2s"), env={"SLURM_JOB_END_TIME": "4102444800"},
            expect=75)
    check("SLURM" not in p.stderr, p.stderr)


def dead_rank():
    for victim in (0, 1, 2):
        p = Running(*args("dead.h5", "--checkpoint-every", "0.2s"), ranks=3)
        ranks = under_way(p, "dead.h5", 3)
        send([ranks[victim]], signal.SIGKILL)
        p.ends(137, 10)
        run("verify", "dead.h5")
    check(not ranks_of("dead.h5"), "no rank lives on")


def nothing_is_left_in_memory():
    """Files in /dev/shm that killed ranks have left go away at the next start."""
    old = f"/dev/shm/vader_segment.{os.uname().nodename}.{os.getuid()}.1234567.0"
    own = f"/dev/shm/neurank.{os.getuid()}.4194303.7"
    for path in (old, own):
        with open(path, "wb") as f:
            f.write(bytes(100))
        os.utime(path, (time.time() - 3,) * 2)
    p = Running(*args("left.h5"), ranks=2)
    ranks = under_way(p, "left.h5", 2)
    check(not os.path.exists(old) and not os.path.exists(own), "what was left is gone")
    named = [p for pid in ranks for p in glob.glob(f"/dev/shm/neurank.{os.getuid()}.{pid}.*")]
    check(not named, f"shared memory has no name: {named}")
    send([p.pid, *ranks], signal.SIGKILL)
    p.wait()


def second_run():
    p = Running(*args("both.h5"), ranks=2)
    under_way(p, "both.h5", 2)
    began = time.time()
    q = run(*args("both.h5"), expect=5)
    check("both.h5 is being written by process" in q.stderr, q.stderr)
    check("another run is writing it, process" in message(q), message(q))
    check(8 < time.time() - began < patience(15), "it waits ten seconds")
    # one that SLURM has started again waits longer than the first may need to end
    r = Running(*args("both.h5", "--time-limit", "0.1s"), env={"SLURM_RESTART_COUNT": "1"})
    r.until_said("both.h5 is being written by process")
    send(ranks_of("both.h5"), signal.SIGUSR1)
    p.ends(75, 6)
    r.ends(75, 8)  # it had its turn
    check("nothing to do" not in run("show", "both.h5").stderr, "the store is there")


def without_locks():
    """Where a file system has none, a second run is noticed when the first one writes, and
    neither destroys what the other has written: at the end, and at a checkpoint, before which
    the first run stands still until the second has come and gone."""
    library = os.path.join(os.path.dirname(NEURANK), "tests", "faults.so")
    env = {"LD_PRELOAD": library, "NR_FAULT_PATH": ".h5.lock", "NR_FAULT_AT": "2",
           "NR_FAULT_KIND": "ENOLCK"}
    for every in ("1h", "2s"):
        for path in glob.glob("free.h5*"):
            os.remove(path)
        first = Running(*args("free.h5", "--checkpoint-every", every), env=env)
        under_way(first, "free.h5", 1)
        if every != "1h":
            first.until_saved("free.h5")
            send(ranks_of("free.h5"), signal.SIGSTOP)
        second = run(*args("free.h5", "--time-limit", f"{patience(1):.1f}s", "--checkpoint-every", "0.2s"),
                     env=env, expect=75)
        check("has no locks" in second.stderr, second.stderr)
        # it saves what it has, or goes on to its next checkpoint
        send(ranks_of("free.h5"), signal.SIGUSR1 if every == "1h" else signal.SIGCONT)
        text = first.ends(5, 15)
        check("another run" in text or "wrote it (generation" in text, text)
        check("the results are in ./free.h5.rescue" in text, text)
        run("verify", "free.h5", "free.h5.rescue")


def bad_values():
    """Images of which one gives no finite score: its unit is named, and nothing is lost."""
    with h5py.File("fashion.h5") as f:
        x, y = f["images"][:300].astype(np.float32) / 255, f["labels"][:300]
    with h5py.File("bad.h5", "w") as f:
        x[123] = 1e30
        f["images"], f["labels"] = x, y
    words = ["shapley", LENET, "bad.h5", "--layer", "conv2", "--sweeps", 3, "-o", "nan.h5"]
    for ranks in (0, 3):
        p = run(*words, ranks=ranks, expect=1)
        text = message(p)
        check('layer "conv2", block ' in text and "the value of the coalition of all" in text
              and "a number below 2^16 is expected" in text, text)
        check("partial" in run("verify", "nan.h5").stdout, "the rest is saved")
    with h5py.File("bad.h5", "r+") as f:
        x[123] = 0.5
        f["images"][...] = x
    p = run(*words, expect=4)
    check("data is" in message(p), "other images are another run")


def bad_coalition():
    """Two filters that cancel each other: only without one of them the value is none."""
    import torch
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 1), torch.nn.ReLU(), torch.nn.Flatten(),
                              torch.nn.Linear(48, 2)).eval()
    with torch.no_grad():
        net[0].weight[:], net[0].bias[:], net[3].weight[:] = 1, 1, 0
        net[3].weight[0, :16], net[3].weight[0, 16:32] = 1e30, -1e30
    torch.onnx.export(net, torch.zeros(1, 1, 4, 4), "cancel.onnx")
    with h5py.File("ones.h5", "w") as f:
        f["images"], f["labels"] = np.ones((40, 1, 4, 4), np.float32), np.ones(40, int)
    words = ["shapley", "cancel.onnx", "ones.h5", "--layer", "0", "-o", "cancel.h5"]
    text = message(run(*words, expect=1))
    m = re.search(r'layer "0", block (\d+): the value of the coalition of (only|all but) the '
                  r"first 1 of the permutation ([01]),([01]) is -", text)
    check(m and "; filters that change nothing there (1) are left out" in text, text)
    text = message(run(*words[:-2], "--method", "exact", "-o", "exact.h5", expect=1))
    check(re.search(r"the value of the coalition [01] is -", text), text)


def slow_network():
    import torch
    torch.manual_seed(1)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 384, 3, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(384, 384, 3, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(384, 384, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(8),
        torch.nn.Flatten(), torch.nn.Linear(384 * 36, 10)).eval()
    torch.onnx.export(net, torch.zeros(1, 3, 48, 48), "slow.onnx")
    with h5py.File("slow.h5", "w") as f:
        f["images"] = np.random.default_rng(1).normal(size=(64, 3, 48, 48)).astype("f4")
        f["labels"] = np.arange(64) % 10


fashion()
any_rank()
job_end()
dead_rank()
nothing_is_left_in_memory()
second_run()
without_locks()
bad_values()
bad_coalition()
slow_network()
long_units()
