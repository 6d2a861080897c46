"""Where OpenBLAS falls back to kernels below the processor, neurank starts itself once more with better ones; what
the user has set stays; what another machine's start left in the environment is judged anew; a library that does not
take the choice is no endless loop. The store says which kernels it were, and ranks with others are refused.
TEST: parallel timeout=120 needs=cc
"""
import os
import platform
import subprocess

import h5py
from harness import DATA, check, message, on_ranks, run, write_images
import numpy as np

# OpenBLAS as it is on a processor that it does not know, and one that cannot be told.
STUB = r"""
#include <stdlib.h>
char *openblas_get_corename(void) {
    char *told = getenv("OPENBLAS_CORETYPE");
    return told && !getenv("STUB_IS_DEAF") ? told : "Prescott";
}
"""


def core_of(path):
    with h5py.File(path) as f:
        return f["conv1"].attrs["plan_blas"]


def ranked(output="r.h5", **env):
    run("shapley", f"{DATA}/lenet5.onnx", "x.h5", "--layer", "conv1", "--sweeps", 1, "--fresh", "-o", output, env=env)
    return core_of(output)


def flags():
    with open("/proc/cpuinfo") as f:
        return f.read().split("flags", 1)[-1].split("\n")[0].split()


def main():
    rng = np.random.default_rng(1)
    write_images("x.h5", rng.standard_normal((8, 1, 28, 28)).astype(np.float32), np.arange(8))
    for name in ("OPENBLAS_CORETYPE", "NEURANK_OPENBLAS_CORE"):
        os.environ.pop(name, None)
    own = ranked()
    check(ranked(OPENBLAS_CORETYPE="Prescott") == "Prescott", "the user's choice stays")
    if platform.machine() != "x86_64" or "avx2" not in flags():
        return  # nothing is below such a processor
    left = {"OPENBLAS_CORETYPE": "Prescott", "NEURANK_OPENBLAS_CORE": "Prescott"}
    check(ranked(**left) == own, "another machine's choice does not")
    with open("stub.c", "w") as f:
        f.write(STUB)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "stub.so", "stub.c"], check=True)
    stub = {"LD_PRELOAD": os.path.abspath("stub.so")}
    chosen = ranked(**stub)
    check(chosen in ("Haswell", "Zen", "SkylakeX"), f"better kernels, not {chosen}")
    check(ranked(**stub, STUB_IS_DEAF="1") == "Prescott", "no other choice was taken")
    # a rank with other kernels rounds otherwise
    words = ["shapley", f"{DATA}/lenet5.onnx", "x.h5", "--layer", "conv1", "--sweeps", "1", "-o", "two.h5"]
    with open("mixed.sh", "w") as f:
        f.write('#!/bin/sh\nrank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}\n'
                '[ "$rank" = 0 ] || export OPENBLAS_CORETYPE=Prescott\nexec "$NEURANK" "$@"\n')
    os.chmod("mixed.sh", 0o755)
    p = subprocess.run([*on_ranks(2), "./mixed.sh", *words], text=True, capture_output=True)
    check("rank 1 on Prescott, which round differently" in message(p), p.stderr)


main()
