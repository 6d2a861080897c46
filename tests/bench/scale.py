#!/usr/bin/python3
"""How one run scales here: tests/bench/scale.py NEURANK SCALE FOLDER  (make bench-scale)

Two ranks against one on two cores, runs in turn, medians of the ratio; 2 to 64 ranks,
more than there are cores, on a game that only sleeps; the master fed in process.
"""
import datetime
import json
import os
import statistics
import subprocess
import sys

from machine import cpu

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROUNDS = 5
CASES = [("lenet5", "conv2", 10000, 4), ("vgg16s", "conv3_3", 200, 1),
         ("resnet20", "stage2.1.conv1", 200, 1)]
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
       "OMPI_MCA_mpi_yield_when_idle": "1",
       "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def output(*command):
    return subprocess.run(list(map(str, command)), check=True, env=ENV, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def seconds(program, ranks, model, layer, images, sweeps, folder):
    store = f"{folder}/run.h5"
    if os.path.exists(store):
        os.remove(store)
    output("mpirun", "-n", ranks, program, "shapley", f"{TOP}/data/{model}.onnx",
           f"{TOP}/build/fashion.h5", "--layer", layer, "--images", images, "--sweeps", sweeps,
           "-o", store)
    shown = json.loads(output(program, "show", store, "--format", "json"))
    return shown["layers"][0]["seconds"]


def main():
    program, scale, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    report = {"cpu": cpu(), "date": str(datetime.date.today()), "two_ranks": [], "sleep": []}
    print(f"{cpu()}, {datetime.date.today()}, {os.cpu_count()} cores")
    for case in CASES:
        ratios = [seconds(program, 1, *case, folder) / seconds(program, 2, *case, folder)
                  for _ in range(ROUNDS)]
        ratio = statistics.median(ratios)
        report["two_ranks"].append({"case": case, "ratios": ratios, "median": ratio})
        print(f"{case[0]:10}{case[1]:16} two ranks are {ratio:.2f}x as fast as one", flush=True)
    for ranks in (2, 4, 8, 16, 32, 64):
        row = json.loads(output("mpirun", "-n", ranks, scale, "sleep", 50, 100))
        report["sleep"].append(row)
        print(f"{ranks:3} ranks that sleep 50 ms a unit are busy {row['busy']:.1%} of the time",
              flush=True)
    master = report["master"] = json.loads(output(scale, "master"))
    print(f"the master answers {master['units_per_second']:,} units a second of "
          f"{master['workers']:,} workers, {master['units_per_second_folded']:,} with the sums of "
          f"{master['players']} players folded")
    with open(f"{folder}/scale.json", "w") as f:
        json.dump(report, f, indent=1)


main()
