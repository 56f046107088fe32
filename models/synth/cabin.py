"""The inside of a car as a picture: the street slides past the windows."""

from __future__ import annotations

import cv2
import numpy as np

from models.synth.appearance import backgrounds


class Cabin:
    """A driver's seat seen from the dashboard."""

    def __init__(self, rng: np.random.Generator, height: int, width: int):
        self._height, self._width = height, width
        plates = [backgrounds.background(rng, height, width, kind="street") for _ in range(3)]
        plates.append(plates[0])
        panorama = np.concatenate(plates, axis=1)
        for k in range(1, 4):  # blend the seams
            seam, reach = k * width, width // 6
            share = np.linspace(0, 1, 2 * reach, dtype=np.float32)[None, :, None]
            left = panorama[:, seam - reach : seam + reach]
            panorama[:, seam - reach : seam + reach] = left * (1 - share) + left[:, ::-1] * share
        self._panorama = cv2.GaussianBlur(panorama, (0, 0), 5.0) * 1.6
        self._interior, self._glass = self._paint(rng)

    def _paint(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The fixed interior (H, W, 3) and where the windows are, 0 to 1 (H, W, 1)."""
        h, w = self._height, self._width
        scale = np.array([w, h])
        interior = np.full((h, w, 3), 0.035, np.float32)
        glass = np.zeros((h, w), np.float32)

        def fill(target: np.ndarray, points: list[tuple[float, float]], value: object) -> None:
            cv2.fillPoly(target, [np.int32(np.array(points) * scale * 16)], value, cv2.LINE_AA, 4)

        fill(interior, [(0, 0), (1, 0), (1, 0.10), (0, 0.14)], (0.30, 0.28, 0.25))  # roof lining
        fill(glass, [(0.66, 0.13), (1, 0.11), (1, 0.66), (0.74, 0.70)], 1.0)  # the driver's window
        fill(
            glass, [(0.30, 0.17), (0.60, 0.15), (0.62, 0.42), (0.33, 0.44)], 1.0
        )  # the rear window
        fill(glass, [(0, 0.20), (0.20, 0.18), (0.24, 0.52), (0, 0.60)], 1.0)  # the far side
        fill(
            interior, [(0.60, 0.1), (0.665, 0.1), (0.745, 0.72), (0.67, 0.72)], (0.16, 0.15, 0.14)
        )  # pillar
        fill(
            interior, [(0.36, 0.46), (0.66, 0.46), (0.78, 1), (0.26, 1)], (0.07, 0.065, 0.06)
        )  # seat
        fill(
            interior, [(0.42, 0.19), (0.60, 0.19), (0.62, 0.42), (0.40, 0.42)], (0.085, 0.08, 0.075)
        )  # headrest
        fill(glass, [(0.42, 0.19), (0.60, 0.19), (0.62, 0.42), (0.40, 0.42)], 0.0)
        fill(interior, [(0.72, 0.72), (1, 0.68), (1, 1), (0.78, 1)], (0.05, 0.048, 0.046))  # door
        belt = (np.array([(0.68, 0.36), (0.70, 0.52)]) * scale).astype(np.int32)
        cv2.line(interior, belt[0].tolist(), belt[1].tolist(), (0.02, 0.02, 0.02), 9, cv2.LINE_AA)
        grain = cv2.GaussianBlur(rng.normal(size=(h, w)).astype(np.float32), (0, 0), 1.2)[..., None]
        interior = cv2.GaussianBlur(interior, (0, 0), 3.0) * (1 + 0.25 * grain)
        return np.clip(interior, 0.002, 1), cv2.GaussianBlur(glass, (0, 0), 2.0)[..., None]

    def picture(self, t: float) -> np.ndarray:
        """Linear float32 (H, W, 3) at time t (s); the street moves half the width a second."""
        span = self._panorama.shape[1] - self._width
        start = int(t * 0.5 * self._width) % span
        shake = round(1.5 * np.sin(17 * t) + np.sin(29 * t))
        outside = np.roll(self._panorama[:, start : start + self._width], shake, axis=0)
        return np.ascontiguousarray(
            self._interior * (1 - self._glass) + outside * self._glass, np.float32
        )
