"""Builds the fake USB camera and controls it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest
from landmarkd.camera.demo import CLIP

SOURCE = Path(__file__).with_name("fake_uvc.c")
SIZES = {(640, 480): 20, (1280, 720): 4, (1920, 1080): 4}
"""The formats of the camera, and how many pictures of each exist."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A folder that the library reads; see fake_uvc.c."""

    folder: Path

    @property
    def node(self) -> Path:
        return self.folder / "video"

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.folder / "fake_uvc.so"), "FAKE_UVC": str(self.folder)}

    def does(self, mode: str) -> None:
        """Do this from the next frame on. The file is written in one call, so that it is never read
        half-written."""
        scratch = self.folder / "mode.new"
        scratch.write_text(mode)
        scratch.replace(self.folder / "mode")

    def has(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def controls(self) -> list[tuple[int, int]]:
        """Return the controls that were set, in order."""
        path = self.folder / "controls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(line.split()[0], 16), int(line.split()[1])) for line in lines]

    def reset(self) -> None:
        for name in ("controls", "formats", "rate"):
            (self.folder / name).unlink(missing_ok=True)
        self.node.touch()
        self.does("ok")


def build(folder: Path) -> Camera:
    """Compile the library into `folder` and draw its pictures; skip the test without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler for the camera that is not there")
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "fake_uvc.so"
    flags = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([compiler, *flags, SOURCE, "-ldl"], check=True, env=_unloaded())
    clip, number = cv2.VideoCapture(str(CLIP)), 0
    for size, count in SIZES.items():
        for _ in range(count):
            _, image = clip.read()
            # A rendered face may be still, but no two pictures of a sensor are equal.
            image[:16, :16] = 8 * number
            cv2.imwrite(
                str(folder / f"{number}.jpg"),
                cv2.resize(image, size),
                [cv2.IMWRITE_JPEG_QUALITY, 85],
            )
            number += 1
    clip.release()
    camera = Camera(folder)
    camera.reset()
    return camera


def _unloaded() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
