"""The representative set: the crops on which the ranges of int8 activations are measured."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PACKED = Path(__file__).with_name("representative.npz")


def load_representative(path: Path = PACKED) -> NDArray[np.uint8]:
    """(N, side, side, 3) uint8 RGB crops of a representative set.

    Raises:
        ValueError: The file is no representative set, or a picture in it is damaged.
    """
    with np.load(path) as stored:
        if not {"jpeg", "offsets"} <= set(stored.files):
            raise ValueError(
                f"{path} is no representative set: make one with python -m calibration.int8"
            )
        data, offsets = stored["jpeg"], stored["offsets"]
    pictures: list[np.ndarray] = []
    for start, end in pairwise(offsets):
        picture = cv2.imdecode(data[start:end], cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(
                f"{path}: picture {len(pictures)} cannot be decoded; make the set again"
            )
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    return np.stack(pictures)


def save_representative(path: Path, pictures: NDArray[np.uint8], quality: int = 90) -> None:
    """Pack (N, side, side, 3) uint8 RGB crops as JPEG into one file, atomically."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
    encoded = [
        cv2.imencode(".jpg", cv2.cvtColor(p, cv2.COLOR_RGB2BGR), parameters)[1].ravel()
        for p in pictures
    ]
    offsets = np.cumsum([0, *map(len, encoded)])
    temporary = path.with_name(path.stem + ".tmp.npz")
    np.savez(temporary, jpeg=np.concatenate(encoded), offsets=offsets)
    temporary.replace(path)
