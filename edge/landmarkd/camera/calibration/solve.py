"""From views of the board to intrinsics and their uncertainty, and the calibration file."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.calibration.board import corner_points
from landmarkd.camera.calibration.collection import MIN_VIEWS
from landmarkd.camera.calibration.view import BoardView
from landmarkd.camera.intrinsics import FORMAT
from landmarkd.errors import CalibrationError
from landmarkd.files import write_atomic, writing
from landmarkd.types import Intrinsics

OUTLIER_FACTOR = 2.5
"""A view with this many times the median error is left out: a wrong corner, a bent board."""
OUTLIER_PX = 0.3
"""Views with a smaller error are never left out."""
WORST_RMS_PX = 1.5
"""For 640 pixels of width; larger errors mean a bent board or motion, and a wrong result."""
SIGNIFICANT = 3.0
"""The third radial coefficient is used if it is this many standard deviations from 0."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The result of a calibration.

    Attributes:
        intrinsics: of the camera.
        rms_px: root mean square of the reprojection error of all corners, pixels.
        view_px: the same for each used view, with its name, in the order of the views.
        left_out: names of views that did not fit.
        focal_uncertainty: standard deviation of the focal length over the focal length.
        corners: number of used corners.
    """

    intrinsics: Intrinsics
    rms_px: float
    view_px: tuple[tuple[str, float], ...]
    left_out: tuple[str, ...]
    focal_uncertainty: float
    corners: int


@dataclass(frozen=True, slots=True)
class _Fit:
    matrix: NDArray[np.float64]
    distortion: NDArray[np.float64]
    deviations: NDArray[np.float64]
    view_px: NDArray[np.float64]
    rms_px: float


def calibrate(views: list[BoardView], name: str) -> Calibration:
    """Fit a pinhole camera with the distortion of OpenCV (k1, k2, p1, p2 and, if significant, k3).

    Args:
        views: all of the same picture size.
        name: for `Intrinsics.origin`.

    Raises:
        CalibrationError: too few views, or they do not fit together.
    """
    used = list(views)
    left_out: list[str] = []
    while True:
        if len(used) < MIN_VIEWS:
            raise CalibrationError(
                f"{len(used)} good views are too few, {MIN_VIEWS} are needed; take more, from "
                "other places and angles."
            )
        fit = _fit(used)
        limit = max(OUTLIER_PX, OUTLIER_FACTOR * float(np.median(fit.view_px)))
        worst = int(np.argmax(fit.view_px))
        if fit.view_px[worst] <= limit:
            break
        left_out.append(used.pop(worst).name)
    first = used[0]
    if fit.rms_px > WORST_RMS_PX * max(1.0, first.width / 640):
        raise CalibrationError(
            f"the views do not fit together (error {fit.rms_px:.1f} pixels); is the board flat, "
            "the focus fixed, and every view from the same camera?"
        )
    matrix, deviations = fit.matrix, fit.deviations
    k1, k2, p1, p2, k3 = (float(value) for value in fit.distortion.ravel()[:5])
    intrinsics = Intrinsics(
        fx=float(matrix[0, 0]),
        fy=float(matrix[1, 1]),
        cx=float(matrix[0, 2]),
        cy=float(matrix[1, 2]),
        width=first.width,
        height=first.height,
        origin=f"calibrated:{name}",
        distortion=(k1, k2, p1, p2, k3),
    )
    return Calibration(
        intrinsics=intrinsics,
        rms_px=fit.rms_px,
        view_px=tuple(
            (view.name, float(error)) for view, error in zip(used, fit.view_px, strict=True)
        ),
        left_out=tuple(left_out),
        focal_uncertainty=float(max(deviations[0] / matrix[0, 0], deviations[1] / matrix[1, 1])),
        corners=sum(len(view.ids) for view in used),
    )


def field_of_view(camera: Intrinsics) -> float:
    """Return the angle between the rays to the left and the right edge of a picture, degrees.

    Through the principal point, with the distortion of the lens, which widens that of wide lenses.
    """
    edges = np.array([[[-0.5, camera.cy]], [[camera.width - 0.5, camera.cy]]])
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    rays = np.asarray(cv2.undistortPoints(edges, matrix, np.array(camera.distortion)))
    return float(np.ptp(np.degrees(np.arctan(rays[:, 0, 0]))))


def _fit(views: list[BoardView]) -> _Fit:
    plain = _fit_once(views, cv2.CALIB_FIX_K3)
    full = _fit_once(views, 0)
    k3, deviation = abs(full.distortion.ravel()[4]), full.deviations[8]
    return full if k3 > SIGNIFICANT * deviation else plain


def _fit_once(views: list[BoardView], flags: int) -> _Fit:
    size = views[0].width, views[0].height
    try:
        rms, matrix, distortion, _, _, deviations, _, view_px = cv2.calibrateCameraExtended(
            [corner_points(view.ids) for view in views],
            [view.corners for view in views],
            size,
            np.eye(3),
            np.zeros(5),
            flags=flags,
            criteria=(cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-9),
        )
        if not (np.isfinite(matrix).all() and np.isfinite(distortion).all() and np.isfinite(rms)):
            raise ValueError("a result is not finite")
    except (cv2.error, ValueError) as error:
        raise CalibrationError(
            "the views do not determine the camera; tilt the board in some of them."
        ) from error
    return _Fit(
        np.asarray(matrix),
        np.asarray(distortion),
        np.ravel(deviations),
        np.ravel(view_px),
        float(rms),
    )


def save(calibration: Calibration, path: Path) -> None:
    """Write a calibration file, which `landmarkd.camera.intrinsics.load_intrinsics` reads.

    Raises:
        AccessError: no permission.
        SinkError: the file cannot be written.
    """
    known = calibration.intrinsics
    content = {
        "format": FORMAT,
        "width": known.width,
        "height": known.height,
        "fx": round(known.fx, 4),
        "fy": round(known.fy, 4),
        "cx": round(known.cx, 4),
        "cy": round(known.cy, 4),
        "distortion": [round(value, 8) for value in known.distortion],
        "rms_px": round(calibration.rms_px, 4),
        "focal_uncertainty": round(calibration.focal_uncertainty, 6),
        "views": len(calibration.view_px),
        "corners": calibration.corners,
    }
    with writing(path, "choose another place with --out"):
        write_atomic(path, (json.dumps(content, indent=2) + "\n").encode())
