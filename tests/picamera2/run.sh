#!/bin/sh
# Proves the source picamera2 on the real library: run.sh [PYTEST ARGUMENT...]; `make test-picamera2` calls it.
#
# The first run downloads Debian 13 and the packages (minutes); later ones need a minute or two. Everything is kept in
# LANDMARKD_PICAMERA2_CACHE, .cache/picamera2 in this repository by default; delete that to begin anew.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
cache=${LANDMARKD_PICAMERA2_CACHE:-$PWD/.cache/picamera2}
"$here/prepare.sh" "$cache"
# The kernel sends no SIGTERM to the first process of a namespace: only SIGKILL ends a run that hangs.
exec timeout --signal KILL "${LIMIT_S:-600}" "$here/enter.sh" "$cache/root" env LD_PRELOAD=/dma_heap.so \
    PYTHONPATH=/src/tests/picamera2/shim:/src/edge:/src PICAMERA2_LAB=1 FRAMES="${FRAMES:-10000}" \
    python -m pytest -q -p no:cacheprovider --noconftest -c /dev/null --rootdir /src /src/tests/picamera2 "$@"
