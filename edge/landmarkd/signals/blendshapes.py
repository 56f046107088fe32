"""Facial expression as weights 0 to 1 by the names of Apple's ARKit, from one face's landmarks.

The 68 iBUG points are brought onto the mean head by the similarity transform that fits the nose and
the corners of the eyes best (Umeyama, PAMI 13(4), 1991), so that neither pose nor size matters. The
difference to the person's own neutral face, in millimetres, is multiplied by a matrix that was
fitted to the expressions of the ICT-FaceKit head (`models/head/blendshapes.py`). Blinks come from
the eyes' openness, look directions from the gaze within the head.
"""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import LAYOUTS, canonical_points
from landmarkd.rotation import matrix_from_angles
from landmarkd.signals.similarity import fit_points
from landmarkd.types import EyeState, FaceReport

Points = NDArray[np.float64]

RIGID = (*range(27, 36), 36, 39, 42, 45)
"""iBUG points that move least with expressions: the nose, and the corners of the eyes."""
NEUTRAL_NS = 30_000_000_000
"""Time of the average of the neutral face; at the start, the time so far."""
FULL_LOOK_DEG = 35.0
"""Rotation of an eye in the head for a weight of 1, as in the shapes of the head."""
_IBUG68 = LAYOUTS["dense-520"].ibug68


@lru_cache(maxsize=1)
def _fit() -> tuple[tuple[str, ...], NDArray[np.float64], Points]:
    """Return names, matrix (names, 204) in 1/mm, and the 68 points of the mean head in mm."""
    with np.load(Path(__file__).parent.parent / "data" / "blendshapes.npz") as data:
        names = tuple(str(name) for name in data["names"])
        matrix = data["matrix"].astype(np.float64)
    return names, matrix, canonical_points(LAYOUTS["dense-520"])[_IBUG68].astype(np.float64)


def align(points: Points, target: Points) -> Points:
    """Return 68 points, moved, turned and scaled so that the rigid ones fit those of `target`.

    Args:
        points: (68, 3), any unit, axes with the sense of those of `target`.
        target: (68, 3).
    """
    matrix, shift = fit_points(points[list(RIGID)], target[list(RIGID)])
    return points @ matrix + shift


class Blendshapes:
    """Weights of one person; the neutral face is learnt while it runs.

    The first frame counts as neutral, then the mean of at most half a minute.
    """

    def __init__(self) -> None:
        self._neutral: Points | None = None
        self._began_ns = self._last_ns = 0
        self._track = 0

    def update(self, face: FaceReport, time_ns: int) -> dict[str, float]:
        """Return the known weights by name.

        Args:
            face: with at least the dense points for those of brows and mouth.
            time_ns: when it was captured.
        """
        weights = _blinks(face) | _looks(face)
        if len(face.points) < len(_IBUG68) or not np.isfinite(face.points).all():
            return weights
        names, matrix, mean = _fit()
        # Pixels with depth toward the camera, to a camera frame with z away from it.
        points = align(face.points[_IBUG68].astype(np.float64) * (1.0, 1.0, -1.0), mean)
        neutral = self._learn(points, time_ns, face.observation.track)
        found = matrix @ (points - neutral).reshape(-1)
        clipped = np.clip(found, 0.0, 1.0).tolist()
        return weights | dict(zip(names, clipped, strict=True))

    def _learn(self, points: Points, time_ns: int, track: int) -> Points:
        if self._neutral is None or track != self._track or time_ns < self._last_ns:
            self._neutral, self._began_ns, self._track = points, time_ns, track
        else:
            past_ns = min(NEUTRAL_NS, time_ns - self._began_ns)
            passed_ns = min(time_ns - self._last_ns, past_ns)
            share = passed_ns / past_ns if past_ns else 0.5
            self._neutral = self._neutral + share * (points - self._neutral)
        self._last_ns = time_ns
        return self._neutral


def _blinks(face: FaceReport) -> dict[str, float]:
    sides = {"Left": face.left, "Right": face.right}
    return {f"eyeBlink{side}": blink(eye) for side, eye in sides.items() if _is_known(eye)}


def _is_known(eye: EyeState) -> bool:
    return eye.openness is not None and math.isfinite(eye.openness)


def blink(eye: EyeState) -> float:
    """Return 1 for shut and 0 for open or unknown."""
    if eye.openness is None or not math.isfinite(eye.openness):
        return 0.0
    return min(1.0, max(0.0, 1.0 - eye.openness))


def _looks(face: FaceReport) -> dict[str, float]:
    """Return the direction of the eyes in the head; the gaze is the same for both eyes."""
    gaze = face.gaze
    if gaze is None or not math.isfinite(gaze.yaw + gaze.pitch + float(face.pose.rotation.sum())):
        return {}
    direction = matrix_from_angles(gaze.yaw, gaze.pitch, 0.0) @ (0.0, 0.0, -1.0)
    x, y, z = (face.pose.rotation.T.astype(np.float64) @ direction).tolist()
    # x > 0 is toward the subject's left, y > 0 is down.
    left = math.degrees(math.atan2(x, -z)) / FULL_LOOK_DEG
    down = math.degrees(math.atan2(y, math.hypot(x, z))) / FULL_LOOK_DEG

    def part(value: float) -> float:
        return min(1.0, max(0.0, value))

    looks = {"eyeLookOutLeft": left, "eyeLookInRight": left}
    looks |= {"eyeLookInLeft": -left, "eyeLookOutRight": -left}
    looks |= {f"eyeLookDown{side}": down for side in ("Left", "Right")}
    looks |= {f"eyeLookUp{side}": -down for side in ("Left", "Right")}
    return {name: part(value) for name, value in looks.items()}
