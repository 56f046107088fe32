"""Numba kernels of single surfaces: textures, patterns, irises, and the light that reaches them."""

from __future__ import annotations

import numba as nb
import numpy as np

from models.head.eyes import LIMBUS_CM

_LIMBUS_EDGE = 0.615
"""Radius of the drawn iris, cm, in the middle of the dark ring about it."""
_TAPS = np.array([[0.0, 0.0], [1.0, 0.35], [-0.35, 1.0], [-1.0, -0.35], [0.35, -1.0]], np.float32)


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def texel(texture, u, v):
    """Bilinear colour of a texture (rows, columns, 3) whose v runs up."""
    rows, columns = texture.shape[0], texture.shape[1]
    x = min(max(u * columns - 0.5, 0.0), columns - 1.001)
    y = min(max((1.0 - v) * rows - 0.5, 0.0), rows - 1.001)
    i, j = int(y), int(x)
    fy, fx = y - i, x - j
    a, b, c, d = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
    return (
        a * texture[i, j, 0]
        + b * texture[i, j + 1, 0]
        + c * texture[i + 1, j, 0]
        + d * texture[i + 1, j + 1, 0],
        a * texture[i, j, 1]
        + b * texture[i, j + 1, 1]
        + c * texture[i + 1, j, 1]
        + d * texture[i + 1, j + 1, 1],
        a * texture[i, j, 2]
        + b * texture[i, j + 1, 2]
        + c * texture[i + 1, j, 2]
        + d * texture[i + 1, j + 1, 2],
    )


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def ambient(sh, x, y, z, k):
    """Irradiance from nine spherical harmonics (real, unnormalised) in a direction."""
    value = (
        sh[0, k] + sh[1, k] * y + sh[2, k] * z + sh[3, k] * x + sh[4, k] * x * y + sh[5, k] * y * z
    )
    value += sh[6, k] * (3 * z * z - 1) + sh[7, k] * x * z + sh[8, k] * (x * x - y * y)
    return max(value, 0.1 * sh[0, k])


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def pattern(kind, scale, x, y, z):
    """How much of the part's second colour a point shows, 0 to 1."""
    if kind == 1:  # stripes
        return 1.0 if np.sin(y * scale) > 0.2 else 0.0
    if kind == 2:  # checks
        return (0.5 if np.sin(x * scale) > 0 else 0.0) + (0.5 if np.sin(y * scale) > 0 else 0.0)
    if kind == 3:  # folds and blotches
        a = np.sin(x * scale + 1.7 * np.sin(y * scale * 0.7)) * np.sin(
            y * scale * 1.3 + z * scale * 0.6
        )
        return 0.5 + 0.5 * a
    if kind == 4:  # dots
        return 1.0 if np.sin(x * scale) * np.sin(y * scale) > 0.6 else 0.0
    return 0.0


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def lit(shadows, matrices, softness, k, x, y, z, slope):
    """Share of light k (0 or 1) that reaches a point, from five samples of its shadow map."""
    size = shadows.shape[1]
    m = matrices[k]
    u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
    v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
    d = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3] + 0.22 + 0.25 * slope
    seen = 0.0
    for i in range(5):
        px, py = int(u + _TAPS[i][0] * softness[k]), int(v + _TAPS[i][1] * softness[k])
        if px < 0 or py < 0 or px >= size or py >= size or shadows[k, py, px] < d:
            seen += 0.2
    return seen


@nb.njit(cache=True, fastmath=True, nogil=True)
def iris(px, py, pz, vx, vy, vz, iris, pupil, glow, sclera, veins):
    """Albedo of the eye at a point of its frame (cm, axis +z); v points away from the eye."""
    limbus = 0.60
    sx, sy = _LIMBUS_EDGE / LIMBUS_CM[0], _LIMBUS_EDGE / LIMBUS_CM[1]
    r = np.sqrt(px * px * sx * sx + py * py * sy * sy)
    if pz > 0 and r < limbus + 0.03:
        deep = max(pz - 1.45, 0.0)  # the iris lies behind the cornea: refraction shifts it
        nx = px - vx / max(vz, 0.35) * deep / 1.34
        ny = py - vy / max(vz, 0.35) * deep / 1.34
        if np.sqrt(nx * nx + ny * ny) < pupil:
            return glow[0], glow[1], glow[2]
        nx, ny = nx * sx, ny * sy
        q = np.sqrt(nx * nx + ny * ny)
        if q < limbus:
            s = 0.32 + 0.66 * max(q - pupil, 0.0) / (limbus - pupil)
            k = s / max(q, 1e-6)
            red, green, blue = texel(iris, 0.5 + 0.5 * nx * k, 0.5 + 0.5 * ny * k)
            edge = 1.0 - 0.6 * min(max((q - 0.50) / 0.09, 0.0), 1.0)
            edge *= 1.0 - 0.5 * min(max((pupil + 0.03 - q) / 0.03, 0.0), 1.0)
            return red * edge, green * edge, blue * edge
        return 0.35 * sclera[0], 0.35 * sclera[1], 0.35 * sclera[2]
    blood = min(max((r - 0.75) / 0.9, 0.0), 1.0)
    line = np.sin(9.0 * np.arctan2(py, px) + 6.0 * np.sin(5.0 * r) + 2.0 * px)
    blood = blood * (0.45 + veins * max(line, 0.0))
    return sclera[0], sclera[1] * (1.0 - 0.35 * blood), sclera[2] * (1.0 - 0.38 * blood)
