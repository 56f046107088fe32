"""Notices another person by the rigid shape of the face, averaged over seconds."""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import LAYOUTS
from landmarkd.signals.pose import PoseEstimator
from landmarkd.signals.similarity import fit_points
from landmarkd.signals.timing import nanoseconds
from landmarkd.types import FaceObservation, HeadPose

SAMPLE_NS = nanoseconds(0.1)
"""A frame is taken this often."""

WINDOW = 20
"""Frames of one measurement of the shape, two seconds."""

LONGEST_NS = nanoseconds(10.0)
"""A measurement that has not enough frames after this time begins again."""

FRONT_DEG = 20.0
"""Frames count while the face is turned from the camera by less, in yaw and in pitch."""

LIMIT = 9.0
"""A shape this far from that of the followed person is another person's. Rendered persons with and
without glasses, near and far, turned and laughing stay below 7.3; other persons are 13.6 away in
the median (`python -m models.persons`). The unit is the deviation of one person's measurements."""

MOST_RESIDUAL = 0.1
"""A worse fit of the head is no face."""

NEEDED = 2
"""Measurements in a row that must agree on another person."""

SETTLED = 2
"""Measurements that must agree before another one is compared with them."""

LEAST_SHARE = 0.1
"""Share of a new measurement in the kept shape, once there are ten."""

COVERED = 1.6
"""A measurement does not count where the standard deviation of any point of `WATCHED` is this many
times that kept: a hand or dark glasses cover the point."""

WATCHED = (0, 1, 15, 16, *range(27, 33), 34, 35, 36, 39, 42, 45)
"""iBUG points of temples, nose and corners of the eyes."""

_WATCHED = LAYOUTS["dense-520"].ibug68[WATCHED,]

Points = NDArray[np.float64]


@lru_cache(maxsize=1)
def _matrix() -> NDArray[np.float32]:
    """Return the matrix from a shape in mm to what tells persons apart, (3 n, dimensions)."""
    with np.load(Path(__file__).parent.parent / "data" / "persons.npz") as data:
        return np.asarray(data["matrix"], np.float32)


def is_frontal(pose: HeadPose) -> bool:
    """Return whether the face is turned toward the camera, wherever in the picture it is."""
    x, y, z = pose.translation_mm.tolist()
    across, down = (math.degrees(math.atan2(value, max(z, 1.0))) for value in (x, y))
    return abs(pose.yaw - across) < FRONT_DEG and abs(pose.pitch - down) < FRONT_DEG


def shape_of(places: Points, estimator: PoseEstimator) -> Points:
    """Return the shape of a face, (3 n,), millimetres of the mean head.

    Args:
        places: (3, n), mean of `PoseEstimator.rigid_in_head`, or their sum.
        estimator: of these.
    """
    matrix, shift = fit_points(places.T, estimator.rigid_head)
    return (places.T @ matrix + shift).ravel()


class PersonShape:
    """Keeps the shape of the followed face, and compares it with that of the last seconds."""

    _kept: Points | None
    _others: list[Points]
    _sampled_ns: int

    def __init__(self) -> None:
        self._to_person = _matrix()
        self._forget(0)

    def changed(
        self, seen: FaceObservation, pose: HeadPose, estimator: PoseEstimator, time_ns: int
    ) -> bool:
        """Add a frame and return whether its face has another shape than the followed person's.

        Args:
            seen: the face.
            pose: its unsmoothed pose.
            estimator: that has just estimated this pose.
            time_ns: capture time of the frame.
        """
        if seen.track != self._track:
            self._forget(seen.track)
        since_ns = time_ns - self._sampled_ns
        if 0 <= since_ns < SAMPLE_NS:
            return False
        self._sampled_ns = time_ns
        if pose.residual > MOST_RESIDUAL or not is_frontal(pose):
            return False
        if not 0 <= time_ns - self._began_ns < LONGEST_NS:
            self._begin(time_ns)
        self._places += estimator.rigid_in_head(pose)
        if seen.sigma is not None:
            self._sigma += seen.sigma.take(_WATCHED) / seen.roi.side
        self._count += 1
        if self._count < WINDOW:
            return False
        shape = shape_of(self._places, estimator) @ self._to_person
        sigma = self._sigma
        self._begin(time_ns)
        return self._judge(shape, sigma)

    def _judge(self, shape: Points, sigma: Points) -> bool:
        if self._kept is None:
            self._kept, self._kept_sigma, self._measured = shape, sigma, 1
            return False
        if (sigma > COVERED * self._kept_sigma).any():
            return False
        if float(np.linalg.norm(shape - self._kept)) > LIMIT:
            if self._measured < SETTLED:
                # A hand or a blurred picture at the start: nothing is known yet.
                self._kept, self._kept_sigma, self._measured = shape, sigma, 1
                return False
            last = self._others[-1:]
            alike = not last or float(np.linalg.norm(shape - last[0])) <= LIMIT
            self._others = [*self._others, shape] if alike else [shape]
            return len(self._others) >= NEEDED
        self._others = []
        self._measured += 1
        share = max(1 / self._measured, LEAST_SHARE)
        self._kept = self._kept + share * (shape - self._kept)
        self._kept_sigma = self._kept_sigma + share * (sigma - self._kept_sigma)
        return False

    def _forget(self, track: int) -> None:
        self._track = track
        self._kept = None
        self._kept_sigma = np.zeros(len(WATCHED))
        self._measured = 0
        self._others = []
        self._sampled_ns = 0
        self._begin(0)

    def _begin(self, time_ns: int) -> None:
        self._began_ns, self._count = time_ns, 0
        self._places = np.zeros((3, len(self._to_person) // 3))
        self._sigma = np.zeros(len(WATCHED))
