"""`landmarkd status` and `landmarkd top`."""

import json
import os
import pty
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic_ns

import pytest
from landmarkd.cli.main import main
from landmarkd.daemon.snapshot import Snapshot
from landmarkd.daemon.statusfile import NAME, StatusFile
from landmarkd.errors import ExitCode

from tests.daemon.snapshots import running, sink
from tests.process import LIMIT_S, command, landmarkd


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Run the command in this process: starting one could take so long that the record gets too
    old."""
    monkeypatch.setattr(sys, "argv", ["landmarkd", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("snapshot", "code", "words"),
    [
        (running(), ExitCode.OK, "Nothing is wrong."),
        (
            running(sinks=(sink(note="nobody listens there"),)),
            ExitCode.OK,
            "- udp://127.0.0.1:5005",
        ),
        (
            running(refused="tracker: no"),
            ExitCode.TEMPORARY,
            "! The new configuration was refused",
        ),
        (
            running(state="stopped", failure="lost"),
            ExitCode.UNAVAILABLE,
            "! The daemon ended by itself: lost",
        ),
    ],
    ids=["well", "worth a note", "in trouble", "ended"],
)
def test_exit_codes_and_words(
    snapshot: Snapshot,
    code: ExitCode,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    StatusFile(tmp_path).publish(replace(snapshot, updated_ns=monotonic_ns()))
    assert asked(monkeypatch, "status", "--runtime", tmp_path) == code
    assert words in capsys.readouterr().out


def test_json_holds_the_record_and_what_is_wrong(tmp_path: Path) -> None:
    snapshot = running(state="stopped", failure="lost", latency_ms=None)
    StatusFile(tmp_path).publish(snapshot)
    done = landmarkd("status", "--json", "--runtime", tmp_path)
    assert done.returncode == ExitCode.UNAVAILABLE
    told = json.loads(done.stdout)
    assert told["alive"] is False
    assert told["troubles"] == ["The daemon ended by itself: lost"]
    assert told["processed"] == snapshot.processed


def test_brackets_in_a_path_are_shown_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    StatusFile(tmp_path).publish(running(source="file:[bold]clip[/x].mp4", state="stalled"))
    asked(monkeypatch, "status", "--runtime", tmp_path)
    assert capsys.readouterr().out.count("[bold]clip[/x].mp4") == 2


def test_the_uptime_is_not_told_as_the_time_of_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    StatusFile(tmp_path).publish(
        running(state="reopening", uptime_s=86400.0, updated_ns=monotonic_ns())
    )
    asked(monkeypatch, "status", "--runtime", tmp_path)
    assert "reopening, up for 86400 s, updated" in capsys.readouterr().out


def test_top_shows_the_newest_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    StatusFile(tmp_path).publish(running(device="dashboard"))
    assert asked(monkeypatch, "top", "--runtime", tmp_path, "--frames", "1") == ExitCode.OK
    assert "landmarkd dashboard" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [1, 2, 3, 10])
def test_top_bears_a_terminal_of_any_size(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    StatusFile(tmp_path).publish(running())
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "1")
    assert asked(monkeypatch, "top", "--runtime", tmp_path, "--frames", "1") == ExitCode.OK


def test_ctrl_c_is_the_usual_end_of_top(tmp_path: Path) -> None:
    StatusFile(tmp_path).publish(running(device="dashboard"))
    master, slave = pty.openpty()
    python, option, program, *arguments = command(["top", "--runtime", tmp_path])
    # As at a terminal: what runs in the background of a shell ignores it, and its children do.
    program = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {program}"
    with (
        os.fdopen(master, "rb", buffering=0) as terminal,
        subprocess.Popen([python, option, program, *arguments], stdout=slave) as process,
    ):
        os.close(slave)
        shown = b""
        while b"landmarkd dashboard" not in shown:
            shown += terminal.read(4096)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == ExitCode.OK


@pytest.mark.parametrize("name", ["status", "top"])
def test_without_a_daemon(name: str, tmp_path: Path) -> None:
    done = landmarkd(name, "--runtime", tmp_path)
    assert done.returncode == ExitCode.NO_INPUT
    assert done.stderr.startswith("landmarkd: No daemon")
    (tmp_path / NAME).write_text("{}")
    assert landmarkd(name, "--runtime", tmp_path).returncode == ExitCode.DATA


@pytest.mark.parametrize(
    "name", ["[/]", "[link=http://evil]x[/link]", "\x1b]0;x\x07", "a\nb", "\u202eab"]
)
def test_nothing_that_the_status_says_is_markup_or_control(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = running(device=name, source=name, model=name, refused=name, sinks=(sink(note=name),))
    StatusFile(tmp_path).publish(replace(hostile, updated_ns=monotonic_ns()))
    asked(monkeypatch, "status", "--runtime", tmp_path)
    shown = capsys.readouterr().out
    assert all(c == "\n" or c.isprintable() for c in shown)
    if name.isprintable():
        assert name in shown
