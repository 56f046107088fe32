#!/bin/sh
# try_deb.sh DEB SUITE [ARCHIVE]: install, run, upgrade, remove and purge the package in a fresh
# Debian: an archive of one (tests.walks keeps some), or else what mmdebstrap makes.
set -eu
deb=$(realpath "$1") suite=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
say() { printf '== %s\n' "$*"; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    HOME=/root "$@"; }
if [ -n "${3-}" ]; then
    tar -C "$root" -xf "$3"
else
    mmdebstrap --quiet --variant=apt --include=ca-certificates "$suite" "$root"
fi
[ -c "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$deb" "$root/landmarkd.deb"
inside apt-get update -qq
say install
inside apt-get install -y -qq --no-install-recommends /landmarkd.deb >/dev/null
inside landmarkd --help >/dev/null
inside landmarkd models
inside sh -c 'landmarkd run --source demo: --fast --sink jsonl:/tmp/out.jsonl && wc -l /tmp/out.jsonl'
inside id landmarkd
[ -e "$root/usr/share/man/man1/landmarkd-run.1.gz" ]
say "a changed configuration survives an upgrade"
echo '# mine' >>"$root/etc/landmarkd.toml"
inside dpkg -i /landmarkd.deb >/dev/null
grep -q '^# mine' "$root/etc/landmarkd.toml"
say remove
inside dpkg -r landmarkd >/dev/null
[ ! -e "$root/usr/bin/landmarkd" ] && [ ! -e "$root/usr/lib/landmarkd" ]
[ -e "$root/etc/landmarkd.toml" ]
say purge
inside dpkg -P landmarkd >/dev/null
[ ! -e "$root/etc/landmarkd.toml" ] && [ ! -e "$root/var/lib/landmarkd" ]
! inside getent passwd landmarkd
say "the package installs, runs, keeps its configuration and leaves nothing"
