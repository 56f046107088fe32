"""Smoothing of landmarks over time. Eye closure is never computed from smoothed points."""

import math
from typing import Protocol, cast

import cv2
import numpy as np

from landmarkd.settings.config import SmoothingSettings
from landmarkd.signals.timing import NANOSECONDS
from landmarkd.types import Array

MAX_GAP_S = 0.5
"""A longer gap between two frames, or a clock that goes back, restarts the filter."""


def smoothing_factor(cutoff_hz: float, dt_s: float) -> float:
    """Return the weight of the new value in a first-order low pass (Casiez et al., CHI 2012)."""
    tau = 1.0 / (2.0 * math.pi * cutoff_hz)
    return dt_s / (dt_s + tau)


class PointFilter(Protocol):
    """Smooths the landmarks of one face from frame to frame."""

    def filter(self, points: Array, time_ns: int, size_px: float) -> Array:
        """Return the smoothed points.

        Args:
            points: (n, 3) float32, pixels.
            time_ns: capture time of their frame.
            size_px: size of the face, pixels, which is the unit of speeds.
        """

    def reset(self) -> None:
        """Forget the face; the next points come back unchanged."""


class NoFilter:
    """Returns all points unchanged."""

    def filter(self, points: Array, time_ns: int, size_px: float) -> Array:  # noqa: ARG002 - the interface
        """Return `points` themselves."""
        return points

    def reset(self) -> None:
        """Do nothing."""


class OneEuroFilter:
    """The One Euro filter (Casiez, Roussel, Vogel, CHI 2012) for each point, on all at once.

    The speed that opens the filter is the length of a point's low-passed velocity in face sizes a
    second, so that a near face and a far one are smoothed alike and no direction of the image is
    preferred.

    Args:
        min_cutoff_hz: cutoff of a point at rest; lower is calmer.
        beta: how much the cutoff rises, in hertz for each face size a second; higher follows
            faster.
        derivative_cutoff_hz: cutoff of the velocity.
    """

    def __init__(
        self, min_cutoff_hz: float, beta: float, derivative_cutoff_hz: float = 1.0
    ) -> None:
        if not (min_cutoff_hz > 0 and beta >= 0 and derivative_cutoff_hz > 0):
            raise ValueError("cutoffs are positive and beta is not negative")
        self._min_cutoff, self._beta, self._derivative_cutoff = (
            min_cutoff_hz,
            beta,
            derivative_cutoff_hz,
        )
        self._time_ns: int | None = None
        self._start(np.empty((0, 3), np.float32))

    def reset(self) -> None:
        """Forget the face; the next points come back unchanged."""
        self._time_ns = None

    def filter(self, points: Array, time_ns: int, size_px: float) -> Array:
        """Return the smoothed points, a new (n, 3) float32 array; see `PointFilter`."""
        dt = math.inf if self._time_ns is None else (time_ns - self._time_ns) / NANOSECONDS
        self._time_ns = time_ns
        count = self._smooth.shape[1]
        if not 0.0 < dt <= MAX_GAP_S or points.shape != (count, 3) or size_px <= 0:
            return self._start(points)
        smooth, speed, step, velocity = self._smooth, self._speed, self._step, self._velocity
        cv2.transpose(points, dst=self._raw)
        np.subtract(self._raw, smooth, out=step)
        # The velocity's low pass, v += a (step / dt / size - v), times beta.
        factor = smoothing_factor(self._derivative_cutoff, dt)
        gain = factor * self._beta / (dt * size_px)
        cv2.addWeighted(velocity, 1.0 - factor, step, gain, 0.0, dst=velocity)
        np.multiply(velocity, velocity, out=self._squares)
        np.add.reduce(self._squares, 0, out=speed)
        if not math.isfinite(float(speed.dot(speed))):
            return self._start(points)
        # What is left of a step is tau / (dt + tau) with tau = 1 / (2 pi cutoff): the same as
        # rate / (cutoff + rate) with rate = 1 / (2 pi dt).
        rate = 1.0 / (2.0 * math.pi * dt)
        np.sqrt(speed, out=speed)
        speed += self._min_cutoff + rate
        np.divide(rate, speed, out=speed)
        step *= speed
        np.subtract(self._raw, step, out=smooth)
        return cast("Array", cv2.transpose(smooth))

    def _start(self, points: Array) -> Array:
        # Rows of x, y and z: what is done to each point runs along them. OpenCV turns columns into
        # rows in half of numpy's time.
        self._raw: Array = points.T.astype(np.float32, order="C")
        self._smooth: Array = self._raw.copy()
        self._step: Array = np.empty_like(self._raw)
        self._velocity: Array = np.zeros_like(self._raw)
        self._squares: Array = np.empty_like(self._raw)
        self._speed: Array = np.empty(len(points), np.float32)
        if not math.isfinite(float(self._raw.sum())):
            self._time_ns = None
        return points


def make_point_filter(settings: SmoothingSettings) -> PointFilter:
    """Return the filter of the settings."""
    if settings.filter == "one-euro":
        return OneEuroFilter(settings.minimum_cutoff_hz, settings.beta)
    return NoFilter()
