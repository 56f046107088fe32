"""Numba kernels: vertex normals, visibility buffers and shadow maps.

Buffers hold 1/z (larger is nearer, 0 is empty) and the triangle index (-1 is empty). Sample (i, j)
of a buffer has its centre at x = j + 0.5, y = i + 0.5 of buffer coordinates.
"""

from __future__ import annotations

import numba as nb
import numpy as np

SOLID, FACE, BACK, EYE, MOUTH, HAIR, LASH, LENS = range(8)
HAIR_RISE_CM = 0.5
"""Hair is drawn this much nearer than it is, so that no forehead cuts through it."""
EYE_RECESS_CM = 0.14
"""An eyeball is drawn this much farther than it is, so that a closing lid stays before it."""


@nb.njit(cache=True, fastmath=True, nogil=True)
def vertex_normals(vertices, triangles):
    """Area-weighted unit normals float32 (N, 3)."""
    out = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx = uy * vz - uz * vy
        ny = uz * vx - ux * vz
        nz = ux * vy - uy * vx
        for k in (a, b, c):
            out[k, 0] += nx
            out[k, 1] += ny
            out[k, 2] += nz
    for i in range(out.shape[0]):
        n = np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2)
        if n > 1e-12:
            out[i, 0] /= n
            out[i, 1] /= n
            out[i, 2] /= n
    return out


@nb.njit(cache=True, fastmath=True, nogil=True)
def project(world, focal, cx, cy, k1, supersampling, near):
    """Buffer coordinates and 1/z, float32 (N, 3), of camera points; 1/z 0 before the near plane."""
    out = np.empty_like(world)
    for i in range(world.shape[0]):
        z = world[i, 2]
        if z < near:
            out[i, 0], out[i, 1], out[i, 2] = 0.0, 0.0, 0.0
            continue
        x, y = world[i, 0] / z, world[i, 1] / z
        radial = 1.0 + k1 * (x * x + y * y)
        out[i, 0] = (focal * x * radial + cx + 0.5) * supersampling
        out[i, 1] = (focal * y * radial + cy + 0.5) * supersampling
        out[i, 2] = 1.0 / z
    return out


@nb.njit(cache=True, fastmath=True, nogil=True)
def pack(screen, world, normals, uv, occlusion, aux, data):
    """Fill `data` (N, 16) with what the shader reads of a vertex, in one line of the cache.

    Columns: buffer x, y and 1/z; position; normal; u, v; occlusion; aux.
    """
    for i in range(data.shape[0]):
        row = data[i]
        for j in range(3):
            row[j] = screen[i, j]
            row[3 + j] = world[i, j]
            row[6 + j] = normals[i, j]
            row[12 + j] = aux[i, j]
        row[9] = uv[i, 0]
        row[10] = uv[i, 1]
        row[11] = occlusion[i]


@nb.njit(cache=True, fastmath=True, nogil=True)
def lid_shadow(vertices, eyeball, lid, occlusion):
    """Darken eyeball vertices near the lids (16, 3) that stand over them, in place.

    The eyeball in a narrow slit gets little light from any direction: a squinting eye looks like a
    dark line.
    """
    gap = 0.0
    for j in range(3, 6):
        dx, dy = lid[j, 0] - lid[16 - j, 0], lid[j, 1] - lid[16 - j, 1]
        gap += np.sqrt(dx * dx + dy * dy) / 3
    slit = min(0.15 + 0.85 * gap / 0.75, 1.0) ** 1.7
    for k in eyeball:
        upper = 1e9
        lower = 1e9
        for j in range(16):
            dx = vertices[k, 0] - lid[j, 0]
            dy = vertices[k, 1] - lid[j, 1]
            dz = vertices[k, 2] - lid[j, 2]
            d = dx * dx + dy * dy + dz * dz
            if j <= 8:
                upper = min(upper, d)
            if j >= 8 or j == 0:
                lower = min(lower, d)
        above = 0.42 + 0.58 * min(np.sqrt(upper) / 0.45, 1.0)
        occlusion[k] = slit * above * (0.75 + 0.25 * min(np.sqrt(lower) / 0.25, 1.0))


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _hash(a, b, c):
    """A uniform number in [0, 1) from three integers."""
    h = np.uint32(a) * np.uint32(374761393) + np.uint32(b) * np.uint32(668265263)
    h += np.uint32(c) * np.uint32(2246822519)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    return ((h ^ (h >> np.uint32(16))) & np.uint32(0xFFFFFF)) / 16777216.0


@nb.njit(cache=True, fastmath=True, nogil=True)
def opacity(kind, u, v, hair_alpha, lash_density):
    """Opacity of a hair or lash texel."""
    if kind == HAIR:
        rows, columns = hair_alpha.shape
        return hair_alpha[
            min(max(int((1.0 - v) * rows), 0), rows - 1), min(max(int(u * columns), 0), columns - 1)
        ]
    # Six strips of lashes per eye along v, roots at the upper edge of each strip.
    strip = int((v - 0.0092) / 0.1668)
    length = 1.0 - (v - 0.0142 - 0.1668 * strip) / 0.14
    strand = _hash(int(u * 260.0), strip, 7)
    reach = 0.55 + 0.45 * _hash(int(u * 260.0), strip, 11)
    if length > reach:
        return 0.0
    scale = 1.0 if strip >= 3 else 0.55  # the lower lashes are thinner
    if length < 0.11:  # the roots stand so dense that a camera sees a dark line from end to end
        return min(0.35 + 1.2 * lash_density, 1.0) * min(1.4 * scale, 1.0)
    return lash_density * scale * (1.0 - 0.75 * length / reach) * (0.35 + 0.65 * strand)


@nb.njit(cache=True, fastmath=True, nogil=True)
def rasterise(  # noqa: PLR0912 - one loop, kept whole for the compiler
    screen, uv, triangles, part, kinds, hair_alpha, lash_density, layer, ceiling, depth, index
):
    """Draw triangles into `depth` (1/z) and `index`.

    Args:
        screen: float32 (N, 3): x, y in buffer coordinates and 1/z (<= 0 behind the camera).
        uv: float32 (N, 2).
        triangles: int32 (T, 3).
        part: int32 (T,) into `kinds`.
        kinds: int32 (P,), for example FACE; hair and lashes are drawn with a random opacity test.
        hair_alpha: float32 (H, W) opacity of the hair texture.
        lash_density: Opacity of lashes at the root.
        layer: 0 draws all but lashes and lenses, 1 lashes, 2 lenses.
        ceiling: Buffer of 1/z that a lens has to lie in front of.
        depth: float32 (H, W), changed in place.
        index: int32 (H, W), changed in place.
    """
    height, width = depth.shape
    for t in range(triangles.shape[0]):
        kind = kinds[part[t]]
        if layer != (2 if kind == LENS else (1 if kind == LASH else 0)):
            continue
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        i0, i1, i2 = screen[a, 2], screen[b, 2], screen[c, 2]
        if i0 <= 0.0 or i1 <= 0.0 or i2 <= 0.0:
            continue
        x0, y0 = screen[a, 0], screen[a, 1]
        x1, y1 = screen[b, 0], screen[b, 1]
        x2, y2 = screen[c, 0], screen[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9 or (
            area > 0.0 and FACE <= kind <= MOUTH
        ):  # closed surfaces show their front only
            continue
        left = max(0, int(np.ceil(min(x0, x1, x2) - np.float32(0.5))))
        right = min(width - 1, int(np.floor(max(x0, x1, x2) - np.float32(0.5))))
        top = max(0, int(np.ceil(min(y0, y1, y2) - np.float32(0.5))))
        bottom = min(height - 1, int(np.floor(max(y0, y1, y2) - np.float32(0.5))))
        if right < left or bottom < top:
            continue
        tested = kind in (HAIR, LASH)
        inverse = 1.0 / area
        dx1, dy1 = (y2 - y0) * inverse, -(x2 - x0) * inverse
        dx2, dy2 = -(y1 - y0) * inverse, (x1 - x0) * inverse
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5 - x0, y + 0.5 - y0
                w1 = px * dx1 + py * dy1
                w2 = px * dx2 + py * dy2
                w0 = 1.0 - w1 - w2
                if w0 < 0.0 or w1 < 0.0 or w2 < 0.0:
                    continue
                iz = w0 * i0 + w1 * i1 + w2 * i2
                if kind == EYE:
                    iz -= EYE_RECESS_CM * iz * iz
                elif kind == HAIR:
                    iz += HAIR_RISE_CM * iz * iz
                if iz <= depth[y, x] or (layer == 2 and iz <= ceiling[y, x]):
                    continue
                if tested:
                    q0, q1, q2 = w0 * i0 / iz, w1 * i1 / iz, w2 * i2 / iz
                    u = q0 * uv[a, 0] + q1 * uv[b, 0] + q2 * uv[c, 0]
                    v = q0 * uv[a, 1] + q1 * uv[b, 1] + q2 * uv[c, 1]
                    threshold = 0.04 + 0.92 * _hash(x, y, part[t] + t // 64)
                    if opacity(kind, u, v, hair_alpha, lash_density) <= threshold:
                        continue
                depth[y, x] = iz
                index[y, x] = t


@nb.njit(cache=True, fastmath=True, nogil=True)
def shadow_map(light, uv, triangles, part, kinds, hair_alpha, depth):
    """Orthographic depth from a light, larger is nearer to the light.

    Args:
        light: float32 (N, 3): x, y in map coordinates, z toward the light in centimetres.
        uv: float32 (N, 2).
        triangles: int32 (T, 3).
        part: int32 (T,) into `kinds`.
        kinds: int32 (P,); eyes, mouth, lashes and lenses cast no shadow.
        hair_alpha: float32 opacity of the hair texture.
        depth: float32 (S, S), filled with a large negative number before, changed in place.
    """
    size = depth.shape[0]
    for t in range(triangles.shape[0]):
        kind = kinds[part[t]]
        if kind in (EYE, MOUTH, LASH, LENS):
            continue
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = (
            light[a, 0],
            light[a, 1],
            light[b, 0],
            light[b, 1],
            light[c, 0],
            light[c, 1],
        )
        left = max(0, int(np.ceil(min(x0, x1, x2) - 0.5)))
        right = min(size - 1, int(np.floor(max(x0, x1, x2) - 0.5)))
        top = max(0, int(np.ceil(min(y0, y1, y2) - 0.5)))
        bottom = min(size - 1, int(np.floor(max(y0, y1, y2) - 0.5)))
        if right < left or bottom < top:
            continue
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9 or (area > 0.0 and kind in (FACE, BACK)):
            # the skin casts its shadow with the side away from the light, so it never shadows
            # itself
            continue
        inverse = 1.0 / area
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5 - x0, y + 0.5 - y0
                w1 = (px * (y2 - y0) - (x2 - x0) * py) * inverse
                w2 = ((x1 - x0) * py - px * (y1 - y0)) * inverse
                w0 = 1.0 - w1 - w2
                if w0 < 0.0 or w1 < 0.0 or w2 < 0.0:
                    continue
                z = w0 * light[a, 2] + w1 * light[b, 2] + w2 * light[c, 2]
                if z <= depth[y, x]:
                    continue
                if kind == HAIR:
                    u = w0 * uv[a, 0] + w1 * uv[b, 0] + w2 * uv[c, 0]
                    v = w0 * uv[a, 1] + w1 * uv[b, 1] + w2 * uv[c, 1]
                    if opacity(kind, u, v, hair_alpha, 0.0) <= _hash(x, y, t // 64):
                        continue
                depth[y, x] = z


@nb.njit(cache=True, fastmath=True, nogil=True)
def visible_points(points, tolerance, depth):
    """Which points (N, 3) (x, y in buffer coordinates, 1/z) no drawn surface hides.

    A point is seen if any of the 3x3 samples round it shows nothing nearer than `tolerance` (N,)
    centimetres before it, so that points on the silhouette count as seen.
    """
    height, width = depth.shape
    out = np.zeros(points.shape[0], np.bool_)
    for k in range(points.shape[0]):
        iz = points[k, 2]
        if iz <= 0.0:
            continue
        limit = 1.0 / max(1.0 / iz - tolerance[k], 1e-3)
        column, row = int(np.floor(points[k, 0])), int(np.floor(points[k, 1]))
        for y in range(max(row - 1, 0), min(row + 2, height)):
            for x in range(max(column - 1, 0), min(column + 2, width)):
                if depth[y, x] <= limit:
                    out[k] = True
    return out
