"""Outputs that are links, or may not grow; and a rank is one thread.
TEST: parallel timeout=60"""
import os
import resource
import subprocess
import time

from harness import DATA, NEURANK, check, fashion, message, run, same

ARGS = ["shapley", f"{DATA}/lenet5.onnx", "fashion.h5", "--layer", "conv2", "--images", 100]


def links():
    """A link stays one, and is the same file as its target for two runs at once."""
    os.mkdir("scratch")
    os.symlink("scratch/run.h5", "link.h5")  # to nothing yet
    os.symlink("link.h5", "again.h5")
    run(*ARGS, "-o", "again.h5")
    run(*ARGS, "-o", "plain.h5")
    check(os.path.islink("link.h5") and os.path.islink("again.h5"), "links are links")
    check(os.listdir("scratch") == ["run.h5"], f"{os.listdir('scratch')}")
    same("plain.h5", "scratch/run.h5")
    p = subprocess.Popen([NEURANK, *map(str, ARGS), "--sweeps", "100000", "-o", "link.h5"],
                         stderr=subprocess.DEVNULL)
    while not os.path.exists("scratch/run.h5.lock"):
        time.sleep(0.01)
    q = run(*ARGS, "--sweeps", 3, "-o", "scratch/run.h5", expect=5)
    check("another run is writing it" in message(q), q.stderr)
    with open(f"/proc/{p.pid}/status") as f:
        threads = [line for line in f if line.startswith("Threads:")]
    check(threads[0].split()[1] == "1", f"one thread: {threads}")
    p.terminate()
    check(p.wait() == 75, "stopped")


def too_large():
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
    p = subprocess.run([NEURANK, *map(str, ARGS), "-o", "large.h5"], preexec_fn=limit, text=True,
                       stderr=subprocess.PIPE)
    check(p.returncode == 5 and "File too large" in message(p), f"{p.returncode}: {p.stderr}")
    check(not [n for n in os.listdir(".") if n.startswith("large")], f"{os.listdir('.')}")


def main():
    os.environ.pop("OPENBLAS_NUM_THREADS", None)
    os.environ.pop("OMP_NUM_THREADS", None)
    fashion()
    links()
    too_large()


main()
