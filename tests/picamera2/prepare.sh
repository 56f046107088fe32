#!/bin/sh
# Prepares, once, what the picamera2 tests run in: prepare.sh CACHE; does nothing where it is already there.
#
# CACHE/root is Debian 13 with its libcamera, whose "virtual" pipeline makes cameras out of pictures, and a virtual
# environment with the real picamera2 from PyPI. No camera and no kernel module is needed.
set -eu
cache=$1
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
mkdir -p "$cache"

if [ ! -d "$cache/root" ]; then
    echo "Unpacking Debian 13 with libcamera"
    command -v mmdebstrap >/dev/null || { [ "$(id -u)" = 0 ] && apt-get install -y -qq --no-install-recommends mmdebstrap; } ||
        { echo "mmdebstrap is missing: sudo apt-get install mmdebstrap" >&2; exit 69; }
    # The mirror that this machine already uses.
    mirror=$(sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
    rm -rf "$cache/root.new"
    mmdebstrap --quiet --variant=apt --aptopt='Acquire::Languages "none"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --include=ca-certificates,libcamera-tools,libcamera-ipa,python3-libcamera,python3-numpy,python3-venv \
        --include=python3-dev,python3-prctl,python3-av,libcap2-bin,libcap-dev,gcc,libc6-dev \
        trixie "$cache/root.new" ${mirror:+"$mirror"}
    mv "$cache/root.new" "$cache/root"
fi

wanted=$("${PYTHON:-python3}" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")')
wanted=$(printf '%s\npicamera2>=0.3.38\npytest>=8.3' "$wanted")
if [ ! -e "$cache/stamp" ] || [ "$wanted" != "$(cat "$cache/stamp")" ]; then
    echo "Installing picamera2 and landmarkd's dependencies"
    printf '%s\n' "$wanted" >"$cache/root/requirements.txt"
    [ -d "$cache/root/venv" ] || "$here/enter.sh" "$cache/root" python3 -m venv --system-site-packages /venv
    "$here/enter.sh" "$cache/root" python -m pip install -q -r /requirements.txt
    printf '%s\n' "$wanted" >"$cache/stamp"
fi

# What stands in for hardware: memory for the camera's buffers, the pictures that it shows, and four lines of picamera2.
"$here/enter.sh" "$cache/root" gcc -Wall -shared -fPIC -O1 -o /dma_heap.so /src/tests/picamera2/dma_heap.c -ldl
[ -d "$cache/root/pictures" ] || "$here/enter.sh" "$cache/root" python /src/tests/picamera2/pictures.py /pictures
mkdir -p "$cache/root/usr/share/libcamera/pipeline/virtual"
cp "$here/virtual.yaml" "$cache/root/usr/share/libcamera/pipeline/virtual/virtual.yaml"
