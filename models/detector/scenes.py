"""Scenes of a camera's frame, composed at the detector's resolution from crops and backgrounds.

The background is painted, or a part of a photograph if there are photographs. Pasted things have a
soft or a hard rim and are not faces in half of the cases, so that a rim tells the network nothing.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.detector import cabins
from models.detector.cuttings import CROP, NO_POINTS, Cutting, Cuttings
from models.detector.develop import develop
from models.detector.network import SIDE
from models.detector.paste import NO_ALPHA, WHOLE, bounds_of, inverse_of, paste
from models.detector.placing import (
    affine_at,
    apart,
    between,
    group,
    log_uniform,
    pick,
    place,
    shown,
)
from models.detector.pools import Pools
from models.detector.scene import Image, Scene, turned
from models.detector.surroundings import ASPECTS, frame
from models.photographs import Album

SHOWN, HARDLY_SHOWN = 0.6, 0.35
"""Minimum share of a face's box inside the frame: of a positive, and of an ignored face."""

CABINS, SIDE_LIT, TURNED = 0.2, 0.15, 0.22
"""Shares of scenes: inside a car, lit hard from one side, turned by 90, 180 or 270 degrees."""

TILTED, MOST_TILT = 0.25, 65.0
"""Share of faces that are tilted at random, and by how many degrees at most."""


class Composer:
    """Makes scenes from crops and from pools of backdrops and decoys.

    Args:
        cuttings: what is pasted.
        rng: for the pools.
        photographs: for backgrounds and cut-outs, or none.
        sizes: of the pools.
    """

    def __init__(
        self,
        cuttings: Cuttings,
        rng: np.random.Generator,
        photographs: Album | None = None,
        **sizes: int,
    ) -> None:
        self._cuttings = cuttings
        self._pools = Pools(cuttings, rng, photographs, **sizes)

    def scenes(self, rng: np.random.Generator) -> Iterator[Scene]:
        """Yield scenes without end; backdrops, decoys and crops are replaced all the time."""
        while True:
            for _ in range(16):
                for _ in range(512):
                    yield self.scene(rng)
                self._pools.freshen(rng)
            self._cuttings.renew(rng)

    def scene(self, rng: np.random.Generator) -> Scene:
        """Return a random scene."""
        width, height = frame(rng)
        image = self._pools.background(rng, height, width)
        faces: list[tuple[NDArray[np.float32], bool]] = []
        kind, side = rng.random(), min(width, height)
        if rng.random() < CABINS:
            cabins.furnish(rng, image)
        if kind < 0.34:
            self._nobody(rng, image)
        elif kind < 0.5:
            self._near(rng, image, faces)
        else:
            for size in (
                group(rng, side) if kind > 0.7 else [log_uniform(rng, 0.12 * side, 0.95 * side)]
            ):
                for _ in range(int(rng.random() * (1.8 if size > 20 else 1.4))):
                    self._paste_other(
                        rng, image, size * between(rng, 0.6, 2), *self._anywhere(rng, image)
                    )
                self._paste_face(rng, image, size, faces)
        if rng.random() < SIDE_LIT:
            x0, y0, x1, y1 = faces[-1][0][:4].tolist() if faces else (0, 0, width, height)
            image = cabins.side_lit(rng, image, (x0 + x1) / 2, (y0 + y1) / 2, max(y1 - y0, 4))
        image = develop(rng, image)
        left, top = (SIDE - width) // 2, (SIDE - height) // 2
        square = np.zeros((SIDE, SIDE, 3), np.uint8)
        square[top : top + height, left : left + width] = image
        found = np.array([face for face, _ in faces], np.float32).reshape(-1, 8) + np.tile(
            np.array([left, top], np.float32), 4
        )
        scene = Scene(square, found, np.array([ignored for _, ignored in faces], bool))
        return turned(scene, 1 + int(rng.random() * 3)) if rng.random() < TURNED else scene

    def large(self, rng: np.random.Generator) -> tuple[Image, NDArray[np.float32]] | None:
        """Return a frame larger than the input with one face, half of them masked, and its label.

        None if the face is hardly visible.
        """
        height = int(between(rng, 200, 420))
        width = int(height * pick(rng, ASPECTS))
        image = self._pools.background(rng, height, width).copy()
        if rng.random() < CABINS:
            cabins.furnish(rng, image)
        cutting, tilt = self._face(rng, rare=0.12, masked=0.45), _tilt(rng)
        size = min(log_uniform(rng, 0.14, 0.95) * min(height, width), 1.3 * CROP)
        room = 0.45 * size
        x, y = (between(rng, min(room, n / 2), max(n - room, n / 2)) for n in (width, height))
        face = (label := place(rng, cutting, size, x, y, tilt=tilt)).face
        if rng.random() < 0.6:
            self._paste_shoulders(rng, image, *face[6:8].tolist(), size, tilt)
        self._paste(rng, image, cutting, label.affine, _rim(rng))
        if rng.random() < SIDE_LIT:
            middle = ((face[:2] + face[2:4]) / 2).tolist()
            image = cabins.side_lit(rng, image, *middle, float(face[3] - face[1]))
        return None if cutting.doubtful else (image, face)

    def _nobody(self, rng: np.random.Generator, image: Image) -> None:
        """Paste things without faces: some large, some on shoulders, some backs of heads."""
        backs = self._cuttings.all.backs
        if backs and rng.random() < 0.3:
            for _ in range(1 + int(rng.random() * 3)):
                size, (x, y) = log_uniform(rng, 10, 130), self._anywhere(rng, image)
                if rng.random() < 0.7:
                    self._paste_shoulders(rng, image, x, y + 0.4 * size, size)
                self._paste_other(rng, image, size, x, y, pick(rng, backs))
            return
        for _ in range(int(rng.random() * 5)):
            size, (x, y) = log_uniform(rng, 9, 200), self._anywhere(rng, image)
            if rng.random() < 0.25:
                self._paste_shoulders(rng, image, x, y, 0.6 * size)
            self._paste_other(rng, image, size, x, y)

    def _near(
        self, rng: np.random.Generator, image: Image, faces: list[tuple[NDArray[np.float32], bool]]
    ) -> None:
        """Paste one face that fills the frame, often a rare one and often with a mask."""
        height, width = image.shape[:2]
        cutting = self._face(rng, rare=0.25, masked=0.45)
        size = between(rng, 0.65, 1.3) * min(1.1 * width, height)
        x, y = (n * (0.5 + 0.1 * rng.standard_normal()) for n in (width, height))
        label = place(rng, cutting, size, x, y, turn=6.0, tilt=_tilt(rng))
        self._paste(rng, image, cutting, label.affine, WHOLE)
        share = shown(label.face, width, height)
        if share >= HARDLY_SHOWN:
            faces.append((label.face, share < SHOWN or cutting.doubtful))

    def _paste_face(
        self,
        rng: np.random.Generator,
        image: Image,
        size: float,
        faces: list[tuple[NDArray[np.float32], bool]],
    ) -> None:
        """Paste a face whose box is about `size` long where it hides no other; keep its label."""
        cutting, tilt = self._face(rng, rare=0.12, masked=0.22), _tilt(rng)
        height, width = image.shape[:2]
        for _ in range(6):
            # Mostly where the whole face fits, sometimes cut by the frame.
            room = -0.2 * size if rng.random() < 0.2 else 0.45 * size
            x, y = (between(rng, min(room, n / 2), max(n - room, n / 2)) for n in (width, height))
            label = place(rng, cutting, size, x, y, tilt=tilt)
            if all(apart(label.face, other) for other, _ in faces):
                break
        else:
            return
        share = shown(label.face, width, height)
        if share < HARDLY_SHOWN:
            return
        if rng.random() < 0.6:
            self._paste_shoulders(rng, image, *label.face[6:8].tolist(), size, tilt)
        self._paste(rng, image, cutting, label.affine, _rim(rng))
        if rng.random() < 0.12:
            cabins.belt(rng, image, *label.face[6:8].tolist(), size)
        faces.append((label.face, share < SHOWN or cutting.doubtful))

    def _face(self, rng: np.random.Generator, rare: float, masked: float) -> Cutting:
        """Return a face, with these probabilities a rare one or one with a painted mask."""
        kind = rng.random()
        if kind < masked:
            return pick(rng, self._pools.masked)
        return pick(
            rng,
            (self._cuttings.all.rare if kind < masked + rare else []) or self._cuttings.all.faces,
        )

    def _paste_other(
        self,
        rng: np.random.Generator,
        image: Image,
        size: float,
        x: float,
        y: float,
        cutting: Cutting | None = None,
    ) -> None:
        """Paste something that is no face, of about `size` pixels."""
        others = self._cuttings.all.others
        cutting = cutting or pick(
            rng, others if others and rng.random() < 0.35 else self._pools.decoys
        )
        scale = size / (0.6 * cutting.levels[0].shape[0])
        middle = (cutting.levels[0].shape[0] - 1) / 2
        affine = affine_at(rng, middle, middle, scale, x, y, 12.0)
        gain = np.exp(0.35 * rng.standard_normal(3, dtype=np.float32) * (rng.random() < 0.4))
        cut_out = cutting.alphas[0].shape[0] > 1
        self._paste(rng, image, cutting, affine, WHOLE if cut_out else _rim(rng), gain)

    def _paste_shoulders(
        self,
        rng: np.random.Generator,
        image: Image,
        x: float,
        y: float,
        size: float,
        tilt: float = 0.0,
    ) -> None:
        """Paste a rounded piece of cloth under a chin at x, y, tilted as the head is."""
        cloth = Cutting((pick(rng, self._pools.backdrops)[1],), (NO_ALPHA,), NO_POINTS)
        scale = size * between(rng, 1.9, 3.2) / 48
        affine = affine_at(rng, 23.5, 23.5 - 24 * between(rng, 0.6, 0.95), scale, x, y, 5.0, tilt)
        rim = np.array([0.98, 0.98, between(rng, 0.05, 0.3), rng.random() < 0.3], np.float32)
        self._paste(
            rng,
            image,
            cloth,
            affine,
            rim,
            np.full(3, math.exp(0.4 * rng.standard_normal()), np.float32),
        )

    def _paste(
        self,
        rng: np.random.Generator,
        image: Image,
        cutting: Cutting,
        affine: NDArray[np.float64],
        rim: NDArray[np.float32],
        gain: NDArray[np.float32] | None = None,
    ) -> None:
        """Paste through an affine of the largest level, from the level nearest in size."""
        scale = math.sqrt(abs(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0]))
        level = min(max(int(0.2 - math.log2(scale)), 0), len(cutting.levels) - 1)
        ratio = 2.0**level
        # Pixel centres are at integers: u_large = (u_small + 0.5) * ratio - 0.5.
        shift = 0.5 * ratio - 0.5
        affine = np.column_stack(
            [affine[:, :2] * ratio, affine[:, 2] + affine[:, :2].sum(1) * shift]
        )
        picture = cutting.levels[level]
        if gain is None:
            gain = np.exp(
                np.float32(0.12 * rng.standard_normal())
                + 0.04 * rng.standard_normal(3, dtype=np.float32)
            )
        bounds = bounds_of(affine, picture.shape[0], *image.shape[:2])
        paste(image, picture, cutting.alphas[level], inverse_of(affine), bounds, rim, gain)

    @staticmethod
    def _anywhere(rng: np.random.Generator, image: Image) -> tuple[float, float]:
        return rng.random() * image.shape[1], rng.random() * image.shape[0]


def _tilt(rng: np.random.Generator) -> float:
    return between(rng, -MOST_TILT, MOST_TILT) if rng.random() < TILTED else 0.0


def _rim(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return which part of a crop is pasted: all of it, or a soft superellipse."""
    if rng.random() < 0.15:
        return WHOLE
    return np.array(
        [
            between(rng, 0.66, 1.0),
            between(rng, 0.75, 1.0),
            between(rng, 0.05, 0.7),
            rng.random() < 0.4,
        ],
        np.float32,
    )
