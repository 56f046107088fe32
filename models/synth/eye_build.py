"""Shapes of eyes: narrow, hooded, deep-set, with bags, and lids that follow the gaze."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.head import Eyes, HeadModel

_FULL_LOOK_DEG = 35.0


@dataclass(frozen=True)
class Build:
    """The eyes of one person.

    Attributes:
        narrow: How far the lids are closed (0 to 1) when this person's eyes are open.
        wide: Minimum weight of the shape that opens the eyes wide.
        squint: Minimum weight of the squint.
        hood: How far the skin over the upper lid hangs forward and down, centimetres.
        outer: The same, at the outer end only.
        deep: How far back the eyes are, centimetres; negative is forward.
        bag: How far the skin under the eye bulges, centimetres.
        droop: Extra closing of either upper lid, right and left.
        travel: How far the lids follow a gaze, over what the mesh's shapes do.
        raised: How much higher than in the mean head the eyeballs are, centimetres.
        ahead: How much farther forward than in the mean head they are, centimetres.
    """

    narrow: float
    wide: float
    squint: float
    hood: float
    outer: float
    deep: float
    bag: float
    droop: tuple[float, float]
    travel: float
    raised: float
    ahead: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Build:
        """Return the eyes of a random person."""
        some = rng.random(7) < np.array([0.3, 0.25, 0.4, 0.25, 0.5, 0.35, 0.35])
        droop = rng.beta(1, 4, 2) * 0.4 if rng.random() < 0.12 else np.zeros(2)
        return cls(
            narrow=float(some[0] * rng.uniform(0.05, 0.45)),
            wide=float(some[6] * (not some[0]) * rng.uniform(0.1, 0.7)),
            squint=float(some[1] * rng.uniform(0.1, 0.7)),
            hood=float(some[2] * rng.uniform(0.05, 0.38)),
            outer=float(some[3] * rng.uniform(0.05, 0.35)),
            deep=float(some[4] * rng.normal(0.12, 0.22)),
            bag=float(some[5] * rng.uniform(0.05, 0.3)),
            droop=(float(droop[0]), float(droop[1])),
            travel=float(rng.uniform(0.4, 1.35)),
            raised=float(rng.normal(0, 0.06)),
            ahead=float(np.clip(rng.normal(0, 0.06), -0.12, 0.12)),
        )

    def shape(self, vertices: np.ndarray, model: HeadModel) -> np.ndarray:
        """A neutral head float32 (26719, 3) with these eyes."""
        lids = model.landmarks(vertices)
        moved = vertices.copy()
        moved[np.concatenate(model.eyeball_vertices)] += np.array(
            [0, self.raised, self.ahead], np.float32
        )
        for start, out in ((520, -1.0), (536, 1.0)):
            lid = lids[start : start + 16]
            upper, lower, middle = lid[3:6].mean(0), lid[11:14].mean(0), lid.mean(0)
            for centre, reach, push in (
                (
                    upper + np.array([0, 0.75, 0.2], np.float32),
                    0.62,
                    [0, -0.55 * self.hood, self.hood],
                ),
                (
                    lid[1] + np.array([0.2 * out, 0.7, 0.1], np.float32),
                    0.6,
                    [0, -0.7 * self.outer, self.outer],
                ),
                (lower + np.array([0, -0.75, 0.1], np.float32), 0.6, [0, 0, self.bag]),
                (middle, 1.9, [0, 0, -self.deep]),
            ):
                if any(push):
                    far = ((vertices - np.asarray(centre, np.float32)) ** 2).sum(1) / reach**2
                    near = np.flatnonzero(far < 9)
                    moved[near] += np.exp(-far[near])[:, None] * np.asarray(push, np.float32)
        return moved

    def lids(
        self, rng: np.random.Generator, eyes: Eyes, closed: tuple[float, float]
    ) -> tuple[float, float]:
        """How far this person's right and left lids are closed, where average lids are `closed`.

        The upper lid follows the eye however wide it is open (Guitton et al., 1991); persons' lids
        follow by more or less than the mesh's.
        """
        down = float(np.clip(-eyes.pitch / _FULL_LOOK_DEG, 0, 1.2))
        more = 0.3 * down * max(self.travel * rng.uniform(0.9, 1.1) - 1, 0.0)
        found = [
            shut + (1 - shut) * min(self.narrow + droop + more, 0.75) if shut < 1 else shut
            for shut, droop in zip(closed, self.droop, strict=True)
        ]
        return float(found[0]), float(found[1])
