#!/bin/sh
# deb.sh ARCH SUITE: build dist/landmarkd_VERSION~SUITE_ARCH.deb.
# ARCH is arm64 or amd64; SUITE is bookworm (Python 3.11) or trixie (Python 3.13).
set -eu
cd "$(dirname "$0")/.."
arch=$1 suite=$2
case $suite in
    bookworm) PYTHON_VERSION=3.11 next=3.12 ;;
    trixie) PYTHON_VERSION=3.13 next=3.14 ;;
    *) echo "deb.sh: SUITE is bookworm or trixie, not $suite" >&2; exit 64 ;;
esac
for tool in dh help2man; do
    command -v $tool >/dev/null ||
        { echo "deb.sh: sudo apt install debhelper dpkg-dev help2man" >&2; exit 69; }
done
python=${PYTHON:-.venv/bin/python}
build=build/deb-$suite-$arch
rm -rf "$build"
mkdir -p "$build" dist
git ls-files -z edge models/zoo packaging systemd docs pyproject.toml README.md LICENSE NOTICE \
    CHANGELOG.md requirements.lock requirements-numpy1.lock | xargs -0 cp --parents -t "$build"
version=$("$python" -c 'import tomllib, pathlib; p = tomllib.loads(pathlib.Path("pyproject.toml").read_text()); print(p["project"].get("version") or __import__("importlib.metadata").metadata.version("landmarkd"))')
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$build/build/wheels" .
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
"$python" -m tools.man "$build/man"
cd "$build"
mv packaging/debian debian
echo "python3 (>= $PYTHON_VERSION), python3 (<< $next)" >debian/python.depends
printf 'landmarkd (%s~%s) unstable; urgency=medium\n\n  * See /usr/share/doc/landmarkd/CHANGELOG.md.\n\n -- landmarkd maintainers <landmarkd@localhost>  %s\n' \
    "$version" "$suite" "$(date -R -d "@$SOURCE_DATE_EPOCH")" >debian/changelog
printf 'docs/*.md\nCHANGELOG.md\nNOTICE\n' >debian/docs
echo 'man/*.1' >debian/manpages
echo 'systemd/dropins' >debian/examples
export PYTHON_VERSION DEB_HOST_ARCH="$arch"
export UV="${UV:-$OLDPWD/.venv/bin/uv}"
dpkg-buildpackage --build=binary --host-arch "$arch" --no-check-builddeps --unsigned-changes \
    --jobs=1 >build.log 2>&1 || { tail -30 build.log >&2; exit 70; }
cd "$OLDPWD"
mv "build/landmarkd_${version}~${suite}_$arch.deb" dist/
rm -f build/landmarkd_*
echo "dist/landmarkd_${version}~${suite}_$arch.deb"
