"""Every command that writes a file: without permission one sentence and exit code 77."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from landmarkd.camera.demo import CLIP
from landmarkd.errors import ExitCode

from tests.process import command, landmarkd

PICTURES = Path(__file__).parents[2] / "docs" / "images"
# Root may write everywhere; without these two capabilities, file modes apply to root as well.
PLAIN = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
QUICK = ("profile", "--source", "demo", "--fast", "--frames", "10", "--no-sweep", "--no-operators")

pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root needs setpriv"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with inputs, and in it one that may not be written."""
    folder = tmp_path_factory.mktemp("writing")
    shutil.copy(CLIP, folder / "clip.mp4")
    shutil.copy(PICTURES / "overlay.jpg", folder / "face.jpg")
    run = ("run", "--source", "demo", "--fast", "--frames", "30", "--sink", f"lmk:{folder}/a.lmk")
    assert landmarkd(*run).returncode == 0
    (folder / "locked").mkdir(mode=0o500)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("annotate", "face.jpg", "--out", "locked"),
        ("annotate", "face.jpg", "--out", "locked/new"),
        ("annotate", "clip.mp4", "--out", "locked"),
        ("annotate", "face.jpg", "--jsonl", "locked/a.jsonl"),
        (*QUICK, "--json", "locked/a.json"),
        (*QUICK, "--html", "locked/a.html"),
        (*QUICK, "--trace", "locked/a.trace"),
        ("report", "a.lmk", "--out", "locked/a.html"),
        ("convert", "a.lmk", "locked/a.csv"),
        ("convert", "a.lmk", "locked/a.jsonl"),
        ("listen", "lmk:a.lmk", "--jsonl", "locked/a.jsonl"),
        ("key", "locked/a.key"),
        ("calibrate", "board", "--out", "locked/a.pdf"),
        ("run", "--source", "demo", "--sink", "jsonl:locked/a.jsonl"),
        ("run", "--source", "demo", "--sink", "csv:locked/a.csv"),
        ("run", "--source", "demo", "--sink", "lmk:locked/a.lmk"),
        ("run", "--source", "demo", "--sink", "jsonl:-", "--save-frames", "locked/frames"),
    ],
    ids=lambda words: " ".join(word for word in words if not word.startswith("--no"))[-60:],
)
def test_no_permission_is_said_and_has_its_code(folder: Path, arguments: tuple[str, ...]) -> None:
    prefix = PLAIN if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*prefix, *command(arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("landmarkd: ")]
    assert done.returncode == ExitCode.NO_PERMISSION, done.stderr
    assert len(said) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "no permission to write" in said[0]
    assert "choose another" in said[0]
    assert not list((folder / "locked").iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("driver", "anna", "--source", "v4l2:/dev/none"),
        ("drivers",),
        ("drivers", "--forget", "anna"),
    ],
    ids=lambda words: " ".join(words[::2]),
)
def test_the_drivers_of_another_user_are_not_taken_for_none(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """And a calibration says so before it opens the camera."""
    (tmp_path / "drivers").mkdir(mode=0)
    done = subprocess.run(
        [
            *(PLAIN if os.geteuid() == 0 else ()),
            *command(["calibrate", *arguments, "--state", tmp_path]),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == ExitCode.NO_PERMISSION, done.stderr
    (said,) = done.stderr.splitlines()
    assert f"landmarkd: {tmp_path}/drivers" in said
    assert "sudo -u landmarkd landmarkd calibrate" in said
    assert not done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("annotate", "face.jpg", "--jsonl", "none/a.jsonl"),
        (*QUICK, "--html", "none/a.html"),
        ("report", "a.lmk", "--out", "none/a.html"),
        ("convert", "a.lmk", "none/a.csv"),
        ("key", "none/a.key"),
        ("calibrate", "board", "--out", "none/a.pdf"),
    ],
    ids=lambda words: words[0],
)
def test_a_folder_that_is_not_there_is_said(folder: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        command(arguments), cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == ExitCode.IO, done.stderr
    assert "No such file or directory; choose another" in done.stderr
    assert not done.stdout


def test_a_key_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "car.key"
    done = subprocess.run(
        command(["key", file]),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.IO, done.stderr
    assert "car.key: File too large; choose another folder." in done.stderr
    assert not list(tmp_path.iterdir())
    assert landmarkd("key", file).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "target", "quick"),
    [
        (("annotate", "face.jpg", "--out", "taken"), "taken/face.png", True),
        (("annotate", "clip.mp4", "--out", "taken"), "taken/clip.mp4", False),
        (("annotate", "face.jpg", "--jsonl", "taken/a.jsonl"), "taken/a.jsonl", True),
        ((*QUICK, "--json", "taken/a.json"), "taken/a.json", False),
        ((*QUICK, "--html", "taken/a.html"), "taken/a.html", False),
        ((*QUICK, "--trace", "taken/a.trace"), "taken/a.trace", False),
        (("report", "a.lmk"), "a.html", True),
        (("report", "a.lmk", "--out", "taken/b.html"), "taken/b.html", True),
        (("convert", "a.lmk", "taken/a.csv"), "taken/a.csv", True),
        (("calibrate", "board"), "board.pdf", True),
        (("calibrate", "camera", "face.jpg"), "camera.json", False),
    ],
    ids=lambda words: " ".join(words)[-40:] if isinstance(words, tuple) else "",
)
def test_a_file_of_the_user_is_replaced_only_with_force(
    folder: Path, arguments: tuple[str, ...], target: str, quick: bool
) -> None:
    file = folder / target
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(arguments), cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )

    refused = run(*arguments)
    assert refused.returncode == ExitCode.USAGE, refused.stderr
    assert f"{target} exists; choose another name, or --force to replace it." in refused.stderr
    assert file.read_text() == "mine"
    if quick:
        done = run(*arguments, "--force")
        assert done.returncode == 0, done.stderr
        assert file.read_bytes() != b"mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "a.lmk", "--out", "pipe"),
        ("convert", "a.lmk", "pipe.csv"),
        ("calibrate", "board", "--out", "pipe"),
        (*QUICK, "--json", "pipe"),
    ],
    ids=lambda words: words[0],
)
def test_a_device_or_a_pipe_is_never_replaced(folder: Path, arguments: tuple[str, ...]) -> None:
    """Else root would make a file of /dev/null."""
    place = folder / arguments[-1]
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    done = subprocess.run(
        command([*arguments, "--force"]),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert "name a file" in done.stderr
    assert place.is_fifo()


@pytest.mark.parametrize("arguments", [("report", "a.lmk", "--out"), ("convert", "a.lmk")])
def test_a_link_to_a_descriptor_is_never_replaced(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A rename to /dev/stdout takes it from the whole system."""
    target = tmp_path / "output.csv"
    target.symlink_to("/proc/self/fd/1")
    with (tmp_path / "printed").open("w") as printed:
        done = subprocess.run(
            command((*arguments, target, "--force")),
            cwd=folder,
            stdout=printed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == ExitCode.USAGE
    assert f"{target} is a device or a pipe; name a file." in done.stderr
    assert target.is_symlink()
