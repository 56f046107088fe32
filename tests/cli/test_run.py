"""`landmarkd run` with the input of a new user, as a real process."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from landmarkd.camera.demo import CLIP
from landmarkd.errors import ExitCode

from tests.process import command, landmarkd


def in_a_terminal(
    *arguments: str,
    environment: dict[str, str],
    meanwhile: Callable[[subprocess.Popen[bytes], bytes], None] = lambda _, __: None,
) -> tuple[int, str]:
    """Run the command with a terminal for its output, to its end.

    `meanwhile` gets the process and all that was shown, each time that more is shown.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command(arguments), stdout=slave, stderr=slave, env={**os.environ, **environment}
    )
    os.close(slave)
    shown = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        assert ready, shown.decode(errors="replace")
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
        meanwhile(process, shown)
    os.close(master)
    return process.wait(60), shown.decode(errors="replace")


@pytest.fixture
def private(tmp_path: Path) -> dict[str, str]:
    return {"RUNTIME_DIRECTORY": str(tmp_path / "run"), "TERM": "xterm", "COLUMNS": "100"}


def test_without_arguments_it_shows_its_help_and_nothing_else() -> None:
    done = landmarkd()
    assert done.returncode == 0
    assert "Usage: landmarkd" in done.stdout
    assert done.stderr == ""


def test_nothing_is_played_unless_it_was_named(private: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    done = landmarkd("run", "--config", empty, "--sink", "jsonl:-", environment=private)
    assert done.returncode == ExitCode.USAGE
    assert "--source" in done.stderr
    assert done.stdout == ""


def test_on_a_terminal_it_says_that_it_works_where_to_and_that_a_face_is_seen(
    private: dict[str, str], tmp_path: Path
) -> None:
    sinks = ("--sink", "udp://127.0.0.1:9?points=none", "--sink", f"lmk:{tmp_path}/a.lmk")
    run = ("run", "--source", "demo:", "--frames", "75", *sinks)
    code, shown = in_a_terminal(*run, environment=private)
    assert code == 0
    assert re.search(r"demo:, \d+ frames a second. Ctrl-C ends it", shown)
    assert "to udp://127.0.0.1:9" in shown
    assert f"to lmk:{tmp_path}/a.lmk" in shown
    assert shown.count("A face is seen.") == 1
    elsewhere = landmarkd(*run, environment=private)
    assert "Ctrl-C" not in elsewhere.stderr


def test_without_a_sink_a_table_shows_the_results(private: dict[str, str]) -> None:
    code, shown = in_a_terminal(
        "run", "--source", "demo:", "--fast", "--frames", "60", environment=private
    )
    assert code == 0, shown
    assert "yaw pitch roll" in shown


def test_a_source_alone_shows_the_table_beside_the_sinks_of_an_installed_service(
    private: dict[str, str], tmp_path: Path
) -> None:
    configuration, lines = tmp_path / "landmarkd.toml", tmp_path / "a.jsonl"
    configuration.write_text(f'sinks = ["jsonl:{lines}"]\n[source]\nuri = "picamera2:"\n')
    run = ("run", "--source", "demo:", "--fast", "--frames", "60", "--config", str(configuration))
    code, shown = in_a_terminal(*run, environment=private)
    assert code == 0, shown
    assert "yaw pitch roll" in shown
    assert len(lines.read_text().splitlines()) == 60


def test_sinks_that_a_reload_brings_work_beside_the_table(
    private: dict[str, str], tmp_path: Path
) -> None:
    configuration, lines = tmp_path / "landmarkd.toml", tmp_path / "a.jsonl"
    configuration.write_text("")

    def reload(process: subprocess.Popen[bytes], shown: bytes) -> None:
        if b"yaw pitch roll" in shown and not configuration.read_text():
            configuration.write_text(f'sinks = ["jsonl:{lines}"]')
            process.send_signal(signal.SIGHUP)

    run = ("run", "--source", "demo:", "--frames", "90", "--config", str(configuration))
    code, shown = in_a_terminal(*run, environment=private, meanwhile=reload)
    assert code == 0, shown
    assert len(lines.read_text().splitlines()) == 90
    assert "right eye open" in shown


def test_a_second_run_leaves_the_status_of_the_first(private: dict[str, str]) -> None:
    endless = ("run", "--source", "demo:?loop=yes", "--sink", "jsonl:/dev/null")
    first = subprocess.Popen(
        command(endless), env={**os.environ, **private}, stderr=subprocess.PIPE
    )
    try:
        status = Path(private["RUNTIME_DIRECTORY"]) / "status.json"
        while not status.exists():
            assert first.poll() is None, first.stderr.read()
        second = landmarkd(
            "run",
            "-v",
            "--source",
            "demo:",
            "--fast",
            "--sink",
            "jsonl:/dev/null",
            environment=private,
        )
        assert second.returncode == 0
        assert "Another daemon runs" in second.stderr
        assert f'"pid": {first.pid}' in status.read_text()
    finally:
        first.terminate()
        first.wait(60)
        first.stderr.close()


def test_no_thread_waits_for_large_matrices_and_programs_of_hooks_keep_their_environment(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty.toml").write_text("")
    lines = (
        "import os, pathlib",
        "from landmarkd.cli.run import run",
        "from landmarkd.errors import UsageError",
        "try:",
        f"    run(pathlib.Path({str(tmp_path / 'empty.toml')!r}))",
        "except UsageError:",
        "    print(len(os.listdir('/proc/self/task')), os.environ.get('OPENBLAS_NUM_THREADS'))",
    )
    environment = {"RUNTIME_DIRECTORY": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout == "1 None\n"


def test_help_shows_the_pages_that_the_package_carries() -> None:
    listed = landmarkd("help").stdout
    assert "sources" in listed
    assert "troubleshooting" in listed
    assert landmarkd("help", "wire").stdout.startswith("# landmarkd wire")
    wrong = landmarkd("help", "nonsense")
    assert wrong.returncode == ExitCode.USAGE
    assert "landmarkd help" in wrong.stderr


@pytest.mark.parametrize("name", ["annotate", "calibrate camera", "profile", "listen"])
def test_no_help_text_is_eaten_as_markup(name: str) -> None:
    text = " ".join(
        landmarkd(*name.split(), "--help", environment={"COLUMNS": "200"}).stdout.split()
    )
    assert " , " not in text
    assert "[/" not in text


def test_no_sink_writes_over_the_video_that_is_read(tmp_path: Path) -> None:
    video = tmp_path / "me@home.mp4"
    shutil.copy(CLIP, video)
    sink = f"jsonl:{video}?truncate=yes"
    done = landmarkd("run", "--source", f"file://{video}", "--fast", "--sink", sink)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert "is the file that is being read" in done.stderr
    assert video.read_bytes() == CLIP.read_bytes()
