#!/bin/sh
# Prepares, once, what the arm64 check runs in: prepare.sh CACHE SUITE PYTHON; does nothing where it is already there.
#
# CACHE/SUITE/root is a Debian userland for arm64, with wheels of landmarkd's dependencies in /wheels; CACHE/qemu-aarch64
# is the emulator. Debian 12's own emulator (7.2) crashes in the TFLite runtime: the one of Debian 13 (10.0) does not.
set -eu
cache=$1 suite=$2 python=$3
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
host_python=$PWD/.venv/bin/python
folder=$cache/$suite
mkdir -p "$folder"

# The mirror that this machine already uses.
mirror=$(sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
[ -n "$mirror" ] || mirror=$(sed -n 's/^deb \(\[.*\] \)\{0,1\}\(http[^ ]*\/debian\/\{0,1\}\) .*/\2/p' /etc/apt/sources.list | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

if [ ! -x "$cache/qemu-aarch64" ]; then
    echo "Fetching the emulator"
    apt=$(mktemp -d)
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    echo "deb [signed-by=$keyring] $mirror trixie main" >"$apt/sources.list"
    set -- -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$apt/state" \
        -o Dir::Cache="$apt/cache" -o Dir::State::status=/var/lib/dpkg/status -o APT::Sandbox::User= -qq
    apt-get "$@" update
    (cd "$apt" && apt-get "$@" download qemu-user && dpkg -x qemu-user_*.deb unpacked)
    cp "$apt/unpacked/usr/bin/qemu-aarch64" "$cache/qemu-aarch64.new"
    mv "$cache/qemu-aarch64.new" "$cache/qemu-aarch64"
    rm -r "$apt"
fi

if [ ! -d "$folder/root" ]; then
    echo "Unpacking Debian $suite for arm64"
    command -v mmdebstrap >/dev/null || { [ "$(id -u)" = 0 ] && apt-get install -y -qq --no-install-recommends mmdebstrap; } ||
        { echo "mmdebstrap is missing: sudo apt-get install mmdebstrap" >&2; exit 69; }
    rm -rf "$folder/root.new"
    mmdebstrap --quiet --variant=extract --arch=arm64 --include=base-files,base-passwd,dash,coreutils,python3,python3-venv,libstdc++6,ca-certificates,systemd,passwd \
        "$suite" "$folder/root.new" "$mirror"
    # Packages are only unpacked, not configured: what their scripts would make, and what pip and the installer want.
    cp "$folder/root.new/usr/share/base-passwd/passwd.master" "$folder/root.new/etc/passwd"
    cp "$folder/root.new/usr/share/base-passwd/group.master" "$folder/root.new/etc/group"
    cat "$folder"/root.new/usr/share/ca-certificates/mozilla/*.crt >"$folder/root.new/etc/ssl/certs/ca-certificates.crt"
    mv "$folder/root.new" "$folder/root"
fi

# pip judges markers by the machine that downloads: those of the lock are judged here for the other one.
wanted=$("$host_python" - "$python" <<'PROGRAM'
import re, sys
from packaging.requirements import Requirement

there = {"python_version": sys.argv[1], "python_full_version": sys.argv[1] + ".0", "platform_machine": "aarch64"}
for line in re.findall(r"^[a-z].*(?= \\$)", open("requirements.lock").read(), re.MULTILINE):
    requirement = Requirement(line)
    if requirement.marker is None or requirement.marker.evaluate(there):
        print(f"{requirement.name}{requirement.specifier}")
PROGRAM
)
if [ ! -e "$folder/stamp" ] || [ "$wanted" != "$(cat "$folder/stamp")" ]; then
    echo "Fetching the dependencies for arm64"
    rm -rf "$folder/root/wheels"
    mkdir -p "$folder/root/wheels"
    printf '%s\n' "$wanted" >"$folder/requirements.txt"
    set --
    for tag in manylinux_2_28 manylinux_2_27 manylinux_2_26 manylinux_2_17 manylinux2014; do set -- "$@" --platform "${tag}_aarch64"; done
    "$host_python" -m pip download -qq --no-deps -r "$folder/requirements.txt" -d "$folder/root/wheels" "$@" \
        --only-binary=:all: --implementation cp --python-version "$python"
    printf '%s\n' "$wanted" >"$folder/stamp"
fi
