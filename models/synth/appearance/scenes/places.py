"""Deep things: rooms, car interiors, streets, crowds, night lights and single objects."""

import cv2
import numpy as np

from models.synth.appearance import noise
from models.synth.appearance.colour import Floats, encode_srgb, hair_colour, skin_tone
from models.synth.appearance.scenes import surfaces
from models.synth.appearance.scenes.drawing import (
    PLATE,
    Plate,
    box,
    fill,
    gradient,
    near,
    paste,
    project,
    rounded,
    shape_mask,
    shine,
    soften,
    speckle,
    tint,
)


def sky(rng: np.random.Generator) -> Plate:
    """Clear, clouded, overcast or evening sky, the zenith on top."""
    pairs = (
        ((95, 150, 215), (205, 222, 240)),
        ((200, 206, 214), (232, 234, 238)),
        ((80, 85, 130), (245, 170, 110)),
    )
    top, low = pairs[int(rng.choice(3, p=[0.5, 0.35, 0.15]))]
    ramp = np.linspace(0, 1, PLATE)[:, None, None]
    plate = np.broadcast_to(
        np.array(top) * (1 - ramp) + np.array(low) * ramp, (PLATE, PLATE, 3)
    ).astype(np.uint8, order="C")
    cover = np.clip(
        noise.fractal(rng, PLATE, PLATE, exponent=1.6, zoom=2) - rng.uniform(-0.5, 1.5), 0, 1
    )
    paste(plate, np.array([244, 245, 247]), cover * 0.9)
    return plate


def street(rng: np.random.Generator) -> Plate:
    """Sky, houses with windows or trees, a road, parked cars."""
    plate = sky(rng)
    horizon, x = rng.uniform(110, 200), 0.0
    while x < PLATE:
        width, top = rng.uniform(25, 110), horizon - rng.uniform(10, 150)
        if rng.random() < 0.4:
            crown = shape_mask(
                rounded(
                    x + width / 2, (top + horizon) / 2, width * 0.7, (horizon - top) / 2 + 10, 2.2
                )
            )
            paste(plate, surfaces.leaves(rng), crown)
        else:
            _house(rng, plate, x, top, x + width, horizon)
        x += width
    ground = near(rng, (105, 105, 108), 20) if rng.random() < 0.6 else near(rng, (90, 120, 60), 20)
    fill(plate, box(0, horizon, PLATE, PLATE), ground)
    for _ in range(int(rng.integers(0, 4))):
        x, w, paint = rng.uniform(0, PLATE), rng.uniform(25, 60), tint(rng)
        fill(plate, rounded(x, horizon + 0.05 * w, w, 0.25 * w), paint)
        fill(
            plate, rounded(x, horizon - 0.2 * w, 0.55 * w, 0.25 * w, 3), near(rng, (50, 60, 70), 12)
        )
    return speckle(rng, plate, rng.uniform(0, 8))


def _house(
    rng: np.random.Generator, plate: Plate, left: float, top: float, right: float, bottom: float
) -> None:
    wall = near(rng, (165, 150, 135), 35)
    fill(plate, box(left, top, right, bottom), wall)
    pitch_x, pitch_y = rng.uniform(9, 24), rng.uniform(11, 28)
    glass = near(rng, (70, 80, 95), 30)
    for y in np.arange(top + 5, bottom - pitch_y * 0.5, pitch_y):
        for x in np.arange(left + 4, right - pitch_x * 0.5, pitch_x):
            fill(plate, box(x, y, x + pitch_x * 0.55, y + pitch_y * 0.6), near(rng, glass, 15))


def outside(rng: np.random.Generator) -> Plate:
    """What is seen through a window, mostly brighter than anything inside."""
    view = (street, surfaces.leaves, sky, surfaces.clouds)[
        int(rng.choice(4, p=[0.45, 0.25, 0.2, 0.1]))
    ](rng)
    view = cv2.GaussianBlur(view, (0, 0), float(rng.uniform(0.8, 4)))
    lift = rng.uniform(0, 120) if rng.random() < 0.8 else -rng.uniform(60, 200)
    return np.clip(view + np.float32(lift), 0, 255).astype(np.uint8)


def room(rng: np.random.Generator) -> Plate:
    """A room in perspective: walls, floor and ceiling, windows, doors, shelves, lamps, pictures."""
    wall = near(rng, (190, 182, 170), 35) if rng.random() < 0.6 else tint(rng)
    plate = gradient(rng, wall, near(rng, wall, 20))
    left, right = rng.uniform(-60, 110), rng.uniform(150, 320)
    top, bottom = rng.uniform(-50, 60), rng.uniform(165, 310)
    outer = 2.2
    cx, cy = (left + right) / 2, (top + bottom) / 2
    corners = box(left, top, right, bottom)
    far = (corners - [cx, cy]) * outer + [cx, cy]
    floor = surfaces.wood(rng) if rng.random() < 0.5 else surfaces.fabric(rng)
    fill(plate, np.array([corners[0], corners[1], far[1], far[0]]), near(rng, (225, 222, 216), 18))
    project(plate, floor, np.array([corners[3], corners[2], far[2], far[3]], np.float32))
    for side in (
        np.array([far[0], corners[0], corners[3], far[3]]),
        np.array([corners[1], far[1], far[2], corners[2]]),
    ):
        fill(plate, side, near(rng, wall, 22))
        if rng.random() < 0.5:
            _on_wall(rng, plate, side.astype(np.float32))
    for _ in range(int(rng.integers(1, 4))):
        _on_wall(rng, plate, corners)
    if rng.random() < 0.35:
        x, y, r = rng.uniform(0, PLATE), rng.uniform(0, 120), rng.uniform(5, 22)
        paste(
            plate,
            np.array([255, 244, 215]),
            shape_mask(rounded(x, y, 2.5 * r, 2.5 * r, 2), r) * 0.7,
        )
        fill(plate, rounded(x, y, r, r, 2.5), (255, 250, 235))
    return shine(rng, plate) if rng.random() < 0.7 else plate


def _on_wall(rng: np.random.Generator, plate: Plate, wall: Floats) -> None:
    """A window, a door, a bookshelf, a picture or a curtain somewhere on a wall's quadrilateral."""
    kind = str(rng.choice(["window", "door", "shelf", "picture", "curtain"]))
    u, v, w, h = (
        rng.uniform(0, 0.7),
        rng.uniform(0.05, 0.5),
        rng.uniform(0.2, 0.5),
        rng.uniform(0.2, 0.5),
    )
    if kind == "door":
        v, h, w = 0.3, 0.7, 0.25
    corners = np.array([(u, v), (u + w, v), (u + w, v + h), (u, v + h)])
    a, b, c, d = wall.astype(np.float64)
    s, t = corners[:, :1], corners[:, 1:]
    quad = (a * (1 - s) + b * s) * (1 - t) + (d * (1 - s) + c * s) * t
    texture = {
        "window": _window,
        "door": _door,
        "shelf": _shelf,
        "picture": surfaces.dead_leaves,
        "curtain": _curtain,
    }[kind](rng)
    project(plate, texture, quad.astype(np.float32))


def _window(rng: np.random.Generator) -> Plate:
    pane = outside(rng)
    frame = near(rng, (225, 225, 222), 20) if rng.random() < 0.7 else tint(rng)
    for x in np.linspace(0, PLATE, int(rng.integers(2, 5))):
        cv2.line(pane, (int(x), 0), (int(x), PLATE), frame, int(rng.integers(6, 16)))
    for y in np.linspace(0, PLATE, int(rng.integers(2, 4))):
        cv2.line(pane, (0, int(y)), (PLATE, int(y)), frame, int(rng.integers(6, 16)))
    if rng.random() < 0.2:  # blinds
        pane[:: int(rng.integers(4, 9))] = frame
    return pane


def _door(rng: np.random.Generator) -> Plate:
    leaf = np.full((PLATE, PLATE, 3), near(rng, (170, 140, 105), 40), np.uint8)
    for y in (30, 140):
        cv2.rectangle(leaf, (40, y), (215, y + 85), near(rng, (120, 100, 75), 25), 3)
    cv2.circle(leaf, (230, 135), 9, (190, 185, 170), -1, cv2.LINE_AA)
    return leaf


def _shelf(rng: np.random.Generator) -> Plate:
    shelf = np.full((PLATE, PLATE, 3), near(rng, (95, 70, 48), 25), np.uint8)
    rows = int(rng.integers(2, 6))
    for row in range(rows):
        x, base = 4, int((row + 1) * PLATE / rows) - 6
        while x < PLATE - 8:
            w, h = int(rng.integers(5, 20)), int(PLATE / rows * rng.uniform(0.5, 0.85))
            cv2.rectangle(shelf, (x, base - h), (x + w, base), tint(rng, dark=0.85), -1)
            x += w + 1 + int(rng.integers(0, 2)) * int(rng.integers(0, 30))
    return shelf


def _curtain(rng: np.random.Generator) -> Plate:
    folds = np.sin(np.arange(PLATE) / rng.uniform(3, 14) + np.cumsum(rng.normal(size=PLATE)) * 0.15)
    shade = np.array(tint(rng)) * (1 + 0.25 * folds[:, None])
    return np.broadcast_to(np.clip(shade, 0, 255), (PLATE, PLATE, 3)).astype(np.uint8, order="C")


def crowd(rng: np.random.Generator) -> Plate:
    """People far behind, out of focus and without features: clothes, heads, hair."""
    plate = (room, street, surfaces.clouds)[int(rng.integers(3))](rng)
    for _ in range(int(rng.integers(3, 14))):
        x, y, r = rng.uniform(0, PLATE), rng.uniform(60, PLATE), rng.uniform(7, 22)
        tone, darkness = skin_tone(rng)
        fill(plate, rounded(x, y + 3.6 * r, 2.1 * r, 2.5 * r, 2.6), tint(rng))
        fill(
            plate,
            rounded(x, y - 0.25 * r, 1.02 * r, 1.2 * r, 2.2),
            tuple(encode_srgb(hair_colour(rng, darkness)[0]).tolist()),
        )
        fill(
            plate,
            rounded(x, y + 0.2 * r, 0.8 * r, 1.0 * r, 2.2),
            tuple(encode_srgb(tone * 0.7).tolist()),
        )
    return cv2.GaussianBlur(plate, (0, 0), float(rng.uniform(3.5, 8)))


def night(rng: np.random.Generator) -> Plate:
    """Lights out of focus in the dark."""
    plate = gradient(rng, (8, 9, 16), near(rng, (28, 26, 34), 10))
    radius = rng.uniform(3, 20)
    for _ in range(int(rng.integers(6, 60))):
        x, y = rng.uniform(0, PLATE, 2)
        spot = rounded(x, y, radius * rng.uniform(0.7, 1.2), radius * rng.uniform(0.7, 1.2), 2)
        lamp = ((255, 200, 120), (255, 245, 225), (230, 60, 40), (90, 160, 255), (80, 220, 130))[
            int(rng.integers(5))
        ]
        paste(plate, np.array(lamp), shape_mask(spot) * rng.uniform(0.3, 1))
    return plate


def objects(rng: np.random.Generator) -> Plate:
    """Round and boxy things, some of them the colour of skin, before something else."""
    behind = (room, surfaces.plain, surfaces.clouds, surfaces.wood, surfaces.fabric)[
        int(rng.integers(5))
    ]
    plate = behind(rng)
    for _ in range(int(rng.integers(1, 6))):
        x, y, r = rng.uniform(20, 236), rng.uniform(20, 236), rng.uniform(12, 75)
        shade = encode_srgb(skin_tone(rng)[0]) if rng.random() < 0.4 else np.array(tint(rng))
        outline = rounded(x, y, r, r * rng.uniform(0.5, 1.6), float(rng.choice([2, 2, 2.5, 4, 8])))
        mask = shape_mask(outline, 0.6)
        light = soften(np.roll(mask, (-int(0.3 * r), int(rng.normal() * 0.3 * r)), (0, 1)), 0.5 * r)
        body = shade * (0.25 + 1.0 * light)[..., None]
        if rng.random() < 0.3:
            body = (
                body
                * (surfaces.dead_leaves(rng) if rng.random() < 0.5 else surfaces.writing(rng))
                / 160.0
            )
        paste(plate, np.clip(body, 0, 255), mask)
        if rng.random() < 0.3:
            fill(plate, rounded(x - 0.3 * r, y - 0.4 * r, 0.12 * r, 0.09 * r, 2), (250, 250, 250))
    return plate
