"""Hands: fingers as chains of capsules on a palm, shaded round, with nails and creases."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import colour
from models.synth.appearance.layers import FaceFrame, Layer, blank, fixed, turned, volume

_ROOTS = np.array([(-0.36, 0.0), (-0.12, -0.07), (0.12, -0.06), (0.34, 0.03)])
_LENGTHS = (0.62, 0.74, 0.7, 0.54)
_WIDTHS = (0.2, 0.21, 0.2, 0.17)


def _finger(
    rng: np.random.Generator, root: NDArray[np.floating], length: float, lean: float, curl: float
) -> NDArray[np.floating]:
    """Joints (4, 2) of a finger that points up from its root; `curl` foreshortens and bends it."""
    bend, joints = lean, [root]
    for share in (0.45, 0.32, 0.23):
        reach = length * share * (1 - 0.75 * curl)
        joints.append(joints[-1] + reach * np.array([np.sin(bend), -np.cos(bend)]))
        bend += rng.normal() * 0.08 + curl * 0.25 * np.sign(lean + 1e-6)
    return np.array(joints)


def _joints(rng: np.random.Generator) -> list[tuple[NDArray[np.floating], float]]:
    """The fingers of a hand and their widths, in palm widths; the palm is below the origin."""
    spread, curl, fingers = rng.uniform(0.0, 0.3), rng.beta(1, 2.5), []
    for i in range(4):
        if rng.random() < 0.12:
            continue
        own = np.clip(curl + rng.normal() * 0.15, 0, 0.95)
        lean = (i - 1.5) * spread + rng.normal() * 0.06
        fingers.append((_finger(rng, _ROOTS[i], _LENGTHS[i], lean, own), _WIDTHS[i]))
    if rng.random() < 0.8:
        fingers.append(
            (_finger(rng, np.array([0.42, 0.5]), 0.68, rng.uniform(0.4, 1.2), 0.0), 0.23)
        )
    return fingers


def hand(rng: np.random.Generator, frame: FaceFrame) -> Layer:
    """A hand before or at the face, from any side, in any human skin or a glove's colour."""
    palm = frame.size * rng.uniform(0.36, 0.62)
    target = frame.landmark(rng) if rng.random() < 0.7 else frame.place(rng, 0.6)
    angle = float(rng.normal() * 0.9 if rng.random() < 0.7 else rng.uniform(0, 2 * np.pi))
    at = turned(np.array([[rng.normal() * 0.2, 0.55]]) * palm, angle, target)[0]
    mirror = np.array([rng.choice([-1, 1]), 1])
    canvas, lines = blank(frame), blank(frame)
    body = np.array(
        [
            (-0.46, -0.02),
            (0.44, 0.0),
            (0.47, 0.45),
            (0.32, 0.95),
            (0.3, 2.6),
            (-0.3, 2.6),
            (-0.34, 0.95),
            (-0.47, 0.4),
        ]
    )
    cv2.fillPoly(canvas, [fixed(turned(body * mirror * palm, angle, at))], 255, cv2.LINE_AA, 4)
    nails = []
    for joints, width in _joints(rng):
        chain = turned(joints * mirror * palm, angle, at)
        thick = max(int(width * palm), 1)
        cv2.polylines(lines, [fixed(chain)], False, 255, thick + 1, cv2.LINE_AA, 4)
        cv2.polylines(
            lines, [fixed(chain)], False, 120, max(thick - max(thick // 4, 1), 1), cv2.LINE_AA, 4
        )
        cv2.polylines(canvas, [fixed(chain)], False, 255, thick, cv2.LINE_AA, 4)
        nails.append((chain[-1], thick * 0.26, angle))
    mask = canvas.astype(np.float32) * (1 / 255)
    light = turned(np.array([[0.0, -1.0]]), rng.normal() * 0.8, np.zeros(2))[0]
    shade = volume(mask, light, 0.07 * palm)
    gaps = cv2.GaussianBlur(
        np.where(lines > 200, 1.0, 0.0).astype(np.float32), (0, 0), max(0.012 * palm, 0.5)
    )
    shade *= 1 - 0.5 * gaps
    tone = colour.skin_tone(rng)[0] if rng.random() < 0.92 else colour.any_colour(rng)
    albedo = shade[..., None] * tone
    if rng.random() < 0.6:
        albedo = _with_nails(rng, albedo, nails, tone)
    return Layer(mask, albedo.astype(np.float32))


def _with_nails(
    rng: np.random.Generator,
    albedo: NDArray[np.floating],
    nails: list[tuple[NDArray[np.floating], float, float]],
    tone: NDArray[np.float32],
) -> NDArray[np.floating]:
    """Nails at the finger tips, bare or painted."""
    shape = np.zeros(albedo.shape[:2], np.uint8)
    for tip, radius, angle in nails:
        if radius > 1:
            axes = (int(16 * radius), int(24 * radius))
            cv2.ellipse(
                shape,
                fixed(tip).tolist(),
                axes,
                float(np.degrees(angle)),
                0,
                360,
                255,
                -1,
                cv2.LINE_AA,
                4,
            )
    polish = colour.any_colour(rng) if rng.random() < 0.35 else np.minimum(tone * 1.2 + 0.05, 0.9)
    alpha = shape.astype(np.float32)[..., None] * (0.8 / 255)
    return albedo + (polish - albedo) * alpha
