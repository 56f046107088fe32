"""Image ↔ crop: the only place with this conversion.

Pixel centres are at integers in both, so a crop of `size` pixels over a square of `side` image
pixels maps the crop's left edge, at -0.5, to the square's left edge. Crop units u in [0, 1] run
from edge to edge: u = (x + 0.5) / size.
"""

import math

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Indices
from landmarkd.types import Array, Box, FaceExtent, RegionOfInterest

Affine = NDArray[np.float64]
AffineRows = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Rows of a (2, 3) affine: for few numbers, Python is faster than numpy."""

STRAY_SHIFT, STRAY_SCALE, STRAY_ANGLE = 0.04, 0.06, 4.0
"""How far a region may lie off: shares of the side, of its logarithm, and degrees. The models are
trained with standard deviations of about this much (`models.train.augment.Jitter`)."""

ON_ITS_SIDE_DEG, UPSIDE_DOWN_DEG = 60.0, 135.0
"""From these rolls on a face is on its side, or upside down."""

LEAST_PULL = 0.1
"""Minimum share of the way to its target that a region moves in a frame."""

_TWELFTHS = np.full(12, 1 / 12)
"""Double precision, see `vision.sums`."""


def image_from_crop(roi: RegionOfInterest, size: int) -> Affine:
    """Return the (2, 3) affine from pixels of a crop of `size` x `size` to image pixels."""
    return np.array(rows_from_crop(roi, size))


def rows_from_crop(roi: RegionOfInterest, size: int) -> AffineRows:
    """Return the rows of `image_from_crop`."""
    cosine, sine, x, y = _unit_terms(roi)
    cosine, sine = cosine / size, sine / size
    return (
        (cosine, -sine, x + 0.5 * (cosine - sine)),
        (sine, cosine, y + 0.5 * (sine + cosine)),
    )


def _unit_terms(roi: RegionOfInterest) -> tuple[float, float, float, float]:
    """Return the cosine and the sine times the side, and the corner of the crop."""
    angle = math.radians(roi.angle)
    cosine, sine = roi.side * math.cos(angle), roi.side * math.sin(angle)
    return cosine, sine, roi.x - 0.5 * (cosine - sine), roi.y - 0.5 * (sine + cosine)


def to_image(points: Array, roi: RegionOfInterest) -> Array:
    """Map (n, 3) points from crop units to image pixels; depth is scaled, not moved."""
    cosine, sine, x, y = _unit_terms(roi)
    linear = np.array(((cosine, sine, 0.0), (-sine, cosine, 0.0), (0.0, 0.0, roi.side)), np.float32)
    result: Array = points @ linear
    # Two columns, because adding a row of three to each row takes twice as long.
    across, down = result[:, 0], result[:, 1]
    across += np.float32(x)
    down += np.float32(y)
    return result


def rotation_needed(roll: float) -> int:
    """Return the rotation for a picture with this roll: 0, 90, 180 or 270 degrees clockwise.

    Args:
        roll: of the face in it, degrees, -180 to 180.
    """
    if abs(roll) >= UPSIDE_DOWN_DEG:
        return 180
    return round(-roll / 90) % 4 * 90 if abs(roll) >= ON_ITS_SIDE_DEG else 0


def box_of(points: Array) -> Box:
    """Return the tight box x0, y0, x1, y1 of (n, 2 or 3) points."""
    # Extremes are found many times faster along contiguous rows than along columns.
    rows = points[:, :2].T.copy()
    (x0, y0), (x1, y1) = np.minimum.reduce(rows, 1).tolist(), np.maximum.reduce(rows, 1).tolist()
    return x0, y0, x1, y1


def extent_of(points: Array, ibug68: Indices) -> FaceExtent:
    """Return the extent of the points of a face.

    Args:
        points: (count, 3) image pixels, the dense points first.
        ibug68: (68,) indices.
    """
    corners = points.take(ibug68, axis=0)
    roll = _roll(corners)
    return FaceExtent(roll, box_of(corners), *_square_about(points[:DENSE], roll))


def box_overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def roi_from_box(box: Box, margin: float, shift_up: float, angle: float = 0.0) -> RegionOfInterest:
    """Return the first region for a face from its box: a square about it, moved up the face.

    Args:
        box: x0, y0, x1, y1 of the 68 points.
        margin: side over the longer side of the box.
        shift_up: how far to move, in units of the side; the dense points reach higher than the 68.
        angle: roll of the face, degrees.
    """
    x0, y0, x1, y1 = box
    side = margin * max(x1 - x0, y1 - y0)
    turn = math.radians(angle)
    return RegionOfInterest(
        (x0 + x1) / 2 + shift_up * side * math.sin(turn),
        (y0 + y1) / 2 - shift_up * side * math.cos(turn),
        side,
        angle,
    )


def _square_about(points: Array, angle: float) -> tuple[float, float, float]:
    """Return x, y of the centre and the side of the smallest square of an angle about points."""
    turn = math.radians(angle)
    cosine, sine = math.cos(turn), math.sin(turn)
    # Both axes and their opposites, because one maximum is faster than two extremes.
    axes = np.array(
        ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)), np.float32
    )
    # No product of matrices, whose rounding depends on the processor: one bit here moves the
    # region, and the next points by a pixel.
    along = axes[:, :1] * points[:, 0]
    along += axes[:, 1:] * points[:, 1]
    x1, y1, x0, y0 = np.maximum.reduce(along, 1).tolist()
    x0, y0 = -x0, -y0
    across, down = (x0 + x1) / 2, (y0 + y1) / 2
    return (
        cosine * across - sine * down,
        sine * across + cosine * down,
        max(x1 - x0, y1 - y0),
    )


def _between(held: RegionOfInterest, wanted: RegionOfInterest, share: float) -> RegionOfInterest:
    """Return the held region moved by a share towards the wanted one, with the shorter rotation."""
    return RegionOfInterest(
        held.x + share * (wanted.x - held.x),
        held.y + share * (wanted.y - held.y),
        held.side * (wanted.side / held.side) ** share,
        held.angle + share * _turn(held, wanted),
    )


def eased(held: RegionOfInterest, wanted: RegionOfInterest) -> RegionOfInterest:
    """Return the last region moved towards the wanted one, by a share that grows with the distance.

    A region that follows the noise of the points moves the picture for the model, which adds noise;
    a region that is fixed and then jumps adds a jump. From `STRAY_SHIFT` and similar limits on, it
    moves all the way, so that it keeps up with every head.
    """
    ratio = math.log(wanted.side / held.side)
    shift = math.hypot(wanted.x - held.x, wanted.y - held.y) / held.side
    stray = max(
        shift / STRAY_SHIFT, abs(ratio) / STRAY_SCALE, abs(_turn(held, wanted)) / STRAY_ANGLE
    )
    return _between(held, wanted, min(1.0, LEAST_PULL + stray))


def trusted(held: RegionOfInterest, wanted: RegionOfInterest, sigma: float) -> RegionOfInterest:
    """Return the last region moved towards that of its points, depending on their certainty.

    If most of a face is hidden, the points of each frame have independent errors, and a region that
    follows them drifts away. The share is the gain of a Kalman filter: a face moves by
    `STRAY_SHIFT` between frames, and its points have the error `sigma`.

    Args:
        held: where the points were seen.
        wanted: about the points.
        sigma: standard deviation of a point, pixels.
    """
    return _between(held, wanted, 1 / (1 + (sigma / (STRAY_SHIFT * held.side)) ** 2))


def _turn(held: RegionOfInterest, wanted: RegionOfInterest) -> float:
    return (wanted.angle - held.angle + 180) % 360 - 180


def _roll(corners: Array) -> float:
    """Return the roll of a face from its (68, 3) points: from its eyes and chin, degrees.

    In a profile one eye hides the other and the line between them is inexact; the line from between
    the eyes to the chin is visible at any yaw.
    """
    x, y, _ = (_TWELFTHS @ corners[36:48]).tolist()
    chin_x, chin_y, _ = corners[8].tolist()
    return math.degrees(math.atan2(x - chin_x, chin_y - y))
