"""Numba kernel: from visibility buffers to a linear-light picture.

Every output pixel has 2x2 samples. Where all four see the same surface one of them is shaded, in turn over the
2x2 neighbours so that on average nothing shifts; at edges and on eyes all four are.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from models.synth.raster import BACK, EYE, FACE, HAIR, LASH, MOUTH, SOLID

# Columns of the part table.
KIND, RED, RED2, PATTERN, SCALE, SPECULAR, ROUGHNESS, SIDE, TRANSMISSION, MIRROR = 0, 1, 4, 7, 8, 9, 10, 11, 12, 13
PART_COLUMNS = 14
_ORDER = (0, 3, 2, 1)
_TAPS = np.array([[0.0, 0.0], [1.0, 0.35], [-0.35, 1.0], [-1.0, -0.35], [0.35, -1.0]], np.float32)


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _texel(texture, u, v):
    rows, columns = texture.shape[0], texture.shape[1]
    x = min(max(u * columns - 0.5, 0.0), columns - 1.001)
    y = min(max((1.0 - v) * rows - 0.5, 0.0), rows - 1.001)
    i, j = int(y), int(x)
    fy, fx = y - i, x - j
    a, b, c, d = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
    return (
        a * texture[i, j, 0] + b * texture[i, j + 1, 0] + c * texture[i + 1, j, 0] + d * texture[i + 1, j + 1, 0],
        a * texture[i, j, 1] + b * texture[i, j + 1, 1] + c * texture[i + 1, j, 1] + d * texture[i + 1, j + 1, 1],
        a * texture[i, j, 2] + b * texture[i, j + 1, 2] + c * texture[i + 1, j, 2] + d * texture[i + 1, j + 1, 2],
    )


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _ambient(sh, x, y, z, k):
    """Irradiance from nine spherical harmonics (real, unnormalised) in a direction."""
    value = sh[0, k] + sh[1, k] * y + sh[2, k] * z + sh[3, k] * x + sh[4, k] * x * y + sh[5, k] * y * z
    value += sh[6, k] * (3 * z * z - 1) + sh[7, k] * x * z + sh[8, k] * (x * x - y * y)
    return max(value, 0.1 * sh[0, k])


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _pattern(kind, scale, x, y, z):
    """0 to 1: how much of a part's second colour a point of it shows."""
    if kind == 1:  # stripes
        return 1.0 if np.sin(y * scale) > 0.2 else 0.0
    if kind == 2:  # checks
        return (0.5 if np.sin(x * scale) > 0 else 0.0) + (0.5 if np.sin(y * scale) > 0 else 0.0)
    if kind == 3:  # folds and blotches
        a = np.sin(x * scale + 1.7 * np.sin(y * scale * 0.7)) * np.sin(y * scale * 1.3 + z * scale * 0.6)
        return 0.5 + 0.5 * a
    if kind == 4:  # dots
        return 1.0 if np.sin(x * scale) * np.sin(y * scale) > 0.6 else 0.0
    return 0.0


@nb.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _lit(shadows, matrices, softness, k, x, y, z, slope):
    """Share of light k (0 or 1) that reaches a point, from five looks into its shadow map."""
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
def _iris(px, py, pz, vx, vy, vz, iris, pupil, glow, sclera, veins):
    """Albedo of the eye at a point of its own frame (centimetres, axis +z), seen along v (away from the eye)."""
    limbus = 0.60
    r = np.sqrt(px * px + py * py)
    if pz > 0 and r < limbus + 0.03:
        deep = max(pz - 1.45, 0.0)  # the iris lies behind the cornea: refraction shifts it
        nx = px - vx / max(vz, 0.35) * deep / 1.34
        ny = py - vy / max(vz, 0.35) * deep / 1.34
        q = np.sqrt(nx * nx + ny * ny)
        if q < pupil:
            return glow[0], glow[1], glow[2]
        if q < limbus:
            s = 0.32 + 0.66 * (q - pupil) / (limbus - pupil)
            k = s / max(q, 1e-6)
            red, green, blue = _texel(iris, 0.5 + 0.5 * nx * k, 0.5 + 0.5 * ny * k)
            edge = 1.0 - 0.6 * min(max((q - 0.50) / 0.09, 0.0), 1.0)
            edge *= 1.0 - 0.5 * min(max((pupil + 0.03 - q) / 0.03, 0.0), 1.0)
            return red * edge, green * edge, blue * edge
        return 0.35 * sclera[0], 0.35 * sclera[1], 0.35 * sclera[2]
    blood = min(max((r - 0.75) / 0.9, 0.0), 1.0)
    line = np.sin(9.0 * np.arctan2(py, px) + 6.0 * np.sin(5.0 * r) + 2.0 * px)
    blood = blood * (0.45 + veins * max(line, 0.0))
    return sclera[0], sclera[1] * (1.0 - 0.35 * blood), sclera[2] * (1.0 - 0.38 * blood)


@nb.njit(cache=True, fastmath=True, nogil=True)
def _shade(x, y, t, data, triangles, part, parts, face, back, hair, iris, eye_frames, eye, sh, lights, colours, near,
           shadows, matrices, softness, infrared):
    """Linear colour of triangle t at a sample of the buffer."""
    a, b, c = data[triangles[t, 0]], data[triangles[t, 1]], data[triangles[t, 2]]
    x0, y0 = a[0], a[1]
    dx1, dy1 = b[0] - x0, b[1] - y0
    dx2, dy2 = c[0] - x0, c[1] - y0
    inverse = 1.0 / (dx1 * dy2 - dx2 * dy1)
    w1 = ((x - x0) * dy2 - dx2 * (y - y0)) * inverse
    w2 = (dx1 * (y - y0) - (x - x0) * dy1) * inverse
    w0 = (1.0 - w1 - w2) * a[2]
    w1 *= b[2]
    w2 *= c[2]
    total = 1.0 / (w0 + w1 + w2)
    w0 *= total
    w1 *= total
    w2 *= total
    px = w0 * a[3] + w1 * b[3] + w2 * c[3]
    py = w0 * a[4] + w1 * b[4] + w2 * c[4]
    pz = w0 * a[5] + w1 * b[5] + w2 * c[5]
    nx = w0 * a[6] + w1 * b[6] + w2 * c[6]
    ny = w0 * a[7] + w1 * b[7] + w2 * c[7]
    nz = w0 * a[8] + w1 * b[8] + w2 * c[8]
    k = 1.0 / max(np.sqrt(nx * nx + ny * ny + nz * nz), 1e-6)
    nx, ny, nz = nx * k, ny * k, nz * k
    u = w0 * a[9] + w1 * b[9] + w2 * c[9]
    v = w0 * a[10] + w1 * b[10] + w2 * c[10]
    ao = w0 * a[11] + w1 * b[11] + w2 * c[11]
    ax = w0 * a[12] + w1 * b[12] + w2 * c[12]
    ay = w0 * a[13] + w1 * b[13] + w2 * c[13]
    az = w0 * a[14] + w1 * b[14] + w2 * c[14]
    k = -1.0 / np.sqrt(px * px + py * py + pz * pz)
    vx, vy, vz = px * k, py * k, pz * k  # toward the camera
    row = parts[part[t]]
    kind = int(row[KIND])
    facing = nx * vx + ny * vy + nz * vz
    if facing < 0.0 and kind != FACE and kind != BACK and kind != EYE:  # cards and thin shells have two sides
        nx, ny, nz, facing = -nx, -ny, -nz, -facing
    specular, roughness = row[SPECULAR], row[ROUGHNESS]
    red, green, blue = row[RED], row[RED + 1], row[RED + 2]
    if kind == FACE:
        red, green, blue = _texel(face, u, v)
    elif kind == BACK:
        red, green, blue = _texel(back, u, v)
    elif kind == EYE:
        f = eye_frames[int(row[SIDE])]
        ex = f[0, 0] * vx + f[0, 1] * vy + f[0, 2] * vz
        ey = f[1, 0] * vx + f[1, 1] * vy + f[1, 2] * vz
        ez = f[2, 0] * vx + f[2, 1] * vy + f[2, 2] * vz
        red, green, blue = _iris(ax, ay, az, ex, ey, ez, iris, eye[0], eye[2:5], eye[5:8], eye[1])
    elif kind == MOUTH:
        ao *= min(max((az - 4.5) / 6.0, 0.03), 1.0)
    elif kind == HAIR:
        rows, columns = hair.shape
        i = min(max(int((1.0 - v) * rows), 0), rows - 1)
        j = min(max(int(u * columns), 0), columns - 1)
        red, green, blue = red * hair[i, j], green * hair[i, j], blue * hair[i, j]
    elif kind == SOLID and row[PATTERN] > 0:
        mix = _pattern(int(row[PATTERN]), row[SCALE], ax, ay, az)
        red += (row[RED2] - red) * mix
        green += (row[RED2 + 1] - green) * mix
        blue += (row[RED2 + 2] - blue) * mix
    if infrared:
        grey = 0.35 * red + 0.55 * green + 0.1 * blue
        if kind in (FACE, BACK):
            grey = 0.12 + 0.75 * np.sqrt(grey)  # melanin and blood absorb little near infrared
        elif kind == HAIR:
            grey = 0.06 + 0.8 * grey
        red = green = blue = grey
    skin = kind in (FACE, BACK)
    out_r = red * _ambient(sh, nx, ny, nz, 0) * ao
    out_g = green * _ambient(sh, nx, ny, nz, 1) * ao
    out_b = blue * _ambient(sh, nx, ny, nz, 2) * ao
    fresnel = 0.04 + 0.96 * (1.0 - max(facing, 0.0)) ** 5 * 0.6
    alpha2 = max(roughness * roughness, 0.0025) ** 2
    direct = ao * 0.5 + 0.5
    for i in range(lights.shape[0]):
        lx, ly, lz = lights[i, 0], lights[i, 1], lights[i, 2]
        power = 1.0
        if near[i] > 0.0:  # a lamp at the camera: from the viewer, weaker with the square of the distance
            lx, ly, lz = vx + 0.03 * lights[i, 0], vy + 0.03 * lights[i, 1], vz
            power = (near[i] / pz) ** 2
        cosine = nx * lx + ny * ly + nz * lz
        if cosine < -0.4:
            continue
        if i < 2 and shadows.shape[1] > 1 and near[i] <= 0.0 and kind != LASH:
            power *= _lit(shadows, matrices, softness, i, px, py, pz, 1.0 - max(cosine, 0.0))
            if power < 0.01:
                continue
        power *= direct
        if skin:
            out_r += red * colours[i, 0] * power * max(cosine + 0.28, 0.0) / 1.28
            out_g += green * colours[i, 1] * power * max(cosine + 0.12, 0.0) / 1.12
            out_b += blue * colours[i, 2] * power * max(cosine + 0.06, 0.0) / 1.06
        else:
            wrapped = max(cosine + 0.3, 0.0) / 1.3 if kind in (HAIR, EYE) else max(cosine, 0.0)
            out_r += red * colours[i, 0] * power * wrapped
            out_g += green * colours[i, 1] * power * wrapped
            out_b += blue * colours[i, 2] * power * wrapped
        if cosine > 0.0 and specular > 0.0:
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            h = (nx * hx + ny * hy + nz * hz) / max(np.sqrt(hx * hx + hy * hy + hz * hz), 1e-6)
            d = h * h * (alpha2 - 1.0) + 1.0
            shine = specular * fresnel * alpha2 / (d * d) * 0.8 * power * min(cosine * 4.0, 1.0)
            shine = min(shine, 6.0)
            out_r += shine * colours[i, 0]
            out_g += shine * colours[i, 1]
            out_b += shine * colours[i, 2]
    if specular > 0.0 and kind != MOUTH:  # a mirror of the surroundings, blurred to what the harmonics hold
        rx, ry, rz = 2 * facing * nx - vx, 2 * facing * ny - vy, 2 * facing * nz - vz
        mirror = specular * fresnel * ao * (1.0 - 0.6 * roughness) + row[MIRROR]
        out_r += mirror * _ambient(sh, rx, ry, rz, 0)
        out_g += mirror * _ambient(sh, rx, ry, rz, 1)
        out_b += mirror * _ambient(sh, rx, ry, rz, 2)
    return out_r, out_g, out_b


@nb.njit(cache=True, fastmath=True, nogil=True)
def _through_lens(red, green, blue, x, y, t, data, triangles, part, parts, sh, glare):
    """Colour seen through lens triangle t: tinted, plus what its surface mirrors."""
    a, b, c = data[triangles[t, 0]], data[triangles[t, 1]], data[triangles[t, 2]]
    row = parts[part[t]]
    px, py, pz = (a[3] + b[3] + c[3]) / 3, (a[4] + b[4] + c[4]) / 3, (a[5] + b[5] + c[5]) / 3
    x0, y0 = a[0], a[1]
    dx1, dy1 = b[0] - x0, b[1] - y0
    dx2, dy2 = c[0] - x0, c[1] - y0
    inverse = 1.0 / (dx1 * dy2 - dx2 * dy1)
    w1 = ((x - x0) * dy2 - dx2 * (y - y0)) * inverse
    w2 = (dx1 * (y - y0) - (x - x0) * dy1) * inverse
    w0 = 1.0 - w1 - w2
    nx = w0 * a[6] + w1 * b[6] + w2 * c[6]
    ny = w0 * a[7] + w1 * b[7] + w2 * c[7]
    nz = w0 * a[8] + w1 * b[8] + w2 * c[8]
    k = 1.0 / max(np.sqrt(nx * nx + ny * ny + nz * nz), 1e-6)
    nx, ny, nz = nx * k, ny * k, nz * k
    k = -1.0 / np.sqrt(px * px + py * py + pz * pz)
    vx, vy, vz = px * k, py * k, pz * k
    facing = nx * vx + ny * vy + nz * vz
    if facing < 0:
        nx, ny, nz, facing = -nx, -ny, -nz, -facing
    rx, ry, rz = 2 * facing * nx - vx, 2 * facing * ny - vy, 2 * facing * nz - vz
    mirror = row[MIRROR] + (1 - row[MIRROR]) * (1 - facing) ** 5
    through = row[TRANSMISSION]
    result_r = red * through * row[RED] + mirror * _ambient(sh, rx, ry, rz, 0)
    result_g = green * through * row[RED + 1] + mirror * _ambient(sh, rx, ry, rz, 1)
    result_b = blue * through * row[RED + 2] + mirror * _ambient(sh, rx, ry, rz, 2)
    for g in range(glare.shape[0]):  # bright rectangles: windows and screens
        du = rx * glare[g, 0] + rz * glare[g, 2]
        if du <= 0.0:
            continue
        # The offset from the rectangle's centre, across and up.
        across = (rx * glare[g, 2] - rz * glare[g, 0]) / du
        up = ry / du - glare[g, 1]
        if abs(across) < glare[g, 3] and abs(up) < glare[g, 4]:
            result_r += mirror * glare[g, 5]
            result_g += mirror * glare[g, 6]
            result_b += mirror * glare[g, 7]
    return result_r, result_g, result_b


@nb.njit(cache=True, fastmath=True, nogil=True)
def shade(depth, index, lens_index, data, triangles, part, parts, face, back, hair, iris,
          eye_frames, eye, sh, lights, colours, near, shadows, matrices, softness, glare, infrared, image):
    """Shade the samples and lay them over `image` (H, W, 3), linear light, changed in place.

    Args:
        depth: float32 (2H, 2W) 1/z.
        index: int32 (2H, 2W) triangle, -1 where the background shows.
        lens_index: int32 (2H, 2W) lens triangle before it, or -1.
        data: float32 (N, 16) from `pack`.
        triangles: int32 (T, 3).
        part: int32 (T,) into parts.
        parts: float32 (P, PART_COLUMNS).
        face: float32 (h, w, 3) linear albedo of the face tile.
        back: float32 (h, w, 3) the same of the back of the head.
        hair: float32 (h, w) brightness of the strands about 1.
        iris: float32 (h, w, 3).
        eye_frames: float32 (2, 3, 3) camera frame to eye frame, right and left.
        eye: float32 (8,) pupil radius, veins, pupil colour, sclera colour.
        sh: float32 (9, 3) ambient light.
        lights: float32 (L, 3) directions toward the lights; the first two may cast shadows.
        colours: float32 (L, 3).
        near: float32 (L,) distance at which a lamp at the camera has its nominal power; 0 for far lights.
        shadows: float32 (2, S, S) from `shadow_map`; S of 1 means none.
        matrices: float32 (2, 3, 4) camera frame to shadow map.
        softness: float32 (2,) spread of the shadow looks in map pixels.
        glare: float32 (G, 8) what lenses mirror: direction (x, rise, z), half width, half height, colour.
        infrared: Whether the camera sees near infrared only.
        image: float32 (H, W, 3) background in, picture out.
    """
    height, width = image.shape[0], image.shape[1]
    for y in range(height):
        for x in range(width):
            hits = 0
            same = True
            first = index[2 * y, 2 * x]
            glass = lens_index[2 * y, 2 * x]
            for s in range(4):
                i, j = 2 * y + s // 2, 2 * x + s % 2
                t = index[i, j]
                if t >= 0 or lens_index[i, j] >= 0:
                    hits += 1
                if t < 0 or first < 0 or part[t] != part[first] or (lens_index[i, j] >= 0) != (glass >= 0):
                    same = False
                elif abs(depth[i, j] / depth[2 * y, 2 * x] - 1.0) > 0.02:
                    same = False
            if hits == 0:
                continue
            if same and int(parts[part[first], KIND]) == EYE:
                same = False
            red, green, blue = 0.0, 0.0, 0.0
            only = _ORDER[(x & 1) + 2 * (y & 1)]
            for s in range(4):
                if same and s != only:
                    continue
                i, j = 2 * y + s // 2, 2 * x + s % 2
                t = index[i, j]
                if t >= 0:
                    r, g, b = _shade(
                        j + 0.5, i + 0.5, t, data, triangles, part, parts, face, back, hair, iris, eye_frames, eye,
                        sh, lights, colours, near, shadows, matrices, softness, infrared,
                    )
                else:
                    r, g, b = image[y, x, 0], image[y, x, 1], image[y, x, 2]
                t = lens_index[i, j]
                if t >= 0:
                    r, g, b = _through_lens(
                        r, g, b, j + 0.5, i + 0.5, t, data, triangles, part, parts, sh, glare
                    )
                red += r
                green += g
                blue += b
            scale = 1.0 if same else 0.25
            image[y, x, 0] = red * scale
            image[y, x, 1] = green * scale
            image[y, x, 2] = blue * scale
