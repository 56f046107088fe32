"""Ctrl-C ends a command, also where Python or a library drops KeyboardInterrupt."""

import ctypes
import json
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from landmarkd.interrupt import obeyed, usual_end

from tests.process import LIMIT_S, command


def press() -> None:
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def in_a_library_that_catches_everything() -> None:
    with suppress(BaseException):
        press()


def in_a_destructor() -> None:
    class Thing:
        def __del__(self) -> None:
            press()

    Thing()


def in_the_callback_of_a_weak_reference() -> None:
    class Thing:
        pass

    thing = Thing()
    kept = weakref.ref(thing, lambda _: press())
    del thing
    assert kept() is None


def in_a_callback_from_c() -> None:
    ctypes.CFUNCTYPE(None)(press)()


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """What runs in the background of a shell ignores Ctrl-C, and its children do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("at_a_terminal")
class TestWhereItIsDropped:
    @pytest.mark.parametrize(
        "drop",
        [
            in_a_library_that_catches_everything,
            in_a_destructor,
            in_the_callback_of_a_weak_reference,
            in_a_callback_from_c,
        ],
    )
    def test_it_comes_again(
        self, drop: Callable[[], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(KeyboardInterrupt), obeyed():  # noqa: PT012
            drop()
            threading.Event().wait(LIMIT_S)
        assert capsys.readouterr().err == ""

    def test_it_comes_once_while_somebody_cleans_up(self) -> None:
        cleaned = []
        with obeyed(), usual_end():
            try:
                press()
            finally:
                signal.raise_signal(signal.SIGALRM)  # the look whether it was dropped
                cleaned.append(True)
        assert cleaned == [True]

    def test_it_comes_no_more_once_it_was_handled(self) -> None:
        with obeyed():
            with usual_end():
                press()
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
            signal.raise_signal(signal.SIGALRM)

    def test_the_handlers_of_a_program_come_back(self) -> None:
        numbers = (signal.SIGINT, signal.SIGALRM)
        before = [*map(signal.getsignal, numbers), sys.unraisablehook]
        with obeyed():
            pass
        assert [*map(signal.getsignal, numbers), sys.unraisablehook] == before


def at_terminal(arguments: list[str | Path]) -> list[str]:
    """Return the command of a process that does not ignore Ctrl-C."""
    python, option, program, *rest = command(arguments)
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    return [python, option, f"{heeded}; {program}", *rest]


def test_ctrl_c_ends_profile_while_it_watches(tmp_path: Path) -> None:
    """It went on with the other measurements."""
    script, lines = tmp_path / "camera.json", tmp_path / "lines.jsonl"
    steps = [{"do": "frames", "count": 10_000_000}]
    script.write_text(json.dumps({"size": [320, 240], "fps": 30, "steps": steps}))
    asked = ["profile", "--source", f"scripted:{script}", "--sink", f"jsonl:{lines}"]
    with subprocess.Popen(
        at_terminal([*asked, "--frames", "1000000", "--no-sweep", "--no-operators"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        until = time.monotonic() + LIMIT_S
        while not (lines.exists() and lines.stat().st_size):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said.strip(), wrong.strip()) == (130, b"", b"")


def test_ctrl_c_ends_a_command_whose_output_waits_for_its_reader() -> None:
    """What is short waits in the buffer until the command itself has ended."""
    program = """
import io, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Waiting(io.RawIOBase):
    pressed = False
    def writable(self):
        return True
    def write(self, content):
        if not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)
        return len(content)
sys.stdout = io.TextIOWrapper(io.BufferedWriter(Waiting()))
sys.argv[1:] = ["--version"]
from landmarkd.cli.main import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=LIMIT_S, check=False
    )
    assert (done.returncode, done.stderr) == (130, b"")


def test_a_command_begins_with_little_that_ctrl_c_could_meet() -> None:
    """Until then Ctrl-C prints a traceback."""
    program = (
        "import sys; before = set(sys.modules); import landmarkd.cli.main; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert not {"typer", "rich", "numpy", "cv2", "pydantic"} & set(done.stdout.split())
