"""Numba kernel: from visibility buffers to a linear-light picture.

Every output pixel has 2x2 samples. Where all four see the same surface one of them is shaded, in
turn over the 2x2 neighbours so that on average nothing shifts; at edges and on eyes all four are.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from models.synth.raster import BACK, EYE, FACE, HAIR, LASH, MOUTH, SOLID
from models.synth.surface import ambient, lit, pattern, texel
from models.synth.surface import iris as iris_albedo

# Columns of the part table.
KIND, RED, RED2, PATTERN, SCALE, SPECULAR, ROUGHNESS, SIDE, TRANSMISSION, MIRROR = (
    0,
    1,
    4,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
)
PART_COLUMNS = 14
_ORDER = (0, 3, 2, 1)


@nb.njit(cache=True, fastmath=True, nogil=True)
def _shade(x, y, t, data, triangles, part, parts, paint, lamps):  # noqa: PLR0912, PLR0915 - one pixel, one function
    """Linear colour of triangle t at a sample of the buffer."""
    face, back, hair, iris, eye_frames, eye = paint
    sh, lights, colours, near, shadows, matrices, softness, infrared = lamps
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
    if facing < 0.0 and kind not in (FACE, BACK, EYE):  # cards and thin shells have two sides
        nx, ny, nz, facing = -nx, -ny, -nz, -facing
    specular, roughness = row[SPECULAR], row[ROUGHNESS]
    red, green, blue = row[RED], row[RED + 1], row[RED + 2]
    if kind == FACE:
        red, green, blue = texel(face, u, v)
    elif kind == BACK:
        red, green, blue = texel(back, u, v)
    elif kind == EYE:
        f = eye_frames[int(row[SIDE])]
        ex = f[0, 0] * vx + f[0, 1] * vy + f[0, 2] * vz
        ey = f[1, 0] * vx + f[1, 1] * vy + f[1, 2] * vz
        ez = f[2, 0] * vx + f[2, 1] * vy + f[2, 2] * vz
        red, green, blue = iris_albedo(
            ax, ay, az, ex, ey, ez, iris, eye[0], eye[2:5], eye[5:8], eye[1]
        )
    elif kind == MOUTH:
        ao *= min(max((az - 4.5) / 6.0, 0.03), 1.0)
    elif kind == HAIR:
        rows, columns = hair.shape
        i = min(max(int((1.0 - v) * rows), 0), rows - 1)
        j = min(max(int(u * columns), 0), columns - 1)
        red, green, blue = red * hair[i, j], green * hair[i, j], blue * hair[i, j]
    elif kind == SOLID and row[PATTERN] > 0:
        mix = pattern(int(row[PATTERN]), row[SCALE], ax, ay, az)
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
    out_r = red * ambient(sh, nx, ny, nz, 0) * ao
    out_g = green * ambient(sh, nx, ny, nz, 1) * ao
    out_b = blue * ambient(sh, nx, ny, nz, 2) * ao
    fresnel = 0.04 + 0.96 * (1.0 - max(facing, 0.0)) ** 5 * 0.6
    alpha2 = max(roughness * roughness, 0.0025) ** 2
    direct = ao * 0.5 + 0.5
    for i in range(lights.shape[0]):
        if colours[i, 0] + colours[i, 1] + colours[i, 2] < 0.01:
            continue
        lx, ly, lz = lights[i, 0], lights[i, 1], lights[i, 2]
        power = 1.0
        if (
            near[i] > 0.0
        ):  # a lamp at the camera: from the viewer, weaker with the square of the distance
            lx, ly, lz = vx + 0.03 * lights[i, 0], vy + 0.03 * lights[i, 1], vz
            power = (near[i] / pz) ** 2
        cosine = nx * lx + ny * ly + nz * lz
        if cosine < -0.4:
            continue
        if i < 2 and shadows.shape[1] > 1 and near[i] <= 0.0 and kind != LASH:
            power *= lit(shadows, matrices, softness, i, px, py, pz, 1.0 - max(cosine, 0.0))
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
    if (
        specular > 0.0 and kind != MOUTH
    ):  # a reflection of the surroundings, as blurred as the harmonics are
        rx, ry, rz = 2 * facing * nx - vx, 2 * facing * ny - vy, 2 * facing * nz - vz
        mirror = specular * fresnel * ao * (1.0 - 0.6 * roughness) + row[MIRROR]
        out_r += mirror * ambient(sh, rx, ry, rz, 0)
        out_g += mirror * ambient(sh, rx, ry, rz, 1)
        out_b += mirror * ambient(sh, rx, ry, rz, 2)
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
    result_r = red * through * row[RED] + mirror * ambient(sh, rx, ry, rz, 0)
    result_g = green * through * row[RED + 1] + mirror * ambient(sh, rx, ry, rz, 1)
    result_b = blue * through * row[RED + 2] + mirror * ambient(sh, rx, ry, rz, 2)
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
def shade(depth, index, lens_index, data, triangles, part, parts, paint, lamps, glare, image):
    """Shade the samples and lay them over `image` (H, W, 3), linear light, changed in place.

    Args:
        depth: float32 (2H, 2W) 1/z.
        index: int32 (2H, 2W) triangle, -1 where the background shows.
        lens_index: int32 (2H, 2W) lens triangle before it, or -1.
        data: float32 (N, 16) from `pack`.
        triangles: int32 (T, 3).
        part: int32 (T,) into parts.
        parts: float32 (P, PART_COLUMNS).
        paint: Textures: face (h, w, 3), back of the head (h, w, 3), strands of hair (h, w) about 1,
            iris (h, w, 3); rotations (2, 3, 3) from the camera frame to the right and left eye's
            own; and float32 (8,) of pupil radius, veins, pupil colour, sclera colour.
        lamps: Harmonics (9, 3); directions (L, 3) toward the lights, of which the first two may
            cast shadows; their colours (L, 3); for a lamp at the camera the distance (L,) at which
            it has its nominal power, else 0; shadow maps (2, S, S), S of 1 for none; camera frame
            to shadow map (2, 3, 4); spread (2,) of the looks into it in map pixels; whether the
            camera sees near infrared only.
        glare: float32 (G, 8) what lenses mirror: direction (x, rise, z), half width, half height,
            colour.
        image: float32 (H, W, 3) background in, picture out.
    """
    height, width = image.shape[0], image.shape[1]
    sh = lamps[0]
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
                if (
                    t < 0
                    or first < 0
                    or part[t] != part[first]
                    or (lens_index[i, j] >= 0) != (glass >= 0)
                    or abs(depth[i, j] / depth[2 * y, 2 * x] - 1.0) > 0.02
                ):
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
                        j + 0.5, i + 0.5, t, data, triangles, part, parts, paint, lamps
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
