"""Similarity fits of one set of points in space to another.

`fit_similarity` works from sums alone, in plain floats: for matrices this small they are faster
than calls of a library. The rotation is the optimal one of Wahba's problem by FOAM (F. L. Markley,
"Attitude Determination Using Vector Observations: A Fast Optimal Matrix Algorithm", J.
Astronautical Sciences 41, 1993); scale and translation follow as in Umeyama (PAMI 1991).
"""

import math

import numpy as np
from numpy.typing import NDArray

Rows = list[list[float]]
Points = NDArray[np.float64]

_STEPS = 60
_TOLERANCE = 1e-14


def fit_similarity(
    sums: Rows, scale_x: float = 1.0, scale_y: float = 1.0
) -> tuple[Rows, list[float], float] | None:
    """Fit place = s (R head + t) in the weighted least squares sense.

    Args:
        sums: (4, 8), weighted sums of products over the points: of 1 and x, y, z of its place in
            space with each of the head's x, y, z and x² + y² + z², 1, and x, y, z of its place.
        scale_x: what the places' x have to be multiplied by.
        scale_y: the same of their y.

    Returns:
        R, t in the head's unit and the root mean square of what is left in that unit, or None if
        the points have no extent or are not finite.
    """
    (hx, hy, hz, head_squares, total, x, y, z), row_x, row_y, row_z = sums
    hx, hy, hz = hx / total, hy / total, hz / total
    scale_x, scale_y, scale_z = scale_x / total, scale_y / total, 1.0 / total
    x, y, z = x * scale_x, y * scale_y, z * scale_z
    b = [
        [row_x[0] * scale_x - x * hx, row_x[1] * scale_x - x * hy, row_x[2] * scale_x - x * hz],
        [row_y[0] * scale_y - y * hx, row_y[1] * scale_y - y * hy, row_y[2] * scale_y - y * hz],
        [row_z[0] * scale_z - z * hx, row_z[1] * scale_z - z * hy, row_z[2] * scale_z - z * hz],
    ]
    squares = row_x[5] * scale_x * scale_x + row_y[6] * scale_y * scale_y
    squares = squares * total + row_z[7] * scale_z
    spread = squares - x * x - y * y - z * z
    head_spread = head_squares / total - hx * hx - hy * hy - hz * hz
    best = _best_rotation(b, math.sqrt(max(0.0, spread * head_spread)))
    if best is None:
        return None
    rotation, trace = best
    scale = trace / head_spread
    if not scale > 1e-6:
        return None
    # What is left is |place|² / s² + |head|² - 2 tr(Rᵀ b) / s, and that trace is s |head|².
    residual = math.sqrt(max(0.0, spread / (scale * scale) - head_spread))
    translation = [
        middle / scale - (row[0] * hx + row[1] * hy + row[2] * hz)
        for middle, row in zip((x, y, z), rotation, strict=True)
    ]
    return rotation, translation, residual


def fit_points(points: Points, target: Points) -> tuple[Points, Points]:
    """Return M and t so that points @ M + t is nearest to the target: Umeyama, PAMI 1991.

    Args:
        points: (n, 3), any unit, axes with the sense of those of `target`.
        target: (n, 3).

    Returns:
        (3, 3), a rotation times a scale, and (3,).
    """
    middle, goal_middle = points.mean(axis=0), target.mean(axis=0)
    source, goal = points - middle, target - goal_middle
    u, singular, vt = np.linalg.svd(goal.T @ source)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    scale = float((singular * sign).sum() / max(float((source**2).sum()), 1e-9))
    matrix: Points = scale * ((u * sign) @ vt).T
    return matrix, goal_middle - middle @ matrix


def _best_rotation(b: Rows, bound: float) -> tuple[Rows, float] | None:
    """Return the rotation R with the largest tr(Rᵀ b), and that trace, at most `bound`."""
    (b00, b01, b02), (b10, b11, b12), (b20, b21, b22) = b
    # The cofactors of b, its determinant and the squares of the norms of both.
    c00, c01, c02 = b11 * b22 - b12 * b21, b12 * b20 - b10 * b22, b10 * b21 - b11 * b20
    c10, c11, c12 = b21 * b02 - b22 * b01, b22 * b00 - b20 * b02, b20 * b01 - b21 * b00
    c20, c21, c22 = b01 * b12 - b02 * b11, b02 * b10 - b00 * b12, b00 * b11 - b01 * b10
    determinant = b00 * c00 + b01 * c01 + b02 * c02
    # Products of the rows of b: b bᵀ, whose trace is the square of b's norm.
    p00, p11, p22 = (
        b00 * b00 + b01 * b01 + b02 * b02,
        b10 * b10 + b11 * b11 + b12 * b12,
        b20 * b20 + b21 * b21 + b22 * b22,
    )
    p01 = b00 * b10 + b01 * b11 + b02 * b12
    p02 = b00 * b20 + b01 * b21 + b02 * b22
    p12 = b10 * b20 + b11 * b21 + b12 * b22
    norm = p00 + p11 + p22
    cofactors = (c00 * c00 + c01 * c01 + c02 * c02 + c10 * c10 + c11 * c11 + c12 * c12) + (
        c20 * c20 + c21 * c21 + c22 * c22
    )
    if not (0.0 < norm < math.inf and bound < math.inf):
        return None
    # The trace is the largest root of a quartic; Newton's steps from above lead down to it.
    trace = bound
    for _ in range(_STEPS):
        excess = trace * trace - norm
        slope = 4.0 * (trace * excess - 2.0 * determinant)
        if not slope > 0.0:
            break
        step = (excess * excess - 8.0 * trace * determinant - 4.0 * cofactors) / slope
        trace -= step
        if step <= _TOLERANCE * trace:
            break
    kappa = 0.5 * (trace * trace - norm)
    zeta = kappa * trace - determinant
    if not zeta > 1e-12 * trace * norm:
        return None
    # R = ((kappa + |b|²) b + trace cof(b) - b bᵀ b) / zeta
    k = kappa + norm
    q00, q11, q22 = k - p00, k - p11, k - p22
    rotation = [
        [
            (q00 * b00 - p01 * b10 - p02 * b20 + trace * c00) / zeta,
            (q00 * b01 - p01 * b11 - p02 * b21 + trace * c01) / zeta,
            (q00 * b02 - p01 * b12 - p02 * b22 + trace * c02) / zeta,
        ],
        [
            (q11 * b10 - p01 * b00 - p12 * b20 + trace * c10) / zeta,
            (q11 * b11 - p01 * b01 - p12 * b21 + trace * c11) / zeta,
            (q11 * b12 - p01 * b02 - p12 * b22 + trace * c12) / zeta,
        ],
        [
            (q22 * b20 - p02 * b00 - p12 * b10 + trace * c20) / zeta,
            (q22 * b21 - p02 * b01 - p12 * b11 + trace * c21) / zeta,
            (q22 * b22 - p02 * b02 - p12 * b12 + trace * c22) / zeta,
        ],
    ]
    return rotation, trace
