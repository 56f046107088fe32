"""Exposure by the brightness of the face: a slow loop above the metering of the camera.

Cameras measure the whole picture or its middle, so that a face in front of a bright window is dark.
While a face is tracked, `FaceMeter` measures its brightness and requests a little more or less
light, in limited steps; without a face the camera uses its own metering again.
"""

import logging
from math import log2
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import SourceError
from landmarkd.types import Box

log = logging.getLogger(__name__)

TARGET = 110
"""Median of a well lit face, of 255; middle grey, 18 % of white, is 118 in sRGB."""
GAMMA = 2.2
"""Exponent from the values of a picture to light (approximately sRGB)."""
TOLERANCE_STOPS = 0.4
"""Smaller differences are ignored, because skin tones differ more."""
MOST_STOPS = 0.5
"""Largest step, so that points and eyelids do not jump with the light."""
PAUSE_S = 0.3
"""Pause between two steps: a sensor needs three frames for a change, the loop of libcamera ten."""
LOST_S = 1.0
"""After this time without a face, the camera uses its own metering."""
INNER = 0.6
"""Measured share of the box of the face, around its middle, without hair and background."""
SAMPLES = 32
"""Measured pixels per side, approximately."""


class Exposure(Protocol):
    """The exposure for a `FaceMeter`. Both methods raise SourceError if the camera refuses."""

    def change(self, stops: float) -> None:
        """Use 2 to the power of `stops` times as much light, as far as the camera can."""

    def release(self) -> None:
        """Let the camera control the exposure again."""


class FaceMeter:
    """Steps towards the right brightness of a face. Times are those of the frames.

    Args:
        exposure: of the camera.
    """

    def __init__(self, exposure: Exposure) -> None:
        self._last, self._scale = 0.0, 1.0
        self._exposure: Exposure | None = exposure
        self._face: tuple[Box, int] | None = None
        self._next_ns = 0
        self._changed = False

    def place(self, box: Box, captured_ns: int) -> None:
        """Receive a face, x0, y0, x1, y1 in pixels, and the time of its frame; from any thread."""
        self._face = box, captured_ns

    def step(self, image: NDArray[np.uint8], captured_ns: int) -> None:
        """Change the exposure if needed for this frame, (height, width, 3) uint8 BGR."""
        face, exposure = self._face, self._exposure
        if exposure is None or face is None or captured_ns < self._next_ns:
            return
        try:
            if captured_ns - face[1] > LOST_S * 1e9:
                self._face = None
                if self._changed:
                    self._changed = False
                    exposure.release()
                return
            stops = wanted_stops(image, face[0])
            if abs(stops) > TOLERANCE_STOPS:
                self._next_ns = captured_ns + round(PAUSE_S * 1e9)
                self._changed = True
                exposure.change(self._damped(max(-MOST_STOPS, min(MOST_STOPS, stops))))
        except SourceError as error:
            # The pictures continue; a lost camera is an error when it is read.
            log.warning("%s Exposure does not follow the face any more.", error)
            self._exposure = None

    def _damped(self, stops: float) -> float:
        """Return the step, halved each time its sign changes.

        With an overexposed window, a small bias changes the metering of libcamera much, and the
        loop would oscillate.
        """
        swings = stops * self._last < 0
        self._last = stops
        self._scale = self._scale / 2 if swings else min(1.0, self._scale * 2)
        return stops * self._scale


def wanted_stops(image: NDArray[np.uint8], box: Box) -> float:
    """Return the missing stops of light of the face in `box`; negative if it is too bright."""
    height, width = image.shape[:2]
    margin = (1 - INNER) / 2
    x0, x1 = _inner(box[0], box[2], margin, width)
    y0, y1 = _inner(box[1], box[3], margin, height)
    step = max(1, max(x1 - x0, y1 - y0) // SAMPLES)
    # Green is the largest part of brightness, and equal to it in a grey picture.
    seen = image[y0:y1:step, x0:x1:step, 1]
    if seen.size == 0:
        return 0.0
    return GAMMA * log2(TARGET / max(1.0, float(np.median(seen))))


def _inner(low: float, high: float, margin: float, most: int) -> tuple[int, int]:
    inset = margin * (high - low)
    return min(most, max(0, int(low + inset))), min(most, max(0, int(high - inset)))
