#!/bin/sh
# Proves the wheel on a Raspberry Pi's kind of userland: run.sh [bookworm|trixie]; `make test-arm64` calls it.
#
# The first run downloads Debian for arm64, an emulator and the wheels (minutes); later ones take a minute or two.
# Everything is kept in LANDMARKD_ARM64_CACHE, ~/.cache/landmarkd-arm64 by default; delete that to begin anew.
# Times under emulation say nothing; what is proven is that it installs, runs, accelerates and computes the same.
set -eu
suite=${1:-bookworm}
case $suite in
    bookworm) python=3.11 ;;
    trixie) python=3.13 ;;
    *) echo "usage: $0 [bookworm|trixie]" >&2; exit 64 ;;
esac
cache=${LANDMARKD_ARM64_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/landmarkd-arm64}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
root=$cache/$suite/root

"$here/prepare.sh" "$cache" "$suite" "$python"
inside() { "$here/enter.sh" "$root" "$cache/qemu-aarch64" "$@"; }

echo "Building the wheel and installing it as a user would, without network"
rm -rf "$root/check" "$root"/wheels/landmarkd-*
mkdir -p "$root/check/x86/wheel" "$root/check/source"
.venv/bin/python -m pip wheel -q --no-deps -w "$root/wheels" .
.venv/bin/python -m zipfile -e "$root"/wheels/landmarkd-*.whl "$root/check/x86/wheel"
# The same wheel runs here, not what the working tree has become meanwhile.
here_run() { PYTHONPATH="$root/check/x86/wheel" .venv/bin/python -P "$@"; }
cp -r install.sh requirements*.lock systemd docs LICENSE NOTICE "$root/check/source/"
inside env PIP_NO_COMPILE=1 /check/source/install.sh --wheels /wheels
inside /opt/landmarkd/bin/python -m pip check

echo "Examining the emulated machine"
printf '[source]\nuri = "demo:"\n' >"$root/check/landmarkd.toml"
inside landmarkd doctor --json --config /check/landmarkd.toml >"$root/check/doctor.json" || [ $? = 1 ]

echo "Running the models, pictures and the bundled clip on both"
cp "$here/digest.py" "$root/check/"
here_run "$here/pictures.py" "$root/check/pictures" 30 10
both() { # both OUTPUT SOURCE FRAMES: the same run there and here
    inside landmarkd run --config /check/landmarkd.toml --source "$2" --fast --frames "$3" --sink "jsonl:/check/$1" &
    there=$!
    here_run -c 'from landmarkd.cli.main import main; main()' run --config "$root/check/landmarkd.toml" \
        --source "$(echo "$2" | sed "s#:/check#:$root/check#")" --fast --frames "$3" --sink "jsonl:$root/check/x86/$1"
    wait $there
}
inside /opt/landmarkd/bin/python /check/digest.py >"$root/check/digest.json"
here_run "$here/digest.py" >"$root/check/x86/digest.json"
both pictures.jsonl images:/check/pictures 30
both clip.jsonl demo: "${FRAMES:-60}"

.venv/bin/python "$here/compare.py" "$root/check"
