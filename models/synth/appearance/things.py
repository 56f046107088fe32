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
    solid,
    texture,
    turned,
)
from models.synth.appearance.scenes.drawing import rounded


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
    layer = solid(mask, base, 0.16 * w)
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
    return solid(mask, colour.any_colour(rng) * rng.uniform(0.1, 0.9), 0.03 * frame.size)


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
    return solid(mask, np.clip(base * folds[..., None], 0, 1), 0.04 * frame.size)


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
    return solid(mask, colour.from_srgb(*rng.uniform(15, 90, 3)), 0.04 * frame.size)


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
    return solid(
        canvas.astype(np.float32) / np.float32(255), colour.any_colour(rng), 0.015 * frame.size
    )
