"""The measures themselves: pure functions over arrays."""

import math

import numpy as np
from landmarkd.layout import Layout
from numpy.typing import NDArray

from models.evaluate.records import YAW_BINS, Points

Floats = NDArray[np.float64]


def point_errors(found: Points, truth: Points) -> Floats:
    """Return each point's distance from its label, (n,) in the points' unit; NaN if unlabelled."""
    return np.linalg.norm(found[:, :2] - truth, axis=1)


def nme(errors: Floats, size: float, among: NDArray[np.intp] | None = None) -> float:
    """Return the normalised mean error of the labelled points in per cent; NaN without any."""
    chosen = errors if among is None else errors[among]
    chosen = chosen[np.isfinite(chosen)]
    return 100 * float(chosen.mean()) / size if len(chosen) else math.nan


def by_yaw(values: Floats, yaw_deg: Floats) -> dict[str, float]:
    """Return means over all faces, in each bin of |yaw|, beyond them, and over the bins ("macro").

    Bins without a face are NaN, and "macro" is then the mean of the others. The protocol's bins end
    at 90 degrees: what lies beyond counts in "all" and not in "macro".
    """
    turned = np.abs(yaw_deg)
    table = {"all": _mean(values)}
    means = []
    for low, high in YAW_BINS:
        inside = (turned > low if low else turned >= 0) & (turned <= high)
        means.append(_mean(values[inside]))
        table[f"{low:.0f}-{high:.0f}"] = means[-1]
    table["over 90"] = _mean(values[turned > YAW_BINS[-1][1]])
    table["macro"] = _mean(np.array(means))
    return table


def lid_openness(points: Points, layout: Layout) -> tuple[float, float]:
    """Return the gap of the lids over the width of the eye, in the image, subject's right and left.

    From the middles of the lids where the layout has lids, otherwise from the six iBUG points of
    the eye.
    """
    if layout.right_lid is not None and layout.left_lid is not None:
        right, left = (
            _ratio(lid[4], lid[12], lid[0], lid[8])
            for lid in (points[layout.right_lid, :2], points[layout.left_lid, :2])
        )
        return right, left
    eyes = points[layout.ibug68, :2]
    right = _ratio(eyes[37:39].mean(0), eyes[40:42].mean(0), eyes[36], eyes[39])
    left = _ratio(eyes[43:45].mean(0), eyes[46:48].mean(0), eyes[42], eyes[45])
    return right, left


def lid_signal(points: Points, layout: Layout) -> float:
    """Return the openness of both eyes for blinks: mean gap along the lids over the eye's width."""
    if layout.right_lid is None or layout.left_lid is None:
        return sum(lid_openness(points, layout)) / 2
    total = 0.0
    for index in (layout.right_lid, layout.left_lid):
        lid = points[index, :2]
        gaps = np.linalg.norm(lid[1:8] - lid[:8:-1], axis=1)
        total += float(gaps.mean() / max(1e-6, np.linalg.norm(lid[0] - lid[8])))
    return total / 2


def jitter(track: Floats, inter_ocular: Floats) -> float:
    """Return the mean second difference of tracked points in per cent of the inter-ocular distance.

    Args:
        track: (frames, points, 2), NaN where the face was lost.
        inter_ocular: (frames,) distance of the outer corners of the eyes, NaN where lost.
    """
    second = np.linalg.norm(track[2:] - 2 * track[1:-1] + track[:-2], axis=2).mean(1)
    return 100 * float(np.nanmean(second)) / float(np.nanmean(inter_ocular))


def shake(track: Floats, inter_ocular: Floats) -> float:
    """Return the median, not the mean, over frames, so that quick moves have little weight."""
    second = np.linalg.norm(track[2:] - 2 * track[1:-1] + track[:-2], axis=2).mean(1)
    return 100 * float(np.nanmedian(second)) / float(np.nanmean(inter_ocular))


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last index of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def match_events(
    found: list[tuple[int, int]], truth: list[tuple[int, int]], tolerance: int
) -> tuple[int, int]:
    """Return how many true events were found, and how many found events are false."""

    def near(a: tuple[int, int], b: tuple[int, int]) -> bool:
        return a[0] <= b[1] + tolerance and b[0] <= a[1] + tolerance

    hits = sum(any(near(event, other) for other in found) for event in truth)
    false = sum(not any(near(event, other) for other in truth) for event in found)
    return hits, false


def calibration(errors: Floats, sigma: Floats) -> dict[str, float]:
    """Return how the predicted standard deviations compare with the measured distances.

    For a true Gaussian with the deviation sigma in x and in y the root mean square of distance /
    sigma is sqrt(2), 39 % of the distances are under one sigma and 86 % under two.
    """
    known = np.isfinite(errors) & np.isfinite(sigma) & (sigma > 0)
    if known.sum() < 2:
        return {}
    ratio = errors[known] / sigma[known]
    return {
        "rms over sqrt 2": float(np.sqrt(np.mean(ratio**2) / 2)),
        "under 1 sigma, %": 100 * float((ratio < 1).mean()),
        "under 2 sigma, %": 100 * float((ratio < 2).mean()),
        "rank correlation": rank_correlation(errors[known], sigma[known]),
    }


def rank_correlation(a: Floats, b: Floats) -> float:
    """Return Spearman's rank correlation of two series with few ties; NaN if one is constant."""
    if not (np.ptp(a) and np.ptp(b)):
        return math.nan
    return correlation(*(np.argsort(np.argsort(values)).astype(np.float64) for values in (a, b)))


def correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation of two series, NaN if one of them is constant."""
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) and np.ptp(b) else math.nan


def face_frame_residuals(found: Points, truth: Points, size: float) -> Points:
    """Return each point's error, (n, 2) in per cent of the face's size, in the face's frame.

    The frame is turned by the roll of the labelled eyes; x is to the subject's left, y down.
    """
    eyes = np.nanmean(truth[42:48], 0) - np.nanmean(truth[36:42], 0)
    angle = math.atan2(eyes[1], eyes[0])
    cosine, sine = math.cos(angle), math.sin(angle)
    return 100 * (found[:, :2] - truth) @ np.array([[cosine, -sine], [sine, cosine]]) / size


def _ratio(top: Points, bottom: Points, outer: Points, inner: Points) -> float:
    return float(np.linalg.norm(top - bottom) / max(1e-6, float(np.linalg.norm(outer - inner))))


def _mean(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else math.nan
