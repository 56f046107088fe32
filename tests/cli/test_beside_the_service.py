"""Commands that need the camera, while the service of landmarkd uses it."""

import os
from pathlib import Path

import pytest
from landmarkd.camera import SOURCES
from landmarkd.camera.base import FrameSource
from landmarkd.camera.devices import busy
from landmarkd.cli.main import main
from landmarkd.daemon import statusfile
from landmarkd.errors import ExitCode
from landmarkd.types import Frame

from tests.daemon.snapshots import running


class UsedCamera(FrameSource):
    """A camera that another program uses."""

    live = True

    def open(self) -> None:
        raise busy("/dev/video0")

    def read(self, timeout_s: float) -> Frame:
        raise AssertionError("it is not open")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.parametrize(
    "command",
    [("profile",), ("calibrate", "camera"), ("calibrate", "driver", "anna")],
    ids=lambda words: " ".join(words[:2]),
)
def test_the_command_that_stops_the_service_is_named_if_it_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    alive: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setitem(SOURCES, "used", f"{__name__}:{UsedCamera.__name__}")
    monkeypatch.setattr(statusfile, "SERVICE", tmp_path / "run")
    state = "running" if alive else "stopped"
    statusfile.StatusFile(tmp_path / "run").publish(running(pid=os.getppid(), state=state))
    monkeypatch.setattr("sys.argv", ["landmarkd", *command, "--source", "used:"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ExitCode.TEMPORARY
    (said,) = capsys.readouterr().err.splitlines()
    assert "/dev/video0 is used by another program" in said
    assert ("sudo systemctl stop landmarkd" in said) == alive
