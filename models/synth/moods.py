"""Facial expressions as weights of blendshapes."""

from __future__ import annotations

import numpy as np

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


class Blend(dict[str, float]):
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


def speech(rng: np.random.Generator, blend: Blend) -> None:
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


def smile(rng: np.random.Generator, blend: Blend) -> None:
    """Lips and cheeks pulled up, at times with parted lips."""
    strength = rng.beta(1.6, 1.4)
    blend.move(rng, "mouthSmile", strength)
    blend.move(rng, "cheekSquint", strength * rng.uniform(0, 0.9))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0, 0.7))
    if rng.random() < 0.6:
        blend.move(rng, "mouthUpperUp", strength * rng.uniform(0, 0.8))
        blend.move(rng, "jawOpen", strength * rng.beta(1, 3))
        blend.move(rng, "mouthLowerDown", strength * rng.uniform(0, 0.5))


def yawn(rng: np.random.Generator, blend: Blend) -> None:
    """A yawn."""
    strength = rng.uniform(0.5, 1.0)
    blend.move(rng, "jawOpen", strength)
    blend.move(rng, "mouthStretch", strength * rng.uniform(0, 0.4))
    blend.move(rng, "mouthFunnel", strength * rng.uniform(0, 0.5))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0.2, 1))
    blend.move(rng, "noseSneer", strength * rng.uniform(0, 0.5))
    blend.move(rng, "browDown", strength * rng.uniform(0, 0.6))


def laugh(rng: np.random.Generator, blend: Blend) -> None:
    """Both rows of teeth, cheeks that push the lower lids up, an open mouth."""
    strength = rng.uniform(0.5, 1.0)
    blend.move(rng, "mouthSmile", strength * rng.uniform(0.7, 1.1))
    blend.move(rng, "mouthUpperUp", strength * rng.uniform(0.2, 0.8))
    blend.move(rng, "mouthLowerDown", strength * rng.uniform(0.1, 0.8))
    blend.move(rng, "jawOpen", strength * rng.beta(1.5, 2))
    blend.move(rng, "cheekSquint", strength * rng.uniform(0.4, 1))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0.2, 1))
    blend.move(rng, "noseSneer", strength * rng.uniform(0, 0.4))


def grin(rng: np.random.Generator, blend: Blend) -> None:
    """Wide lips over teeth that meet."""
    strength = rng.uniform(0.4, 1.0)
    blend.move(rng, "mouthSmile", strength * rng.uniform(0.5, 1.1))
    blend.move(rng, "mouthStretch", strength * rng.uniform(0, 0.6))
    blend.move(rng, "mouthUpperUp", strength * rng.uniform(0.2, 0.7))
    blend.move(rng, "mouthLowerDown", strength * rng.uniform(0.2, 0.9))
    blend.move(rng, "jawOpen", rng.uniform(0, 0.1))
    blend.move(rng, "cheekSquint", strength * rng.uniform(0, 0.9))
    blend.move(rng, "eyeSquint", strength * rng.uniform(0, 0.8))


def cry(rng: np.random.Generator, blend: Blend) -> None:
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


def _pout(rng: np.random.Generator, blend: Blend) -> None:
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


CALM = 0.11


MOODS = (
    # what a face does besides lids and gaze, and its share; a ninth do nothing, the rest are random
    # mixtures
    (speech, 0.22),
    (smile, 0.14),
    (laugh, 0.10),
    (grin, 0.08),
    (yawn, 0.03),
    (cry, 0.05),
    (_pout, 0.05),
)


def any_mood(rng: np.random.Generator, blend: Blend) -> None:
    """A few blendshapes at random."""
    for name in rng.choice(_BLENDABLE, int(rng.integers(1, 7)), replace=False):
        blend.move(rng, str(name), rng.beta(1.2, 2.2))
    if rng.random() < 0.25:
        blend.move(rng, "jawOpen", rng.beta(1, 1.6))


def brows(rng: np.random.Generator, blend: Blend) -> None:
    """Brows that are raised, lowered, drawn together or unequal."""
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
