"""A composed scene with its labels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.network import SIDE

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """A composed input.

    Attributes:
        image: (160, 160, 3) uint8 RGB, black where the frame's shape leaves the square empty.
        faces: (n, 8) float32: x0, y0, x1, y1 of the 68 points, middle of the eyes x, y, chin x, y;
            pixels.
        ignored: (n,) bool, faces cut so much that finding them is neither right nor wrong.
    """

    image: Image
    faces: NDArray[np.float32]
    ignored: NDArray[np.bool_]


def turned(scene: Scene, quarters: int) -> Scene:
    """Return a scene turned clockwise by this many quarters, with its labels."""
    faces = scene.faces.reshape(-1, 4, 2)
    for _ in range(quarters % 4):
        faces = np.stack([SIDE - 1 - faces[..., 1], faces[..., 0]], -1)
    low, high = faces[:, :2].min(1), faces[:, :2].max(1)
    faces = np.concatenate([low, high, faces[:, 2], faces[:, 3]], 1).astype(np.float32)
    image = np.ascontiguousarray(np.rot90(scene.image, -quarters))
    return Scene(image, faces, scene.ignored)


def draw(scene: Scene, zoom: int = 2) -> Image:
    """Return a scene with its labels drawn, BGR: faces green, ignored ones red."""
    picture = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    picture = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    for face, ignored in zip(
        np.rint((scene.faces + 0.5) * zoom).astype(int), scene.ignored, strict=True
    ):
        cv2.rectangle(
            picture,
            face[:2].tolist(),
            face[2:4].tolist(),
            (0, 0, 255) if ignored else (0, 255, 0),
            1,
        )
        cv2.line(picture, face[4:6].tolist(), face[6:8].tolist(), (255, 255, 0), 1)
    return picture
