"""Recorded input through the real process against its expected output; see recorded/README.md."""

from pathlib import Path
from typing import Any

import pytest

from tests.daemon.replay import NAMES, depends_on, expected, replay

EXACT = 0.11
"""Where the arithmetic is the same, one unit of the last decimal that is kept."""
NEAR = 2.0
"""On another processor or accelerator: pixels, degrees and centimetres that nobody would notice."""


def assert_close(got: Any, wanted: Any, tolerance: float, where: str) -> None:
    """Compare nested values; fractions may differ by the tolerance, by 1 % of it below 1."""
    if isinstance(wanted, dict):
        assert got.keys() == wanted.keys(), where
        for key, value in wanted.items():
            assert_close(
                got[key],
                value,
                tolerance * (10 if key == "mm" else 0.1 if key == "aperture" else 1),
                f"{where}.{key}",
            )
    elif isinstance(wanted, list):
        assert len(got) == len(wanted), where
        for index, value in enumerate(wanted):
            assert_close(got[index], value, tolerance, f"{where}[{index}]")
    elif isinstance(wanted, float) or where.rpartition(".")[2].startswith("mm["):
        assert got == pytest.approx(wanted, abs=tolerance), where
    else:
        assert got == wanted, where


@pytest.mark.parametrize("name", NAMES)
def test_the_daemon_answers_as_recorded(name: str, tmp_path: Path) -> None:
    wanted = expected(name)
    for key, value in depends_on().items():
        assert wanted.header.get(key, value) == value, (
            f"the expectation was written with another {key}; if that was changed on purpose, "
            "follow tests/daemon/recorded/README.md and run python -m tests.daemon.regenerate"
        )
    got = replay(name, tmp_path)
    same = all(got.header[key] == wanted.header[key] for key in ("machine", "accelerator"))
    assert len(got.lines) == len(wanted.lines), got.text()
    for number, (line, line_wanted) in enumerate(zip(got.lines, wanted.lines, strict=True), 2):
        assert_close(line, line_wanted, EXACT if same else NEAR, f"line {number}")
