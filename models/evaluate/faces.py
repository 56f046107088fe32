"""Runs a model over labelled pictures, from the labelled box or from that of our own detector."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from landmarkd.rotation import angle_between
from landmarkd.signals.pose import PoseEstimator
from landmarkd.stages import StageClock
from landmarkd.types import FaceObservation, Intrinsics, RegionOfInterest
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_overlap
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import look
from numpy.typing import NDArray

from models.benchmark import pose_from_rotation, rotation_from_pose
from models.evaluate.measure import lid_openness, nme, point_errors
from models.evaluate.records import INNER51, REGIONS, Box, LabelledFace, Points

FOUND_OVERLAP = 0.3
"""A detection matches the labelled face if the boxes' intersection over union is at least this."""

FAR = 20.0
"""Focal length in units of the picture's longer side for an unknown camera.

Its rays are nearly parallel, as in the fit that produced the poses of AFLW2000-3D.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The output of a model for one labelled face.

    Attributes:
        face: the labelled face.
        points: (count, 3) pixels of the picture, or None if the detector missed the face.
        sigma: (count,) pixels, or None.
        score: presence, 0 to 1.
        errors: (68,) distances in pixels, NaN where unlabelled.
        pose_deg: pitch, yaw, roll in the benchmark's order, as the labels have them.
        rotation: (3, 3) of the head to the camera's frame.
        openness: of the subject's right and left lids.
    """

    face: LabelledFace
    points: NDArray[np.float32] | None
    sigma: NDArray[np.float32] | None
    score: float
    errors: Points
    pose_deg: tuple[float, float, float]
    rotation: NDArray[np.float32]
    openness: tuple[float, float]

    @property
    def found(self) -> bool:
        """Whether there are points at all."""
        return self.points is not None

    def measures(self) -> dict[str, float]:
        """Return every number of this face by name; NaN where it has no label."""
        size = self.face.size
        numbers = {
            "nme": nme(self.errors, size),
            "nme51": nme(self.errors, size, INNER51),
            **{f"nme_{name}": nme(self.errors, size, among) for name, among in REGIONS.items()},
            "score": self.score,
        }
        if self.face.pose_deg is not None and self.found:
            for name, seen, true in zip(
                ("pitch", "yaw", "roll"), self.pose_deg, self.face.pose_deg, strict=True
            ):
                numbers[f"{name}_error"] = abs((seen - true + 180) % 360 - 180)
            wanted = rotation_from_pose(*self.face.pose_deg)
            numbers["geodesic_error"] = angle_between(self.rotation, wanted)
        if self.face.openness is not None and self.found:
            off = np.subtract(self.openness, self.face.openness)
            numbers["openness_error"], numbers["openness_bias"] = (
                float(np.abs(off).mean()),
                float(off.mean()),
            )
        return numbers


def evaluate_faces(
    model: LandmarkModel, faces: Iterable[LabelledFace], detector: Detector | None = None
) -> list[Result]:
    """Run the model twice on each face, as the tracker does: on its box, then about its points.

    Args:
        model: under test.
        faces: labelled ones.
        detector: source of the first box; None takes the labelled box.
    """
    clock = StageClock()
    results = []
    for face in faces:
        image = face.read()
        roi = (
            model.first_roi(face.box)
            if detector is None
            else _detected_roi(model, detector, image, face.box)
        )
        if roi is None:
            results.append(_missed(face))
            continue
        results.append(_result(model, face, image, look(model, image, roi, clock)))
    return results


def far_camera(width: int, height: int) -> Intrinsics:
    """Return a camera for pictures of unknown origin, so far away that perspective hardly shows."""
    focal = FAR * max(width, height)
    return Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height, "far")


def _detected_roi(
    model: LandmarkModel, detector: Detector, image: NDArray[np.uint8], box: Box
) -> RegionOfInterest | None:
    best = max(detector.detect(image), key=lambda found: box_overlap(found.box, box), default=None)
    if best is None or box_overlap(best.box, box) < FOUND_OVERLAP:
        return None
    return model.first_roi(best.box, best.angle)


def _missed(face: LabelledFace) -> Result:
    nan = float("nan")
    return Result(
        face, None, None, 0.0, np.full(68, np.nan), (nan,) * 3, np.full((3, 3), nan), (nan, nan)
    )


def _result(
    model: LandmarkModel, face: LabelledFace, image: NDArray[np.uint8], seen: FaceObservation
) -> Result:
    layout = model.layout
    errors = point_errors(seen.points[layout.ibug68].astype(np.float64), face.points)
    pose = PoseEstimator(layout, far_camera(image.shape[1], image.shape[0])).estimate(seen.points)
    pitch, yaw, roll = pose_from_rotation(pose.rotation).tolist()
    return Result(
        face,
        seen.points,
        seen.sigma,
        seen.score,
        errors,
        (pitch, yaw, roll),
        pose.rotation,
        lid_openness(seen.points.astype(np.float64), layout),
    )
