"""A camera as fast as the pipeline: the next frame is ready when the last one is done."""

import threading
import time
from typing import Self

import cv2
import numpy as np
from landmarkd.camera.base import FrameSource
from landmarkd.camera.container import open_video
from landmarkd.camera.demo import CLIP
from landmarkd.errors import SourceError, SourceLostError, SourceTimeoutError
from landmarkd.types import Frame
from landmarkd.uri import Uri
from numpy.typing import NDArray

from tests.soak.clock import FrameClock

SIZE = (320, 240)
NO_FACE_EVERY = 5_000
NO_FACE_FRAMES = 300
"""In addition to the empty seat in the clip: this many frames without a face after this many
frames."""
FAULT_EVERY = 50_000
"""After this many frames the camera is unplugged, the next time it falls silent, and so on."""
UNPLUGGED_S = 2.0
SILENT_S = 5.0


def pictures() -> list[NDArray[np.uint8]]:
    """Return the bundled clip, (240, 320, 3) uint8 BGR each."""
    capture, frames = open_video(CLIP), []
    while (found := capture.read())[0]:
        frames.append(
            np.asarray(cv2.resize(found[1], SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        )
    return frames


def empty_seats(count: int) -> list[NDArray[np.uint8]]:
    """Return pictures of a ramp that moves, no two neighbours equal."""
    ramp = np.arange(SIZE[0]) + np.arange(SIZE[1])[:, None]
    return [
        np.repeat((ramp + step).astype(np.uint8)[:, :, None], 3, axis=2) for step in range(count)
    ]


class Stage:
    """What the camera sees and when it fails. Like a device, it exists longer than the sources that
    open it."""

    def __init__(self, clock: FrameClock, fault_every: int = FAULT_EVERY) -> None:
        self._clock = clock
        self.shown = 0
        self.faults = 0
        self._fault_every = fault_every
        self._faces, self._empty = pictures(), empty_seats(min(256, NO_FACE_FRAMES))
        self._taken = threading.Semaphore(1)
        self._trouble: tuple[str, float] | None = None

    def taken(self) -> None:
        """The last frame was processed: show the next."""
        self._taken.release()

    def trouble(self) -> str | None:
        """Return what is wrong at this moment, "unplugged" or "silent", or None."""
        if self._trouble is not None and time.monotonic() >= self._trouble[1]:
            self._trouble = None
            self._taken.release()
        return self._trouble[0] if self._trouble else None

    def next(self, timeout_s: float) -> NDArray[np.uint8] | None:
        """Return the next picture, or None if nobody took the last one in time."""
        if not self._taken.acquire(timeout=timeout_s):
            return None
        self.shown += 1
        self._clock.advance()
        if self.shown % self._fault_every == 0:
            kind, length_s = (("unplugged", UNPLUGGED_S), ("silent", SILENT_S))[self.faults % 2]
            self._trouble = kind, time.monotonic() + length_s
            self.faults += 1
        if self.shown % NO_FACE_EVERY < NO_FACE_FRAMES:
            return self._empty[self.shown % len(self._empty)]
        return self._faces[self.shown % len(self._faces)]


class SoakSource(FrameSource):
    """A live camera that shows a `Stage`."""

    live = True
    period_s = 1 / 500

    def __init__(self, stage: Stage) -> None:
        super().__init__(Uri("soak:", "soak"))
        self._stage = stage
        self._sequence = 0

    def open(self) -> None:
        if self._stage.trouble() == "unplugged":
            raise SourceError("soak: is not there; check the cable.")

    def read(self, timeout_s: float) -> Frame:
        trouble = self._stage.trouble()
        if trouble == "unplugged":
            raise SourceLostError("soak: was unplugged.")
        if trouble == "silent":
            time.sleep(min(timeout_s, 0.1))
            raise SourceTimeoutError("soak: is silent.")
        image = self._stage.next(timeout_s)
        if image is None:
            raise SourceTimeoutError("soak: nobody took the last frame.")
        self._sequence += 1
        return Frame(self.uri, self._sequence - 1, time.monotonic_ns(), image)

    def close(self) -> None:
        pass

    def fresh(self) -> Self:
        return type(self)(self._stage)
