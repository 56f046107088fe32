"""The ruler: errors after a constant offset per point, fitted on other people, and local shape.

Every set of labels defines "the corner of the mouth" slightly differently. A constant offset per
iBUG point, in the head's own frame and in face sizes, removes this difference of definition. It is
fitted on the people of the other folds and applied to those of this fold, in the same way for every
program that is measured. It describes the labels of a set; nothing of it is shipped.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.evaluate.faces import Result
from models.evaluate.measure import correlation
from models.evaluate.records import INNER51, REGIONS, Points

Floats = NDArray[np.float64]

FOLDS = 5
"""Folds of people; a set with fewer people is measured by leaving one out."""

RIDGE = 3.0
"""Ridge: weight of a point's squared offset, relative to the squared residuals of the faces, in
face sizes."""

FRONTAL_DEG = 25.0
"""Faces turned further than this are left out of the table of local shape."""

SHAPES = (
    "mouth width",
    "mouth height",
    "inner gap of the lips",
    "lower lip",
    "height of the brows",
)


def ruled_errors(results: list[Result], ibug68: NDArray[np.intp]) -> Floats:
    """Return the distances after the ruler, (faces, 68) in face sizes, NaN where unlabelled.

    The people of a set are assigned to the folds in turn, in the order of their names.

    Args:
        results: of one set; all were found.
        ibug68: where the 68 points are in the layout.
    """
    residuals = np.array([_residual(result, ibug68) for result in results])
    projections = np.array([result.rotation[:2] for result in results], np.float64)
    people = np.array([result.face.subject or result.face.name for result in results])
    names = sorted(set(people))
    folds = min(FOLDS, len(names)) if len(names) > 4 * FOLDS else len(names)
    fold_of = {name: number % folds for number, name in enumerate(names)}
    fold = np.array([fold_of[name] for name in people])
    errors = np.full(residuals.shape[:2], np.nan)
    for number in range(folds):
        inside = fold == number
        offsets = fit_offsets(residuals[~inside], projections[~inside])
        left = residuals[inside] - np.einsum("fij,pj->fpi", projections[inside], offsets)
        errors[inside] = np.linalg.norm(left, axis=2)
    return errors


def fit_offsets(residuals: Floats, projections: Floats) -> Floats:
    """Return the offset of each point in the head's frame, (points, 3) face sizes.

    Ridge regression of residual = P offset over the faces where a point is labelled.

    Args:
        residuals: (faces, points, 2) truth minus prediction in face sizes, NaN where unlabelled.
        projections: (faces, 2, 3), the first two rows of each head's rotation.
    """
    offsets = np.zeros((residuals.shape[1], 3))
    for point in range(residuals.shape[1]):
        known = np.isfinite(residuals[:, point, 0])
        if known.any():
            design = projections[known].reshape(-1, 3)
            normal = design.T @ design + RIDGE * np.eye(3)
            offsets[point] = np.linalg.solve(normal, design.T @ residuals[known, point].ravel())
    return offsets


def ruler_row(results: list[Result], ibug68: NDArray[np.intp]) -> dict[str, float]:
    """Return NME % raw and after the ruler with standard errors over faces, and by region."""
    found = [result for result in results if result.found]
    if len(found) < 3:
        return {}
    raw = np.array([result.errors / result.face.size for result in found])
    ruled = ruled_errors(found, ibug68)
    row: dict[str, float] = {"faces": len(found)}
    for name, among in (("68", np.arange(68)), ("51", INNER51)):
        for kind, errors in (("raw", raw), ("ruler", ruled)):
            mean, error = _mean_error(errors[:, among])
            row[f"{kind} {name}"], row[f"± {kind} {name}"] = mean, error
    for name, among in REGIONS.items():
        row[f"ruler {name}"] = _mean_error(ruled[:, among])[0]
    return row


def shape_table(results: list[Result], ibug68: NDArray[np.intp]) -> dict[str, dict[str, float]]:
    """Return, by local distance, the slope of prediction on truth with its correlation.

    A slope below one means that the network pulls faces toward the mean. Distances are in units of
    that of the outer corners of the eyes; frontal faces only.
    """
    frontal = [
        result for result in results if result.found and abs(result.pose_deg[1]) < FRONTAL_DEG
    ]
    true = [local_shape(result.face.points) for result in frontal]
    seen = [local_shape(_labelled_points(result, ibug68)) for result in frontal]
    table = {}
    for name in SHAPES:
        pairs = np.array([(a[name], b[name]) for a, b in zip(true, seen, strict=True)])
        pairs = pairs[np.isfinite(pairs).all(1)] if len(pairs) else pairs
        if len(pairs) > 9 and np.ptp(pairs[:, 0]):
            slope = float(np.polyfit(pairs[:, 0], pairs[:, 1], 1)[0])
            table[name] = {
                "slope": slope,
                "correlation": correlation(pairs[:, 0], pairs[:, 1]),
                "bias": float((pairs[:, 1] - pairs[:, 0]).mean()),
                "faces": len(pairs),
            }
    return table


def local_shape(points: Points) -> dict[str, float]:
    """Return the local distances of (68, 2) points over the distance of the outer eye corners."""
    unit = float(np.linalg.norm(points[45] - points[36]))

    def gap(a: int, b: int) -> float:
        return float(np.linalg.norm(points[a] - points[b])) / unit if unit else math.nan

    corners = (points[36] + points[39]) / 2, (points[42] + points[45]) / 2
    brows = _middle(points[17:22]), _middle(points[22:27])
    lifts = [float(np.linalg.norm(b - c)) / unit for b, c in zip(brows, corners, strict=True)]
    return {
        "mouth width": gap(48, 54),
        "mouth height": gap(51, 57),
        "inner gap of the lips": gap(62, 66),
        "lower lip": gap(66, 57),
        "height of the brows": sum(lifts) / 2,
    }


def uncertainty_table(
    results: list[Result], ibug68: NDArray[np.intp], *, ruler: bool = True
) -> dict[str, dict[str, float]]:
    """Return by region the rms of errors over the predicted sigma, over sqrt(2); 1 is right.

    Args:
        results: of one set.
        ibug68: where the 68 points are in the layout.
        ruler: whether errors are those after the ruler, which real labels need.
    """
    return _by_region([_over_sigma(results, ibug68, ruler=ruler)])


def pooled_uncertainty(
    sets: list[list[Result]], ibug68: NDArray[np.intp]
) -> dict[str, dict[str, float]]:
    """Return the table of `uncertainty_table` over all sets, each after its own ruler."""
    return _by_region([_over_sigma(results, ibug68, ruler=True) for results in sets])


def _over_sigma(results: list[Result], ibug68: NDArray[np.intp], *, ruler: bool) -> Floats:
    """Return distances over the predicted sigma, (faces, 68), NaN where unlabelled."""
    found = [result for result in results if result.found and result.sigma is not None]
    if len(found) < 3:
        return np.empty((0, 68))
    sizes = np.array([[result.face.size] for result in found])
    errors = (
        ruled_errors(found, ibug68) * sizes
        if ruler
        else np.array([result.errors for result in found])
    )
    return errors / np.array([result.sigma[ibug68] for result in found], np.float64)


def _by_region(ratios: list[Floats]) -> dict[str, dict[str, float]]:
    """Return the rms over sqrt(2) by region, its standard error over faces, and both counts."""
    pooled = np.concatenate(ratios)
    table = {}
    for name, among in REGIONS.items():
        square = np.square(pooled[:, among])
        known = np.isfinite(square).sum(1)
        square, known = np.nansum(square, 1)[known > 0], known[known > 0]
        if len(known) < 3:
            continue
        mean = float(square.sum() / known.sum())
        # Of a ratio of sums over faces (Cochran, Sampling Techniques, chapter 6), then of its root.
        spread = float(np.std(square - mean * known, ddof=1) / known.mean())
        rms = math.sqrt(mean / 2)
        table[name] = {
            "rms over sqrt 2": rms,
            "±": spread / math.sqrt(len(known)) / (4 * rms),
            "faces": len(known),
            "points": int(known.sum()),
        }
    return table


def _middle(points: Points) -> Points:
    known = points[np.isfinite(points[:, 0])]
    return known.mean(0) if len(known) else np.full(2, np.nan)


def _labelled_points(result: Result, ibug68: NDArray[np.intp]) -> Points:
    """Return the points found, NaN where there is no label, so that both have the same points."""
    points = result.points[ibug68, :2].astype(np.float64)
    points[np.isnan(result.face.points[:, 0])] = np.nan
    return points


def _residual(result: Result, ibug68: NDArray[np.intp]) -> Floats:
    found = result.points[ibug68, :2].astype(np.float64)
    return (result.face.points - found) / result.face.size


def _mean_error(errors: Floats) -> tuple[float, float]:
    """Return the mean over faces in per cent, and its standard error."""
    known = errors[np.isfinite(errors).any(1)]
    if len(known) < 2:
        return math.nan, math.nan
    each = 100 * np.nanmean(known, axis=1)
    return float(each.mean()), float(each.std(ddof=1)) / math.sqrt(len(each))
