"""h5dump, h5py, xarray (h5netcdf) and ncdump read a store, and find in it what `show`
prints.
TEST: parallel timeout=60 needs=h5dump,ncdump"""
import json
import subprocess

import h5py
import numpy as np
import xarray
from harness import DATA, check, fashion, run


def tool(*command):
    p = subprocess.run(command, capture_output=True, text=True)
    check(p.returncode == 0, f"{command}: {p.stderr}")
    return p.stdout


def main():
    data = fashion()
    run("shapley", f"{DATA}/lenet5.onnx", data, "--layer", "conv1,conv2", "--images", 200,
        "--sweeps", 2, "--by-class", "--per-image", "-o", "r.h5")
    shown = json.loads(run("show", "r.h5", "--format", "json").stdout)
    check(shown["status"] == "complete" and [l["name"] for l in shown["layers"]] ==
          ["conv1", "conv2"], "both layers are complete")
    conv2 = shown["layers"][1]
    check(conv2["players"] == 50 and len(conv2["shapley"]) == 50, "50 players")
    check(conv2["walks"] == 4 * 2 * 200 and conv2["images"] == 200, "walks and images")

    check("shapley" in tool("h5dump", "-A", "r.h5"), "h5dump lists the values")
    tool("h5dump", "r.h5")
    header = tool("ncdump", "-h", "r.h5")
    check("double shapley(filter)" in header, "ncdump sees the dimension")
    with h5py.File("r.h5") as f:
        check(np.array_equal(f["conv2/shapley"][()], conv2["shapley"]), "h5py")
        check(f["conv2"].attrs["plan_metric"] == "loss", "attributes are text")

        def scaled(name, item):
            if isinstance(item, h5py.Dataset) and item.attrs.get("CLASS") != b"DIMENSION_SCALE":
                for d in item.dims:
                    check(len(d) == 1, f"{name} has a scale on each axis")
        f.visititems(scaled)
    with xarray.open_dataset("r.h5", engine="h5netcdf", group="/conv2") as ds:
        check(ds.shapley.dims == ("filter",), f"dimensions {ds.shapley.dims}")
        check(np.array_equal(ds.shapley.values, conv2["shapley"]), "xarray")
        check(ds.filter.values.tolist() == conv2["filters"], "coordinates")
        best = ds.shapley.sel(filter=int(ds.shapley.idxmax()))
        check(float(best) == max(conv2["shapley"]), "selection by coordinate")
        check(ds.shapley_by_class.dims == ("class", "filter"), "by class")
        check(ds.shapley_by_image.dims == ("image", "filter"), "by image")
        mean = ds.shapley_by_image.mean("image")  # xarray applies scale_factor
        check(abs(mean - ds.shapley).max() < 1e-12, "the mean over images is the value")
        by_label = ds.shapley_by_image.groupby(ds.label_by_image).mean()
        check(abs(by_label.values - ds.shapley_by_class.values).max() < 1e-12, "classes")
    with xarray.open_dataset(data, engine="h5netcdf") as ds:
        check(ds["images"].dims == ("image", "channel", "row", "column"), "image file")
    check("images(image, channel, row, column)" in tool("ncdump", "-h", data), "ncdump")

    csv = run("show", "r.h5", "--format", "csv", "--top", 3).stdout.splitlines()
    check(len(csv) == 1 + 2 * 3 and csv[0].startswith("layer,filter,rank,shapley"), csv)
    text = run("show", "r.h5", "--top", 4).stdout
    check(sum("[" in l for l in text.splitlines()) == 8, text)

    check_ratings(data)


def check_ratings(data):
    """The switch and baselines beside them."""
    for command in (("switch", "--epochs", 2), ("baseline",)):
        run(*command, f"{DATA}/lenet5.onnx", data, "--layer", "conv2", "--images", 200, "-o", "r.h5")
    shown = json.loads(run("show", "r.h5", "--format", "json").stdout)
    check("group: switch" in tool("ncdump", "-h", "r.h5"), "ncdump")
    tool("h5dump", "r.h5")
    with xarray.open_dataset("r.h5", engine="h5netcdf", group="/conv2/switch") as ds:
        check(ds["mean"].dims == ("filter",) and ds.trace_log_likelihood.dims == ("point",), "axes")
        check(np.array_equal(ds["mean"].values, shown["switch"][0]["mean"]), "the posterior")
        check(np.array_equal(ds.trace_divergence.values, shown["switch"][0]["trace"]["divergence"]),
              "the trace")
    with xarray.open_dataset("r.h5", engine="h5netcdf", group="/conv2/baseline") as ds:
        check(np.array_equal(ds.taylor.values, shown["baseline"][0]["taylor"]), "a baseline")


main()
