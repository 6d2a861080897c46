#!/bin/sh
# make demo: the main job on real data, on two ranks.   demo.sh NEURANK FOLDER
#
# Ranks the 50 filters of LeNet-5's second convolution on the 10,000 test images of
# Fashion-MNIST and shows the result. About half a minute on two cores of 2022.
set -eu
neurank=$1
work=$2
top=$(cd "$(dirname "$0")/.." && pwd)
fashion=/usr/share/datasets/fashion-mnist
mkdir -p "$work"

say() { printf '\n$ %s\n' "$*"; }

# Open MPI asks for consent before it runs as root, and on a machine of one core before
# it runs two ranks: version 4 in one way, the launcher of version 5 in another.
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
[ "$(nproc)" -ge 2 ] ||
    export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe

set -- import --idx $fashion/t10k-images-idx3-ubyte.gz $fashion/t10k-labels-idx1-ubyte.gz \
    --mean 0.2860 --std 0.3530 -o "$work/fashion.h5"
say neurank "$@"
"$neurank" "$@"

set -- eval "$top/data/lenet5.onnx" "$work/fashion.h5"
say neurank "$@"
"$neurank" "$@"

# A store that this version does not read is the work of an older demo.
"$neurank" show "$work/conv2.h5" >"$work/show.txt" 2>&1 || rm -f "$work/conv2.h5"

set -- shapley "$top/data/lenet5.onnx" "$work/fashion.h5" --layer conv2 --sweeps 4 \
    -o "$work/conv2.h5"
say mpirun -n 2 neurank "$@"
mpirun -n 2 "$neurank" "$@"

say neurank show "$work/conv2.h5"
"$neurank" show "$work/conv2.h5"

set -- report "$work/conv2.h5" -o "$work/conv2.html"
say neurank "$@"
"$neurank" "$@"

cat <<END

A row is a filter: its Shapley value is the share of the network's score that it brings, on
average over all orders in which filters could be added. [from, to] is its 95% interval
for these images; with +-joint all intervals hold at once, and neighbours whose order these
leave open are tied together at the left ( / | \\ ).

What to do next:
  open $work/conv2.html in a browser: the same with plots, and how the intervals became narrower
  $neurank show $work/conv2.h5 --format json      the same for programs
  $neurank info $top/data/vgg16s.onnx             layers of a larger network, and their cost
  $neurank info $top/data/lenet5.onnx $work/fashion.h5 --half-width 0.001   how long until +-0.001?
  $neurank baseline $top/data/lenet5.onnx $work/fashion.h5 --layer conv2 -o $work/conv2.h5
  $neurank compare $work/conv2.h5                 do simpler methods rank the filters as Shapley values do?
  $neurank prune $top/data/lenet5.onnx $work/conv2.h5 $work/fashion.h5 --max-drop 0.01 -o $work/small.onnx
                                                  a smaller network that loses at most 1% of the accuracy
  $neurank shapley MODEL.onnx DATA.h5 --layer all -o RUN.h5     your own network
Run the demo again and the finished store is recognised; give --sweeps 8, or --half-width 0.0015, and it
goes on.
README.md says how to bring your own network and images; $neurank help numbers, what the numbers mean.
END
