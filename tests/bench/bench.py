#!/usr/bin/python3
"""Coalition-images per second of one core on the shipped networks.

    tests/bench/bench.py NEURANK FOLDER      (make bench)

Each layer is ranked three times, layers interleaved; medians, as a table and as
FOLDER/bench.json. A coalition-image is one coalition evaluated on one image.
"""
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FASHION = "/usr/share/datasets/fashion-mnist"
LAYERS = {  # layer: images
    "lenet5": {"conv1": 1000, "conv2": 4000, "fc1": 1000},
    "vgg16s": {"conv1_2": 40, "conv3_3": 40, "conv5_2": 200},
    "resnet20": {"stage1.0.conv1": 40, "stage2.1.conv1": 40, "stage3.2.conv1": 400},
}
ROUNDS = 3


def neurank(program, *args):
    return subprocess.run([program, *map(str, args)], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def cpu():
    with open("/proc/cpuinfo") as f:
        return next((l.split(":")[1].strip() for l in f if l.startswith("model name")),
                    platform.machine())


def main():
    program, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    data, run = f"{folder}/fashion.h5", f"{folder}/run.h5"
    neurank(program, "import", "--idx", f"{FASHION}/t10k-images-idx3-ubyte.gz",
            f"{FASHION}/t10k-labels-idx1-ubyte.gz", "--mean", 0.2860, "--std", 0.3530, "-o",
            data)
    rates = {}
    for _ in range(ROUNDS):
        for model, layers in LAYERS.items():
            for layer, images in layers.items():
                if os.path.exists(run):
                    os.remove(run)
                neurank(program, "shapley", f"{TOP}/data/{model}.onnx", data, "--layer", layer,
                        "--images", images, "-o", run)
                r = json.loads(neurank(program, "show", run, "--format", "json"))["layers"][0]
                rates.setdefault((model, layer), []).append(
                    r["coalition_images"] / r["seconds"])
    rows = [dict(model=m, layer=l, coalition_images_per_second=statistics.median(v))
            for (m, l), v in rates.items()]
    report = dict(date=datetime.date.today().isoformat(), cpu=cpu(), rows=rows)
    with open(f"{folder}/bench.json", "w") as f:
        json.dump(report, f, indent=1)
    print(f"{report['cpu']}, {report['date']}, one core, medians of {ROUNDS}")
    print(f"{'network':10} {'layer':18} {'coalition-images/s':>20}")
    for r in rows:
        print(f"{r['model']:10} {r['layer']:18} {r['coalition_images_per_second']:20,.0f}")


if __name__ == "__main__":
    main()
