"""The fuzzer finds faults that exist, and reports them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import engine
from tests.fuzz.targets import FILES, targets

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
ROOT = Path(__file__).resolve().parents[2]


def refuses_nul(content: bytes) -> None:
    assert b"\0" not in content


def test_an_input_that_fails_is_a_finding_and_is_kept(tmp_path: Path) -> None:
    executions, trouble = engine.run(refuses_nul, tmp_path / "it", [b"seed"], 60)
    assert "AssertionError" in trouble
    (kept,) = tmp_path.glob("it.crash-*")
    assert b"\0" in kept.read_bytes()
    assert executions >= 0


def test_what_ends_the_interpreter_is_a_finding(tmp_path: Path) -> None:
    def dies(content: bytes) -> None:
        if b"\0" in content:
            os.kill(os.getpid(), signal.SIGKILL)

    assert "exit code -9" in engine.run(dies, tmp_path / "it", [b"seed"], 60)[1]


def test_the_corpus_grows_by_what_reaches_new_code(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    target, seeds = targets(tmp_path / "work")["camera"]
    corpus = tmp_path / "camera"
    executions, trouble = engine.run(target, corpus, seeds[:1], 5)
    assert not trouble
    assert executions > 1
    assert sum(1 for _ in corpus.iterdir()) > 1


def test_every_file_whose_coverage_is_measured_is_there() -> None:
    package = ROOT / "edge"
    assert all(list(package.glob(pattern.removeprefix("*/"))) for pattern in FILES)


def test_the_command_counts_and_measures(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz",
            "--minutes",
            "0.01",
            "--only",
            "camera",
            "--corpus",
            tmp_path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "camera/intrinsics.py" in done.stdout
    assert "executions" in done.stdout
