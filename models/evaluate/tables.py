"""Turns results into tables, {title: {row: {column: number}}}, for reports and comparisons."""

import math
from collections.abc import Iterable

import numpy as np

from models.evaluate.faces import Result
from models.evaluate.measure import by_yaw, calibration, correlation, face_frame_residuals
from models.evaluate.records import REGIONS

Row = dict[str, float]
Table = dict[str, Row]

WORST_POINTS = 14
CLOSED_EYE, OPEN_EYE = 0.12, 0.25
"""Lid gaps over the width of the eye that count as closed and as open in the table of openness."""


def column(results: Iterable[Result], name: str) -> np.ndarray:
    """Return one number of each face, (faces,), NaN where it has no label."""
    return np.array([result.measures().get(name, math.nan) for result in results])


def yaw_row(results: list[Result], name: str = "nme") -> Row:
    """Return a number by bins of yaw, and how many faces were not found."""
    yaw = np.array(
        [result.face.pose_deg[1] if result.face.pose_deg else math.nan for result in results]
    )
    return {**by_yaw(column(results, name), yaw), "faces": len(results), "missed": _missed(results)}


def set_row(results: list[Result]) -> Row:
    """Return the errors of one set: over all its points, without the jaw, and by region."""
    return {
        "faces": len(results),
        "missed": _missed(results),
        "68 points": mean_of(results, "nme"),
        "51 points": mean_of(results, "nme51"),
        **{name: mean_of(results, f"nme_{name}") for name in REGIONS},
    }


def pose_row(results: list[Result]) -> Row:
    """Return the mean absolute errors of the benchmark's angles and of the rotation, degrees."""
    return {
        name: mean_of(results, f"{name}_error") for name in ("yaw", "pitch", "roll", "geodesic")
    }


def openness_row(results: list[Result]) -> Row:
    """Return the error of the lids' gap over the eye's width, and its correlation with labels."""
    known = [result for result in results if result.face.openness is not None and result.found]
    if len(known) < 2:
        return {}
    seen = np.array([result.openness for result in known]).ravel()
    true = np.array([result.face.openness for result in known]).ravel()
    row = {
        "faces": len(known),
        "mean error": float(np.abs(seen - true).mean()),
        "bias": float((seen - true).mean()),
        "correlation": correlation(seen, true),
    }
    shut, wide = true < CLOSED_EYE, true > OPEN_EYE
    if shut.any():
        row["of shut eyes"] = float(seen[shut].mean())
    if wide.any():
        row["of open eyes"] = float(seen[wide].mean())
    return row


def calibration_row(results: list[Result], ibug68: np.ndarray) -> Row:
    """Return how the predicted uncertainty of the 68 points compares with their errors."""
    known = [result for result in results if result.sigma is not None]
    if not known:
        return {}
    errors = np.concatenate([result.errors for result in known])
    sigma = np.concatenate([result.sigma[ibug68].astype(np.float64) for result in known])
    return calibration(errors, sigma)


def residual_table(results: list[Result], ibug68: np.ndarray) -> Table:
    """Return the points that are off in the same direction on many faces, the worst first.

    A systematic error in a face's own frame is a fault of the head, its layout or the labels, not
    of training. Only faces that look ahead are counted, where "to the subject's left" means
    something in the picture.
    """
    frontal = [result for result in results if result.found and abs(result.pose_deg[1]) < 30]
    if not frontal:
        return {}
    offsets = np.array(
        [
            face_frame_residuals(
                result.points[ibug68].astype(np.float64), result.face.points, result.face.size
            )
            for result in frontal
        ]
    )
    known = np.isfinite(offsets[..., 0]).sum(0)
    enough = np.flatnonzero(known > max(3, len(frontal) // 4))
    mean = np.nanmean(offsets[:, enough], 0)
    spread = np.nanstd(offsets[:, enough], 0)
    order = np.argsort(-np.linalg.norm(mean, axis=1))[:WORST_POINTS]
    return {
        f"point {enough[n]}": {
            "to the left, %": float(mean[n, 0]),
            "down, %": float(mean[n, 1]),
            "spread x": float(spread[n, 0]),
            "spread y": float(spread[n, 1]),
            "faces": int(known[enough[n]]),
        }
        for n in order
    }


def mean_of(results: list[Result], name: str) -> float:
    """Return the mean of one number over the faces that have it; NaN if none has."""
    values = column(results, name)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else math.nan


def _missed(results: list[Result]) -> int:
    return sum(not result.found for result in results)
