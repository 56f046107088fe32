"""`make release` with a test key: its content, and what a receiver can verify."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging/release.sh"
MODULES = ("build", "twine", "cyclonedx_py", "hatchling")

pytestmark = [
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a release is made of a commit"),
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"),
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in MODULES),
        reason="needs the extra release: pip install -e '.[release]'",
    ),
    pytest.mark.skipif(shutil.which("help2man") is None, reason="help2man is not installed"),
]


def key(folder: Path, name: str) -> Path:
    made = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", made], check=True
    )
    return made


def release(*arguments: str | Path, tools: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BIN": str(tools or Path(sys.executable).parent)},
    )


def verified(folder: Path, signer: Path) -> bool:
    """Return whether the two commands of SECURITY.md find the release in order."""
    allowed = signer.with_name("allowed_signers")
    allowed.write_text(f"landmarkd {signer.with_suffix('.pub').read_text()}")
    command = f"ssh-keygen -Y verify -f {allowed} -I landmarkd -n landmarkd -s SHA256SUMS.sig"
    checks = f"{command} <SHA256SUMS && sha256sum --check --strict SHA256SUMS"
    return not subprocess.run(
        ["sh", "-c", checks], cwd=folder, capture_output=True, check=False
    ).returncode


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key(tmp_path_factory.mktemp("keys"), "maintainer")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, signer: Path) -> Path:
    folder = tmp_path_factory.mktemp("made") / "release"
    done = release(signer, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_a_receiver_can_verify_it(made: Path, signer: Path) -> None:
    assert verified(made, signer)
    named = {line.split()[1] for line in (made / "SHA256SUMS").read_text().splitlines()}
    assert named | {"SHA256SUMS", "SHA256SUMS.sig"} == {file.name for file in made.iterdir()}
    assert sorted(Path(name).suffix for name in named) == [".gz", ".json", ".whl"]


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz", "*.json", "SHA256SUMS"])
def test_a_changed_file_is_noticed(copy: Path, signer: Path, pattern: str) -> None:
    (file,) = copy.glob(pattern)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert not verified(copy, signer)


def test_the_key_of_somebody_else_is_noticed(copy: Path, tmp_path: Path) -> None:
    assert not verified(copy, key(tmp_path, "other"))


def test_the_wheel_holds_the_package_alone(made: Path) -> None:
    (wheel,) = made.glob("*.whl")
    version = wheel.name.split("-")[1]
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "landmarkd",
        f"landmarkd-{version}.dist-info",
    }
    assert {"landmarkd/zoo/manifest.json", "landmarkd/docs/security.md"} <= set(names)


def test_the_sdist_holds_what_the_commit_holds(made: Path) -> None:
    (sdist,) = made.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()} - {"PKG-INFO"}
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "-z", "--name-only", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    assert "landmarkd" not in names
    pages = {name for name in names if name.startswith("build/man/")}
    assert {"build/man/landmarkd.1", "build/man/landmarkd-run.1"} <= pages
    assert names - pages <= set(listed)


def test_the_bill_of_materials_names_every_package_of_the_lock(made: Path) -> None:
    (file,) = made.glob("*.cdx.json")
    (wheel,) = made.glob("*.whl")
    bill = json.loads(file.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    root = bill["metadata"]["component"]
    assert (root["name"], root["version"]) == ("landmarkd", wheel.name.split("-")[1])
    locked = re.findall(
        r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert {(part["name"], part["version"]) for part in bill["components"]} == set(locked)


@pytest.mark.parametrize(("arguments", "code"), [((), 64), (("",), 64), (("/nowhere",), 66)])
def test_it_wants_a_key(arguments: tuple[str, ...], code: int) -> None:
    done = release(*arguments)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1


def test_it_writes_over_no_release(signer: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    assert release(signer, tmp_path).returncode == 73
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_a_build_that_is_not_reproducible_is_refused(signer: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    programs = {
        "python": "head -c 9 /dev/urandom | base64 >../made/landmarkd-1.tar.gz",
        "cyclonedx-py": "touch ../made/landmarkd-1.cdx.json",
        "twine": "exit 0",
    }
    for name, text in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    done = release(signer, tmp_path / "out", tools=tools)
    assert done.returncode == 70
    assert "landmarkd-1.tar.gz is not reproducible" in done.stderr
    assert not (tmp_path / "out").exists()
