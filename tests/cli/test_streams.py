"""Standard streams that are closed, full or of another encoding, and names no file can have."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from landmarkd.errors import ExitCode
from landmarkd.sinks import make_sink

from tests.process import LIMIT_S, command, landmarkd
from tests.wire.builders import report, session

LONG = "a" * 300


def through_a_shell(redirections: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *command(arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_no_library_writes_into_a_recording_when_standard_error_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "drive.jsonl"
    asked = ("run", "--source", "demo:", "--fast", "--frames", "3", "--sink")
    done = through_a_shell("<&- >&- 2>&-", *asked, f"jsonl:{file}", "--sink", "jsonl:-")
    assert done.returncode == ExitCode.OK
    lines = file.read_text().splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [0, 1, 2]


@pytest.mark.parametrize("arguments", [("--version",), ("config", "show")])
def test_a_full_standard_output_is_one_sentence(arguments: tuple[str, ...]) -> None:
    done = through_a_shell(">/dev/full", *arguments)
    assert done.returncode == ExitCode.IO
    assert done.stderr.splitlines() == ["landmarkd: No space left on device; choose another place."]


@pytest.mark.parametrize("output", [("--messages",), ("--jsonl", "-")])
def test_a_reader_that_closes_the_output_ends_a_command_without_an_error(
    tmp_path: Path, output: tuple[str, ...]
) -> None:
    """As `head` does."""
    path = tmp_path / "drive.lmk"
    with make_sink(f"lmk:{path}", session()) as sink:
        for number in range(30):
            sink.submit(report(number), wait=True)
    reader, writer = os.pipe()
    os.close(reader)
    asked = command(("listen", path, *output))
    done = subprocess.run(
        asked, stdout=writer, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.OK, b"")


def test_a_terminal_of_another_encoding_gets_question_marks() -> None:
    done = landmarkd("models", environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "?" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--source", f"images:/{LONG}", "--sink", "jsonl:-"),
        ("run", "--source", "demo:", "--sink", f"jsonl:/{LONG}"),
        ("run", "--source", "demo:", "--sink", f"hook:/{LONG}"),
        ("convert", "drive.lmk", f"/{LONG}.csv"),
        ("listen", f"udp://:0?key=/{LONG}"),
    ],
)
def test_a_name_that_is_too_long_is_one_sentence(arguments: tuple[str, ...]) -> None:
    done = landmarkd(*arguments)
    assert done.returncode == ExitCode.IO
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("landmarkd: ")
    assert os.strerror(36) in sentence


def test_a_user_without_a_home_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    from landmarkd.daemon.baselines import BaselineStore

    monkeypatch.delenv("HOME", raising=False)
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("no such user")))
    assert BaselineStore().load("driver") is None
