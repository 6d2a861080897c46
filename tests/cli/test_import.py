"""IDX (plain and gzip), CIFAR-10 and npy 1.0 to 3.0 arrive unchanged, with their
normalisation; damaged files are refused with one line and leave no file.
TEST: parallel timeout=60"""
import gzip
import os
import struct

import h5py
import numpy as np
from harness import check, message, run

rng = np.random.default_rng(1)
IMAGES = rng.integers(0, 256, (7, 5, 4), dtype=np.uint8)
LABELS = rng.integers(0, 10, 7, dtype=np.uint8)


def idx(array, code=8):
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) \
        + array.tobytes()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def npy(path, array, version):
    with open(path, "wb") as f:
        np.lib.format.write_array(f, array, version=version)
    return path


def expect(images, labels, scale, mean=0.0, std=1.0):
    with h5py.File("d.h5") as f:
        check(f["images"].shape == images.shape, f"shape {f['images'].shape}")
        check(f["images"].dtype == images.dtype, f"type {f['images'].dtype}")
        check(np.array_equal(f["images"][()], images), "pixels")
        check(np.array_equal(f["labels"][()], labels), "labels")
        for name, value in (("scale", scale), ("mean", mean), ("std", std)):
            check(np.array_equal(f["images"].attrs[name], value), name)
    os.remove("d.h5")


def fails(text, *args, code=3):
    p = run("import", *args, "-o", "d.h5", expect=code)
    check(message(p) == text, f"{message(p)!r}, expected {text!r}")
    check(not os.path.exists("d.h5"), "no file is left")


def main():
    x, y = write("x.idx", idx(IMAGES)), write("y.idx", idx(LABELS))
    run("import", "--idx", x, y, "-o", "d.h5")
    expect(IMAGES[:, None], LABELS, 1 / 255)
    with gzip.open("x.gz", "wb") as f:
        f.write(idx(IMAGES))
    run("import", "--idx", "x.gz", y, "--scale", 2, "--mean", 0.5, "--std", 0.25, "-o", "d.h5")
    expect(IMAGES[:, None], LABELS, 2, 0.5, 0.25)
    floats = rng.standard_normal((4, 3, 2, 2)).astype(">f4")
    write("f.idx", idx(floats, 0x0D))
    write("fy.idx", idx(np.arange(4, dtype=">i4"), 0x0C))
    run("import", "--idx", "f.idx", "fy.idx", "--mean", "1,2,3", "-o", "d.h5")
    expect(floats.astype("<f4"), np.arange(4), 1, [1, 2, 3])

    records = rng.integers(0, 256, (5, 3073), dtype=np.uint8)
    records[:, 0] %= 10
    write("c1.bin", records[:2].tobytes())
    write("c2.bin", records[2:].tobytes())
    run("import", "--cifar10", "c1.bin", "c2.bin", "-o", "d.h5")
    expect(records[:, 1:].reshape(5, 3, 32, 32), records[:, 0], 1 / 255)

    for version in ((1, 0), (2, 0), (3, 0)):
        npy("x.npy", IMAGES[:, None], version)
        npy("y.npy", LABELS.astype(np.int64), version)
        run("import", "--npy", "x.npy", "y.npy", "-o", "d.h5")
        expect(IMAGES[:, None], LABELS, 1 / 255)
    npy("x.npy", IMAGES.astype(np.float64), (1, 0))
    npy("y.npy", LABELS.astype(">u2"), (1, 0))
    run("import", "--npy", "x.npy", "y.npy", "-o", "d.h5")
    expect(IMAGES[:, None].astype(np.float32), LABELS, 1)

    fails("x.cut: truncated: the file ends before its data", "--idx",
          write("x.cut", idx(IMAGES)[:-1]), y)
    with gzip.open("x.gz", "rb") as f:
        packed = gzip.compress(f.read())
    fails("z.gz: truncated: the file ends before its data", "--idx",
          write("z.gz", packed[:len(packed) // 2]), y)
    fails("x.long: bytes follow behind the data its header announces", "--idx",
          write("x.long", idx(IMAGES) + b"!"), y)
    fails("t.txt: not an IDX file: it starts with 68 65 6c 6c", "--idx",
          write("t.txt", b"hello"), y)
    fails("y3.idx: 3 labels in 1 dimensions for 7 images", "--idx", x,
          write("y3.idx", idx(LABELS[:3])))
    fails("no.idx: cannot open: No such file or directory", "--idx", "no.idx", y)
    fails("c.bin: 3072 bytes are no whole number of CIFAR-10 records of 3073 bytes",
          "--cifar10", write("c.bin", bytes(3072)))
    fails("l.bin: label 200 of image 0 is not in 0..9: not a CIFAR-10 file", "--cifar10",
          write("l.bin", bytes([200]) + bytes(3072)))
    np.save("fortran.npy", np.asfortranarray(IMAGES))
    fails("fortran.npy: the array is in Fortran order; save numpy.ascontiguousarray(x)",
          "--npy", "fortran.npy", "y.npy")
    np.save("obj.npy", np.array([None]), allow_pickle=True)
    fails("obj.npy: npy type '|O' is not supported", "--npy", "obj.npy", "y.npy")
    fails("t.txt: truncated: the file ends before its data", "--npy", "t.txt", "y.npy")
    fails("--mean has 2 numbers, 1 or 1 (one a channel) are expected", "--idx", x, y,
          "--mean", "1,2", code=2)
    fails("import: one of --idx, --cifar10 and --npy is expected", code=2)
    big = bytes([0, 0, 8, 3]) + struct.pack(">3I", 4000000000, 28, 28)
    fails("big.idx: truncated: the file ends before its data", "--idx",
          write("big.idx", big), write("bigy.idx", bytes([0, 0, 8, 1]) +
                                       struct.pack(">I", 4000000000)))


main()
