"""Distributions of expression, gaze and pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.head import Eyes
from models.synth import moods


@dataclass(frozen=True)
class Pose:
    """Degrees and signs as in `rotation_from_angles`; distance of the face in centimetres."""

    pitch: float
    yaw: float
    roll: float
    distance: float


def expression(rng: np.random.Generator) -> dict[str, float]:
    """Named weights of a face without lids and gaze; see `closure`."""
    blend = moods.Blend()
    mood = rng.random()
    shares = np.cumsum([moods.CALM, *(share for _, share in moods.MOODS)])
    kind = int(np.searchsorted(shares, mood, side="right"))
    if kind:
        (moods.MOODS[kind - 1][0] if kind <= len(moods.MOODS) else moods.any_mood)(rng, blend)
    if rng.random() < 0.35:
        moods.brows(rng, blend)
    if rng.random() < 0.2 and mood >= shares[1]:  # mixed, as a smile while speaking
        moods.speech(rng, blend)
    if blend.get("jawOpen", 0) > 0.15 and rng.random() < 0.12:  # lips closed over a lowered jaw
        blend["mouthClose"] = blend["jawOpen"] * rng.uniform(0.3, 0.95)
    return dict(blend)


def sealed(named: dict[str, float]) -> dict[str, float]:
    """The same expression without what parts the lips."""
    parting = ("jawOpen", "mouthClose", "mouthUpperUp", "mouthLowerDown", "mouthFunnel")
    return {name: value for name, value in named.items() if not name.startswith(parting)}


def wide_mouth(rng: np.random.Generator) -> dict[str, float]:
    """Named weights of a face that yawns, laughs or shouts."""
    blend = moods.Blend()
    (moods.yawn, moods.yawn, moods.laugh, moods.cry)[int(rng.integers(4))](rng, blend)
    return dict(blend)


def closure(rng: np.random.Generator) -> tuple[float, float]:
    """How far the right and the left lid are closed, 0 to 1 (1 touches the lower lid)."""
    kind = rng.random()
    if kind < 0.12:
        both = rng.uniform(0.9, 1.0)
        return both, float(np.clip(both + rng.normal(0, 0.03), 0, 1))
    if kind < 0.27:
        both = rng.uniform(0.25, 0.95)
        return both, float(np.clip(both + rng.normal(0, 0.06), 0, 1))
    if kind < 0.31:
        one, other = rng.uniform(0.5, 1.0), rng.uniform(0, 0.25)
        return (one, other) if rng.random() < 0.5 else (other, one)
    both = rng.beta(1, 9)
    return both, float(np.clip(both + rng.normal(0, 0.02), 0, 1))


# Muscles that contract together around an eye: the weight of each at full strength, and its
# minimum share.
_SQUEEZE = (
    ("eyeSquint", 1.0, 0.4), ("cheekSquint", 1.0, 0.4), ("browDown", 0.9, 0.1),
    ("noseSneer", 0.8, 0.0),
    ("mouthSmile", 0.7, 0.0), ("mouthUpperUp", 0.6, 0.0), ("mouthStretch", 0.5, 0.0),
)  # fmt: skip
STRAINED = 0.08
"""Share of faces that squeeze an eye or both."""


def _squeeze(rng: np.random.Generator, named: dict[str, float], right: float, left: float) -> None:
    """Contract muscles round the eyes, each by a random share of the side's strength (0–1)."""
    for name, most, least in _SQUEEZE:
        share = most * rng.uniform(least, 1)
        for side, strength in (("_R", right), ("_L", left)):
            named[name + side] = float(
                np.clip(max(named.get(name + side, 0), share * strength), 0, 1)
            )


def _strained(rng: np.random.Generator, named: dict[str, float]) -> tuple[float, float]:
    """Squeeze one eye or both, as in a wink or a grimace; return how far the lids are closed.

    The other eye of a wink is usually affected: it gets some of the strain, and its lids come down
    a little or to a slit.
    """
    kind, strength = rng.random(), rng.beta(2.2, 1)
    if kind < 0.5:
        wink = rng.uniform(0.95, 1.1) if rng.random() < 0.75 else rng.uniform(0.3, 0.9)
        lids = [wink, rng.uniform(0, 0.85) if rng.random() < 0.6 else rng.uniform(0, 0.1)]
        strengths = [strength, strength * rng.uniform(0, 0.9)]
        if rng.random() < 0.5:
            lids, strengths = lids[::-1], strengths[::-1]
    else:
        both = rng.uniform(0.95, 1.1) if kind < 0.8 else rng.uniform(0, 0.9)
        lids = [both, max(both + rng.normal(0, 0.04), 0.0)]
        strengths = [strength, strength * rng.uniform(0.7, 1)]
    _squeeze(rng, named, *strengths)
    return float(lids[0]), float(lids[1])


def face(
    rng: np.random.Generator, strained: float = STRAINED
) -> tuple[dict[str, float], tuple[float, float]]:
    """Return an expression and the closure of both lids; see `expression` and `closure`.

    Args:
        rng: Random generator.
        strained: Share of faces that squeeze an eye or both.
    """
    named = expression(rng)
    if rng.random() < strained:
        return named, _strained(rng, named)
    return named, closure(rng)


def pose(rng: np.random.Generator) -> Pose:
    """Yaw to ±100, pitch to ±45, roll to ±50 degrees; 25 cm to 2 m."""
    kind = rng.random()
    if kind < 0.42:
        yaw = rng.normal(0, 25)
    elif kind < 0.68:
        yaw = rng.uniform(-100, 100)
    else:
        yaw = rng.choice([-1, 1]) * rng.uniform(28, 92)
    pitch = rng.normal(0, 14) if rng.random() < 0.78 else rng.uniform(-45, 45)
    roll = rng.normal(0, 13) if rng.random() < 0.88 else rng.uniform(-50, 50)
    return Pose(
        float(np.clip(pitch, -45, 45)), float(np.clip(yaw, -100, 100)),
        float(np.clip(roll, -50, 50)),
        float(np.exp(rng.uniform(np.log(25), np.log(200)))),
    )  # fmt: skip


def turned_pose(rng: np.random.Generator) -> Pose:
    """A pose with little more than half a face in view: yaw of 55 to 100 degrees either way."""
    return replace(pose(rng), yaw=float(rng.choice([-1, 1]) * rng.uniform(55, 100)))


def near_pose(rng: np.random.Generator) -> Pose:
    """A pose with both eyes in view: mostly near the frontal one, yaw up to ±60 degrees."""
    yaw = rng.normal(0, 18) if rng.random() < 0.8 else rng.uniform(-60, 60)
    pitch, roll = rng.normal(0, 13), rng.normal(0, 9)
    return Pose(
        float(np.clip(pitch, -40, 40)), float(np.clip(yaw, -60, 60)), float(np.clip(roll, -40, 40)),
        float(np.exp(rng.uniform(np.log(25), np.log(150)))),
    )  # fmt: skip


def gaze(rng: np.random.Generator, head: Pose) -> Eyes:
    """A random gaze, or toward the camera as far as the eyes can rotate."""
    if rng.random() < 0.35:
        yaw, pitch = -head.yaw + rng.normal(0, 4), -head.pitch + rng.normal(0, 4)
    else:
        yaw, pitch = rng.normal(0, 16), rng.normal(-3, 11)
    return Eyes(
        float(np.clip(pitch, -28, 24)),
        float(np.clip(yaw, -36, 36)),
        float(rng.choice([0.0, rng.uniform(0, 8)])),
    )
