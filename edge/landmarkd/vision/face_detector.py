"""Our own detector: a small network for the whole frame, and for windows with small faces."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.types import Array, Box, Detection, FaceExtent, RegionOfInterest
from landmarkd.vision.answers import best, decoded, turned_back, unscaled
from landmarkd.vision.cards import DetectorCard
from landmarkd.vision.cutter import Cutter
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_overlap
from landmarkd.vision.model import PictureModel
from landmarkd.vision.runtime import DelegateChoice
from landmarkd.vision.second_look import GROWTH, holds, longest, moved, windows
from landmarkd.vision.zoo import Zoo, open_zoo

GEOMETRY = 8
"""Values of a cell beside its score: middle of the box x, y, binary logarithm of width and height,
middle of the eyes x, y, chin x, y; places relative to the cell's middle, all in the cell's unit."""

TILTED_GROWTH = 1.25
"""Scale of a square that is searched with a tilt."""

NEAR_SHARE = 0.55
"""A face that is to be confirmed fills this share of the input, upright in its middle."""

NEAR_SHIFT, NEAR_SIZES = 0.25, (0.45, 1.2)
"""How far an answer may lie from there, and how long it may be, in sides of the face's square."""

LEAST_NEAR = 0.2
"""Score of a face of which the detector sees nothing then."""

MOST_CANDIDATES = 200
"""Maximum of compared answers, the best ones."""

_NOTHING: tuple[Array, Array, Array] = (
    np.empty(0, np.float32),
    np.empty((0, 4), np.float32),
    np.empty((0, 2, 2), np.float32),
)


class FaceDetector(PictureModel[DetectorCard], Detector):
    """Any detector of the zoo, driven by its manifest entry alone; opened as `PictureModel`.

    Without a zoo it is that of landmarkd.
    """

    def __init__(
        self,
        zoo: Zoo | None = None,
        name: str = "default",
        *,
        threads: int = 1,
        delegate: DelegateChoice = "none",
    ) -> None:
        zoo = zoo or open_zoo()
        self._open(zoo, zoo.detector(name), threads, delegate)

    def _prepare(self) -> None:
        self._cells = _cells(self.card)
        self._check_outputs()
        wanted = self.card.input
        self._cutter = Cutter(np.empty((wanted.height, wanted.width, 3), np.uint8))
        self._square = np.zeros((wanted.height, wanted.width, 3), np.uint8)
        self._halves: list[NDArray[np.uint8]] = []
        self._shape: tuple[int, ...] = ()
        self._inside = self._square

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces in a (height, width, 3) uint8 BGR image, best first.

        Raises:
            DelegateError: the accelerator was lost.
        """
        second = self.card.cells.second
        height, width = image.shape[:2]
        # A window is used only if it has more detail than the first search.
        if second is None or second.window * max(height, width) < self.card.input.width:
            return self._look(image, self.card.cells.score)
        limit = second.largest * max(height, width) / self.card.input.width
        first = self._look(image, min(second.doubt, self.card.cells.score))
        small = [face for face in first if longest(face.box) < limit]
        opened = windows(small, width, height, second)
        seen_again = [
            face for face in small if any(holds(window, face, width, height) for window in opened)
        ]
        faces = [
            face for face in first if face not in seen_again and face.score >= self.card.cells.score
        ]
        for window in opened:
            x0, y0, x1, y1 = window
            closer = (
                moved(face, window)
                for face in self._look(image[y0:y1, x0:x1], self.card.cells.score)
            )
            faces += [
                face
                for face in closer
                if longest(face.box) < GROWTH * limit and holds(window, face, width, height)
            ]
        return best(faces, self.card.cells.overlap)

    def propose(
        self, image: NDArray[np.uint8], least: float = 0.5, roll: float = 0.0
    ) -> list[Detection]:
        """Return the faces of one search in a whole image, see `Detector.propose`.

        Raises:
            DelegateError: the accelerator was lost.
        """
        return self._look(image, least, roll)

    def confirm(self, image: NDArray[np.uint8], extent: FaceExtent) -> float:
        """Return the score of a face that was read, seen upright and near.

        Raises:
            DelegateError: the accelerator was lost.
        """
        size = self.card.input.width
        roi = RegionOfInterest(extent.x, extent.y, extent.side / NEAR_SHARE, extent.roll)
        self._quantise(self._cutter.cut(image, roi))
        self.engine.invoke()
        middle, side = (size - 1) / 2, NEAR_SHARE * size
        shortest, longest_side = (share * side for share in NEAR_SIZES)
        logits, boxes, _ = self._candidates(LEAST_NEAR)
        # As `best` does, but no farther than to the first that fits, which is mostly the first.
        better: list[Box] = []
        for logit, (x0, y0, x1, y1) in zip(logits.tolist(), boxes.tolist(), strict=True):
            box = x0, y0, x1, y1
            if any(box_overlap(box, other) > self.card.cells.overlap for other in better):
                continue
            off = max(abs((x0 + x1) / 2 - middle), abs((y0 + y1) / 2 - middle))
            if off <= NEAR_SHIFT * side and shortest <= longest(box) <= longest_side:
                return 1 / (1 + math.exp(-logit))
            better.append(box)
        return LEAST_NEAR

    def _look(self, image: NDArray[np.uint8], least: float, roll: float = 0.0) -> list[Detection]:
        """Return the faces of one search with at least a score, best first."""
        scale, left, top = self._feed(image, roll)
        self.engine.invoke()
        return [
            Detection(face.score, unscaled(face.box, scale, left, top), face.angle)
            for face in self._answers(least, roll)
        ]

    def _answers(self, least: float, roll: float = 0.0) -> list[Detection]:
        """Return what the last look found with at least a score, best first, in input pixels."""
        logits, boxes, marks = self._candidates(least)
        if roll and len(logits):
            boxes, marks = turned_back(boxes, marks, self._upright(roll))
        # Of so few numbers Python's own functions are faster than numpy's.
        found = [
            Detection(
                1 / (1 + math.exp(-logit)),
                (box[0], box[1], box[2], box[3]),
                math.degrees(math.atan2(-across, down)),
            )
            for logit, box, (across, down) in zip(
                logits.tolist(), boxes.tolist(), (marks[:, 1] - marks[:, 0]).tolist(), strict=True
            )
        ]
        return best(found, self.card.cells.overlap)

    def _candidates(self, least: float) -> tuple[Array, Array, Array]:
        """Return logits (n,), boxes (n, 4) and marks (n, 2, 2) of the last look, best first."""
        logits = self._output("scores").ravel()
        chosen = np.flatnonzero(logits >= -math.log(1 / least - 1))
        if not len(chosen):
            return _NOTHING
        chosen = chosen[np.argsort(-logits[chosen], kind="stable")[:MOST_CANDIDATES]]
        cells = self._cells[chosen]
        geometry = self._output("geometry", GEOMETRY, chosen)
        return logits[chosen], *decoded(geometry, cells[:, :2], cells[:, 2])

    def _feed(self, image: NDArray[np.uint8], roll: float) -> tuple[float, int, int]:
        """Centre the frame in the input, then rotate it; return scale, left and top."""
        side = self.card.input.width
        height, width = image.shape[:2]
        scale = side / max(height, width)
        if image.shape != self._shape:
            # The rest is black until the shape of the frames changes.
            self._square[:] = 0
            small = max(1, round(width * scale)), max(1, round(height * scale))
            left, top = (side - small[0]) // 2, (side - small[1]) // 2
            self._inside = self._square[top : top + small[1], left : left + small[0]]
            self._place = (scale, left, top)
            self._small = np.empty((small[1], small[0], 3), np.uint8)
            self._halves = _halves(width, height, scale)
            self._shape = image.shape
        for half in self._halves:
            cv2.resize(
                image, (half.shape[1], half.shape[0]), dst=half, interpolation=cv2.INTER_AREA
            )
            image = half
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        cv2.resize(
            image, (self._small.shape[1], self._small.shape[0]), dst=self._small, interpolation=way
        )
        cv2.cvtColor(self._small, cv2.COLOR_BGR2RGB, dst=self._small)
        self._inside[:] = self._small
        square: NDArray[Any] = self._square
        if roll:
            how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            square = cv2.warpAffine(square, self._upright(roll), square.shape[:2], flags=how)
        self._quantise(square)
        return self._place

    def _upright(self, roll: float) -> NDArray[np.float64]:
        """Return the (2, 3) affine from a square that has this roll upright, to the input."""
        middle = (self.card.input.width - 1) / 2
        # A square that is rotated by 45° would lose its corners.
        scale = TILTED_GROWTH if roll % 90 else 1.0
        affine: NDArray[Any] = cv2.getRotationMatrix2D((middle, middle), -roll, scale)
        return affine

    def _check_outputs(self) -> None:
        for name, each in (("scores", 1), ("geometry", GEOMETRY)):
            contract = self.card.outputs[name]
            sizes = [math.prod(spec.shape) for spec in self.engine.outputs]
            if contract.index >= len(sizes) or sizes[contract.index] != len(self._cells) * each:
                raise ModelError(
                    f"{self.card.file} gives outputs of {sizes} values where the manifest has "
                    f"{len(self._cells)} cells of {each} for {name}; reinstall landmarkd."
                )


def _cells(card: DetectorCard) -> Array:
    """Return the middles x, y of all cells and the length of their unit, (n, 3), input pixels."""
    cells = []
    for stride in card.cells.strides:
        columns, rows = card.input.width // stride, card.input.height // stride
        x, y = np.meshgrid(
            (np.arange(columns) + 0.5) * stride - 0.5, (np.arange(rows) + 0.5) * stride - 0.5
        )
        cells.append(np.stack([x, y, np.full_like(x, card.cells.unit * stride)], -1).reshape(-1, 3))
    return np.concatenate(cells).astype(np.float32)


def _halves(width: int, height: int, scale: float) -> list[NDArray[np.uint8]]:
    """Return buffers for a frame half, a quarter … as large, none smaller than what is needed.

    Two means of 2x2 pixels are the mean of 4x4 in a third of the time: OpenCV has a short cut for
    halves only. Where what remains is not a half, it has to be far from one: two odd steps on top
    of one another would blur.
    """
    buffers = []
    while (scale == 0.5 or scale <= 0.25) and not (width % 2 or height % 2):
        width, height, scale = width // 2, height // 2, 2 * scale
        buffers.append(np.empty((height, width, 3), np.uint8))
    return buffers
