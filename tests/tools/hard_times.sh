#!/bin/bash
# Runs tests on a machine that has no time for them: N times each, beside four busy processes for
# every core, on half of one core. Stops at the first that fails.
#
#     tests/tools/hard_times.sh N TEST...        (needs stress-ng; NEURANK: another program)
#
# The half is a quota of a cgroup where one may be made, else what cpulimit takes away. It holds for
# all that a test starts, daemons of SLURM as well; a test has the more time for it (patience.py).
set -eu

[ $# -ge 2 ] || { sed -n '2,5s/^# *//p' "$0" >&2; exit 2; }
times=$1
shift
top=$(cd "$(dirname "$0")/../.." && pwd)
neurank=${NEURANK:-$top/build/release/neurank}
group=

# Version 1 of cgroups has a hierarchy for processors alone, version 2 one for everything.
make_group() {
    if [ -e /sys/fs/cgroup/cpu/cgroup.procs ]; then
        group=/sys/fs/cgroup/cpu/neurank.$$
        mkdir "$group" && echo 100000 >"$group/cpu.cfs_period_us" &&
            echo 50000 >"$group/cpu.cfs_quota_us"
    else
        group=/sys/fs/cgroup/neurank.$$
        echo +cpu >/sys/fs/cgroup/cgroup.subtree_control && mkdir "$group" &&
            echo 50000 100000 >"$group/cpu.max"
    fi 2>/dev/null
}

# In a subshell, which joins the group with all that it starts.
on_half() (
    if [ -n "$group" ]; then
        echo "$BASHPID" >"$group/cgroup.procs"
        exec "$@"
    fi
    exec cpulimit -q -l 50 -m -f -- "$@"
)

tidy() {
    kill "$load" 2>/dev/null || true
    [ -z "$group" ] || rmdir "$group" 2>/dev/null || true
}

make_group || group=
echo "half of a core: ${group:-cpulimit}"
stress-ng --quiet --cpu "$((4 * $(nproc)))" --timeout 12h &
load=$!
trap tidy EXIT
for test in "$@"; do
    for k in $(seq "$times"); do
        echo "$test: $k of $times, $(date +%T)"
        on_half /usr/bin/python3 "$top/tests/tools/run.py" "$neurank" "$test" ||
            { echo "failed: $test, the ${k}th time"; exit 1; }
    done
done
echo "all passed $times times"
