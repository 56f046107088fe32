"""Folders of pictures with position maps in the layout written for 300W-LP.

For each picture ``name.jpg`` (256x256) lies beside it ``name.npy``, float32 (256, 256, 3): image x,
image y and depth in pixels of the picture, per texel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

SHAPE = (256, 256, 3)


@dataclass(frozen=True)
class Pair:
    """A picture and its position map.

    Attributes:
        name: Path in the folder without ending.
        image: uint8 (256, 256, 3) RGB.
        position_map: float32 (256, 256, 3).
    """

    name: str
    image: np.ndarray
    position_map: np.ndarray

    def __post_init__(self) -> None:
        if self.image.shape != SHAPE or self.image.dtype != np.uint8:
            raise ValueError(
                f"{self.name}: the picture is {self.image.dtype} {self.image.shape}, "
                f"not uint8 {SHAPE}"
            )
        if self.position_map.shape != SHAPE or self.position_map.dtype != np.float32:
            kind = f"{self.position_map.dtype} {self.position_map.shape}"
            raise ValueError(f"{self.name}: the position map is {kind}, not float32 {SHAPE}")
        if not np.isfinite(self.position_map).all():
            raise ValueError(f"{self.name}: the position map holds values that are no numbers")


def write_pair(folder: Path, pair: Pair) -> None:
    """Write ``name.jpg`` and ``name.npy``."""
    base = folder / pair.name
    base.parent.mkdir(parents=True, exist_ok=True)
    np.save(base.with_name(base.name + ".npy"), pair.position_map)
    picture = cv2.cvtColor(pair.image, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(
        str(base.with_name(base.name + ".jpg")), picture, [cv2.IMWRITE_JPEG_QUALITY, 95]
    ):
        raise OSError(f"cannot write {base}.jpg")


def read_folder(folder: Path) -> Iterator[Pair]:
    """Every pair below a folder, by name.

    Raises:
        FileNotFoundError: No picture, or one without its map.
        ValueError: A file that is not of the layout; the sentence names it.
    """
    pictures = sorted(folder.rglob("*.jpg"))
    if not pictures:
        raise FileNotFoundError(f"no *.jpg below {folder}")
    for path in pictures:
        image = cv2.imread(str(path))
        if image is None:
            raise ValueError(f"{path} cannot be read as a picture")
        data = path.with_suffix(".npy")
        if not data.is_file():
            raise FileNotFoundError(f"{path} has no {data.name} beside it")
        try:
            position_map = np.load(data, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(f"{data} cannot be read as an array: {error}") from error
        name = str(path.relative_to(folder).with_suffix(""))
        yield Pair(
            name,
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB),
            position_map.astype(np.float32, copy=False),
        )
