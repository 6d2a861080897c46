#!/usr/bin/python3
"""What one core reaches, layer by layer.

    tests/bench/bench.py NEURANK FOLDER [MODEL/LAYER ...]      (make bench)

Layers take turns, ROUNDS times; medians, as a table and as FOLDER/bench.json.

co-im/s    coalition-images of the walks a second: one coalition on one image. All of the
           run's time counts, the prefix of each image included.
evaluated  the part of them that had to be evaluated; in the others the player that
           joined changes nothing on that image.
GFLOP/s    of the products that the kernels perform for them (Winograd's 36 or 9 products
           for 144 or 36, padding of tiles included), suffix only; of peak: against a
           large product of OpenBLAS, measured by `neurank info` in each round.
error      mean standard error of the filters after one second: it falls with the root.
"""
import datetime
import json
import re
import statistics
import sys

from games import CASES, Games, nn, tupled
from machine import cpu

ROUNDS = 3
WINOGRAD_CHANNELS_MIN = 8


def conv_products(conv, x):
    """Multiply-adds of one convolution on one row, as src/nn/products_fast.c does it."""
    c_in, h, w = x.shape[1:]
    kh, kw = conv.kernel_size
    plain = (kh, kw) == (3, 3) and conv.stride == (1, 1) and conv.padding == (1, 1)
    channels = min(c_in, conv.out_channels)
    if plain and conv.groups == 1 and min(h, w) >= 2 and channels >= WINOGRAD_CHANNELS_MIN:
        products = 9 if (h, w) == (2, 2) else 36 * -(-h // 4) * -(-w // 4)
        return products * c_in * conv.out_channels
    out = conv(x[:1])
    return out[0].numel() * kh * kw * c_in // conv.groups


def suffix_products(cut, x):
    """Multiply-adds of a coalition, but for the first layer's, which is a sum of rows."""
    found = []

    def hook(module, inputs, _output):
        found.append((module, inputs[0]))
    handles = [m.register_forward_hook(hook) for m in cut.suffix.modules()
               if isinstance(m, (nn.Conv2d, nn.Linear))]
    cut.suffix(*tupled(cut.prefix(x[:1])))
    for h in handles:
        h.remove()
    return sum(conv_products(m, a) if isinstance(m, nn.Conv2d) else m.weight.numel()
               for m, a in found[1:])


def peak(game):
    """GFLOP/s of a large product."""
    return float(re.search(r"at the (\d+) GFLOP/s", game.neurank("info", game.onnx)).group(1))


def main():
    program, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:] or list(CASES)
    games = Games(program, folder)
    rounds = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, runs in rounds.items():
            game = games.get(name)
            runs.append({**game.run(), "peak": peak(game)})
    report = {"cpu": cpu(), "date": str(datetime.date.today()), "rows": []}
    print(f"{cpu()}, {report['date']}, one core, medians of {ROUNDS}")
    print(f"{'network/layer':26}{'co-im/s':>14}{'evaluated':>11}{'GFLOP/s':>9}{'of peak':>9}"
          f"{'error':>10}")
    for name, runs in rounds.items():
        row = summary(name, games.get(name), runs)
        report["rows"].append(row)
        print(f"{name:26}{row['coalition_images_per_second']:14,.0f}{row['evaluated']:11.0%}"
              f"{row['gflops']:9.1f}{row['of_peak']:9.0%}{row['error_after_a_second']:10.2g}")
    with open(f"{folder}/bench.json", "w") as f:
        json.dump(report, f, indent=1)


def summary(name, game, runs):
    def median(value):
        return statistics.median(value(r) for r in runs)
    work = 2e-9 * suffix_products(game.cut, game.x)
    covered = runs[0]["walks"] * runs[0]["players"]
    return {"name": name, "players": runs[0]["players"],
            "coalition_images_per_second": median(lambda r: covered / r["seconds"]),
            "evaluated": runs[0]["coalition_images"] / covered,
            "gflops": median(lambda r: work * r["coalition_images"] / r["seconds"]),
            "of_peak": median(lambda r: work * r["coalition_images"] / r["seconds"] / r["peak"]),
            "peak": median(lambda r: r["peak"]),
            "error_after_a_second": median(
                lambda r: statistics.mean(r["std_error"]) * r["seconds"] ** 0.5)}


main()
