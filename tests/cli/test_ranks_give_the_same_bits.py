"""The store's numbers are the same bits for 1, 2, 3, 4 and 7 ranks, for every ablation,
method and goal, by class and by image.
TEST: parallel timeout=600"""
from harness import DATA, fashion, run, same

CASES = [("lenet5", "conv2", 300, ["--sweeps", 2]),
         ("lenet5", "conv1,fc1", 64, ["--ablate", "mean"]),
         ("resnet20", "stage3.1.conv2", 40, ["--ablate", "weights", "--metric", "margin"]),
         ("lenet5", "conv2,fc1", 64, ["--half-width", 0.02, "--by-class", "--per-image"]),
         ("lenet5", "conv2", 100, ["--top", 1, "--metric", "accuracy", "--tolerance", 0.01]),
         ("lenet5", "conv2,fc1", 64, ["--metric", "accuracy", "--estimator", "odd"]),
         ("lenet5", "conv1", 5, ["--method", "exact", "--filters", "0-13", "--by-class",
                                 "--per-image"])]


def main():
    data = fashion()
    for case, (model, layer, images, options) in enumerate(CASES):
        for ranks in (0, 2, 3, 4, 7):
            run("shapley", f"{DATA}/{model}.onnx", data, "--layer", layer, "--images",
                images, "-o", f"{case}-{ranks}.h5", *options, ranks=ranks)
            same(f"{case}-0.h5", f"{case}-{ranks}.h5")


main()
