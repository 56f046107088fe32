"""Smoothing of the head pose over time: the One Euro filter on rotations and translations."""

import math
from collections.abc import Sequence

import numpy as np

from landmarkd.rotation import (
    Quaternion,
    angles_from_matrix,
    matrix_from_quaternion,
    product,
    quaternion_from_vector,
    vector_from_quaternion,
)
from landmarkd.settings.config import SmoothingSettings
from landmarkd.signals.smoothing import MAX_GAP_S, smoothing_factor
from landmarkd.signals.timing import NANOSECONDS
from landmarkd.types import HeadPose

_DERIVATIVE_CUTOFF_HZ = 1.0
"""Cutoff of the velocities, as Casiez et al. have it."""
_REST = (0.13, 35.0)
"""Radians a second and millimetres a second; only what is faster opens the filter. Twice the noise
of the pose on the bundled clip stays below them in 99 % of the frames
(`python -m tests.bench_pose --choose`)."""


class PoseFilter:
    """The One Euro filter (Casiez et al., CHI 2012) on rotations instead of angles, without jumps.

    A head at rest has the lowest cutoff; motion raises it. A rule chooses the defaults from
    scripted ramps and from the noise of the pose on the bundled clip, see docs/performance.md and
    `python -m tests.bench_pose --choose`.

    Args:
        minimum_cutoff_hz: cutoff of a head at rest.
        rotation_beta: rise of the cutoff, hertz for each radian a second.
        translation_beta: rise of the cutoff, hertz for each metre a second.
        rest: speeds up to which the cutoff stays the lowest, radians and millimetres a second.

    Raises:
        ValueError: a cutoff that is not positive or a negative beta.
    """

    def __init__(
        self,
        minimum_cutoff_hz: float,
        rotation_beta: float,
        translation_beta: float,
        *,
        rest: tuple[float, float] = _REST,
    ) -> None:
        if not (minimum_cutoff_hz > 0 and rotation_beta >= 0 and translation_beta >= 0):
            raise ValueError("the cutoff is positive and beta is not negative")
        self._minimum_cutoff = minimum_cutoff_hz
        self._beta = rotation_beta, translation_beta / 1000.0
        self._rest = rest
        self.reset()

    def reset(self) -> None:
        """Reset; the next pose is returned unchanged."""
        self._time_ns: int | None = None
        self._rotation: Quaternion = (1.0, 0.0, 0.0, 0.0)
        self._translation = [0.0, 0.0, 0.0]
        self._turning = [0.0, 0.0, 0.0]
        self._moving = [0.0, 0.0, 0.0]

    def filter(self, pose: HeadPose, time_ns: int) -> HeadPose:
        """Return the smoothed pose of the frame captured at `time_ns`."""
        dt = math.inf if self._time_ns is None else (time_ns - self._time_ns) / NANOSECONDS
        if not 0.0 < dt <= MAX_GAP_S:
            self.reset()
            self._time_ns = time_ns
            self._rotation = pose.quaternion
            self._translation = pose.translation_mm.tolist()
            return pose
        self._time_ns = time_ns
        w, x, y, z = self._rotation
        turn = vector_from_quaternion(product(pose.quaternion, (w, -x, -y, -z)))
        share = self._share(turn, self._turning, dt, 0)
        part = quaternion_from_vector((turn[0] * share, turn[1] * share, turn[2] * share))
        self._rotation = product(part, self._rotation)
        x, y, z = self._translation
        to_x, to_y, to_z = pose.translation_mm.tolist()
        step = to_x - x, to_y - y, to_z - z
        share = self._share(step, self._moving, dt, 1)
        self._translation = [x + share * step[0], y + share * step[1], z + share * step[2]]
        rotation = matrix_from_quaternion(self._rotation)
        return HeadPose(
            *angles_from_matrix(rotation),
            rotation.astype(np.float32),
            np.array(self._translation, np.float32),
            pose.camera,
            pose.residual,
        )

    def _share(self, step: Sequence[float], velocity: list[float], dt: float, which: int) -> float:
        """Return the share of a step, 0 to 1; low-passes the velocity in place."""
        factor = smoothing_factor(_DERIVATIVE_CUTOFF_HZ, dt)
        x, y, z = velocity
        x += factor * (step[0] / dt - x)
        y += factor * (step[1] / dt - y)
        z += factor * (step[2] / dt - z)
        velocity[:] = x, y, z
        speed = max(0.0, math.hypot(x, y, z) - self._rest[which])
        return smoothing_factor(self._minimum_cutoff + self._beta[which] * speed, dt)


def make_pose_filter(settings: SmoothingSettings) -> PoseFilter | None:
    """Return the filter of the settings, or None if poses are not filtered."""
    if settings.pose_filter != "one-euro":
        return None
    return PoseFilter(
        settings.pose_minimum_cutoff_hz, settings.rotation_beta, settings.translation_beta
    )
