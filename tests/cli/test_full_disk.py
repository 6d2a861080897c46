"""A disk that is full for a while costs a warning; one that stays full, or a folder that goes
away, costs nothing that was computed: it is in the rescue file. A folder that is read-only is
refused, but for a store that is complete.
TEST: parallel timeout=240

Works on a small tmpfs in a mount namespace of its own (unshare), as root or as any user.
"""
import os
import shutil
import signal
import subprocess
import sys

from harness import (DATA, ENDLESS, Running, Stepped, check, enough, fashion, message, patience, run,
                     same, units_in)


def args(output, *more, sweeps=2):
    return ["shapley", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv1,conv2",
            "--images", 400, "--sweeps", sweeps, "--per-image", "--by-class",
            "--checkpoint-every", "0.1s", "-o", output, *more]


def begun(ranks=0):
    """A run without an end, of which a checkpoint was written."""
    p = Running(*args("small/run.h5", sweeps=ENDLESS), ranks=ranks)
    p.until_saved("small/run.h5")
    return p


def standing(output, *more):
    """A run that has an end, and stands still in the midst of it, a checkpoint behind it."""
    p = Stepped(*args(output, *more), store=output)
    p.until_stands("the store grows", lambda: units_in(output) > 0)
    return p


def fill():
    with open("small/filler", "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass


def fresh():
    for name in os.listdir("small"):
        os.remove(f"small/{name}")
    for name in ("run.h5.rescue", "boat.h5"):
        if os.path.exists(name):
            os.remove(name)


def ended(store):
    """An endless run, ended: the bits of one that was never stopped."""
    sweeps = enough(store)
    run(*args("as_long.h5", "--fresh", sweeps=sweeps))
    run(*args(store, sweeps=sweeps))
    same("as_long.h5", store)


def full_for_a_while():
    fresh()
    p = begun()
    fill()
    p.until_said("the next try is in 0.1 s")
    os.remove("small/filler")
    p.until_saved("small/run.h5")
    p.send_signal(signal.SIGTERM)
    text = p.ends(75)
    check("neurank: warning: small/run.h5" in text and "No space left on device" in text and
          "it still stands; the next try is in 0.1 s" in text, text)
    ended("small/run.h5")


def full_for_good(rescue, *more):
    fresh()
    p = standing("small/run.h5", *more)
    fill()
    text = p.ends(5)
    check(f"neurank: error: small/run.h5 could not be written; the results are in {rescue}"
          in text, text)
    check("partial" in run("verify", "small/run.h5").stdout, "the last checkpoint stands")
    same("whole.h5", rescue)
    os.remove("small/filler")
    p = run(*args("small/run.h5"))
    same("whole.h5", "small/run.h5")


def full_when_stopped():
    """Stopped early and not saved is not stopped early: no job script may requeue it."""
    fresh()
    p = begun(ranks=2)
    fill()
    p.send_signal(signal.SIGUSR1)
    text = p.ends(5)
    check("the results are in ./run.h5.rescue" in text and "stopped early" not in text, text)
    check("partial" in run("verify", "run.h5.rescue").stdout, "the rescue file is partial")
    os.remove("small/filler")
    shutil.move("run.h5.rescue", "small/run.h5")
    ended("small/run.h5")


def too_small_for_the_run():
    """Known before a job is submitted."""
    fresh()
    p = run("submit", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv1,conv2", "--per-image",
            "-o", "small/run.h5", "--ranks-per-node", 1, "--dry-run", expect=5)
    check("a store of this run takes" in message(p) and "are free" in message(p), p.stderr)
    check(os.listdir("small") == [], f"nothing is left: {os.listdir('small')}")


def full_from_the_start():
    fresh()
    fill()
    p = run(*args("small/run.h5"), expect=5)
    check("No space left on device" in p.stderr and p.stderr.count("error: ") == 1, p.stderr)
    check(os.listdir("small") == ["filler"], f"nothing is left: {os.listdir('small')}")


def read_only():
    """From the start; a run that meets it on the way is in test_every_fault.py (EROFS)."""
    fresh()
    run(*args("small/run.h5", "--time-limit", f"{patience(0.3):.1f}s", sweeps=ENDLESS), expect=75)
    subprocess.run(["mount", "-o", "remount,bind,ro", "small"], check=True)
    p = run(*args("small/run.h5"), expect=5)
    check("Read-only file system" in p.stderr and p.stderr.count("error: ") == 1, p.stderr)
    check("partial" in run("verify", "small/run.h5").stdout, "the store stands")
    subprocess.run(["mount", "-o", "remount,bind,rw", "small"], check=True)
    sweeps = enough("small/run.h5")
    run(*args("small/run.h5", sweeps=sweeps))
    subprocess.run(["mount", "-o", "remount,bind,ro", "small"], check=True)
    check("nothing to do" in run(*args("small/run.h5", sweeps=sweeps)).stderr, "complete is complete")
    subprocess.run(["mount", "-o", "remount,bind,rw", "small"], check=True)


def gone():
    """With values by image, which stand in the file that goes away, for the most part."""
    fresh()
    p = standing("folder/run.h5")
    shutil.rmtree("folder")
    text = p.ends(5)
    check("No such file or directory" in text and "are in ./run.h5.rescue" in text, text)
    same("whole.h5", "run.h5.rescue")
    os.mkdir("folder")


def main():
    if sys.argv[-1] != "inside":
        # Root may be in a chroot, where there are no user namespaces and / is no mount.
        apart = (["--mount", "--propagation", "unchanged"] if os.getuid() == 0 else
                 ["--map-root-user", "--mount"])
        sys.exit(subprocess.run(["unshare", *apart, sys.executable, __file__,
                                 "inside"]).returncode)
    os.environ["TMPDIR"] = os.getcwd()  # Open MPI's folder in /tmp may be the real root's
    fashion()
    run(*args("whole.h5"))
    os.mkdir("small")
    os.mkdir("folder")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", "small"], check=True)
    try:
        full_for_a_while()
        full_for_good("./run.h5.rescue")
        full_for_good("boat.h5", "--rescue", "boat.h5")
        full_when_stopped()
        too_small_for_the_run()
        full_from_the_start()
        read_only()
        gone()
    finally:  # it may be seen outside, too
        subprocess.run(["umount", "--lazy", "small"])


main()
