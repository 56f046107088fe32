"""The bundled clip and its ground truth."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from landmarkd.camera.demo import CLIP
from landmarkd.layout import LAYOUTS
from landmarkd.types import Frame
from numpy.typing import NDArray

from models.benchmark import rotation_from_pose

IBUG68 = LAYOUTS["dense-520"].ibug68


@dataclass(frozen=True)
class Truth:
    """What was rendered.

    Attributes:
        points68: (frames, 68, 2) image pixels.
        face: (frames,) whether the face is in the frame.
        pose: (frames, 3) pitch, yaw, roll in degrees and the benchmark's order.
        openness: (frames, 2) right, left: gap of the lids over the width of the eye.
        rate_hz: frames a second.
        away_s: from when to when the driver is away.
    """

    points68: NDArray[np.float32]
    face: NDArray[np.bool_]
    pose: NDArray[np.float32]
    openness: NDArray[np.float32]
    rate_hz: float
    away_s: tuple[float, float]


@cache
def truth() -> Truth:
    """Return the ground truth of the clip."""
    with np.load(Path(CLIP).with_suffix(".npz")) as data:
        columns = [data["landmarks"].tolist().index(index) for index in IBUG68]
        return Truth(
            (data["points_16"][:, columns] / 16).astype(np.float32),
            data["face"],
            data["pose_deg"],
            data["openness"],
            float(data["rate_hz"]),
            (float(data["away_s"][0]), float(data["away_s"][1])),
        )


@cache
def frames() -> tuple[Frame, ...]:
    """Return all frames of the clip, with capture times as a camera would give them."""
    capture = cv2.VideoCapture(str(CLIP))
    found = []
    while True:
        good, image = capture.read()
        if not good:
            break
        found.append(Frame("demo:", len(found), round(len(found) / truth().rate_hz * 1e9), image))
    return tuple(found)


def box(index: int) -> tuple[float, float, float, float]:
    """Return the tight box of the 68 points in a frame."""
    low, high = truth().points68[index].min(0), truth().points68[index].max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def rotation(index: int) -> NDArray[np.float64]:
    """Return the head's rotation in a frame, (3, 3) as in `HeadPose.rotation`."""
    return rotation_from_pose(*truth().pose[index].tolist())


def nme(points: NDArray[np.float32], index: int) -> float:
    """Return the normalised mean error of the 68 points, % of sqrt(w * h) of their box."""
    x0, y0, x1, y1 = box(index)
    distances = np.linalg.norm(points[IBUG68, :2] - truth().points68[index], axis=1)
    return float(100 * distances.mean() / np.sqrt((x1 - x0) * (y1 - y0)))
