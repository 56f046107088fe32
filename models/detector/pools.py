"""What scenes are composed of besides faces: backdrops, hard negatives and masked faces."""

import cv2
import numpy as np

from models.detector import altered, decoys, likenesses, masks, photographed
from models.detector.cuttings import Cutting, Cuttings
from models.detector.placing import between, pick
from models.detector.scene import Image
from models.detector.surroundings import encoded, window
from models.photographs import Album
from models.synth.appearance import backgrounds

BACKDROP = 208
FRESH_BACKDROPS, FRESH_DECOYS, FRESH_MASKS = 20, 24, 12
"""How many items of each pool are replaced each time."""

PHOTOGRAPHED = 0.65
"""Share of backgrounds that are photographs, where there are some."""


class Pools:
    """Things that are made once and used often; `freshen` replaces some of them.

    Args:
        cuttings: faces and other crops.
        rng: for the initial content.
        photographs: for backgrounds and cut-outs, or none.
        backdrops: how many.
        decoys: how many.
        masked: how many faces with a painted mask.
    """

    def __init__(
        self,
        cuttings: Cuttings,
        rng: np.random.Generator,
        photographs: Album | None = None,
        *,
        backdrops: int = 384,
        decoys: int = 512,
        masked: int = 192,
    ) -> None:
        self._cuttings, self._photographs = cuttings, photographs
        self.backdrops = [self._new_backdrop(rng) for _ in range(backdrops)]
        self.decoys = [self._new_decoy(rng) for _ in range(decoys)]
        self.masked = [self._new_masked(rng) for _ in range(masked)]

    def freshen(self, rng: np.random.Generator) -> None:
        """Replace a few backdrops, decoys and masks by new ones."""
        for _ in range(FRESH_BACKDROPS):
            self.backdrops[int(rng.random() * len(self.backdrops))] = self._new_backdrop(rng)
        for _ in range(FRESH_DECOYS):
            self.decoys[int(rng.random() * len(self.decoys))] = self._new_decoy(rng)
        for _ in range(FRESH_MASKS):
            self.masked[int(rng.random() * len(self.masked))] = self._new_masked(rng)

    def _new_backdrop(self, rng: np.random.Generator) -> tuple[Image, Image]:
        """Return a picture for the background, and a small one for the texture of clothes."""
        kind, others = rng.random(), self._cuttings.all.others
        if kind < 0.1 and others:
            picture = cv2.resize(
                pick(rng, others).levels[0], (BACKDROP, BACKDROP), interpolation=cv2.INTER_LINEAR
            )
        elif self._photographs and rng.random() < 0.5:
            picture = self._photographs.window(rng, BACKDROP, BACKDROP)
        else:
            light = backgrounds.background(
                rng, BACKDROP, BACKDROP, kind="decoy" if kind < 0.22 else None
            )
            picture = encoded(light, float(rng.uniform(0.5, 1.6)))
        return picture, cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA)

    def _new_decoy(self, rng: np.random.Generator) -> Cutting:
        kind = rng.random()
        if kind < 0.2:
            return altered.spoilt(rng, pick(rng, self._cuttings.all.faces))
        if kind < 0.42:
            return likenesses.draw(rng, self._cuttings.all.faces)
        if kind < 0.75 and self._photographs:
            return photographed.cut_out(rng, self._photographs)
        return decoys.draw(rng, pick(rng, self.backdrops)[0])

    def _new_masked(self, rng: np.random.Generator) -> Cutting:
        faces = self._cuttings.all
        face = pick(rng, (faces.rare if rng.random() < 0.2 else []) or faces.faces)
        return masks.masked(
            rng, face, pick(rng, self.backdrops)[1] if rng.random() < 0.25 else None
        )

    def background(self, rng: np.random.Generator, height: int, width: int) -> Image:
        """Return a random window of a photograph, or of a backdrop."""
        if self._photographs and rng.random() < PHOTOGRAPHED:
            return window(rng, self._photographs, height, width)
        picture = pick(rng, self.backdrops)[0]
        scale = between(rng, 0.45, 1.0) * BACKDROP / max(height, width)
        high, wide = max(int(height * scale), 8), max(int(width * scale), 8)
        top, left = (
            int(rng.random() * (BACKDROP - high + 1)),
            int(rng.random() * (BACKDROP - wide + 1)),
        )
        part = cv2.resize(picture[top : top + high, left : left + wide], (width, height))
        return cv2.flip(part, 1) if rng.random() < 0.5 else part
