"""Standard streams that are closed, full or of another encoding, and unusual names of files."""

import json
import os
import pty
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import cv2
import pytest
from landmarkd import Camera
from landmarkd.cli.convert import convert
from landmarkd.errors import ExitCode
from landmarkd.sinks import make_sink

from tests.camera.clips import picture, write_clip
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


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("status", "--nothing"), ExitCode.USAGE),
        (("report", "/nothing.lmk"), ExitCode.NO_INPUT),
    ],
)
def test_a_message_that_cannot_be_written_changes_no_exit_code(
    arguments: tuple[str, ...], code: ExitCode
) -> None:
    """The log is on a full disk, or its reader has ended: `landmarkd … 2>&1 | head -1`."""
    assert through_a_shell("2>/dev/full", *arguments).returncode == code
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command(arguments), stderr=writer, timeout=LIMIT_S, check=False)
    os.close(writer)
    assert done.returncode == code


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


@pytest.mark.skipif(shutil.which("less") is None, reason="needs less: apt install less")
def test_a_page_in_a_terminal_has_no_codes_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LESS", "PAGER", "MANPAGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        command(("help", "start")), stdin=terminal, stdout=terminal, start_new_session=True
    )
    os.close(terminal)
    shown = b""
    while b"Where to start" not in shown:
        shown += os.read(controller, 4096)
    os.write(controller, b"q")
    with suppress(OSError):  # a pseudo-terminal ends like this
        while data := os.read(controller, 4096):
            shown += data
    os.close(controller)
    assert process.wait(LIMIT_S) == ExitCode.OK
    assert b"\x1b[1;4mWhere to start" in shown
    assert b"ESC" not in shown


@pytest.mark.parametrize("command_", ["run", "replay"])
def test_a_command_whose_lines_nobody_reads_any_more_ends(tmp_path: Path, command_: str) -> None:
    """As with `run --sink jsonl:- | head -1`; a camera would never end it."""
    path, clip = tmp_path / "drive.lmk", write_clip(tmp_path / "clip.mp4", frames=3)
    with make_sink(f"lmk:{path}", session()) as sink:
        sink.submit(report(0), wait=True)
        for number in range(100, 9000, 100):  # five minutes
            sink.submit(report(number), wait=True)
    asked = {"run": ("run", "--source", f"file:{clip}?loop=yes"), "replay": ("replay", path)}
    process = subprocess.Popen(
        command((*asked[command_], "--sink", "jsonl:-")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith('{"source"')
    process.stdout.close()
    assert process.wait(LIMIT_S) == ExitCode.OK
    said = process.stderr.read()
    process.stderr.close()
    assert "jsonl:-: Broken pipe\n" in said


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


class TestNamesThatAreNotUtf8:
    """As on a stick that was written with Latin-1 names; OpenCV crashes at such names of videos."""

    NAME = os.fsdecode(b"b\xe9b\xe9")

    def test_pictures_are_sources_and_lines_and_recordings_are_sinks(self, tmp_path: Path) -> None:
        folder, recording = tmp_path / self.NAME, tmp_path / f"{self.NAME}.lmk"
        folder.mkdir()
        image = folder / f"{self.NAME}.png"
        image.write_bytes(cv2.imencode(".png", picture(1))[1].tobytes())
        for source in (image, folder, f"images:{image}"):
            with Camera(str(source), fast=True) as frames:
                assert [frame.source for frame in frames] == [str(image)]
        done = landmarkd("run", "--source", image, "--fast", "--sink", f"lmk:{recording}")
        assert done.returncode == ExitCode.OK, done.stderr
        for ending in ("csv", "jsonl", "parquet"):
            convert(recording, table := tmp_path / f"{self.NAME}.{ending}")
            assert table.stat().st_size > 0
        done = landmarkd("annotate", folder, "--out", tmp_path / "out", "--jsonl", "-")
        assert done.returncode == ExitCode.OK, done.stderr
        assert json.loads(done.stdout)["source"] == f"{folder}/b?b?.png".replace(self.NAME, "b?b?")
        assert (tmp_path / "out" / f"{self.NAME}.png").exists()

    def test_a_video_is_refused_in_a_sentence(self, tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "clip.mp4", frames=3)
        other = clip.with_stem(self.NAME)
        other.write_bytes(clip.read_bytes())
        for arguments, code in (
            (("annotate", clip, "--out", tmp_path / self.NAME), ExitCode.IO),
            (("annotate", other, "--jsonl", "-"), ExitCode.DATA),
            (("run", "--source", other, "--sink", "jsonl:-"), ExitCode.DATA),
        ):
            done = landmarkd(*arguments)
            assert (done.returncode, done.stdout) == (code, "")
            (sentence,) = done.stderr.splitlines()
            assert sentence.startswith("landmarkd: ")
            assert sentence.endswith("names of files and folders in UTF-8; rename it.")


def test_a_user_without_a_home_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    from landmarkd.daemon.baselines import BaselineStore

    monkeypatch.delenv("HOME", raising=False)
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("no such user")))
    assert BaselineStore().load("driver") is None
