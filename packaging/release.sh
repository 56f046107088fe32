#!/bin/sh
# release.sh KEY [FOLDER]: build what is published of HEAD into FOLDER (dist/release by default):
# wheel, sdist, SBOM, SHA256SUMS and its signature SHA256SUMS.sig.
# KEY is an SSH key: a private key, or a public one whose private half the SSH agent holds.
# Everything is built twice, in two folders, and must come out the same byte for byte.
set -eu
[ $# -ge 1 ] && [ -n "$1" ] || {
    echo "release.sh: name the SSH key that signs: make release KEY=~/.ssh/id_ed25519" >&2
    exit 64
}
[ -r "$1" ] || { echo "release.sh: cannot read the key $1" >&2; exit 66; }
key=$(realpath "$1") out=$(realpath -m "${2:-dist/release}")
cd "$(dirname "$0")/.."
[ ! -e "$out" ] || { echo "release.sh: $out is there already; delete it first" >&2; exit 73; }
bin=$(realpath "${BIN:-.venv/bin}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# What is committed meanwhile belongs to another release.
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit")
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0 NO_COLOR=1

# build NAME: everything but the checksums, from HEAD alone, in a folder of that name.
build() {
    mkdir -p "$work/$1/source" "$work/$1/made"
    git archive "$commit" | tar -x -C "$work/$1/source"
    (
        cd "$work/$1/source"
        PYTHONPATH=edge "$bin/python" -m tools.man >../log || exit
        # build makes the sdist first, and the wheel from the sdist.
        "$bin/python" -m build --no-isolation --outdir ../made . >../log 2>&1 || { cat ../log >&2; exit 70; }
        version=$(basename ../made/*.tar.gz .tar.gz)
        version=${version#landmarkd-}
        # cyclonedx-py does not look up a dynamic version.
        sed "s/^dynamic = \[\"version\"\]/version = \"$version\"/" pyproject.toml >../pyproject.toml
        "$bin/cyclonedx-py" requirements requirements.lock --pyproject ../pyproject.toml \
            --output-reproducible --output-file "../made/landmarkd-$version.cdx.json" 2>../log ||
            { cat ../log >&2; exit 70; }
    )
}
build first
build second
for file in "$work"/first/made/*; do
    cmp "$file" "$work/second/made/$(basename "$file")" ||
        { echo "release.sh: $(basename "$file") is not reproducible" >&2; exit 70; }
done
"$bin/twine" check --strict "$work"/first/made/*.whl "$work"/first/made/*.tar.gz
cd "$work/first/made"
LC_ALL=C sha256sum -- * >../SHA256SUMS
mv ../SHA256SUMS .
ssh-keygen -q -Y sign -f "$key" -n landmarkd SHA256SUMS
mkdir -p "$(dirname "$out")"
mv "$work/first/made" "$out"
cat "$out/SHA256SUMS"
