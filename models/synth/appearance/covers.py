"""What lies over a picture or a face: patches, strands, drops, panes, shadows."""

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
    return solid(mask, base, rng.uniform(0.02, 0.3) * radius)


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
