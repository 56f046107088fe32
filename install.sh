#!/bin/sh
# Installs, upgrades or removes landmarkd on a Raspberry Pi or any Debian. See: ./install.sh --help
#
# Every installation has its own folder under /opt/landmarkd-releases, and /opt/landmarkd points to it only after it is
# complete and its models are verified. So no incomplete installation ever runs, and the previous one is kept.
set -eu
umask 022

releases=/opt/landmarkd-releases
current=/opt/landmarkd
settings=/etc/landmarkd.toml
unit=/etc/systemd/system/landmarkd.service
users=/etc/sysusers.d/landmarkd.conf
rules=/etc/udev/rules.d/60-landmarkd.rules
command=/usr/local/bin/landmarkd
state=/var/lib/landmarkd
runtime=/run/landmarkd
owner=landmarkd

usage() {
    cat <<USAGE
usage: sudo ./install.sh [--wheels DIR] [--no-start] [--python PYTHON]
       sudo ./install.sh --uninstall [--purge]

Installs or upgrades landmarkd: a virtual environment in $current that sees the system's picamera2, the user
$owner, its unit and udev rules, $settings if there is none yet, and the command landmarkd. Starts it.

  --wheels DIR     take all packages from DIR, landmarkd's own included; no network is needed
  --no-start       do not enable and start the service
  --python PYTHON  use this Python 3.11 to 3.14 (default: python3)
  --uninstall      stop and remove it; configuration and state stay
  --purge          with --uninstall: remove $settings, $state and the user as well
USAGE
}

fail() {
    code=$1
    shift
    echo "install.sh: $*" >&2
    exit "$code"
}

wheels='' start=yes python=python3 action=install purge=no
while [ $# -gt 0 ]; do
    case $1 in
        --wheels) [ $# -ge 2 ] || fail 64 "--wheels needs a folder."; wheels=$2; shift ;;
        --python) [ $# -ge 2 ] || fail 64 "--python needs a program."; python=$2; shift ;;
        --no-start) start=no ;;
        --uninstall) action=uninstall ;;
        --purge) purge=yes ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; fail 64 "unknown option $1" ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || fail 77 "this changes the system; run: sudo ./install.sh"
here=$(cd "$(dirname "$0")" && pwd)
# systemctl may exist without a running systemd, while an image is built.
systemd_runs() { [ -d /run/systemd/system ]; }

uninstall() {
    if systemd_runs; then
        systemctl disable --now landmarkd.service 2>/dev/null || true
    fi
    rm -rf "$unit" "$unit.d" "$users" "$rules" "$current" "$releases" "$runtime"
    [ ! -L "$command" ] || rm "$command"
    if systemd_runs; then
        systemctl daemon-reload
        udevadm control --reload 2>/dev/null || true
    fi
    if [ $purge = yes ]; then
        rm -rf "$settings" "$settings.example" "$state"
        ! getent passwd "$owner" >/dev/null || userdel "$owner"
        echo "landmarkd is gone, with its configuration and state."
    else
        echo "landmarkd is gone; $settings and $state stay (--purge removes them)."
    fi
}

check_machine() {
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null ||
        fail 69 "landmarkd needs Python 3.11 to 3.14, and $python is $("$python" --version 2>&1 || echo missing);" \
            "Raspberry Pi OS Bookworm and Trixie have it."
    case $("$python" -c 'import platform; print(platform.machine())') in
        aarch64 | x86_64) ;;
        *) fail 69 "there is no TFLite runtime for 32 bits; install the 64-bit Raspberry Pi OS." ;;
    esac
    [ -z "$wheels" ] || ls "$wheels"/landmarkd-*.whl >/dev/null 2>&1 ||
        fail 66 "$wheels has no landmarkd wheel; docs/device.md says how to fill it."
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    # On Raspberry Pi OS only apt has the library of the camera port.
    if [ -e /proc/device-tree/model ] && grep -q "Raspberry Pi" /proc/device-tree/model; then
        "$python" -c 'import picamera2' 2>/dev/null || apt_install python3-picamera2 ||
            echo "install.sh: no picamera2, so no camera at the ribbon cable; USB cameras work." >&2
    fi
}

apt_install() {
    [ -z "$wheels" ] || fail 69 "$1 is missing, and --wheels means no network; run before: sudo apt install $1"
    apt-get install -y -qq --no-install-recommends "$1" || return 1
}

make_environment() {
    release=$releases/$(date -u +%Y%m%d-%H%M%S)-$$
    mkdir -p "$releases"
    trap 'rm -rf "$release"' EXIT
    "$python" -m venv --system-site-packages "$release"
    # Every dependency is pinned by its hash, and so is what builds landmarkd: pip's own isolation would fetch the
    # newest. picamera2 of apt on Bookworm is built for numpy 1, and fails with numpy 2 in the environment.
    lock=$here/requirements.lock
    if "$python" -c 'import numpy, sys; sys.exit(int(numpy.__version__.split(".")[0]) > 1)' 2>/dev/null; then
        lock=$here/requirements-numpy1.lock
    fi
    package=$here build=$release/build
    set -- --quiet --disable-pip-version-check
    if [ -n "$wheels" ]; then
        set -- "$@" --no-index --find-links "$wheels"
        package=landmarkd
    fi
    echo "Installing the packages that $(basename "$lock") names"
    "$release/bin/python" -m pip install "$@" --require-hashes --only-binary :all: -r "$lock" &&
        { [ -n "$wheels" ] || "$release/bin/python" -m pip install "$@" --require-hashes --only-binary :all: \
            --target "$build" -r "$here/requirements-build.lock"; } &&
        PYTHONPATH=$build${PYTHONPATH:+:$PYTHONPATH} \
            "$release/bin/python" -m pip install "$@" --no-build-isolation --no-deps "$package" ||
        fail 69 "the packages could not be installed; nothing was changed."
    rm -rf "$build"
    "$release/bin/landmarkd" models >/dev/null || fail 65 "the models of this installation are damaged; nothing was changed."
    mkdir -p "$release/share/doc/landmarkd"
    cp "$here"/docs/*.md "$here/LICENSE" "$here/NOTICE" "$release/share/doc/landmarkd/" 2>/dev/null || true
    trap - EXIT
}

switch() {
    previous=$(readlink "$current" || true)
    ln -sfn "$release" "$current.new"
    mv -T "$current.new" "$current"
    for old in "$releases"/*; do
        [ "$old" = "$release" ] || [ "$old" = "$previous" ] || rm -rf "$old"
    done
}

set_up_system() {
    install -D -m 644 "$here/systemd/sysusers.d/landmarkd.conf" "$users"
    install -D -m 644 "$here/systemd/udev/60-landmarkd.rules" "$rules"
    install -D -m 644 "$here/systemd/landmarkd.service" "$unit"
    install -d /usr/local/bin
    ln -sfn "$current/bin/landmarkd" "$command"
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers "$users"
    else
        echo "install.sh: without systemd the user $owner is not made." >&2
    fi
    if [ -e "$settings" ]; then
        install -m 644 "$here/systemd/landmarkd.toml" "$settings.example"
        "$command" config check --config "$settings" >/dev/null || echo "install.sh: check your $settings." >&2
    else
        install -m 644 "$here/systemd/landmarkd.toml" "$settings"
    fi
}

start_service() {
    if ! systemd_runs; then
        echo "systemd does not run here: the unit is in its place, and starts at boot after: systemctl enable landmarkd"
        return
    fi
    udevadm control --reload || true
    udevadm trigger || true
    systemctl daemon-reload
    [ $start = yes ] || return 0
    systemctl enable --quiet landmarkd.service
    systemctl restart landmarkd.service || echo "install.sh: it does not start; see: journalctl -u landmarkd" >&2
}

if [ $action = uninstall ]; then
    uninstall
    exit 0
fi
[ $purge = no ] || fail 64 "--purge goes with --uninstall."
check_machine
echo "Installing into a new folder of $releases: a minute or two on a PC, several on a Pi"
make_environment
switch
set_up_system
start_service
echo "landmarkd $("$current/bin/python" -c 'from importlib.metadata import version; print(version("landmarkd"))') is installed."
echo "Check the machine: landmarkd doctor. Settings: $settings; after a change: sudo systemctl reload landmarkd"
