"""Scenes of a camera's frame, composed at the detector's own resolution from rendered crops over painted backgrounds.

What is pasted comes with a soft or a hard rim and is as often something else as a face, so that a rim means nothing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.layout import LAYOUTS
from models.detector import clutter
from models.detector.network import SIDE
from models.synth.appearance import backgrounds

Image = NDArray[np.uint8]

CROP = 176
"""Side of a rendered crop, pixels."""

MOST_FACES = 8
SMALLEST, LARGEST = 7.0, 190.0
"""Longer side of a face's box, pixels of the input: of 24 pixels in a frame of 640, and of one that fills more
than the frame."""

SHOWN, HARDLY_SHOWN = 0.6, 0.35
"""Faces of whose box this share lies inside are to be found; those under the second are none; between, as you like."""

ASPECTS = ((4 / 3, 0.5), (16 / 9, 0.2), (1.0, 0.15), (3 / 4, 0.15))


RARE, RARE_TIMES = ("mask", "hood", "helmet", "infrared"), 3
"""Faces with these attributes are taken so many times as often as others."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A composed input.

    Attributes:
        image: (160, 160, 3) uint8 RGB, black where the frame's shape leaves the square empty.
        faces: (n, 8) float32: x0, y0, x1, y1 of the 68 points, middle of the eyes x, y, chin x, y; pixels.
        ignored: (n,) bool, faces cut so far that finding them is neither right nor wrong.
    """

    image: Image
    faces: NDArray[np.float32]
    ignored: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cutting:
    """A rendered crop, still compressed.

    Attributes:
        jpeg: of 176x176 pixels.
        points: (68, 2) float32 pixels, or None if it shows no face.
    """

    jpeg: NDArray[np.uint8]
    points: NDArray[np.float32] | None

    def picture(self, shrink: int = 1) -> Image:
        """Return the crop, RGB, 1, 2 or 4 times smaller; decoding it small is quicker than making it small."""
        flags = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}[shrink]
        return cv2.cvtColor(cv2.imdecode(self.jpeg, flags), cv2.COLOR_BGR2RGB)


class Cuttings:
    """Crops of the newest shards of some folders, those with a face and those without apart.

    Raises:
        ValueError: if the folders hold no shard.
    """

    def __init__(self, folders: Sequence[Path], most_shards: int = 24) -> None:
        self.faces: list[Cutting] = []
        self.others: list[Cutting] = []
        paths = [path for folder in folders for path in sorted(folder.glob("shard-*.npz"))][-most_shards:]
        if not paths:
            named = ", ".join(map(str, folders))
            raise ValueError(f"no shard of crops in {named}; make some: python -m models.synth write --out FOLDER")
        ibug = LAYOUTS["landmarkd-562"].ibug68
        for path in paths:
            with np.load(path) as shard:
                jpeg, offsets, points, face = (shard[key] for key in ("jpeg", "offsets", "points", "face"))
                rare = _rare(shard["attributes"], shard["attribute_names"])
            for n in range(len(face)):
                data = jpeg[offsets[n] : offsets[n + 1]].copy()
                if face[n]:
                    self.faces += [Cutting(data, points[n][ibug, :2].copy())] * (RARE_TIMES if rare[n] else 1)
                else:
                    self.others.append(Cutting(data, None))


class Composer:
    """Makes scenes.

    Args:
        cuttings: what is pasted.
    """

    def __init__(self, cuttings: Cuttings) -> None:
        self._cuttings = cuttings

    def scenes(self, rng: np.random.Generator) -> Iterator[Scene]:
        """Yield scenes without end."""
        while True:
            yield self.scene(rng)

    def scene(self, rng: np.random.Generator) -> Scene:
        """Return a random scene."""
        aspect = float(rng.choice([a for a, _ in ASPECTS], p=[p for _, p in ASPECTS])) * rng.uniform(0.95, 1.05)
        width, height = (SIDE, round(SIDE / aspect)) if aspect >= 1 else (round(SIDE * aspect), SIDE)
        width, height = min(width, SIDE), min(height, SIDE)
        image = self._background(rng, height, width)
        faces, ignored = [], []
        for _ in range(int(rng.poisson(0.8))):
            clutter.draw(rng, image)
        for size in self._sizes(rng, min(width, height)):
            for _ in range(int(rng.poisson(0.5))):
                self._paste_other(rng, image, size * rng.uniform(0.6, 2))
            placed = self._paste_face(rng, image, size, faces)
            if placed is not None:
                faces.append(placed[0])
                ignored.append(placed[1])
        if not faces:
            for _ in range(int(rng.poisson(1.5))):
                self._paste_other(rng, image, math.exp(rng.uniform(math.log(15), math.log(200))))
        image = develop(rng, image)
        left, top = (SIDE - width) // 2, (SIDE - height) // 2
        square = np.zeros((SIDE, SIDE, 3), np.uint8)
        square[top : top + height, left : left + width] = image
        found = np.array(faces, np.float32).reshape(-1, 8) + np.tile(np.float32([left, top]), 4)
        return Scene(square, found, np.array(ignored, bool))

    def _background(self, rng: np.random.Generator, height: int, width: int) -> Image:
        if rng.random() < 0.85:
            return _encoded(backgrounds.background(rng, height, width), rng.uniform(0.5, 1.6))
        other = self._cuttings.others[rng.integers(len(self._cuttings.others))].picture()
        return cv2.resize(other, (width, height), interpolation=cv2.INTER_LINEAR)

    def _sizes(self, rng: np.random.Generator, side: int) -> list[float]:
        """Return the sizes of a scene's faces, the largest, which is in front, last."""
        kind = rng.random()
        if kind < 0.22:
            return []
        if kind < 0.55:  # one person before a camera
            return [float(rng.uniform(0.16, 0.75) * side)]
        if kind < 0.66:  # far too near
            return [float(rng.uniform(0.7, LARGEST / SIDE) * side)]
        count = int(rng.integers(1, MOST_FACES + 1))
        high = side * min(0.6, 1.6 / count)
        return sorted(math.exp(u) for u in rng.uniform(math.log(SMALLEST), math.log(high), count))

    def _paste_face(
        self, rng: np.random.Generator, image: Image, size: float, others: list[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], bool] | None:
        """Paste a face whose box is about `size` long; return its labels and whether it is to be ignored."""
        cutting = self._cuttings.faces[rng.integers(len(self._cuttings.faces))]
        box = np.concatenate([cutting.points.min(0), cutting.points.max(0)])
        scale = size / float((box[2:] - box[:2]).max())
        height, width = image.shape[:2]
        for _ in range(6):
            # Mostly where a whole face has room, sometimes cut by the frame.
            room = -0.2 * size if rng.random() < 0.25 else 0.45 * size
            x, y = (rng.uniform(min(room, n / 2), max(n - room, n / 2)) for n in (width, height))
            affine = _placed(rng, box, scale, x, y)
            points = cutting.points @ affine[:, :2].T + affine[:, 2]
            low, high = points.min(0), points.max(0)
            if all(_apart(np.concatenate([low, high]), other[:4]) for other in others):
                break
        else:
            return None
        inside = np.clip(np.minimum(high, [width, height]) - np.maximum(low, 0), 0, None).prod()
        shown = float(inside / max((high - low).prod(), 1e-6))
        if shown < HARDLY_SHOWN:
            return None
        self._paste(rng, image, cutting, affine)
        eyes, chin = points[36:48].mean(0), points[8]
        return np.concatenate([low, high, eyes, chin]).astype(np.float32), shown < SHOWN

    def _paste_other(self, rng: np.random.Generator, image: Image, size: float) -> None:
        """Paste something that is no face, of about `size` pixels."""
        others, kind = self._cuttings.others, rng.random()
        if kind < 0.25:
            face = self._cuttings.faces[rng.integers(len(self._cuttings.faces))]
            source: Cutting | Image = clutter.scrambled(rng, face.picture(), face.points)
        elif kind < 0.7 and others:
            source = others[rng.integers(len(others))]
        else:
            source = _encoded(backgrounds.background(rng, 176, 176), 1.0)
        x, y = rng.uniform(0, image.shape[1]), rng.uniform(0, image.shape[0])
        self._paste(rng, image, source, _placed(rng, np.float32([38, 38, 138, 138]), size / 100, x, y))

    def _paste(
        self, rng: np.random.Generator, image: Image, source: Cutting | Image, affine: NDArray[np.float64]
    ) -> None:
        """Paste a crop with a random rim."""
        scale = math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))
        shrink = 1 if scale > 0.6 else 2 if scale > 0.3 else 4
        picture = source.picture(shrink) if isinstance(source, Cutting) else source
        side = CROP // shrink
        if scale < 0.2:
            side = max(4, round(CROP * scale * 1.2))
        if picture.shape[0] != side:
            # Averaging first: a warp alone would leave gaps between the pixels that it reads.
            picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        ratio = CROP / side
        # Pixel centres are at integers: u_large = (u_small + 0.5) * ratio - 0.5.
        affine = np.column_stack([affine[:, :2] * ratio, affine[:, 2] + affine[:, :2].sum(1) * (0.5 * ratio - 0.5)])
        corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ affine[:, :2].T + affine[:, 2]
        x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, [image.shape[1], image.shape[0]])
        if x1 <= x0 or y1 <= y0:
            return
        affine[:, 2] -= (x0, y0)
        part, size = image[y0:y1, x0:x1], (int(x1 - x0), int(y1 - y0))
        covered = cv2.warpAffine(_mask(rng, side), affine, size, flags=cv2.INTER_LINEAR)[..., None]
        pasted = cv2.warpAffine(picture, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        part[:] = (part + covered * (pasted.astype(np.float32) - part)).astype(np.uint8)


def _encoded(light: NDArray[np.float32], exposure: float) -> Image:
    """Return linear light as 8-bit codes."""
    codes = cv2.convertScaleAbs(light, alpha=255 * exposure)
    return cv2.LUT(codes, _GAMMA)


_GAMMA = (255 * (np.arange(256) / 255) ** (1 / 2.2)).astype(np.uint8)


def develop(rng: np.random.Generator, image: Image) -> Image:
    """Return a scene as some camera would have it: exposure, tone, grey, blur, noise, JPEG."""
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    table = np.clip(levels * np.exp(rng.normal(0, 0.08, 3) + rng.normal(0, 0.3)), 0, 1) ** np.exp(rng.normal(0, 0.25))
    table = (table - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.normal(0, 0.05)
    image = cv2.LUT(image, (255 * np.clip(table, 0, 1)).astype(np.uint8).reshape(1, 256, 3))
    if rng.random() < 0.22:
        grey = cv2.transform(image, rng.dirichlet([3, 4, 2]).astype(np.float32)[None])
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.5:
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        noise = cv2.randn(np.empty(image.shape, np.int16), 0, float(rng.uniform(1.5, 12)))
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.3:
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])[1], 1)
    return image


def _placed(
    rng: np.random.Generator, box: NDArray[np.float32], scale: float, x: float, y: float
) -> NDArray[np.float64]:
    """Return the affine that lays the middle of a box of a crop at x, y, turned and mirrored at random."""
    angle = math.radians(rng.normal(0, 9))
    stretch = math.exp(rng.normal(0, 0.05))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = scale * turn @ np.diag([stretch, 1 / stretch])
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], np.float64)
    return np.column_stack([linear, np.array([x, y]) - linear @ middle])


def _rare(attributes: NDArray[np.uint32], names: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which crops have one of the attributes in RARE."""
    bits = sum(1 << n for n, name in enumerate(names) if name in RARE)
    return (attributes & np.uint32(bits)) != 0


def _mask(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Return what of a crop is pasted, (side, side) in 0 to 1: all of it, or a soft superellipse."""
    if rng.random() < 0.2:
        return np.ones((side, side), np.float32)
    along = np.linspace(-1, 1, side, dtype=np.float32)
    power = rng.uniform(2, 5)
    across, down = rng.uniform(0.66, 1.0), rng.uniform(0.75, 1.0)
    radius = (np.abs(along / across) ** power)[None] + (np.abs(along / down) ** power)[:, None]
    return np.clip((1 - radius) / np.float32(rng.uniform(0.05, 0.7)), 0, 1)


def _apart(box: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Return whether two faces cover so little of one another that both can be told."""
    width, height = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    if width <= 0 or height <= 0:
        return True
    smaller = min((box[2] - box[0]) * (box[3] - box[1]), (other[2] - other[0]) * (other[3] - other[1]))
    return bool(width * height < 0.15 * smaller)


def draw(scene: Scene, zoom: int = 2) -> Image:
    """Return a scene with its labels drawn, BGR: faces green, ignored ones red."""
    picture = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    picture = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    for face, ignored in zip(np.rint((scene.faces + 0.5) * zoom).astype(int), scene.ignored, strict=True):
        cv2.rectangle(picture, face[:2].tolist(), face[2:4].tolist(), (0, 0, 255) if ignored else (0, 255, 0), 1)
        cv2.line(picture, face[4:6].tolist(), face[6:8].tolist(), (255, 255, 0), 1)
    return picture
