"""The landmark model: a square of the image in, points in image pixels out."""

import math

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.layout import DENSE, Layout, layout_of
from landmarkd.stages import StageClock
from landmarkd.types import Box, FaceExtent, FaceObservation, RegionOfInterest
from landmarkd.vision.cards import LandmarkCard, OutputContract
from landmarkd.vision.cutter import Cutter
from landmarkd.vision.geometry import (
    extent_of,
    roi_from_box,
    to_image,
    trusted,
)
from landmarkd.vision.model import PictureModel
from landmarkd.vision.runtime import DelegateChoice
from landmarkd.vision.zoo import Zoo


class LandmarkModel(PictureModel[LandmarkCard]):
    """Any landmark model of the zoo, driven by its manifest entry alone; opened as its base."""

    def __init__(
        self,
        zoo: Zoo,
        name: str = "default",
        *,
        threads: int = 1,
        delegate: DelegateChoice = "none",
    ) -> None:
        self._open(zoo, zoo.landmarks(name), threads, delegate)

    def _prepare(self) -> None:
        self.layout: Layout = layout_of(self.card.landmarks.layout)
        self.crop = self.card.crop
        for name, contract in self.card.outputs.items():
            self._check_output(name, contract)
        self.has_presence: bool = "presence" in self.card.outputs
        """Whether the model has an output for the presence of a face."""
        # The model's own input where possible: the crop needs no copy.
        size = self.card.input.width
        self._cutter = Cutter(
            self.engine.input(0)[0].view(np.uint8)
            if self._table.dtype == np.int8
            else np.empty((size, size, 3), np.uint8)
        )

    def first_roi(self, box: Box, angle: float = 0.0) -> RegionOfInterest:
        """Return the first region, from a tight box around the 68 points."""
        return roi_from_box(box, self.crop.first_margin, self.crop.first_shift_up, angle)

    def extent(self, seen: FaceObservation) -> FaceExtent:
        """Return where the points of a face lie."""
        return seen.extent or extent_of(seen.points, self.layout.ibug68)

    def next_roi(self, seen: FaceObservation) -> RegionOfInterest:
        """Return the region for the next frame, from the points and their certainty."""
        roi = self.region(seen)
        return (
            roi
            if seen.sigma is None
            else trusted(seen.roi, roi, float(np.add.reduce(seen.sigma[:DENSE])) / DENSE)
        )

    def region(self, seen: FaceObservation) -> RegionOfInterest:
        """Return the region about the points, however certain they are."""
        extent = self.extent(seen)
        return RegionOfInterest(extent.x, extent.y, self.crop.margin * extent.side, extent.roll)

    def locate(
        self, image: NDArray[np.uint8], roi: RegionOfInterest, clock: StageClock
    ) -> FaceObservation:
        """Return the result for a region of a (height, width, 3) uint8 BGR image.

        Raises:
            DelegateError: the accelerator was lost.
        """
        crop = self._cutter.cut(image, roi)
        clock.lap("crop")
        self._quantise(crop)
        clock.lap("quantise")
        self.engine.invoke()
        clock.lap("inference")
        points = to_image(self._output("points", 3), roi)
        sigma = None
        if "log_sigma" in self.card.outputs:
            # Limit sigma to the whole crop, because a network may return any value for unknown
            # input.
            sigma = np.minimum(self._output("log_sigma").ravel(), np.float32(0))
            np.exp(sigma, out=sigma)
            sigma *= roi.side
        score = 1.0
        if self.has_presence:
            logit = self._output("presence").item()
            score = 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))
        extent = extent_of(points, self.layout.ibug68)
        clock.lap("decode")
        return FaceObservation(score, roi, points, sigma, extent=extent)

    def _check_output(self, name: str, contract: OutputContract) -> None:
        if contract.index >= len(self.engine.outputs):
            raise ModelError(
                f"{self.card.file} has no output {contract.index} ({name}); reinstall landmarkd."
            )
        shape = tuple(self.engine.outputs[contract.index].shape)
        sizes = {"points": self.layout.count * 3, "log_sigma": self.layout.count, "presence": 1}
        if shape != contract.shape or math.prod(shape) != sizes.get(name, math.prod(shape)):
            raise ModelError(
                f"{self.card.file}: output {name} has the shape {shape}, the manifest says "
                f"{contract.shape} for {self.layout.count} points; reinstall landmarkd."
            )
