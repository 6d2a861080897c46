"""The switch and baselines: the same bits for any number of ranks and after stops, beside
Shapley values that stay as they are; another plan is refused; what was written verifies.
TEST: timeout=200"""
import csv
import io
import os
import signal
import subprocess
import time

import h5py
import numpy as np
from harness import DATA, NEURANK, check, fashion, message, results, run, same

MODEL = f"{DATA}/lenet5.onnx"


def steps_in(store):
    """Of the switch, in the file; 0 without one."""
    if not os.path.exists(store):
        return 0
    rows = csv.DictReader(io.StringIO(run("status", store, "--format", "csv").stdout))
    with h5py.File(store) as f:
        saved = f["conv2/switch"].attrs["steps"] if "conv2/switch" in f else 0
    check(all(r["method"] == "switch" for r in rows), "status knows what goes on")
    return saved


def check_signals(switch):
    """Each signal, and kill -9, in the midst of it: the same bits in the end."""
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGKILL, signal.SIGKILL):
        before = steps_in("signal.h5")
        p = subprocess.Popen([NEURANK, *map(str, switch), "-o", "signal.h5", "--checkpoint-every", "0.1s"],
                             stderr=subprocess.PIPE, text=True)
        while steps_in("signal.h5") <= before:
            check(p.poll() is None, f"it goes on: {p.poll()}")
            time.sleep(0.02)
        p.send_signal(number)
        text = p.communicate(timeout=30)[1]
        wanted = -9 if number == signal.SIGKILL else 75
        check(p.returncode == wanted, f"{number}: {p.returncode}: {text}")
        check(wanted == -9 or "stopped early" in text, text)
        run("verify", "signal.h5")
    run(*switch, "-o", "signal.h5", ranks=2)


def main():
    data = fashion()
    switch = ["switch", MODEL, data, "--layer", "conv2", "--images", 200, "--epochs", 40]
    base = ["baseline", MODEL, data, "--layer", "conv2", "--images", 200]
    run("shapley", MODEL, data, "--layer", "conv2", "--images", 200, "-o", "a.h5")
    before = results("a.h5")
    for ranks in (0, 2, 3):
        store = "a.h5" if ranks == 0 else f"{ranks}.h5"
        run(*switch, "-o", store, ranks=ranks)
        run(*base, "-o", store, ranks=ranks)
    after = results("a.h5")
    for name, value in before.items():
        check(after[name] == value, f"{name} is kept")
    same("2.h5", "3.h5")
    codes = []
    while not codes or codes[-1] == 75:
        codes.append(run(*switch, "-o", "stopped.h5", "--time-limit", "0.7s",
                         ranks=1 + len(codes) % 2, expect=None).returncode)
    check(codes[-1] == 0 and len(codes) > 1, f"stopped at least once: {codes}")
    run(*base, "-o", "stopped.h5")
    same("2.h5", "stopped.h5")
    check_signals(switch)
    run(*base, "-o", "signal.h5")
    same("2.h5", "signal.h5")
    check("alpha0 is 2 there, 1 here" in
          message(run(*switch, "-o", "a.h5", "--alpha0", 1, expect=4)), "another plan")
    check("200 with --seed 1 there, 200 with --seed 2 here" in
          message(run(*base, "-o", "a.h5", "--seed", 2, expect=4)), "other images")
    run("verify", "a.h5", "2.h5", "stopped.h5", "signal.h5")
    with h5py.File("a.h5") as f:
        s, b = f["conv2/switch"], f["conv2/baseline"]
        elbo = s["trace_log_likelihood"][()] - s["trace_divergence"][()]
        check(np.mean(elbo[-8:]) > elbo[0] + 0.01, "the bound rises")
        check(abs(s["mean"][()].sum() - 1) < 1e-12, "shares sum to 1")
        check((s["ci_low"][()] <= s["mean"][()]).all(), "intervals")
        check((b["leave_one_out_error"][()] >= 0).all(), "errors")


main()
