"""The switch and baselines: the same bits for any number of ranks and after stops, beside
Shapley values that stay as they are; another plan is refused; what was written verifies.
TEST: parallel timeout=200"""
import csv
import io
import signal

import h5py
import numpy as np
from harness import (DATA, ENDLESS, Running, check, enough, fashion, message, patience, results, run,
                     same)

MODEL = f"{DATA}/lenet5.onnx"


def known(store):
    """status knows what goes on."""
    rows = csv.DictReader(io.StringIO(run("status", store, "--format", "csv").stdout))
    return all(r["method"] == "switch" for r in rows)


def ended(switch, base, store):
    """An endless run, ended: the bits of one that had no end but this, and never stopped."""
    epochs = enough(store)
    for output, ranks in ((store, 2), (f"whole_{store}", 0)):
        run(*switch, "--epochs", epochs, "-o", output, ranks=ranks)
        run(*base, "-o", output)
    same(f"whole_{store}", store)


def check_signals(switch):
    """Each signal, and kill -9, in the midst of it."""
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGKILL, signal.SIGKILL):
        p = Running(*switch, "--epochs", ENDLESS, "-o", "signal.h5", "--checkpoint-every", "0.1s")
        p.until_saved("signal.h5")
        check(known("signal.h5"), "a switch goes on")
        p.send_signal(number)
        text = p.ends(-9 if number == signal.SIGKILL else 75, 30)
        check(number == signal.SIGKILL or "stopped early" in text, text)
        run("verify", "signal.h5")


def check_limits(switch):
    for ranks in (0, 2, 0):
        run(*switch, "--epochs", ENDLESS, "-o", "stopped.h5", "--time-limit",
            f"{patience(0.7):.1f}s", ranks=ranks, expect=75)


def main():
    data = fashion()
    few, many = (["--layer", "conv2", "--images", n] for n in (200, 2000))
    # on a machine that is slow a run on few images converges before it is stopped
    endless = ["switch", MODEL, data, *many], ["baseline", MODEL, data, *many]
    base = ["baseline", MODEL, data, *few]
    switch = ["switch", MODEL, data, *few, "--epochs", 40]
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
    check_limits(endless[0])
    ended(*endless, "stopped.h5")
    check_signals(endless[0])
    ended(*endless, "signal.h5")
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
