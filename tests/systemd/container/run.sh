#!/bin/sh
# run.sh [TRIAL...]: the unit under a real systemd, in a container of its own; `make test-systemd` calls it. Needs root.
#
# The first run makes a Debian 12 (minutes, 300 MB) in LANDMARKD_SYSTEMD_CACHE, .cache/systemd in this repository by
# default. The container has its own root, process table and network; nothing outside it is started or changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
cache=${LANDMARKD_SYSTEMD_CACHE:-$PWD/.cache/systemd}
bin=${BIN:-.venv/bin}
for program in systemd-nspawn mmdebstrap; do
    command -v $program >/dev/null || { echo "run.sh: sudo apt install systemd-container mmdebstrap" >&2; exit 69; }
done
[ "$(id -u)" = 0 ] || { echo "run.sh: a container needs root: sudo make test-systemd" >&2; exit 77; }
mkdir -p "$cache/wheels"
if [ ! -e "$cache/ready" ]; then
    rm -rf "$cache/root"
    mmdebstrap --quiet --variant=minbase \
        --include=systemd,systemd-sysv,dbus,udev,python3,python3-venv bookworm "$cache/root"
    touch "$cache/ready"
fi
rm -f "$cache"/wheels/landmarkd-*.whl
"$bin/python" -m pip wheel --quiet --no-deps --wheel-dir "$cache/wheels" .
"$bin/python" -m pip download --quiet --quiet --quiet --no-deps --require-hashes --only-binary :all: --python-version 3.11 \
    --platform "manylinux_2_28_$(uname -m)" --platform "manylinux_2_27_$(uname -m)" \
    --platform "manylinux2014_$(uname -m)" --requirement requirements.lock --dest "$cache/wheels"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
inside() {
    systemd-nspawn --quiet --directory "$cache/root" --register=no --keep-unit --private-network \
        --bind-ro="$PWD:/src" --bind-ro="$cache/wheels:/wheels" --bind="$work:/trial" "$@"
}
inside --pipe /src/install.sh --wheels /wheels --no-start >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 70; }
cat >"$cache/root/etc/systemd/system/trials.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /src/tests/systemd/container/trials.py /trial/results.jsonl $*
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
UNIT
inside --pipe /bin/systemctl --quiet enable trials.service
# The kernel sends no SIGTERM to the first process of a namespace: only SIGKILL ends a run that hangs.
# Device lists are BPF programs of the unit's control group, which a container may load with these capabilities alone.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --signal KILL "${LIMIT_S:-600}" systemd-nspawn --quiet --directory "$cache/root" --boot --register=no --keep-unit \
    --private-network --capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN,CAP_SYS_RESOURCE --system-call-filter=bpf \
    --bind-ro="$PWD:/src" --bind="$work:/trial" >"$work/log" 2>&1 </dev/null ||
    { tail -30 "$work/log" >&2; echo "run.sh: the container did not boot and end" >&2; exit 70; }
"$bin/python" "$here/verdict.py" "$work/results.jsonl" "$@"
