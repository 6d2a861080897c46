#!/usr/bin/python3
"""The same games in PyTorch, side by side on one core.

    tests/bench/peers.py NEURANK FOLDER [MODEL/LAYER ...]      (make bench-peers)

(a) one permutation for all images and a whole forward for every coalition, as Captum's
    ShapleyValueSampling does it;
(b) the best one can write: activations in front of the layer cached, the suffix traced,
    frozen and optimised for inference, a permutation an image, masks batched, the batch
    size that is fastest here.

Rounds alternate between neurank, (a) and (b); ratios are made within a round, and the
table shows their medians. A coalition-image is one coalition of a walk on one image:
neurank knows the value of some without evaluating them, because the player that joined
changes nothing on that image; `evaluated` leaves those out. neurank's seconds are all
of a run's, the prefix of each image included. "to equal error" multiplies (a)'s time a
permutation by the permutations it needs for the standard error that neurank has at the
end, from the covariance between two halves of the images over some permutations.
"""
import ctypes
import datetime
import json
import statistics
import sys
import time

from games import CASES, F, Games, torch, tupled  # sets one thread before torch is loaded
from machine import cpu

libc = ctypes.CDLL("libc.so.6")  # freed memory is kept: page faults are not PyTorch's fault
libc.mallopt(-1, 1 << 30)
libc.mallopt(-3, 1 << 30)

ROUNDS = 3
ROUND_S = 1.5  # of PyTorch, each way
EQUAL_ERROR = {"lenet5/conv2", "vgg16/conv4_3"}


# ---- (b) ----

class Best:
    def __init__(self, cut, x, y):
        self.inputs = tupled(cut.prefix(x))
        self.labels = y
        self.players = self.inputs[0].shape[1]
        example = [t[:2] for t in self.inputs]
        frozen = torch.jit.freeze(torch.jit.trace(cut.suffix.eval(), tuple(example)))
        self.suffixes = [cut.suffix, torch.jit.optimize_for_inference(frozen)]
        self.choice = None

    def values(self, suffix, images, masks):
        """masks [images, coalitions, players] -> scores [images, coalitions]"""
        act = self.inputs[0][images]
        shape = (1,) * (act.dim() - 2)
        a = act[:, None] * masks.view(*masks.shape, *shape)
        logits = suffix(a.flatten(0, 1), *[t[images] for t in self.inputs[1:]])
        labels = self.labels[images].repeat_interleave(masks.shape[1])
        return -F.cross_entropy(logits, labels, reduction="none").view(masks.shape[:2])

    def walk(self, suffix, rows, at):
        """Prefixes of one permutation an image, about `rows` of them; how many."""
        n = self.players
        count = max(1, rows // n)
        images = torch.arange(at, at + count) % len(self.labels)
        rank = torch.argsort(torch.argsort(torch.rand(count, n), 1), 1)
        done = 0
        for first in range(1, n + 1, rows):
            sizes = torch.arange(first, min(first + rows, n + 1))
            masks = (rank[:, None, :] < sizes[None, :, None]).float()
            self.values(suffix, images, masks)
            done += count * len(sizes)
            if count == 1 and done >= 4 * rows:
                break
        return done

    def seconds(self, suffix, rows, budget):
        self.walk(suffix, rows, 0)
        start, done, at = time.perf_counter(), 0, 0
        while time.perf_counter() - start < budget:
            done += self.walk(suffix, rows, at)
            at += max(1, rows // self.players)
        return (time.perf_counter() - start) / done

    def measure(self):
        floats = self.inputs[0][0].numel()
        if self.choice is None:
            sizes = [r for r in (16, 64, 256, 1024, 4096) if r * floats <= 1 << 25]
            found = [(self.seconds(s, r, 0.3), k, r)
                     for k, s in enumerate(self.suffixes) for r in sizes]
            self.choice = min(found)[1:]
        suffix, rows = self.choice
        return self.seconds(self.suffixes[suffix], rows, ROUND_S)


# ---- (a) ----

def seconds_whole(net, x):
    """A forward of the whole network, an image, with the best of some batch sizes."""
    found = []
    for rows in (16, 100, 1000):
        part = x[:rows]
        net(part)
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < ROUND_S / 3:
            net(part)
            done += len(part)
        found.append((time.perf_counter() - start) / done)
    return min(found)


def shared_variance(best, images=200, permutations=16):
    """Variance of a marginal's mean over many images, from permutation to permutation:
    the mean over players of the covariance between two halves of the images."""
    suffix, rows = best.choice
    n, halves = best.players, [[], []]
    images = min(images, len(best.labels), max(2, 400000 // (n * permutations)))
    for _ in range(permutations):
        rank = torch.argsort(torch.argsort(torch.rand(n)))
        sums = torch.zeros(2, n + 1, dtype=torch.float64)
        for i in range(images):
            for first in range(0, n + 1, rows):
                sizes = torch.arange(first, min(first + rows, n + 1))
                masks = (rank[None, :] < sizes[:, None]).float()[None]
                v = best.values(best.suffixes[suffix], torch.tensor([i]), masks)
                sums[i % 2, first:first + len(sizes)] += v[0].double()
        marginals = (sums[:, 1:] - sums[:, :-1]) / (images / 2)
        for k in range(2):
            halves[k].append(marginals[k][rank])
    a, b = (torch.stack(h) for h in halves)
    a, b = a - a.mean(0), b - b.mean(0)
    return float((a * b).sum(0).mean() / (permutations - 1))


def check_ends(best, result, name):
    """Both play the same game."""
    n, count = best.players, min(len(best.labels), 1000)
    for kept in (0.0, 1.0):
        v = torch.cat([best.values(best.suffixes[0], i, torch.full((len(i), 1, n), kept))
                       for i in torch.arange(len(best.labels)).split(100)])
        ours = result["value_full" if kept else "value_empty"]
        if abs(float(v.double().mean()) - ours) > 1e-3 * max(1, abs(ours)):
            sys.exit(f"{name}: {float(v.mean())} in PyTorch, {ours} in neurank ({count})")


def measure(name, games):
    game = games.get(name)
    best = Best(game.cut, game.x[:200], game.y[:200])
    rounds = []
    for _ in range(ROUNDS):
        r = game.run()
        covered = r["walks"] * r["players"]
        rounds.append({"ours": r["seconds"] / covered,
                       "evaluated": r["coalition_images"] / covered,
                       "a": seconds_whole(game.net, game.x), "b": best.measure(), "run": r})
    # on the images that PyTorch has cached
    check_ends(best, game.run(200, 1), name)
    return summary(name, best, rounds)


def summary(name, best, rounds):
    median = {k: statistics.median(r[k] for r in rounds) for k in ("ours", "evaluated", "a", "b")}
    row = {"name": name, "players": best.players, "seconds": median,
           "rows_of_b": best.choice[1],
           "ratio_a": statistics.median(r["a"] / r["ours"] for r in rounds),
           "ratio_b": statistics.median(r["b"] / r["ours"] for r in rounds)}
    if name in EQUAL_ERROR:
        images = 10000 if name.startswith("lenet5") else 1000
        variance = shared_variance(best)
        r = rounds[-1]["run"]
        error2 = statistics.mean(e ** 2 for e in r["std_error"])
        # the same error on `images` images takes neurank as long as on those of the run
        permutation = median["a"] * images * (best.players + 1)
        row["equal_error"] = variance / error2 * permutation / r["seconds"]
        row["images"] = images
    return row


def main():
    program, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:] or list(CASES)
    games, rows = Games(program, folder), []
    print(f"{cpu()}, {datetime.date.today()}, one core, PyTorch {torch.__version__}, "
          f"medians of {ROUNDS} rounds; microseconds a coalition-image")
    print(f"{'network/layer':26}{'neurank':>10}{'evaluated':>10}{'(a)':>10}{'(b)':>10}"
          f"{'(a)/ours':>10}{'(b)/ours':>10}")
    for name in names:
        row = measure(name, games)
        rows.append(row)
        t = {k: 1e6 * v for k, v in row["seconds"].items()}
        print(f"{name:26}{t['ours']:10.3f}{row['seconds']['evaluated']:10.0%}{t['a']:10.1f}"
              f"{t['b']:10.2f}{row['ratio_a']:9.0f}x{row['ratio_b']:9.1f}x", flush=True)
        if "equal_error" in row:
            print(f"{'':26}to equal standard error on {row['images']:,} images, against (a): "
                  f"{row['equal_error']:,.0f}x", flush=True)
    with open(f"{folder}/peers.json", "w") as f:
        json.dump({"cpu": cpu(), "date": str(datetime.date.today()), "rows": rows}, f, indent=1)


main()
