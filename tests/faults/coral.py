"""The Coral is lost. A delegate library made for the tests replaces libedgetpu and its device."""

from itertools import pairwise
from pathlib import Path

from landmarkd.camera.demo import CLIP
from landmarkd.errors import ExitCode
from landmarkd.vision.delegate import LIBRARY_VARIABLE
from landmarkd.wire.names import StatusFlag

from tests.faults.bench import Daemon
from tests.faults.row import Row, fault
from tests.machine.fixtures import build_delegate, coral_zoo


def _with_coral(folder: Path, choice: str) -> tuple[Daemon, Path]:
    """Return a daemon that uses a Coral, and the file whose existence unplugs it."""
    unplugged = folder / "unplugged"
    environment = {
        LIBRARY_VARIABLE: str(build_delegate(folder / "libedgetpu.so", "WORKS")),
        "FAKE_EDGETPU_UNPLUGGED": str(unplugged),
    }
    settings = f'[model]\nfolder = "{coral_zoo(folder / "zoo")}"\ndelegate = "{choice}"'
    return Daemon(folder, settings=settings, environment=environment, clip=CLIP), unplugged


@fault("Coral is lost while it runs")
def lost(folder: Path) -> Row:
    daemon, unplugged = _with_coral(folder, "auto")
    with daemon:
        daemon.ear.frames(15)
        assert daemon.wait_status(lambda status: status.accelerator).accelerator == "edgetpu"
        unplugged.touch()
        said = daemon.told("The Coral was lost")
        degraded = daemon.ear.wait(
            lambda heard: [
                item for item in heard if item.message.flags & StatusFlag.DEGRADED_DELEGATE
            ]
        )
        mark = daemon.ear.mark()
        # The outputs of the stand-in show no face; the processor finds the face.
        daemon.ear.wait(lambda heard: heard and heard[-1].message.flags & StatusFlag.FACE, mark)
        moving = [item for item in daemon.ear.heard if item.frame <= degraded[0].frame + 10]
        gap = max(late.at_s - early.at_s for early, late in pairwise(moving[-20:]))
        assert daemon.wait_status(lambda status: status.degraded).accelerator == "xnnpack"
        assert daemon.end() == 0
    return Row("degraded: delegate; the processor goes on", gap, "nothing", said)


@fault("Coral that was demanded is lost while it runs")
def demanded(folder: Path) -> Row:
    daemon, unplugged = _with_coral(folder, "coral")
    with daemon:
        daemon.ear.frames(15)
        daemon.wait_status(lambda status: status.accelerator == "edgetpu")
        unplugged.touch()
        assert daemon.process.wait(30) == ExitCode.UNAVAILABLE
        assert "The Coral was lost" in daemon.logged()
        said = daemon.ask(daemon.runtime, "The Coral was lost", ExitCode.UNAVAILABLE)
    return Row("BYE; exit code 69, systemd starts it again", None, "the frames until then", said)
