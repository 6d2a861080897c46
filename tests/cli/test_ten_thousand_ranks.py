"""The scheduler with 10,000 simulated ranks: all work is done once, and rank 0 keeps up.
TEST: parallel timeout=60

The real state machines in virtual time (tests/bench/simulate.c); the bounds follow from
counting: ranks x units and what rank 0 can handle."""
import json
import os
import subprocess

from harness import NEURANK, check

SIMULATE = f"{os.path.dirname(NEURANK)}/tests/bench/simulate"


def simulate(ranks, units, sweeps, unit_s, message_s, players=64, latency_s=50e-6):
    p = subprocess.run([SIMULATE, *map(str, (ranks, players, units, sweeps, unit_s, unit_s,
                                             message_s, latency_s))],
                       text=True, stdout=subprocess.PIPE, check=True)
    r = json.loads(p.stdout)
    check(r["complete"], f"every unit of every sweep: {r}")
    return r


def main():
    alone = simulate(1, 1000, 2, 0.1, 1e-6)
    check(alone["efficiency"] > 0.999, f"{alone}")
    check(abs(alone["seconds"] / 200 - 1) < 0.01, f"2,000 units of 0.1 s: {alone}")
    # 20 units each, and rank 0 needs a fifth of the time for the results.
    many = simulate(10000, 50000, 4, 0.5, 10e-6)
    check(many["efficiency"] > 0.9, f"{many}")
    # Rank 0 needs 10 s for results that take 2 s to compute: that is how long it takes.
    drowned = simulate(10000, 50000, 4, 0.1, 50e-6)
    check(10 < drowned["seconds"] < 11.5 and drowned["master_busy"] > 0.85, f"{drowned}")
    # Fewer units than ranks: as long as a unit, and a sweep does not wait for the one before.
    few = simulate(10000, 2000, 4, 1, 1e-6)
    check(few["seconds"] < 1.2, f"{few}")
    check(os.path.exists(SIMULATE), "built")


main()
