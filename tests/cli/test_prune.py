"""prune: at 75, 50 and 25% of all filters the smaller file's logits are those of the
masked original, which PyTorch masks, within 1e-4 of their range, in neurank and in
OpenCV's runtime; onnx.checker accepts it; its weights load in PyTorch by their names; and
every rule keeps what it says.
TEST: parallel timeout=300"""
import json

import cv2
import h5py
import numpy as np
import onnx
import torch
from harness import DATA, MEAN, STD, check, message, run, write_images
import torch_models as tm
from onnx import numpy_helper

N = 200
PARTS = ("0.75", "50%", "0.25")
# Behind which module the channels of a layer are zero when they are gone: the last one
# before another channel can see them.
END = {
    "lenet5": lambda layer: layer,
    "vgg16s": lambda layer: layer.replace("conv", "relu") if "conv" in layer
    else f"relu_{layer}",
    # before the ReLU, which keeps a zero, and before the sum, which needs all addends
    "resnet20": lambda layer: layer.replace("conv", "bn"),
}


def agree(got, wanted, what):
    worst, span = np.abs(got - wanted).max(), np.ptp(wanted)
    print(f"{what}: {worst / span:.1e} of the range")  # with -v
    check(worst <= 1e-4 * span, f"{what}: largest difference {worst:.3g} of {span:.3g}")


def logits(model, data="data.h5"):
    run("eval", model, data, "--logits", "l.h5")
    with h5py.File("l.h5") as f:
        return f["logits"][()]


def opencv(model, x):
    net = cv2.dnn.readNetFromONNX(model)
    net.setInput(x)
    return net.forward()


def masked(net, ends, kept):
    """The network with the other channels zero behind these modules, by PyTorch."""
    modules = dict(net.named_modules())
    hooks = []
    for layer, channels in kept.items():
        module = modules[ends(layer)]
        drop = [c for c in range(modules[layer].weight.shape[0]) if c not in channels]
        hooks.append(tm.replaced(module, drop, None))
    return hooks


def weights(path):
    """By name; the exporter writes equal parameters once and gives them other names by
    Identity."""
    graph = onnx.load(path).graph
    found = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
    return found


def check_part(model, part, net, x):
    out = run("prune", f"{DATA}/{model}.onnx", f"{model}.h5", "data.h5", "--keep", part,
              "-o", "small.onnx", "--format", "json").stdout
    facts = json.loads(out)
    part = float(part[:-1]) / 100 if part.endswith("%") else float(part)
    kept = {l["name"]: l["kept"] for l in facts["layers"]}
    last = facts["layers"][-1]
    check(len(last["kept"]) == last["filters"] == 10, "the classes stay")
    for l in facts["layers"][:-1]:
        check(len(l["kept"]) == int(part * l["filters"] + 0.5), f"{l['name']}: {part}")
    hooks = masked(net, END[model], {k: v for k, v in kept.items() if k != last["name"]})
    wanted = tm.logits(net, x)
    for h in hooks:
        h.remove()
    what = f"{model} {part}"
    agree(logits("small.onnx"), wanted, f"{what}, neurank")
    agree(opencv("small.onnx", x.numpy()), wanted, f"{what}, OpenCV")
    onnx.checker.check_model(onnx.load("small.onnx"), full_check=True)
    whole, small = weights(f"{DATA}/{model}.onnx"), weights("small.onnx")
    check(whole.keys() == small.keys(), "weights keep their names")
    for layer, channels in kept.items():
        rows = whole[f"{layer}.weight"][channels]
        check(len(rows) == len(small[f"{layer}.weight"]), f"{layer}'s filters")
        if whole[f"{layer}.weight"].shape[1] == small[f"{layer}.weight"].shape[1]:
            check(np.array_equal(rows, small[f"{layer}.weight"]), f"{layer}'s weights")
    after = json.loads(run("eval", "small.onnx", "data.h5", "--format", "json").stdout)
    before = json.loads(run("eval", f"{DATA}/{model}.onnx", "data.h5", "--format",
                            "json").stdout)
    for name in ("loss", "accuracy"):
        check(facts["after"][name] == after[name], f"{name} after")
        check(facts["before"][name] == before[name], f"{name} before")
    return facts


def parameters(path):
    return sum(w.size for name, w in weights(path).items() if name.endswith(
        ("conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight", ".bias")))


def check_rules(x):
    """On LeNet, whose values are known from the store."""
    model, store = f"{DATA}/lenet5.onnx", "lenet5.h5"
    shown = {l["name"]: l for l in json.loads(run("show", store, "--format",
                                                  "json").stdout)["layers"]}

    def kept(*rule, data=()):
        out = run("prune", model, store, *data, *rule, "-o", "r.onnx", "--format", "json")
        facts = json.loads(out.stdout)
        return {l["name"]: l["kept"] for l in facts["layers"]}, facts

    def best(layer, k):
        return sorted(np.argsort(-np.array(shown[layer]["shapley"]), kind="stable")[:k])

    found, facts = kept("--keep", "7")
    for layer in ("conv1", "conv2", "fc1"):
        check(found[layer] == best(layer, 7), f"the 7 best of {layer}")
    check(facts["before"]["accuracy"] is None, "no images, no accuracy")
    check(facts["before"]["parameters"] == parameters(model), "parameters before")
    check(facts["after"]["parameters"] == parameters("r.onnx"), "parameters after")
    # conv: 24 x 24 and 8 x 8 positions of 5 x 5 taps
    wanted = 2 * (576 * 25 * 7 + 64 * 25 * 7 * 7 + 16 * 7 * 7 + 7 * 10)
    check(abs(facts["after"]["flops"] / wanted - 1) < 0.01, "FLOPs after")
    found, _ = kept("--keep", "significant")
    for layer in ("conv1", "conv2", "fc1"):
        wanted = [i for i, low in enumerate(shown[layer]["ci_low"]) if low > 0]
        check(found[layer] == wanted, f"significant ones of {layer}")
    found, _ = kept("--keep-per-layer", "3,11,200")
    check([len(found[l]) for l in ("conv1", "conv2", "fc1")] == [3, 11, 200], "per layer")
    found, _ = kept("--keep", "0.001")
    check([len(found[l]) for l in ("conv1", "conv2", "fc1")] == [1, 1, 1],
          "no layer is pruned to nothing")
    found, _ = kept("--keep", "0.5", "--layer", "conv2")
    check([len(found[l]) for l in ("conv1", "conv2", "fc1")] == [20, 25, 500], "one layer")
    check(found["conv2"] == best("conv2", 25), "the best half of conv2")
    run("baseline", model, "data.h5", "--layer", "conv2", "-o", "base.h5")
    out = json.loads(run("prune", model, "base.h5", "--keep", "9", "--by", "l1", "-o",
                         "r.onnx", "--format", "json").stdout)
    norms = np.abs(weights(model)["conv2.weight"]).sum((1, 2, 3))
    check(out["layers"][1]["kept"] == sorted(np.argsort(-norms)[:9]), "by l1")

    check_drop(model, store, kept, best)


def check_drop(model, store, kept, best):
    """The accuracy stays within the drop, and one filter fewer would not."""
    found, facts = kept("--max-drop", "0.05", "--layer", "conv2", data=["data.h5"])
    k, before = len(found["conv2"]), facts["before"]["accuracy"]
    check(found["conv2"] == best("conv2", k) and k < 50, "the best are kept")
    check(facts["after"]["accuracy"] >= before - 0.05, "within the drop")
    _, fewer = kept("--keep", str(k - 1), "--layer", "conv2", data=["data.h5"])
    check(fewer["after"]["accuracy"] < before - 0.05, "one filter fewer is not")
    found, facts = kept("--max-drop", "0.05", data=["data.h5"])
    check(facts["after"]["accuracy"] >= facts["before"]["accuracy"] - 0.05, "all layers")
    check(sum(map(len, found.values())) < 400, "and it is smaller")
    _, facts = kept("--max-drop", "0", data=["data.h5"])
    check(facts["after"]["accuracy"] >= facts["before"]["accuracy"], "no drop at all")


def check_outputs(model="lenet5"):
    """Text and csv say the same; what the file says of itself."""
    args = ["prune", f"{DATA}/{model}.onnx", f"{model}.h5", "data.h5", "--keep", "5", "-o",
            "o.onnx"]
    facts = json.loads(run(*args, "--format", "json").stdout)
    rows = run(*args, "--format", "csv").stdout.split()
    check(rows[0] == "layer,filter,kept", "head of csv")
    wanted = [f"{l['name']},{i},{int(i in l['kept'])}" for l in facts["layers"]
              for i in range(l["filters"])]
    check(rows[1:] == wanted, "rows of csv")
    text = run(*args).stdout
    for name in ("accuracy", "loss"):
        for when in ("before", "after"):
            check(f"{facts[when][name]:.4f}" in text, f"{name} {when} in text")
    props = {p.key: p.value for p in onnx.load("o.onnx").metadata_props}
    check(props["neurank.kept.conv1"] == ",".join(map(str, facts["layers"][0]["kept"])),
          "metadata")
    check(props["neurank.method"] == "shapley", "method in the metadata")
    with open("o.onnx", "rb") as f:
        first = f.read()
    run(*args)
    with open("o.onnx", "rb") as f:
        check(f.read() == first, "the same file again")


def check_refusals():
    model, store = f"{DATA}/lenet5.onnx", "lenet5.h5"

    def refused(code, *args, model=model, store=store):
        return message(run("prune", model, store, *args, "-o", "no.onnx", expect=code))

    check("has 20 filters, 21 cannot stay" in refused(2, "--keep", "21"), "too many")
    check("one of --keep" in refused(2), "no rule")
    check("one of --keep" in refused(2, "--keep", "5", "--keep-per-layer", "1,1,1"), "two")
    for text in ("0", "-1", "1.5", "0.0", "120%", "many", "5 "):
        check(f"--keep {text}" in refused(2, f"--keep={text}"), text)
    check("2 numbers for 3 layers" in refused(2, "--keep-per-layer", "5,5"), "two of three")
    check("--keep-per-layer 5,0,5" in refused(2, "--keep-per-layer", "5,0,5"), "a zero")
    check("needs images" in refused(2, "--max-drop", "0.1"), "drop without images")
    check('no layer "conv9"' in refused(2, "--keep", "5", "--layer", "conv9"), "layer")
    check("no values of the method switch" in refused(4, "--keep", "5", "--by", "switch"),
          "method")
    other = refused(4, "--keep", "5", model=f"{DATA}/vgg16s.onnx")
    check("ranks of another model" in other, "another model")
    tied = refused(4, "--keep", "0.5", "--layer", "stage1.0.conv2",
                   model=f"{DATA}/resnet20.onnx", store="resnet20.h5")
    for name in ("conv1", "stage1.1.conv2", "stage1.2.conv2"):
        check(name in tied, f"{name} is in the way: {tied}")
    names = [l["name"] for l in json.loads(run("show", "resnet20.h5", "--format",
                                               "json").stdout)["layers"]]
    stream = ("conv1", "stage1.0.conv2", "stage1.1.conv2", "stage1.2.conv2")
    text = ",".join("8" if n in stream else "5" for n in names if n.startswith(
        ("conv1", "stage1")))
    stage = ",".join(n for n in names if n.startswith(("conv1", "stage1")))
    run("prune", f"{DATA}/resnet20.onnx", "resnet20.h5", "--keep-per-layer", text, "--layer",
        stage, "-o", "inner.onnx")
    uneven = refused(2, "--keep-per-layer", "7" + text[1:], "--layer", stage,
                     model=f"{DATA}/resnet20.onnx", store="resnet20.h5")
    check("tied" in uneven and "not 7 and 8" in uneven, uneven)
    run("prune", f"{DATA}/resnet20.onnx", "resnet20.h5", "--keep", "0.5", "--layer",
        "stage1.0.conv1,stage2.1.conv1", "-o", "inner.onnx")
    p = run("prune", model, store, "--keep", "5", "-o", model, expect=2)
    check("the output is also an input" in message(p), f"over the input: {message(p)}")
    p = run("prune", model, store, "--keep", "5", "-o", "/nowhere/x.onnx", expect=5)
    check("/nowhere" in message(p), "no folder")


def main():
    raw, labels = tm.fashion(N)
    write_images("data.h5", raw, labels, scale=1 / 255, mean=MEAN, std=STD)
    x = tm.normalised(raw)
    for model in ("lenet5", "vgg16s", "resnet20"):
        run("shapley", f"{DATA}/{model}.onnx", "data.h5", "--layer", "all", "--images", "20",
            "-o", f"{model}.h5")
        net = tm.load(model)
        for part in PARTS:
            check_part(model, part, net, x)
    check_rules(x)
    check_outputs()
    check_refusals()


main()
