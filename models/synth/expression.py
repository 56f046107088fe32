"""Distributions of expression, gaze and pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.head import Eyes

_BLENDABLE = (
    "browDown", "browInnerUp", "browOuterUp", "cheekPuff", "cheekRaiser", "cheekSquint",
    "eyeSquint", "eyeWide",
    "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthDimple", "mouthFrown", "mouthFunnel",
    "mouthLeft",
    "mouthLowerDown", "mouthPress", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
_SINGLE = {
    "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthFunnel", "mouthLeft", "mouthPucker",
    "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
}  # fmt: skip


@dataclass(frozen=True)
class Pose:
    """Degrees and signs as in `rotation_from_angles`; distance of the face in centimetres."""

    pitch: float
    yaw: float
    roll: float
    distance: float


class _Blend(dict[str, float]):
    """Weights to which moves are added."""

    def move(self, rng: np.random.Generator, name: str, weight: float) -> None:
        """Add a move, on both sides with a small difference where it has sides."""
        if name in _SINGLE:
            self[name] = float(np.clip(self.get(name, 0) + weight, 0, 1))
            return
        weaker = str(rng.choice(["_L", "_R"])) if rng.random() < 0.15 else ""
        for side in ("_L", "_R"):
            share = rng.uniform(0.0, 0.7) if side == weaker else rng.normal(1, 0.12)
            w = self.get(name + side, 0) + weight * share
            self[name + side] = float(np.clip(w, 0, 1))


def _speech(rng: np.random.Generator, blend: _Blend) -> None:
    """One moment of speech: a jaw and a lip shape."""
    blend.move(rng, "jawOpen", rng.beta(1.2, 4) * 0.9)
    shape = str(
        rng.choice(
            ["mouthFunnel", "mouthPucker", "mouthStretch", "mouthPress", "open", "mouthRollLower"]
        )
    )
    if shape == "open":
        blend.move(rng, "mouthLowerDown", rng.uniform(0, 0.7))
        blend.move(rng, "mouthUpperUp", rng.uniform(0, 0.6))
    else:
        blend.move(rng, shape, rng.beta(1.5, 2))
    blend.move(rng, "mouthShrugUpper", rng.uniform(0, 0.3))


def _smile(rng: np.random.Generator, blend: _Blend) -> None:
    strength = rng.beta(1.6, 1.4)
    blend.move(rng, "mouthSmile", strength)
    blend.move(rng, "cheekSquint", strength * rng.uniform(0, 0.9))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0, 0.7))
    if rng.random() < 0.6:
        blend.move(rng, "mouthUpperUp", strength * rng.uniform(0, 0.8))
        blend.move(rng, "jawOpen", strength * rng.beta(1, 3))
        blend.move(rng, "mouthLowerDown", strength * rng.uniform(0, 0.5))


def _yawn(rng: np.random.Generator, blend: _Blend) -> None:
    strength = rng.uniform(0.5, 1.0)
    blend.move(rng, "jawOpen", strength)
    blend.move(rng, "mouthStretch", strength * rng.uniform(0, 0.4))
    blend.move(rng, "mouthFunnel", strength * rng.uniform(0, 0.5))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0.2, 1))
    blend.move(rng, "noseSneer", strength * rng.uniform(0, 0.5))
    blend.move(rng, "browDown", strength * rng.uniform(0, 0.6))


def _laugh(rng: np.random.Generator, blend: _Blend) -> None:
    """Both rows of teeth, cheeks that push the lower lids up, an open mouth."""
    strength = rng.uniform(0.5, 1.0)
    blend.move(rng, "mouthSmile", strength * rng.uniform(0.7, 1.1))
    blend.move(rng, "mouthUpperUp", strength * rng.uniform(0.2, 0.8))
    blend.move(rng, "mouthLowerDown", strength * rng.uniform(0.1, 0.8))
    blend.move(rng, "jawOpen", strength * rng.beta(1.5, 2))
    blend.move(rng, "cheekSquint", strength * rng.uniform(0.4, 1))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0.2, 1))
    blend.move(rng, "noseSneer", strength * rng.uniform(0, 0.4))


def _grin(rng: np.random.Generator, blend: _Blend) -> None:
    """Wide lips over teeth that meet."""
    strength = rng.uniform(0.4, 1.0)
    blend.move(rng, "mouthSmile", strength * rng.uniform(0.5, 1.1))
    blend.move(rng, "mouthStretch", strength * rng.uniform(0, 0.6))
    blend.move(rng, "mouthUpperUp", strength * rng.uniform(0.2, 0.7))
    blend.move(rng, "mouthLowerDown", strength * rng.uniform(0.2, 0.9))
    blend.move(rng, "jawOpen", rng.uniform(0, 0.1))
    blend.move(rng, "cheekSquint", strength * rng.uniform(0, 0.9))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0, 0.8))


def _cry(rng: np.random.Generator, blend: _Blend) -> None:
    """Shouts and cries: a square mouth in a tense face."""
    strength = rng.uniform(0.4, 1.0)
    blend.move(rng, "jawOpen", strength * rng.uniform(0.4, 1))
    blend.move(rng, "mouthStretch", strength * rng.uniform(0.1, 0.9))
    blend.move(rng, "mouthUpperUp", strength * rng.uniform(0.1, 0.8))
    blend.move(rng, "mouthLowerDown", strength * rng.uniform(0.1, 0.9))
    blend.move(rng, str(rng.choice(["mouthFrown", "mouthSmile"])), strength * rng.uniform(0, 0.6))
    blend.move(rng, str(rng.choice(["browDown", "browInnerUp"])), strength * rng.uniform(0, 1))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0, 1))
    blend.move(rng, "noseSneer", strength * rng.uniform(0, 0.8))


def _pout(rng: np.random.Generator, blend: _Blend) -> None:
    """Lips pushed out, pressed together or drawn in, at times to one side."""
    first, second = rng.choice(
        ["mouthPucker", "mouthFunnel", "mouthPress", "mouthRollLower", "mouthRollUpper"], 2
    )
    blend.move(rng, str(first), rng.uniform(0.4, 1))
    blend.move(rng, str(second), rng.uniform(0, 0.5))
    blend.move(rng, "mouthShrugLower", rng.uniform(0, 0.8))
    if rng.random() < 0.3:
        blend.move(
            rng,
            str(rng.choice(["mouthLeft", "mouthRight", "jawLeft", "jawRight"])),
            rng.uniform(0.2, 1),
        )


_CALM = 0.11
_MOODS = (
    # what a face does besides lids and gaze, and its share; a ninth does nothing, the rest mix
    # moves by chance
    (_speech, 0.22),
    (_smile, 0.14),
    (_laugh, 0.10),
    (_grin, 0.08),
    (_yawn, 0.03),
    (_cry, 0.05),
    (_pout, 0.05),
)


def _any(rng: np.random.Generator, blend: _Blend) -> None:
    for name in rng.choice(_BLENDABLE, int(rng.integers(1, 7)), replace=False):
        blend.move(rng, str(name), rng.beta(1.2, 2.2))
    if rng.random() < 0.25:
        blend.move(rng, "jawOpen", rng.beta(1, 1.6))


def _brows(rng: np.random.Generator, blend: _Blend) -> None:
    kind = rng.integers(4)
    strength = rng.beta(1.3, 1.5)
    if kind == 0:  # surprise
        for name in ("browInnerUp", "browOuterUp", "eyeWide"):
            blend.move(rng, name, strength * rng.uniform(0.4, 1))
    elif kind == 1:  # anger, sun in the eyes
        blend.move(rng, "browDown", strength)
        blend.move(rng, "eyeSquint", strength * rng.uniform(0, 1))
        blend.move(rng, "noseSneer", strength * rng.uniform(0, 0.6))
    elif kind == 2:  # worry
        blend.move(rng, "browInnerUp", strength)
        blend.move(rng, "mouthFrown", strength * rng.uniform(0, 0.7))
    else:  # one brow
        side = str(rng.choice(["_L", "_R"]))
        blend["browOuterUp" + side] = strength


def expression(rng: np.random.Generator) -> dict[str, float]:
    """Named weights of a face without lids and gaze; see `closure`."""
    blend = _Blend()
    mood = rng.random()
    shares = np.cumsum([_CALM, *(share for _, share in _MOODS)])
    kind = int(np.searchsorted(shares, mood, side="right"))
    if kind:
        (_MOODS[kind - 1][0] if kind <= len(_MOODS) else _any)(rng, blend)
    if rng.random() < 0.35:
        _brows(rng, blend)
    if rng.random() < 0.2 and mood >= shares[1]:  # mixed, as a smile while speaking
        _speech(rng, blend)
    if blend.get("jawOpen", 0) > 0.15 and rng.random() < 0.12:  # lips closed over a lowered jaw
        blend["mouthClose"] = blend["jawOpen"] * rng.uniform(0.3, 0.95)
    return dict(blend)


def wide_mouth(rng: np.random.Generator) -> dict[str, float]:
    """Named weights of a face that yawns, laughs or shouts."""
    blend = _Blend()
    (_yawn, _yawn, _laugh, _cry)[int(rng.integers(4))](rng, blend)
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


_SQUEEZE = (  # muscles that pull together round an eye: what each reaches, and its least share
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

    The other eye of a wink is seldom left alone: some of the strain reaches it, and its lids come
    down, a little or to a slit.
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
        rng: Source of chance.
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
    """Anywhere, or at the camera as far as the eyes can turn."""
    if rng.random() < 0.35:
        yaw, pitch = -head.yaw + rng.normal(0, 4), -head.pitch + rng.normal(0, 4)
    else:
        yaw, pitch = rng.normal(0, 16), rng.normal(-3, 11)
    return Eyes(
        float(np.clip(pitch, -28, 24)),
        float(np.clip(yaw, -36, 36)),
        float(rng.choice([0.0, rng.uniform(0, 8)])),
    )
