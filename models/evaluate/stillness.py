"""Jitter of points: against the truth of a rendered clip, and where a real clip is still.

The second difference of a talking face's points contains its motion too. That of the error does
not, and neither does that of frames whose pictures hardly change.
"""

import math
from pathlib import Path

import cv2
import numpy as np
from landmarkd.vision.detector import Detector
from landmarkd.vision.landmarks import LandmarkModel
from numpy.typing import NDArray

from models.evaluate.clips import ClipTrack, follow, frames_of

Floats = NDArray[np.float64]

RENDERED_CLIP = (
    Path(__file__).resolve().parents[2] / "edge" / "landmarkd" / "camera" / "clip" / "driver.mp4"
)
"""Its truth is in the file beside it, see `models.synth.clip.write`."""

STILLEST = 0.1
"""Share of a clip's frames that count as still."""

BLOCKS = 10
"""Number of parts of a clip whose means give the standard error: neighbouring frames are similar.
"""

_LOOKED_AT = 48
"""Side in pixels of the pictures of a face that are compared."""


def error_row(model: LandmarkModel, detector: Detector) -> dict[str, float]:
    """Return the jitter of the error on the rendered clip, % of the inter-ocular distance.

    Frames without a face, and points outside the frame, are left out. The truth is stored in
    sixteenths of a pixel; `rounding` is the jitter from that alone.
    """
    with np.load(RENDERED_CLIP.with_suffix(".npz")) as stored:
        truth = stored["points_16"][:, :68].astype(np.float64) / 16
        truth[~stored["face"]] = np.nan
    inside = ((truth > 0) & (truth < (640, 480))).all(2)
    truth[~inside] = np.nan
    track = follow(model, detector, RENDERED_CLIP)
    unit = float(np.nanmean(_inter_ocular(truth)))
    row = _both(second_differences(track.points - truth), unit)
    row |= {
        f"{name} smoothed": value
        for name, value in _both(second_differences(track.smooth - truth), unit).items()
        if name != "frames"
    }
    # Mean length of two uniform errors of a sixteenth's width, times the factor of a second
    # difference.
    row["rounding"] = 100 * math.sqrt(6 * math.pi / 2 / 12) / 16 / unit
    return row


def still_row(track: ClipTrack, path: Path) -> dict[str, float]:
    """Return the jitter of the stillest tenth of a real clip, % of the inter-ocular distance.

    Which frames are still is decided by the pictures alone, never by the points under test.

    Args:
        track: of the clip.
        path: the clip.
    """
    still = stillest(picture_changes(track, path))
    unit = float(np.nanmean(_inter_ocular(track.points)))
    row = _both(second_differences(track.points)[still], unit)
    smooth = _both(second_differences(track.smooth)[still], unit)
    return row | {f"{name} smoothed": smooth[name] for name in smooth if name != "frames"}


def second_differences(track: Floats) -> Floats:
    """Return each frame's mean second difference, (frames - 2,), NaN where a frame lacks a face.

    Args:
        track: (frames, points, 2), NaN where a point is unknown.
    """
    size = np.linalg.norm(track[2:] - 2 * track[1:-1] + track[:-2], axis=2)
    known = np.isfinite(size)
    total = np.where(known, size, 0.0).sum(1)
    return np.divide(total, known.sum(1), out=np.full(len(size), np.nan), where=known.any(1))


def picture_changes(track: ClipTrack, path: Path) -> Floats:
    """Return how much the picture of the face differs from the one before, (frames,) grey values.

    The first frame, frames without a face and frames that repeat the one before are NaN.
    """
    known = track.points[np.isfinite(track.scores)].reshape(-1, 2)
    (x0, y0), (x1, y1) = known.min(0).astype(int), known.max(0).astype(int) + 1
    changes, before = np.full(len(track.points), np.nan), None
    for number, frame in enumerate(frames_of(path)):
        grey = cv2.cvtColor(frame.image[max(y0, 0) : y1, max(x0, 0) : x1], cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, (_LOOKED_AT, _LOOKED_AT), interpolation=cv2.INTER_AREA)
        picture = small.astype(np.float32)
        if before is not None and np.isfinite(track.scores[number]):
            change = float(np.abs(picture - before).mean())
            changes[number] = change or np.nan
        before = picture
    return changes


def stillest(changes: Floats) -> NDArray[np.intp]:
    """Return which second differences belong to the tenth of the frames that change least.

    A second difference spans two changes; the larger one counts.
    """
    both = np.maximum(changes[1:-1], changes[2:])
    known = np.flatnonzero(np.isfinite(both))
    order = known[np.argsort(both[known], kind="stable")]
    return np.sort(order[: max(1, round(STILLEST * len(known)))])


def _both(differences: Floats, unit: float) -> dict[str, float]:
    """Return mean, standard error and median in per cent of `unit`, and the frames counted."""
    known = 100 * differences[np.isfinite(differences)] / unit
    if len(known) < BLOCKS:
        return {"mean": math.nan, "±": math.nan, "median": math.nan, "frames": len(known)}
    means = np.array([block.mean() for block in np.array_split(known, BLOCKS)])
    return {
        "mean": float(known.mean()),
        "±": float(means.std(ddof=1)) / math.sqrt(BLOCKS),
        "median": float(np.median(known)),
        "frames": len(known),
    }


def _inter_ocular(points: Floats) -> Floats:
    return np.linalg.norm(points[:, 36] - points[:, 45], axis=1)
