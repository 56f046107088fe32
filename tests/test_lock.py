"""The locks pin what the project needs, by hash, and install in a fresh environment."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-numpy1.lock")
WANTED = {
    **dict.fromkeys(LOCKS, PROJECT["project"]["dependencies"]),
    "requirements-build.lock": PROJECT["build-system"]["requires"],
}


def pinned(lock: str) -> dict[str, list[tuple[str, int]]]:
    """Return the versions and the number of hashes of each package."""
    found: dict[str, list[tuple[str, int]]] = {}
    for entry in re.split(r"\n(?=[a-z])", (ROOT / lock).read_text()):
        if match := re.match(r"([a-z0-9-]+)==(\S+)", entry):
            found.setdefault(match[1], []).append((match[2], entry.count("--hash=sha256:")))
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"), [(lock, wanted) for lock, all_of in WANTED.items() for wanted in all_of]
)
def test_every_dependency_is_pinned_within_its_range(lock: str, wanted: str) -> None:
    requirement = Requirement(wanted)
    versions = pinned(lock)[requirement.name]
    assert all(requirement.specifier.contains(version) for version, _ in versions)


@pytest.mark.parametrize("lock", WANTED)
def test_every_package_has_a_hash_and_no_place_of_its_own(lock: str) -> None:
    packages = pinned(lock)
    assert len(packages) > len(WANTED[lock])
    assert all(hashes > 0 for versions in packages.values() for _, hashes in versions)
    assert not re.search(r"://|@|--index|--find-links", (ROOT / lock).read_text())


def test_the_second_lock_is_for_numpy_1() -> None:
    assert [version[0] for version, _ in pinned(LOCKS[1])["numpy"]] == ["1"]


@pytest.mark.parametrize(("python", "lock"), [("3.11", LOCKS[1]), ("3.13", LOCKS[0])])
def test_the_debian_package_takes_nothing_else(python: str, lock: str, tmp_path: Path) -> None:
    """The script is run with a uv that only says what it is asked for."""
    uv, wheel = tmp_path / "uv", tmp_path / "build" / "wheels" / "landmarkd-1-py3-none-any.whl"
    uv.write_text('#!/bin/sh\necho "$*" >>asked\n')
    uv.chmod(0o755)
    wheel.parent.mkdir(parents=True)
    wheel.touch()
    chosen = {"PYTHON_VERSION": python, "DEB_HOST_ARCH": "arm64", "UV": str(uv)}
    script = ROOT / "packaging" / "environment.sh"
    environment = {**os.environ, **chosen}
    subprocess.run(["sh", script, tmp_path / "root"], cwd=tmp_path, env=environment, check=True)
    packages, own = (tmp_path / "asked").read_text().splitlines()
    assert packages.endswith(f" --require-hashes -r {lock}")
    assert own.endswith(f" --no-deps {wheel.relative_to(tmp_path)}")
    copied = (ROOT / "packaging" / "deb.sh").read_text().partition("git ls-files")[2]
    assert lock in copied.partition("xargs")[0]


@pytest.mark.slow
@pytest.mark.parametrize("lock", LOCKS)
def test_it_installs_in_a_fresh_environment(lock: str, tmp_path: Path) -> None:
    if lock == LOCKS[1] and sys.version_info >= (3, 13):
        pytest.skip("there is no numpy 1 for this Python")
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    probe = [*pip, "download", "--no-deps", "-d", tmp_path / "probe", "mdurl"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no package index can be reached from here")
    install = [*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", ROOT / lock]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    subprocess.run([*pip, "check"], check=True)
    # The environment is landmarkd's: with the package's own folder it runs.
    program = f"import sys; sys.path.append({str(ROOT / 'edge')!r}); import landmarkd, numpy;"
    program += "picture = numpy.zeros((480, 640, 3), numpy.uint8);"
    program += "assert landmarkd.detect(picture).face is None"
    subprocess.run([python, "-c", program], check=True)
