#!/bin/sh
# environment.sh DESTDIR: fill DESTDIR/usr/lib/landmarkd with a virtual environment for another
# machine: PYTHON_VERSION (3.11 or 3.13) and DEB_HOST_ARCH (arm64 or amd64) say which.
# Wheels only: nothing of them runs here. uv evaluates the markers for that machine, pip cannot.
set -eu
root=$1/usr/lib/landmarkd
: "${PYTHON_VERSION:?}" "${DEB_HOST_ARCH:?}" "${UV:?}"
case $DEB_HOST_ARCH in
    arm64) platform=aarch64-manylinux_2_28 ;;
    amd64) platform=x86_64-manylinux_2_28 ;;
    *) echo "there is no TFLite runtime for $DEB_HOST_ARCH" >&2; exit 69 ;;
esac
packages=$root/lib/python$PYTHON_VERSION/site-packages
mkdir -p "$root/bin" "$packages"
cat >"$root/pyvenv.cfg" <<CFG
home = /usr/bin
include-system-site-packages = true
version = $PYTHON_VERSION
CFG
ln -s "/usr/bin/python$PYTHON_VERSION" "$root/bin/python3"
ln -s python3 "$root/bin/python"
set -- --quiet --target "$packages" --python-platform "$platform" \
    --python-version "$PYTHON_VERSION" --only-binary :all: --no-config
# Every dependency is pinned by its hash, as install.sh does it. The picamera2 of Bookworm is built
# for numpy 1 and breaks beside numpy 2.
lock=requirements.lock
[ "$PYTHON_VERSION" != 3.11 ] || lock=requirements-numpy1.lock
"$UV" pip install "$@" --require-hashes -r "$lock"
"$UV" pip install "$@" --no-deps build/wheels/landmarkd-*.whl
rm -rf "$packages/bin"
find "$packages" -type f ! -name '*.so*' -perm /111 -exec chmod a-x {} +
find "$packages" -name __pycache__ -prune -exec rm -rf {} +
cat >"$root/bin/landmarkd" <<'RUN'
#!/usr/lib/landmarkd/bin/python3 -I
import sys

from landmarkd.cli.main import main

sys.exit(main())
RUN
chmod 755 "$root/bin/landmarkd"
