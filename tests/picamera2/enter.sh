#!/bin/sh
# Runs a command inside the lab: enter.sh ROOT COMMAND [ARGUMENT...]
#
# Everything happens in namespaces of its own (user, mount, process), so neither root nor any set-up of the host is
# needed, and nothing of it is left behind. This repository lies at /src in there.
set -eu

if [ "${1-}" != --inside ]; then
    exec unshare --user --map-root-user --mount --pid --fork --kill-child "$0" --inside "$@"
fi
shift
root=$1
shift
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$root/src"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
# Without /sys the CPU is not recognised, and the TFLite runtime silently falls back to plain kernels.
mount --rbind /sys "$root/sys"
mount --bind "$here" "$root/src"
# The network of the host, for pip.
for file in /etc/resolv.conf /etc/hosts; do cp -L "$file" "$root$file" 2>/dev/null || true; done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt" 2>/dev/null || true

exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore OMP_NUM_THREADS="${OMP_NUM_THREADS:-}" \
    PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$@"
