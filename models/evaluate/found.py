"""How many faces the device finds, with counts and standard errors."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from landmarkd.settings.tracker import TrackerSettings
from landmarkd.stages import StageClock
from landmarkd.types import Array, FaceObservation
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_of, box_overlap, extent_of
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.ranking import Ranking
from landmarkd.vision.search import LEAST_PROPOSAL, ROLLS, FaceSearch
from numpy.typing import NDArray

from models.evaluate.readers import PEOPLE_SETS, read_labels
from models.evaluate.records import LabelledFace, read_image
from models.evaluate.tables import Row, Table

SINGLE_SETS = ("aflw2000_deca9", *PEOPLE_SETS, "fgnet")
FOUND_OVERLAP = 0.4
TURNS_DEG = (20, 45, 90, 180)
TURNED_FACES = 30
UPRIGHT_DEG = 8.0
"""Faces with a smaller roll than this are rotated for the table."""

SAME_READING = 0.15
"""A rotated face is read right when the error of its points is below this many face sizes."""

Shown = Callable[[str, NDArray[np.uint8], FaceObservation | None], None]


@dataclass(slots=True)
class Finder:
    """The parts of the device that find faces in pictures.

    Attributes:
        search: the tracker's.
        clock: times its stages.
    """

    search: FaceSearch
    clock: StageClock

    @classmethod
    def of(cls, model: LandmarkModel, detector: Detector) -> "Finder":
        """Return those of the device, with default settings."""
        usual = TrackerSettings()
        ranking = Ranking(usual.seat, usual.smallest_px)
        return cls(FaceSearch(model, detector, ranking, usual.presence), StageClock())

    def wanted(self, image: NDArray[np.uint8]) -> FaceObservation | None:
        """Return the face in the report of a single picture."""
        return self.search.at_once(image, self.clock)

    def every(self, image: NDArray[np.uint8]) -> Iterable[FaceObservation]:
        """Yield every accepted face; small ones are read again."""
        detector = self.search.detector
        for face in [*detector.detect(image), *detector.propose(image, LEAST_PROPOSAL)]:
            seen = self.search.read(image, face, self.clock)
            if seen is not None:
                yield seen

    def turned(self, image: NDArray[np.uint8]) -> Iterable[FaceObservation]:
        """Yield every face that is accepted in the search for faces that are not upright."""
        for roll in ROLLS:
            for face in self.search.proposals(image, self.clock, LEAST_PROPOSAL, roll):
                seen = self.search.read(image, face, self.clock)
                if seen is not None:
                    yield seen

    def points(self, seen: FaceObservation) -> Array:
        """Return the 68 points of a face."""
        return seen.points.take(self.search.model.layout.ibug68, axis=0)


def found_table(finder: Finder, real: Path, show: Shown = lambda *_: None) -> Table:
    """Return the share that is right of each kind of picture, faceless and turned ones too.

    Args:
        finder: under test.
        real: folder with `images`, `unlabelled` and `nonface`.
        show: called with the kind of mistake, the picture and what was reported.
    """
    table: Table = {}
    folder = real / "images" / "yawdd_dev"
    cabins = [
        LabelledFace("yawdd_dev", record["image"], folder / record["image"],
                     np.full((68, 2), np.nan), tuple(record["box"]))
        for record in json.loads((folder / "labels.json").read_bytes())
    ]  # fmt: skip
    table["drivers in cars (yawdd_dev)"] = _row(
        [_is_found(finder, face, [finder.wanted(face.read())], show) for face in cabins]
    )
    portraits = [read_image(path) for path in _pictures(real / "unlabelled" / "portraits")]
    seen = [finder.wanted(image) for image in portraits]
    for image, face in zip(portraits, seen, strict=True):
        if face is None:
            show("missed portraits", image, None)
    table["portraits"] = _row([face is not None for face in seen])
    for name, sets in (("single faces", SINGLE_SETS), ("several a picture", ("dlib_faces",))):
        faces = [face for part in sets for face in read_labels(real / "images" / part)]
        table[name] = _row(
            [_is_found(finder, face, finder.every(face.read()), show) for face in faces]
        )
    for name, part in (("masks", "mask_with"), ("monochrome", "victor")):
        pictures = [read_image(path) for path in _pictures(real / "unlabelled" / part)]
        table[name] = _row([_any(finder, image, show, f"missed {name}") for image in pictures])
    pictures = [
        read_image(path)
        for part in ("clean", "hard")
        for path in _pictures(real / "nonface" / part)
    ]
    table["no face: reported"] = _row(
        [not _any(finder, image, show, "made up", wrong=True) for image in pictures]
    )
    return table | turned_rows(finder, portraits, seen, show)


def turned_rows(
    finder: Finder,
    pictures: Iterable[NDArray[np.uint8]],
    seen: Iterable[FaceObservation | None],
    show: Shown = lambda *_: None,
) -> Table:
    """Return how many upright faces are read as accurately when their pictures are rotated."""
    layout = finder.search.model.layout
    upright = [
        (image, finder.points(face))
        for image, face in zip(pictures, seen, strict=True)
        if face is not None
        and abs(extent_of(face.points, layout.ibug68).roll) < UPRIGHT_DEG
        and _alone(finder, image, face)
    ][:TURNED_FACES]
    table: Table = {}
    for degrees in TURNS_DEG:
        right = wrong = 0
        for image, points in upright:
            picture, where = turned(image, points, degrees)
            face = finder.wanted(picture)
            near = face is not None and reads_same(finder.points(face), where)
            right += near
            wrong += face is not None and not near
            if not near:
                show(f"turned {degrees}", picture, face)
        table[f"turned by {degrees}°"] = {
            **_row([True] * right + [False] * (len(upright) - right)),
            "wrong": wrong,
        }
    return table


def _alone(finder: Finder, image: NDArray[np.uint8], face: FaceObservation) -> bool:
    """Return whether the picture has no other face, tilted or not, that might be read instead."""
    box = box_of(finder.points(face))
    seen = chain(finder.every(image), finder.turned(image))
    others = (box_of(finder.points(other)) for other in seen)
    return all(box_overlap(box, other) >= FOUND_OVERLAP for other in others)


def turned(
    image: NDArray[np.uint8], points: Array, degrees: float
) -> tuple[NDArray[np.uint8], Array]:
    """Return a picture rotated clockwise, all of it on black, and its points in it."""
    height, width = image.shape[:2]
    affine = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    cosine, sine = abs(affine[0, 0]), abs(affine[0, 1])
    size = round(height * sine + width * cosine), round(height * cosine + width * sine)
    affine[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    moved = points[:, :2] @ affine[:, :2].T + affine[:, 2]
    return cv2.warpAffine(image, affine, size, flags=cv2.INTER_LINEAR), moved.astype(np.float32)


def reads_same(points: Array, where: Array) -> bool:
    """Return whether 68 points are where they should be, (68, 2 or 3) against (68, 2)."""
    x0, y0, x1, y1 = box_of(where)
    size = math.sqrt((x1 - x0) * (y1 - y0))
    off = np.linalg.norm(points[:, :2] - where[:, :2], axis=1).mean()
    return bool(off < SAME_READING * size)


def _is_found(
    finder: Finder, face: LabelledFace, seen: Iterable[FaceObservation | None], show: Shown
) -> bool:
    found = [one for one in seen if one is not None]
    if any(box_overlap(box_of(finder.points(one)), face.box) >= FOUND_OVERLAP for one in found):
        return True
    show(f"missed {face.group}", face.read(), found[0] if found else None)
    return False


def _any(
    finder: Finder, image: NDArray[np.uint8], show: Shown, kind: str, *, wrong: bool = False
) -> bool:
    seen = finder.wanted(image)
    if (seen is not None) == wrong:
        show(kind, image, seen)
    return seen is not None


def _pictures(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
    ]


def _row(right: list[bool]) -> Row:
    """Return counts, the share and its standard error, which is never 0."""
    count, share = len(right), sum(right) / max(len(right), 1)
    spread = min(max(share, 1 / (count + 2)), 1 - 1 / (count + 2))
    return {
        "pictures": count,
        "right": sum(right),
        "%": 100 * share,
        "± %": 100 * math.sqrt(spread * (1 - spread) / max(count, 1)),
    }
