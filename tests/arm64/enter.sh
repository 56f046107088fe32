#!/bin/sh
# Runs a command inside an arm64 root folder: enter.sh ROOT QEMU COMMAND [ARGUMENT...]
#
# Everything happens in namespaces of its own (user, mount, process), so neither root nor any set-up of the host is
# needed, and nothing of it is left behind. The interpreter for foreign programs is registered inside, which takes
# Linux 6.7; on older kernels the host's own registration serves: apt-get install qemu-user-binfmt.
set -eu

if [ "${1-}" != --inside ]; then
    exec unshare --user --map-root-user --mount --pid --fork --kill-child "$0" --inside "$@"
fi
shift
root=$1 qemu=$2
shift 2

registry=$(mktemp -d)
if mount -t binfmt_misc binfmt_misc "$registry" 2>/dev/null; then
    # The first bytes of an ELF file for aarch64, and which of their bits count; F keeps the emulator open in the root.
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":landmarkd-aarch64:M::$magic:$mask:$qemu:PF" >"$registry/register"
elif [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
    echo "This kernel cannot register an emulator in a namespace: apt-get install qemu-user-binfmt, then try again." >&2
    exit 69
fi

mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount --rbind /dev "$root/dev"
# Without /sys the CPU is not recognised, and the runtime silently falls back from XNNPACK to plain kernels.
mount --rbind /sys "$root/sys"

# The plain core of a Raspberry Pi 4: the emulator's richest core costs four times the time for pointer authentication.
export QEMU_CPU="${QEMU_CPU:-cortex-a72}"
exec chroot "$root" /usr/bin/env -i QEMU_CPU="$QEMU_CPU" HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$@"
