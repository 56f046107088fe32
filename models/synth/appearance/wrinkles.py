"""Wrinkles and folds, engraved into the log albedo: a dark groove with a lighter lip beside it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import noise
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.regions import SIZE, strokes

Line = NDArray[np.floating]


def _curve(points: list[tuple[float, float]], count: int = 14) -> Line:
    """A quadratic Bezier through three control points, or a polyline of more, in UV units."""
    p = np.array(points, np.float64)
    if len(p) != 3:
        return p
    t = np.linspace(0, 1, count)[:, None]
    return (1 - t) ** 2 * p[0] + 2 * t * (1 - t) * p[1] + t * t * p[2]


def _both(rng: np.random.Generator, line: Line) -> list[Line]:
    """The line on either side of the face, not quite alike."""
    jitter = rng.normal(size=2) * 0.004
    return [line, line * [-1, 1] + [1, 0] + jitter]


def _wavy(rng: np.random.Generator, line: Line, amount: float) -> Line:
    return line + np.cumsum(rng.normal(size=line.shape), 0) * amount


def _forehead(rng: np.random.Generator) -> list[Line]:
    lines = []
    for y in np.linspace(0.07, 0.155, int(rng.integers(2, 6))) + rng.normal() * 0.008:
        half = rng.uniform(0.1, 0.24)
        mid = 0.5 + rng.normal() * 0.02
        lines.append(
            _wavy(
                rng,
                _curve([(mid - half, y + 0.012), (mid, y - 0.012), (mid + half, y + 0.012)]),
                0.0015,
            )
        )
    return lines


def _crows_feet(rng: np.random.Generator) -> list[Line]:
    lines = []
    for angle in np.linspace(-0.7, 0.8, int(rng.integers(3, 6))) + rng.normal() * 0.1:
        start, reach = np.array([0.293, 0.285]), rng.uniform(0.03, 0.075)
        end = start - [reach * np.cos(angle), -reach * np.sin(angle)]
        lines += _both(rng, _wavy(rng, np.linspace(start - [0.014, 0], end, 6), 0.001))
    return lines


def _under_eye(rng: np.random.Generator) -> list[Line]:
    lines = []
    for drop in rng.uniform(0.02, 0.062, int(rng.integers(1, 4))):
        lines += _both(
            rng,
            _curve(
                [
                    (0.405, 0.292 + 0.4 * drop),
                    (0.365, 0.296 + 1.5 * drop),
                    (0.29, 0.288 + 0.7 * drop),
                ]
            ),
        )
    return lines


def _nasolabial(rng: np.random.Generator) -> list[Line]:
    reach, bow = rng.uniform(0.55, 0.64), rng.uniform(0.325, 0.36)
    return _both(rng, _curve([(0.425, 0.43), (bow + 0.02, 0.455), (bow, reach)]))


def _marionette(rng: np.random.Generator) -> list[Line]:
    return _both(
        rng,
        _curve(
            [(0.375, 0.575), (0.36, 0.62), (0.355 + rng.normal() * 0.01, rng.uniform(0.64, 0.7))]
        ),
    )


def _frown(rng: np.random.Generator) -> list[Line]:
    line = _curve([(0.478, 0.175), (0.484, 0.2), (0.476, 0.235)])
    return _both(rng, line) if rng.random() < 0.6 else [line]


def _neck(rng: np.random.Generator) -> list[Line]:
    return [
        _wavy(rng, _curve([(0.2, y), (0.5, y + 0.06), (0.8, y)]), 0.002)
        for y in rng.uniform(0.8, 0.95, int(rng.integers(1, 4)))
    ]


_FOLDS = (
    # name, lines, width in UV, blur in UV, chance for the young, chance for the old
    (_forehead, 0.004, 0.0035, 0.12, 0.8),
    (_crows_feet, 0.003, 0.0025, 0.06, 0.8),
    (_under_eye, 0.003, 0.004, 0.35, 0.85),
    (_nasolabial, 0.006, 0.008, 0.45, 0.95),
    (_marionette, 0.005, 0.006, 0.08, 0.7),
    (_frown, 0.005, 0.005, 0.12, 0.6),
    (_neck, 0.006, 0.006, 0.25, 0.7),
)


def engrave(rng: np.random.Generator, face: Floats, kit: SkinKit, age: float) -> set[str]:
    """Engrave folds into the log albedo of a face in place.

    Args:
        rng: Random generator.
        face: Log albedo (3, SIZE, SIZE), changed.
        kit: Regions of the face.
        age: 0 (young) to 1 (old).

    Returns:
        {"wrinkles"} when they are clearly visible.
    """
    relief = np.zeros((SIZE, SIZE), np.float32)
    deepest = 0.0
    for lines, width, blur, young, old in _FOLDS:
        if rng.random() >= young + (old - young) * age:
            continue
        depth = rng.uniform(0.15, 0.5) + 1.1 * age * rng.random()
        groove = strokes(lines(rng), width, blur * rng.uniform(0.6, 1.5))
        relief += groove * (depth * min(2.0, 0.6 / max(float(groove.max()), 0.1)))
        deepest = max(deepest, depth)
    if age > 0.6:  # fine crossing lines over all of an old skin
        relief += np.maximum(noise.fractal(rng, SIZE, SIZE, exponent=0.9, zoom=1.2), 0) * (
            0.12 * (age - 0.5)
        )
    relief *= 1 - 0.8 * kit.regions["lips"]
    raised = cv2.warpAffine(
        relief,
        np.array([[1, 0, 0.4], [0, 1, 1.6]], np.float32),
        (SIZE, SIZE),
        borderMode=cv2.BORDER_REPLICATE,
    )
    for channel, weight in enumerate((0.42, 0.55, 0.6)):
        face[channel] += raised * (0.35 * weight) - relief * weight
    return {"wrinkles"} if deepest > 0.9 else set()


def squeeze(rng: np.random.Generator, face: Floats, right: float, left: float) -> Floats:
    """Return a skin with folds of squeezed eyes: at outer corners, around the lids, on the nose.

    Args:
        rng: Random generator.
        face: Linear albedo (SIZE, SIZE, 3).
        right: How hard the subject's right eye is squeezed, 0 to 1.
        left: The same of the left eye.
    """
    depth = rng.uniform(0.4, 3.2)
    width, blur = rng.uniform(0.003, 0.009), rng.uniform(0.001, 0.005)
    relief = np.zeros((SIZE, SIZE), np.float32)
    lines = [*_fan(rng), *(_pouch(rng) if rng.random() < 0.6 else _creases(rng)), *_hood(rng)]
    seam = [_curve([(0.285, 0.289), (0.345, rng.uniform(0.276, 0.3)), (0.405, 0.293)])]
    for strength, mirrored in ((right, False), (left, True)):
        if strength <= 0.05:
            continue
        own = [line * [-1, 1] + [1, 0] if mirrored else line for line in lines]
        own = [
            _wavy(rng, line + rng.normal(size=2) * 0.002, 0.0008)
            for line in own
            if rng.random() < 0.8
        ]
        if own:
            groove = strokes(own, width, blur)
            relief += groove * (depth * strength * min(2.0, 0.7 / max(float(groove.max()), 0.1)))
        shadow = strokes(
            [line * [-1, 1] + [1, 0] if mirrored else line for line in seam], 0.02, 0.008
        )
        relief += shadow * (strength * rng.uniform(0.0, 1.2))
    raised = cv2.warpAffine(
        relief,
        np.array([[1, 0, 0.2], [0, 1, 1.8]], np.float32),
        (SIZE, SIZE),
        borderMode=cv2.BORDER_REPLICATE,
    )
    tones = np.array([0.75, 0.95, 1.0], np.float32)
    return np.clip(face * np.exp((0.3 * raised - relief)[..., None] * tones), 0.002, 0.98)


def _fan(rng: np.random.Generator) -> list[Line]:
    """Lines that meet at the outer corner of the right eye and run far under it."""
    lines = []
    for angle in np.linspace(-0.8, 0.75, int(rng.integers(3, 7))) + rng.normal() * 0.12:
        x, y = rng.uniform(0.03, 0.1) * np.array([-np.cos(angle), np.sin(angle)])
        lines.append(_curve([(0.308, 0.288 + 0.1 * y), (0.288, 0.288), (0.288 + x, 0.288 + y)]))
    return lines


def _pouch(rng: np.random.Generator) -> list[Line]:
    """Folds below the lower lid of the right eye, from its outer corner toward the nose."""
    lines = []
    for drop in rng.uniform(0.012, 0.06, int(rng.integers(1, 5))):
        end = rng.uniform(0.33, 0.42), 0.29 + rng.uniform(0.5, 1.6) * drop
        lines.append(_curve([(0.28, 0.29 + 0.5 * drop), (0.33, 0.295 + 1.5 * drop), end]))
    if rng.random() < 0.5:  # the nose wrinkles along
        y = rng.uniform(0.27, 0.33)
        lines += [
            _curve([(0.43, y + k), (0.455, y - 0.012 + k), (0.475, y - 0.004 + k)])
            for k in (0, 0.016)
        ]
    return lines


def _creases(rng: np.random.Generator) -> list[Line]:
    """Long, even, dense folds that a raised cheek makes under the right eye, along its lids."""
    lines, slope = [], rng.uniform(-0.01, 0.03)
    for drop in np.linspace(
        rng.uniform(0.012, 0.02), rng.uniform(0.035, 0.075), int(rng.integers(2, 7))
    ):
        begin, end = rng.uniform(0.255, 0.29), rng.uniform(0.36, 0.43)
        middle = (begin + end) / 2, 0.293 + drop * rng.uniform(1.1, 1.4)
        lines.append(
            _curve([(begin, 0.29 + drop * 0.8 - slope), middle, (end, 0.29 + drop * 0.9 + slope)])
        )
    return lines


def lid_line(
    rng: np.random.Generator, face: Floats, kit: SkinKit, right: float, left: float
) -> Floats:
    """Return a skin with dark lid margins: roots of lashes, and the line where shut lids meet.

    Open eyes and slits have them as well; otherwise a dark line would reveal that an eye is shut.

    Args:
        rng: Random generator.
        face: Linear albedo (SIZE, SIZE, 3).
        kit: Regions of the face.
        right: How dark it is at the subject's right eye, 0 to 1.
        left: The same of the left eye.
    """
    line = np.maximum(
        kit.regions["upper_lash_line"], kit.regions["lower_lash_line"] * rng.uniform(0.3, 1)
    )
    line = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.4, 1.6))
    line *= 1 / max(float(line.max()), 0.1)
    side = np.where(np.arange(SIZE) < SIZE / 2, right, left).astype(np.float32)
    return np.clip(face * np.exp(-3.0 * line * side)[..., None], 0.002, 0.98)


def _hood(rng: np.random.Generator) -> list[Line]:
    """Folds over the upper lid of the right eye, where the brow presses on it."""
    lines = []
    for rise in rng.uniform(0.008, 0.045, int(rng.integers(1, 4))):
        end = rng.uniform(0.38, 0.42), 0.288 - 0.5 * rise
        lines.append(_curve([(0.28, 0.288 - 0.3 * rise), (0.35, 0.272 - 1.4 * rise), end]))
    return lines
