"""Objects before a face: phones, cups, microphones, scarves, paper, hair, belts, wheels, glass."""

import cv2
import numpy as np

from models.synth.appearance import colour, noise
from models.synth.appearance.layers import (
    FaceFrame,
    Layer,
    blank,
    fixed,
    polygon,
    texture,
    turned,
    volume,
)
from models.synth.appearance.scenes.drawing import rounded

_UP = np.array([-0.4, -0.9])


def _solid(mask: colour.Floats, base: colour.Floats, depth: float) -> Layer:
    return Layer(mask, (volume(mask, _UP, depth)[..., None] * base).astype(np.float32))


def phone(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A phone held at the ear or before the face, its back or its lit screen to the camera."""
    w, angle = frame.size * rng.uniform(0.22, 0.42), rng.normal() * 0.5
    outline = rounded(0, 0, w / 2, w * rng.uniform(0.9, 1.1), 8)
    at = frame.place(rng, 0.55)
    mask = polygon(frame, turned(outline, angle, at))
    albedo = np.broadcast_to(colour.any_colour(rng) * rng.uniform(0.1, 1), (*mask.shape, 3)).astype(
        np.float32
    )
    if rng.random() < 0.35:
        pane = polygon(frame, turned(outline * [0.92, 0.9], angle, at))[..., None]
        return Layer(mask, albedo * (1 - pane) + texture(rng, frame) * pane, glow=True)
    lens = polygon(frame, turned(rounded(-0.22 * w, -0.65 * w, 0.16 * w, 0.16 * w, 3), angle, at))[
        ..., None
    ]
    return Layer(mask, albedo * (1 - 0.85 * lens))


def cup(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A cup, glass or bottle at the mouth."""
    w = frame.size * rng.uniform(0.18, 0.38)
    h, taper = w * rng.uniform(0.8, 2.4), rng.uniform(0.65, 1.05)
    outline = np.array([(-w / 2, 0), (w / 2, 0), (taper * w / 2, h), (-taper * w / 2, h)])
    at = frame.mouth + rng.normal(size=2) * 0.08 * frame.size
    angle = rng.normal() * 0.5
    mask = polygon(frame, turned(outline, angle, at))
    mask = np.maximum(mask, polygon(frame, turned(rounded(0, 0, w / 2, 0.12 * w, 2), angle, at)))
    if rng.random() < 0.4:
        canvas = blank(frame)
        ring = turned(rounded(w * 0.6, h * 0.45, 0.22 * w, 0.28 * h, 2), angle, at)
        cv2.polylines(canvas, [fixed(ring)], True, 255, max(int(0.09 * w), 1), cv2.LINE_AA, 4)
        mask = np.maximum(mask, canvas.astype(np.float32) / 255)
    base = texture(rng, frame) if rng.random() < 0.3 else colour.any_colour(rng)
    layer = _solid(mask, base, 0.16 * w)
    return (
        Layer(mask * rng.uniform(0.35, 0.7), layer.albedo, hides=False)
        if rng.random() < 0.12
        else layer
    )


def microphone(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A hand-held microphone, a stand, or a thin boom from the ear to the mouth."""
    canvas = blank(frame)
    mouth = frame.mouth
    if rng.random() < 0.4:
        side = rng.choice([-1, 1])
        start = frame.centre + np.array([side * 0.48, -0.1]) * frame.size
        middle = frame.centre + np.array([side * 0.45, 0.3]) * frame.size
        end = mouth + np.array([side * rng.uniform(0.05, 0.2), 0.03]) * frame.size
        t = np.linspace(0, 1, 16)[:, None]
        path = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t * t * end
        cv2.polylines(
            canvas, [fixed(path)], False, 255, max(int(0.02 * frame.size), 1), cv2.LINE_AA, 4
        )
        cv2.circle(
            canvas,
            fixed(end).tolist(),
            int(16 * rng.uniform(0.02, 0.06) * frame.size),
            255,
            -1,
            cv2.LINE_AA,
            4,
        )
    else:
        r = frame.size * rng.uniform(0.06, 0.16)
        head = mouth + rng.normal(size=2) * 0.09 * frame.size + [0, r]
        foot = head + np.array([rng.normal() * 0.5, 1.0]) * frame.size
        cv2.line(
            canvas,
            fixed(head).tolist(),
            fixed(foot).tolist(),
            255,
            max(int(1.1 * r), 1),
            cv2.LINE_AA,
            4,
        )
        cv2.circle(canvas, fixed(head).tolist(), int(16 * r), 255, -1, cv2.LINE_AA, 4)
    mask = canvas.astype(np.float32) * (1 / 255)
    return _solid(mask, colour.any_colour(rng) * rng.uniform(0.1, 0.9), 0.03 * frame.size)


def scarf(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """Cloth round the neck, the chin or up to the nose: scarf, collar, turtleneck or blanket."""
    level = frame.centre[1] + frame.size * (
        rng.uniform(0.38, 0.6) if rng.random() < 0.65 else rng.uniform(0.0, 0.4)
    )
    x = np.linspace(-0.2, 1.2, 12) * frame.width
    edge = level + np.cumsum(rng.normal(size=12)) * 0.025 * frame.size
    edge += (
        rng.normal() * 0.3 * (x - frame.centre[0])
        + rng.uniform(-0.2, 0.5) * np.abs(x - frame.centre[0]) * 0.3
    )
    outline = np.concatenate(
        [
            np.stack([x, edge], 1),
            [(1.3 * frame.width, frame.height * 1.5), (-0.3 * frame.width, frame.height * 1.5)],
        ]
    )
    mask = polygon(frame, outline)
    folds = 1 + 0.22 * noise.fractal(rng, frame.height, frame.width, exponent=1.9, zoom=2)
    base = (
        texture(rng, frame)
        if rng.random() < 0.5
        else np.broadcast_to(colour.any_colour(rng), (*mask.shape, 3))
    )
    return _solid(mask, np.clip(base * folds[..., None], 0, 1), 0.04 * frame.size)


def sheet(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A sheet of paper, a book or a board with writing or pictures."""
    w, h = frame.size * rng.uniform(0.25, 0.8, 2)
    corners = turned(
        np.array([(-w, -h), (w, -h), (w, h), (-w, h)]) / 2,
        rng.normal() * 0.4,
        frame.place(rng, 0.6),
    )
    mask = polygon(frame, corners + rng.normal(size=(4, 2)) * 0.04 * frame.size)
    return Layer(mask, texture(rng, frame))


def shape(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A random polygon or blob of one colour, skin or texture."""
    n, radius = int(rng.integers(3, 10)), frame.size * rng.uniform(0.08, 0.38)
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    outline = np.stack([np.cos(angle), np.sin(angle)], 1) * radius * rng.uniform(
        0.5, 1.4, (n, 1)
    ) + frame.place(rng)
    mask = polygon(frame, outline)
    if rng.random() < 0.5:
        mask = np.clip(3 * cv2.GaussianBlur(mask, (0, 0), 0.12 * radius) - 1, 0, 1)
    kind = rng.random()
    base = (
        texture(rng, frame)
        if kind < 0.4
        else colour.skin_tone(rng)[0]
        if kind < 0.65
        else colour.any_colour(rng)
    )
    return _solid(mask, base, rng.uniform(0.02, 0.3) * radius)


def patch(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A rectangle or an ellipse of texture: random erasing with something in it."""
    rx, ry = frame.size * rng.uniform(0.06, 0.3, 2)
    mask = polygon(frame, rounded(*frame.place(rng), rx, ry, float(rng.choice([2.0, 20.0]))))
    base = (
        texture(rng, frame)
        if rng.random() < 0.7
        else np.broadcast_to(colour.any_colour(rng), (*mask.shape, 3))
    )
    return Layer(mask, np.ascontiguousarray(base, np.float32))


def strands(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """Loose hair over the forehead, an eye or a cheek: a few strands or a curtain of them."""
    canvas, shine = blank(frame), np.zeros((frame.height, frame.width), np.uint8)
    count = int(rng.integers(3, 20)) if rng.random() < 0.5 else int(rng.integers(40, 160))
    start = frame.centre + np.array([rng.normal() * 0.3, -0.62]) * frame.size
    end = frame.eye(rng) + rng.normal(size=2) * np.array([0.15, 0.2]) * frame.size
    spread, bow = rng.uniform(0.03, 0.25) * frame.size, rng.normal() * 0.25 * frame.size
    t = np.linspace(0, 1, 10)[:, None]
    thick = max(int(rng.uniform(0.005, 0.014) * frame.size), 1)
    for _ in range(count):
        a = start + rng.normal(size=2) * spread * [1, 0.4]
        c = end + rng.normal(size=2) * spread * [0.8, 1.2]
        b = (a + c) / 2 + [bow + rng.normal() * 0.3 * spread, 0]
        path = fixed((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c)
        cv2.polylines(canvas, [path], False, 255, thick, cv2.LINE_AA, 4)
        cv2.polylines(shine, [path], False, int(rng.integers(40, 255)), thick, cv2.LINE_AA, 4)
    mask = canvas.astype(np.float32) * (rng.uniform(0.7, 1.0) / 255)
    tone = 0.4 + 1.2 * shine.astype(np.float32) / 255
    return Layer(
        mask,
        (tone[..., None] * colour.hair_colour(rng, rng.random(), grey=0.1)[0]).astype(np.float32),
    )


def belt(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A seat belt over the shoulder, at times up to the cheek, or a bag's strap."""
    side = rng.choice([-1, 1])
    top = (
        frame.centre
        + np.array([side * rng.uniform(0.45, 0.9), rng.uniform(-0.3, 0.45)]) * frame.size
    )
    end = (
        frame.centre + np.array([-side * rng.uniform(0.0, 0.6), rng.uniform(0.8, 1.4)]) * frame.size
    )
    canvas = blank(frame)
    cv2.line(
        canvas,
        fixed(top).tolist(),
        fixed(end).tolist(),
        255,
        max(int(rng.uniform(0.09, 0.2) * frame.size), 1),
        cv2.LINE_AA,
        4,
    )
    base = (
        colour.from_srgb(*rng.uniform(18, 70, 3)) if rng.random() < 0.8 else colour.any_colour(rng)
    )
    return Layer(canvas.astype(np.float32) / np.float32(255), base)


def wheel(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """The rim of a steering wheel across the lower part of the picture."""
    radius = frame.size * rng.uniform(0.8, 1.6)
    middle = frame.centre + np.array(
        [rng.normal() * 0.3 * frame.size, radius + rng.uniform(0.1, 0.6) * frame.size]
    )
    canvas = blank(frame)
    ring = rounded(*middle, radius, radius * rng.uniform(0.6, 1.0), 2)
    cv2.polylines(
        canvas,
        [fixed(ring)],
        True,
        255,
        max(int(rng.uniform(0.07, 0.16) * frame.size), 1),
        cv2.LINE_AA,
        4,
    )
    mask = canvas.astype(np.float32) * (1 / 255)
    return _solid(mask, colour.from_srgb(*rng.uniform(15, 90, 3)), 0.04 * frame.size)


def stick(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A pen, a cigarette, a toothbrush, a cable, a microphone's stand, bars."""
    canvas = blank(frame)
    for _ in range(int(rng.integers(1, 4))):
        at, angle = frame.place(rng, 0.5), rng.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * frame.size * rng.uniform(0.15, 1.2)
        cv2.line(
            canvas,
            fixed(at - reach).tolist(),
            fixed(at + reach).tolist(),
            255,
            max(int(rng.uniform(0.01, 0.06) * frame.size), 1),
            cv2.LINE_AA,
            4,
        )
    return _solid(
        canvas.astype(np.float32) / np.float32(255), colour.any_colour(rng), 0.015 * frame.size
    )


def drops(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """Rain or dirt on the lens or a window: soft spots that blur rather than hide."""
    canvas = blank(frame)
    for x, y in rng.uniform(0, 1, (int(rng.integers(4, 45)), 2)) * [frame.width, frame.height]:
        r = frame.size * rng.uniform(0.008, 0.04)
        cv2.ellipse(
            canvas,
            fixed(np.array([x, y])).tolist(),
            (int(16 * r), int(16 * r * rng.uniform(1, 1.8))),
            0,
            0,
            360,
            int(rng.integers(60, 200)),
            -1,
            cv2.LINE_AA,
            4,
        )
    soft = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.5, 3.0)))
    base = colour.from_srgb(*rng.uniform(20, 255, 3)) if rng.random() < 0.6 else texture(rng, frame)
    return Layer(soft.astype(np.float32) * (rng.uniform(0.3, 0.9) / 255), base, hides=False)


def pane(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A window's reflection over everything."""
    cloud = 0.6 + 0.4 * noise.fractal(rng, frame.height, frame.width, exponent=1.8, zoom=3)
    mask = np.clip(cloud, 0.1, 1) * np.float32(rng.uniform(0.05, 0.35))
    return Layer(
        mask.astype(np.float32), texture(rng, frame) * np.float32(rng.uniform(0.5, 2)), hides=False
    )


def shadow(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A shadow cast by leaves, blinds, a hand or a car's pillar."""
    kind = int(rng.integers(3))
    h, w = frame.height, frame.width
    if kind == 0:
        dark = np.clip(3 * noise.fractal(rng, h, w, exponent=1.7, zoom=2) + rng.normal(), 0, 1)
    elif kind == 1:
        angle, pitch = rng.uniform(0, np.pi), frame.size * rng.uniform(0.06, 0.3)
        y, x = np.mgrid[:h, :w].astype(np.float32)
        dark = (np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / pitch)) > 0).astype(
            np.float32
        )
    else:
        at, angle = frame.place(rng, 0.4), rng.uniform(0, 2 * np.pi)
        dark = polygon(
            frame, turned(np.array([(0, -2), (2, -2), (2, 2), (0, 2)]) * frame.size, angle, at)
        )
    soft = cv2.GaussianBlur(
        dark.astype(np.float32), (0, 0), float(rng.uniform(0.004, 0.05) * frame.size + 0.3)
    )
    return Layer(soft * np.float32(rng.uniform(0.3, 0.85)), np.zeros(3, np.float32), hides=False)
