"""Shared by the measurements of the eye model: models, patches, and sheets of pictures."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.types import Report
from landmarkd.vision.eye_reading import PatchReadings, read
from landmarkd.vision.eyes import EyeModel

from models.evaluate.clips import frames_of

Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Bench:
    """What the measurements need.

    Attributes:
        model: the eye model.
        zoo: folder of all models, or None for the one that comes with the package.
        real: folder of real faces.
        rendered: folders of drawn eyes; the first two files of each were not used for training.
        out: folder for sheets of the worst eyes, or None.
    """

    model: EyeModel
    zoo: Path | None
    real: Path
    rendered: list[Path]
    out: Path | None

    def pipeline(self, camera: str = "guess:60deg") -> Pipeline:
        """Return a pipeline as the daemon builds it."""
        settings = {"model": {"folder": self.zoo}, "source": {"camera": camera}}
        return Pipeline(Configuration.model_validate(settings))

    def play(self, path: Path, step: int = 1) -> list[Report]:
        """Return the reports of every `step`-th frame of a clip."""
        with self.pipeline() as pipeline:
            return [pipeline.process(frame) for frame in frames_of(path, step=step)]


def read_patches(model: EyeModel, patches: np.ndarray) -> PatchReadings:
    """Return the readings of patches uint8 (n, HEIGHT, WIDTH) by the device's own file."""
    pairs = [[k, min(k + 1, len(patches) - 1)] for k in range(0, len(patches), 2)]
    outs = [model.read_patches(patches[pair]).copy() for pair in pairs]
    return read(np.concatenate(outs)[: len(patches)])


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a positive scores above a negative."""
    order = np.argsort(np.argsort(score, kind="stable")) + 1.0
    hits = int(positive.sum())
    return float((order[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(score) - hits)))


def gap(points: np.ndarray) -> np.ndarray:
    """Return the mean gap of the lids (n,) of points (n, 21, 2), patch pixels."""
    return (points[:, 9:16][:, ::-1] - points[:, 1:8])[..., 1].mean(1)


def sheet(patches: np.ndarray, points: np.ndarray, path: Path) -> None:
    """Write a picture of patches, each next to a copy with its points."""
    cells = []
    for patch, dots in zip(patches, points, strict=True):
        cell = cv2.cvtColor(cv2.resize(patch, None, fx=2, fy=2), cv2.COLOR_GRAY2BGR)
        drawn = cell.copy()
        for k, (x, y) in enumerate(dots):
            at = (round(float(2 * x + 0.5) * 8), round(float(2 * y + 0.5) * 8))
            colour = (0, 255, 255) if k < 16 else (0, 0, 255)
            cv2.circle(drawn, at, 12, colour, -1, cv2.LINE_AA, 3)
        cells.append(np.hstack([cell, drawn]))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % 5)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(path), np.vstack([np.hstack(cells[k : k + 5]) for k in range(0, len(cells), 5)])
    )
