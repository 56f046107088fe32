"""A camera in changing light: a face before a window and in a tunnel, a sensor, a metering loop.

Radiance times exposure gives pixels with noise, as in a sensor. The loop below follows the
Raspberry Pi's in libcamera (controller/rpi/agc_channel.cpp): it weights the middle, aims at 0.16 of
white times 2 to the power of ExposureValue, at most 0.9, and moves a fifth of the way with each
frame. The simulated webcam has the same loop and no bias.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from landmarkd.camera.container import open_video
from landmarkd.camera.controls import APERTURE_PRIORITY, EXPOSURE, EXPOSURE_AUTO, MANUAL, Setting
from landmarkd.camera.demo import CLIP
from landmarkd.camera.metering import GAMMA
from numpy.typing import NDArray

FPS = 30
UNIT_US = 100
LOWEST, HIGHEST = 3, 5000
"""Exposure of the webcam, units; its own metering goes up to the longest, at any frame rate."""
Y_TARGET, Y_LIMIT, SPEED = 0.16, 0.9, 0.2
FULL = 60.0
"""Exposure, in units, at which radiance 1 becomes white."""


@dataclass(frozen=True, slots=True)
class Light:
    """Light on the face and in the rest of the picture, as a multiple of a usual room's."""

    face: float
    rest: float


WINDOW, ROOM, TUNNEL = Light(1.0, 24.0), Light(1.0, 1.0), Light(1 / 8, 1 / 8)


class Scene:
    """A face of the bundled clip in any light; the picture is `scale` times 80x60 pixels."""

    def __init__(self, scale: int = 4) -> None:
        size = 80 * scale, 60 * scale
        capture = open_video(CLIP)
        _, image = capture.read()
        capture.release()
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._reflected = (small / 255.0) ** GAMMA
        self.box = (28.0 * scale, 15.5 * scale, 52.0 * scale, 44.5 * scale)
        self._noise = np.random.default_rng(1)
        x, y = np.meshgrid(np.arange(size[0]) / scale, np.arange(size[1]) / scale)
        middle, reach = (40, 32.5), (18.75, 27.5)
        inside = ((x - middle[0]) / reach[0]) ** 2 + ((y - middle[1]) / reach[1]) ** 2 < 1
        self._head = np.asarray(cv2.GaussianBlur(inside.astype(np.float64), (9, 9), 0))[..., None]

    def picture(self, light: Light, exposure: float) -> NDArray[np.uint8]:
        """Return the picture of a sensor, (height, width, 3) uint8 BGR."""
        # The window behind the head emits light, whatever is in the picture there.
        behind = np.maximum(self._reflected, 0.5) if light.rest > light.face else self._reflected
        radiance = self._head * self._reflected * light.face
        radiance = radiance + (1 - self._head) * behind * light.rest
        pixels = np.clip(radiance * exposure / FULL, 0, 1) ** (1 / GAMMA) * 255
        return np.asarray(np.clip(pixels + self._noise.normal(0, 1.5, pixels.shape), 0, 255), "u1")


def luminance(image: NDArray[np.uint8]) -> float:
    """Return the weighted mean light of a picture, 0 to 1, the middle counting four times."""
    light = (image[::4, ::4, 1] / 255.0) ** GAMMA
    weights = np.ones(light.shape)
    high, wide = light.shape
    weights[high // 4 : -(high // 4), wide // 4 : -(wide // 4)] = 4
    return float((light * weights).sum() / weights.sum())


@dataclass
class Device:
    """A camera with its own metering, and the controls through which ours works.

    Attributes:
        exposure: units of 100 us, gain included.
        bias: of its own metering, stops; None for a camera without.
        automatic: whether its own metering is on.
        told: controls that were set, in order.
    """

    scene: Scene
    exposure: float = 100.0
    bias: float | None = None
    automatic: bool = True
    told: list[tuple[str, float]] = field(default_factory=list)

    def frame(self, light: Light) -> NDArray[np.uint8]:
        """Return the next picture, and let the camera's own metering look at it."""
        image = self.scene.picture(light, self.exposure)
        if self.automatic:
            target = min(Y_LIMIT, Y_TARGET * 2 ** (self.bias or 0.0))
            wanted = self.exposure * min(10.0, target / (luminance(image) + 0.001))
            step = (wanted / self.exposure) ** SPEED
            self.exposure = max(LOWEST, min(HIGHEST, self.exposure * step))
        return image

    # As Picamera2.
    def set_controls(self, controls: Mapping[str, float]) -> None:
        """Take libcamera's ExposureValue."""
        (self.bias,) = controls.values()
        self.told.append(("ExposureValue", self.bias))

    # As the kernel's controls.
    def reading(self, path: str, name: str, option: str, control: int) -> tuple[int, int, int]:
        """Stands for `landmarkd.camera.controls.reading`."""
        if control == EXPOSURE_AUTO:
            return 0, 3, APERTURE_PRIORITY if self.automatic else MANUAL
        assert control == EXPOSURE
        return LOWEST, HIGHEST, round(self.exposure)

    def apply(self, path: str, name: str, settings: list[Setting]) -> None:
        """Stands for `landmarkd.camera.controls.apply`."""
        for setting in settings:
            if setting.control == EXPOSURE_AUTO:
                self.automatic = setting.value == APERTURE_PRIORITY
                self.told.append(("automatic", float(self.automatic)))
            else:
                assert not self.automatic, "the kernel refuses exposure while metering is on"
                self.exposure = float(setting.value)
                self.told.append(("exposure", self.exposure))
