#!/bin/bash
# README's commands as a stranger gives them: in a fresh clone of HEAD, in a Debian that has
# nothing but git and make.
#
#     sudo tests/tools/in_root.sh bookworm|trixie [TARGET...]     (needs debootstrap; 5 GB)
#
# Runs `make TARGET` one after the other; without one: demo, test. The root is made in
# build/roots/RELEASE, or the folder $ROOT, and used again if it is there, with what was
# installed in it; $MIRROR is where packages come from. What is mounted in it is seen by nobody
# else, and gone, as are all processes in it, when this ends, however it ends.
set -eu

usage() { sed -n '5,10s/^# *//p' "$0" >&2; exit 2; }

top=$(cd "$(dirname "$0")/../.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}

# A root that was not finished has another name.
make_root() {
    command -v debootstrap >/dev/null || { echo 'debootstrap is missing (Debian: debootstrap)' >&2; exit 1; }
    rm -rf "$root.new"
    mkdir -p "$(dirname "$root")"
    debootstrap --variant=minbase "$release" "$root.new" "$mirror"
    mv "$root.new" "$root"
}

# An own /dev/shm: what dies in the root leaves nothing in this machine's.
mount_all() {
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
}

# Names and proxies as this machine has them.
give_network() {
    rm -f "$root/etc/resolv.conf"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    apt-config dump 2>/dev/null | grep -i '^Acquire::https\?::Proxy' >"$root/etc/apt/apt.conf.d/01proxy" || true
}

inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        ${no_proxy:+no_proxy="$no_proxy"} chroot "$root" "$@"
}

# In namespaces of its own; arguments are targets.
in_namespaces() {
    [ -d "$root" ] || make_root
    mount_all
    give_network
    inside sh -c 'command -v git && command -v make' >/dev/null || {
        inside apt-get update -q
        inside apt-get install -q -y --no-install-recommends git make
    }
    rm -rf "$root/root/neurank"
    git clone -q --no-hardlinks "$top" "$root/root/neurank"
    for target; do
        echo "$release: make $target, $(date +%T)"
        inside make -C /root/neurank "$target"
    done
    echo "$release: all passed, $(date +%T)"
}

case ${1:-} in
    bookworm | trixie) release=$1 ;;
    *) usage ;;
esac
shift
[ "$(id -u)" = 0 ] || { echo 'a root is made by root: sudo' >&2; exit 1; }
root=$(realpath -m "${ROOT:-$top/build/roots/$release}")
[ $# -gt 0 ] || set -- demo test

# The first process there is this script again; the other processes die with it.
if [ "${NEURANK_IN_ROOT:-}" = $$ ]; then
    in_namespaces "$@"
    exit
fi

# With job control, since what a shell starts in the background otherwise ignores Ctrl-C, and so
# would programs that are tested with it.
set -m
NEURANK_IN_ROOT=1 unshare --mount --propagation slave --pid --fork --kill-child \
    "$0" "$release" "$@" </dev/null &
namespaces=$!
trap 'kill -KILL $namespaces 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
wait $namespaces
