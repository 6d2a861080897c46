"""Bad input gives one line with file, place, value and what was expected, its documented
exit code, and leaves nothing behind.
TEST: parallel timeout=120"""
import os
import re

import h5py
import numpy as np
import onnx
from harness import DATA, TOP, check, message, run, write_images
from onnx import TensorProto, helper, numpy_helper

LENET = f"{DATA}/lenet5.onnx"
X = np.zeros((4, 1, 28, 28), np.uint8)
Y = np.arange(4)


def fails(code, text, *args, env=None):
    p = run(*args, expect=code, env=env)
    check(message(p) == text, f"message {message(p)!r}, expected {text!r}")
    check(not os.path.exists("out.h5"), f"no store after {args}")
    check(not [f for f in os.listdir(".") if f.endswith(".tmp")], "no temporary file")


def shapley(model=LENET, data="good.h5", *options, layer="conv2", env=None):
    return ("shapley", model, data, "--layer", layer, "-o", "out.h5", *options)


def changed(path, change):
    model = onnx.load(LENET)
    change(model.graph)
    onnx.save(model, path)
    return path


def set_weight(value):
    def change(graph):
        w = numpy_helper.to_array(graph.initializer[0]).copy()
        w.flat[17] = value
        graph.initializer[0].CopyFrom(numpy_helper.from_array(w, graph.initializer[0].name))
    return change


def main():
    good = write_images("good.h5", X, Y)
    with open(LENET, "rb") as f:
        model = f.read()
    for name, data in (("cut.onnx", model[:100000]), ("text.onnx", b"hello\n" * 20),
                       ("empty.onnx", b"")):
        with open(name, "wb") as f:
            f.write(data)

    # models
    fails(3, "no.onnx: cannot open the model: No such file or directory", *shapley("no.onnx"))
    fails(3, "cut.onnx: truncated: the ONNX model does not end within the 100000 bytes of "
             "the file", *shapley("cut.onnx"))
    fails(3, "text.onnx: not an ONNX model", *shapley("text.onnx"))
    fails(3, "empty.onnx: not an ONNX model", *shapley("empty.onnx"))
    fails(3, "good.h5: not an ONNX model", *shapley(good))
    fails(3, "/tmp: the model is not a regular file", *shapley("/tmp"))

    def rename(graph):
        graph.node[1].op_type = "Erf"
    fails(3, 'erf.onnx: node "/Relu": operator Erf is not supported',
          *shapley(changed("erf.onnx", rename)))

    def attribute(graph):
        graph.node[1].attribute.append(helper.make_attribute("slope", 2))
    fails(3, 'attr.onnx: node "/Relu" (Relu): attribute "slope" is not supported',
          *shapley(changed("attr.onnx", attribute)))
    name = onnx.load(LENET).graph.initializer[0].name
    for value, text in ((np.nan, "nan"), (np.inf, "inf")):
        fails(3, f'w.onnx: initialiser "{name}": element 17 is {text}, weights must be finite',
              *shapley(changed("w.onnx", set_weight(value))))

    m = onnx.load(LENET)
    for version in (6, 23):
        m.opset_import[0].version = version
        onnx.save(m, "old.onnx")
        fails(3, f"old.onnx: opset {version}, 7 to 22 are supported", *shapley("old.onnx"))

    # external data outside the model's folder
    os.mkdir("models")
    with open(f"{TOP}/tests/golden/weights_external.bin", "rb") as f:
        weights = f.read()
    with open("outside.bin", "wb") as f:
        f.write(weights)
    os.symlink("../outside.bin", "models/link.bin")
    for location, text in (
            ("../outside.bin", 'external data "../outside.bin" is outside the model\'s folder'),
            ("link.bin", 'external data "link.bin" is outside the model\'s folder'),
            (os.path.abspath("outside.bin"), f'cannot open external data '
             f'"{os.path.abspath("outside.bin")}": it must stand in the model\'s folder')):
        m = onnx.load(f"{TOP}/tests/golden/weights_external.onnx", load_external_data=False)
        for i in m.graph.initializer:
            for e in i.external_data:
                if e.key == "location":
                    e.value = location
        with open("models/e.onnx", "wb") as f:
            f.write(m.SerializeToString())
        fails(3, f'models/e.onnx: initialiser "w": {text}', *shapley("models/e.onnx"))

    # layers
    fails(2, f'{LENET}: no layer "conv3"; the nearest is "conv1" (neurank info lists all)',
          *shapley(layer="conv3"))
    fails(2, '--layer conv1,conv1: layer "conv1" is named twice', *shapley(layer="conv1,conv1"))
    fails(2, "--filters 3,99: filter 99 is not in 0..49",
          *shapley(LENET, good, "--filters", "3,99"))

    # data
    fails(3, "no.h5: cannot open the file: No such file or directory", *shapley(LENET, "no.h5"))
    fails(3, "text.onnx: not an HDF5 file, or a damaged one", *shapley(LENET, "text.onnx"))
    with h5py.File("none.h5", "w") as f:
        f["labels"] = Y
    fails(3, "none.h5: no dataset /images", *shapley(LENET, "none.h5"))
    with h5py.File("unlabelled.h5", "w") as f:
        f["images"] = X
    fails(3, "unlabelled.h5: no dataset /labels", *shapley(LENET, "unlabelled.h5"))
    write_images("shape.h5", np.zeros((4, 3, 32, 32), np.uint8), Y)
    fails(3, f"shape.h5: images are 3 x 32 x 32, {LENET} expects 1 x 28 x 28 (c x h x w)",
          *shapley(LENET, "shape.h5"))
    write_images("flat.h5", np.zeros((4, 784), np.uint8), Y)
    fails(3, "flat.h5: /images has 2 dimensions, 4 are expected: (n, c, h, w)",
          *shapley(LENET, "flat.h5"))
    write_images("label.h5", X, np.array([0, 1, 10, 3]))
    fails(3, "label.h5: label 10 of image 2 is not in 0..9, the network's classes",
          *shapley(LENET, "label.h5"))
    write_images("negative.h5", X, np.array([0, -1, 1, 3]))
    fails(3, "negative.h5: label -1 of image 1 is not in 0..9, the network's classes",
          *shapley(LENET, "negative.h5"))
    write_images("zero.h5", X[:0], Y[:0])
    fails(3, "zero.h5: /images holds no image", *shapley(LENET, "zero.h5"))
    write_images("few.h5", X, Y[:3])
    fails(3, "few.h5: /labels has 3 entries in 1 dimensions, 4 in 1 are expected",
          *shapley(LENET, "few.h5"))
    nan = X.astype(np.float32)
    nan[2, 0, 1, 5] = np.nan
    write_images("nan.h5", nan, Y)
    fails(3, "nan.h5: image 2 holds nan at pixel 33, pixels must be finite",
          *shapley(LENET, "nan.h5"))
    write_images("double.h5", X.astype(np.float64), Y)
    fails(3, "double.h5: /images is neither uint8 nor float32", *shapley(LENET, "double.h5"))
    with h5py.File("huge.h5", "w") as f:
        f.create_dataset("images", (2 ** 31, 1, 28, 28), np.uint8, chunks=(64, 1, 28, 28))
        f.create_dataset("labels", (2 ** 31,), np.int32, chunks=(64,))
    size = os.path.getsize("huge.h5")
    fails(3, f"huge.h5: /images claims {2 ** 31 * 784} bytes, the file has {size}",
          *shapley(LENET, "huge.h5"))
    write_images("std.h5", X, Y, std=0.0)
    fails(3, 'std.h5: attribute "std" of /images is 0', *shapley(LENET, "std.h5"))
    fails(2, "--images 5: good.h5 holds 4 images", *shapley(LENET, good, "--images", "5"))

    # the command
    fails(2, "shapley has no option --layers; did you mean --layer?", "shapley", LENET, good,
          "--layers", "conv2", "-o", "out.h5")
    fails(2, "show has no option --sweeps; did you mean --help?", "show", "r.h5", "--sweeps",
          "2")
    fails(2, 'unknown command "shapely"; did you mean "shapley"? (neurank --help)', "shapely")
    fails(2, "--sweeps 0: out of range 1 to 1000000000", *shapley(LENET, good, "--sweeps", 0))
    fails(2, "--sweeps 1.5: a whole number is expected",
          *shapley(LENET, good, "--sweeps", "1.5"))
    fails(2, "--metric logloss: loss|accuracy|margin is expected",
          *shapley(LENET, good, "--metric", "logloss"))
    fails(2, "--time-limit soon: a time such as 90s, 55m or 2h is expected",
          *shapley(LENET, good, "--time-limit", "soon"))
    fails(2, "shapley: -o RUN.h5 is missing", "shapley", LENET, good, "--layer", "conv2")
    fails(2, "eval: 1 arguments, 2 are expected: neurank eval MODEL DATA", "eval", LENET)
    fails(2, "a command is expected: neurank --help")

    # the output
    p = run("shapley", LENET, good, "--layer", "conv2", "-o", "no/such/out.h5", expect=5)
    check(message(p) == "no/such/out.h5: cannot be written: No such file or directory",
          message(p))
    p = run("show", good, expect=3)
    check(message(p) == "good.h5: an HDF5 file, but no neurank store", message(p))

    # files that are none, or are the input
    os.mkfifo("fifo")
    fails(3, "fifo: the model is not a regular file", *shapley("fifo"))
    fails(3, "fifo: the file is not a regular file", *shapley(LENET, "fifo"))
    with h5py.File("link.h5", "w") as f:
        f["images"] = h5py.ExternalLink("fifo", "/images")
        f["labels"] = Y
    fails(3, "link.h5: /images is a link; the dataset itself is expected",
          *shapley(LENET, "link.h5"))
    os.mkdir("folder")
    for output in ("folder", "fifo", "/dev/null"):
        p = run("shapley", LENET, good, "--layer", "conv2", "-o", output, expect=5)
        check(message(p) == f"{output}: cannot be written: not a regular file", message(p))
    p = run("shapley", LENET, good, "--layer", "conv2", "-o", good, "--fresh", expect=2)
    check(message(p) == "good.h5: the output is also an input", message(p))
    p = run("eval", LENET, good, "--logits", good, expect=2)
    check(message(p) == "good.h5: the output is also an input", message(p))

    # a network without usable values: one line, from any number of ranks
    def overflow(graph):
        for i in graph.initializer:
            if i.name.endswith("weight"):
                i.CopyFrom(numpy_helper.from_array(
                    np.full_like(numpy_helper.to_array(i), 1e30), i.name))
    changed("inf.onnx", overflow)
    bright = write_images("bright.h5", X + 1, Y)
    for ranks in (0, 4):
        p = run("shapley", "inf.onnx", bright, "--layer", "fc1", "-o", f"i{ranks}.h5",
                ranks=ranks, expect=1)
        # of several ranks one that plays another block may be the first
        check(re.match(r'layer "fc1", block \d+: the value of ', message(p)), message(p))

    # a copy of the run in every task of a step
    fails(2, "this process is a world of one rank although SLURM_NTASKS is 4: start it with "
             "srun --mpi=pmix or mpirun, or with --ntasks=1", *shapley(),
          env={"SLURM_NTASKS": "4", "SLURM_PROCID": "2"})
    # or by the launcher of another MPI than the program's
    for variable, launcher in (("OMPI_COMM_WORLD_SIZE", "Open MPI"),
                               ("PMI_SIZE", "MPICH or one of its kin")):
        p = run(*shapley(), env={variable: "3"}, expect=2)
        said = f"this process is a world of one rank although {variable} is 3: it was started by the mpirun of {launcher}"
        check(message(p).startswith(said), message(p))
    # every rank finds the error, one says it
    p = run(*shapley(layer="conv3"), ranks=3, expect=2)
    check(p.stderr.count("neurank: error") == 1, p.stderr)


main()
