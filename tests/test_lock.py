"""The lock pins what the project needs, by hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = ("metrics", "mqtt", "osc", "crypto", "gpio")


def pinned() -> dict[str, list[tuple[str, int]]]:
    """Return the versions and the number of hashes of each package."""
    found: dict[str, list[tuple[str, int]]] = {}
    for entry in re.split(r"\n(?=[a-z])", TEXT):
        if match := re.match(r"([a-z0-9-]+)==(\S+)", entry):
            found.setdefault(match[1], []).append((match[2], entry.count("--hash=sha256:")))
    return found


@pytest.mark.parametrize(
    "wanted",
    [
        *PROJECT["dependencies"],
        *(text for extra in EXTRAS for text in PROJECT["optional-dependencies"][extra]),
    ],
)
def test_every_dependency_is_pinned_within_its_range(wanted: str) -> None:
    requirement = Requirement(wanted)
    versions = pinned()[requirement.name]
    assert all(requirement.specifier.contains(version) for version, _ in versions)


def test_every_package_has_a_hash_and_no_place_of_its_own() -> None:
    packages = pinned()
    assert len(packages) > len(PROJECT["dependencies"])
    assert all(hashes > 0 for versions in packages.values() for _, hashes in versions)
    assert not re.search(r"://|@|--index|--find-links", TEXT)
