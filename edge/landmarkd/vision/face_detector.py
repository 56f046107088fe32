"""Our own detector: a small network for the whole frame, and for windows with small faces."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.types import Array, Box, Detection
from landmarkd.vision.cards import DetectorCard
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

MOST_CANDIDATES = 200
"""Maximum of compared answers, the best ones."""


class FaceDetector(PictureModel[DetectorCard], Detector):
    """Any detector of the zoo, driven by its manifest entry alone.

    Args:
        zoo: of the model; None is the one of landmarkd.
        name: of the model, or "default".
        threads: for the runtime's CPU kernels.
        delegate: "none", "auto" or "coral".

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
        DelegateError: a required accelerator cannot be used.
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
        return _best(faces, self.card.cells.overlap)

    def propose(
        self, image: NDArray[np.uint8], least: float = 0.5, roll: float = 0.0
    ) -> list[Detection]:
        """Return the faces of one search in a whole image, see `Detector.propose`.

        Raises:
            DelegateError: the accelerator was lost.
        """
        return self._look(image, least, roll)

    def _look(self, image: NDArray[np.uint8], least: float, roll: float = 0.0) -> list[Detection]:
        """Return the faces of one search with at least a score, best first."""
        scale, left, top = self._feed(image, roll)
        self.engine.invoke()
        logits = self._output("scores").ravel()
        chosen = np.flatnonzero(logits >= -math.log(1 / least - 1))
        if not len(chosen):
            return []
        chosen = chosen[np.argsort(-logits[chosen], kind="stable")[:MOST_CANDIDATES]]
        cells = self._cells[chosen]
        boxes, marks = _decode(
            self._output("geometry", GEOMETRY, chosen), cells[:, :2], cells[:, 2]
        )
        if roll:
            boxes, marks = _turned_back(boxes, marks, self._upright(roll))
        # Of so few numbers Python's own functions are faster than numpy's.
        found = [
            Detection(
                1 / (1 + math.exp(-logit)),
                (box[0], box[1], box[2], box[3]),
                math.degrees(math.atan2(-across, down)),
            )
            for logit, box, (across, down) in zip(
                logits[chosen].tolist(),
                boxes.tolist(),
                (marks[:, 1] - marks[:, 0]).tolist(),
                strict=True,
            )
        ]
        return [
            Detection(face.score, _unscale(face.box, scale, left, top), face.angle)
            for face in _best(found, self.card.cells.overlap)
        ]

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


def _decode(values: Array, centres: Array, units: Array) -> tuple[Array, Array]:
    """Return boxes (n, 4) and marks (n, 2, 2): middle of the eyes, chin; pixels of the input."""
    unit = units[:, None]
    middle = centres + values[:, 0:2] * unit
    half = np.exp2(np.clip(values[:, 2:4], -6, 6)) * unit / 2
    marks = centres[:, None] + values[:, 4:8].reshape(-1, 2, 2) * unit[:, None]
    return np.concatenate([middle - half, middle + half], 1), marks


def _turned_back(boxes: Array, marks: Array, affine: NDArray[np.float64]) -> tuple[Array, Array]:
    """Return boxes and marks that were found in a turned square where an affine takes them.

    The box of a rotated face has other sides: the nearest right angle decides which side is the
        width.
    """
    linear, shift = affine[:, :2].astype(np.float32), affine[:, 2].astype(np.float32)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 @ linear.T + shift
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.float32(math.sqrt(abs(np.linalg.det(linear))))
    if abs(linear[0, 1]) > abs(linear[0, 0]):
        half = half[:, ::-1]
    return np.concatenate([middle - half, middle + half], 1), marks @ linear.T + shift


def _unscale(box: Box, scale: float, left: int, top: int) -> Box:
    """Map a box from input to frame pixels; pixel centres are at integers in both."""
    x0, y0, x1, y1 = box
    return (
        (x0 - left + 0.5) / scale - 0.5,
        (y0 - top + 0.5) / scale - 0.5,
        (x1 - left + 0.5) / scale - 0.5,
        (y1 - top + 0.5) / scale - 0.5,
    )


def _best(faces: list[Detection], overlap: float) -> list[Detection]:
    """Return faces, best first, without those that overlap a better one by more than a share."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: face.score, reverse=True):
        if all(box_overlap(face.box, better.box) <= overlap for better in kept):
            kept.append(face)
    return kept
