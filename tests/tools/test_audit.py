"""The audit of the locks passes only if every package was looked up and nothing was found."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.audit import batches, findings, verdict

ROOT = Path(__file__).resolve().parents[2]
BATCH = {"numpy": "2.0.0", "rich": "15.0.0"}
LOCK = """numpy==2.0.0 ; python_version < '3.12' \\
    --hash=sha256:00
numpy==2.5.0 ; python_version >= '3.12' \\
    --hash=sha256:11
rich==15.0.0 \\
    --hash=sha256:22
"""
NUMPY = {"name": "numpy", "version": "2.0.0", "vulns": []}
RICH = {"name": "rich", "version": "15.0.0", "vulns": []}
ADVISORY = {"id": "PYSEC-2026-1", "fix_versions": ["15.0.1"], "aliases": []}


def test_every_version_of_every_lock_is_asked_for_once() -> None:
    asked = list(batches([LOCK, LOCK + "cffi==2.1.1 \\\n"]))
    assert all(asked)
    pins = [pin for batch in asked for pin in batch.items()]
    assert sorted(pins) == [
        ("cffi", "2.1.1"),
        ("numpy", "2.0.0"),
        ("numpy", "2.5.0"),
        ("rich", "15.0.0"),
    ]


def test_all_looked_up_and_nothing_found() -> None:
    assert findings(BATCH, {"dependencies": [NUMPY, RICH]}) == []


@pytest.mark.parametrize(
    ("rich", "words"),
    [
        ([{"name": "rich", "skip_reason": "not found"}], "rich: not audited: not found"),
        ([RICH | {"vulns": [ADVISORY]}], "rich 15.0.0: PYSEC-2026-1, fixed in 15.0.1"),
        ([RICH | {"vulns": [ADVISORY | {"fix_versions": []}]}], "fixed in no version yet"),
        ([], "rich: not audited"),
    ],
)
def test_anything_else_is_a_finding(rich: list[dict[str, Any]], words: str) -> None:
    (found,) = findings(BATCH, {"dependencies": [NUMPY, *rich]})
    assert words in found


def test_what_it_comes_to_is_said() -> None:
    assert verdict([]).startswith("The audit passed")
    both = ["rich 15.0.0: PYSEC-2026-1, fixed in 15.0.1", "numpy: not audited"]
    assert "1 known vulnerabilities, and 1 answers" in verdict(both)


@pytest.mark.skipif(
    importlib.util.find_spec("pip_audit") is None,
    reason="needs the extra release: pip install -e '.[release]'",
)
def test_the_service_is_not_reached(tmp_path: Path) -> None:
    lock = tmp_path / "one.lock"
    lock.write_text(f"rich==15.0.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tools.audit", lock],
        cwd=ROOT,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pip-audit failed" in done.stdout
    assert "did not pass: 0 known vulnerabilities, and 1 answers are missing" in done.stdout
