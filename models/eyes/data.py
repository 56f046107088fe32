"""Patches of eyes cut from the shards of synthetic crops, with room around them for augmentation."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from landmarkd.layout import DENSE, canonical_points, layout_of
from landmarkd.vision.eye_patch import HEIGHT, WIDTH, image_from_patch, to_patch

MARGIN = 14
"""Pixels that a stored patch has more than the network sees, on every side."""
LAYOUT = layout_of("landmarkd-562")
# The iris is given as centre, then right, top, left and bottom in the image: mirroring swaps right
# and left.
LEFT = np.concatenate([LAYOUT.left_lid, LAYOUT.left_iris])
_HEAD = canonical_points(LAYOUT)
_RING_MM = (8.0, 24.0)


def _around(centre: np.ndarray) -> np.ndarray:
    """Return the dense points of the skin round an eye: whether they show says whether the eye is covered.

    The lids themselves do not: each hides points of the other when they shut.
    """
    distance = np.linalg.norm(_HEAD[:DENSE] - centre, axis=1)
    return np.flatnonzero((distance > _RING_MM[0]) & (distance < _RING_MM[1]))


AROUND_LEFT, AROUND_RIGHT = (
    _around(_HEAD[lid].mean(0)) for lid in (LAYOUT.left_lid, LAYOUT.right_lid)
)
RIGHT = np.concatenate([LAYOUT.right_lid, LAYOUT.right_iris[[0, 3, 2, 1, 4]]])


def read_shard(path: Path) -> dict[str, np.ndarray]:
    """Return the eyes of one shard.

    Returns:
        `patch` uint8 (n, HEIGHT + 2 MARGIN, WIDTH + 2 MARGIN), `points` float32 (n, 21, 2) pixels
        of the inner patch (16 of the lid, 5 of the iris, as of a left eye), `visible` float32 (n,)
        share of the skin round it that shows, `iris` float32 (n,) share of the iris that shows,
        `openness` float32 (n,) and `gaze` float32 (n, 2) pitch and yaw in degrees, mirrored with
        the eye.
    """
    shard = np.load(path)
    found: dict[str, list] = {
        name: [] for name in ("patch", "points", "visible", "iris", "openness", "gaze")
    }
    jpeg, offsets = shard["jpeg"], shard["offsets"]
    points, visible, openness, gaze = (
        shard[name] for name in ("points", "visible", "openness", "gaze_deg")
    )
    for index in np.flatnonzero(shard["face"]):
        if not np.isfinite(points[index]).all():
            continue
        picture = cv2.imdecode(jpeg[offsets[index] : offsets[index + 1]], cv2.IMREAD_GRAYSCALE)
        affines = image_from_patch(points[index], LAYOUT.ibug68)
        sides = ((LEFT, AROUND_LEFT, 1), (RIGHT, AROUND_RIGHT, 0))
        for affine, (chosen, around, side) in zip(affines, sides, strict=True):
            found["patch"].append(_cut(picture, affine))
            found["points"].append(to_patch(points[index, chosen, :2], affine))
            found["visible"].append(visible[index, around].mean())
            found["iris"].append(visible[index, chosen[16:]].mean())
            found["openness"].append(openness[index, side])
            found["gaze"].append(gaze[index] * (1, 1 if side else -1))
    return {
        name: np.array(values, np.uint8 if name == "patch" else np.float32)
        for name, values in found.items()
    }


def _cut(picture: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the patch with its margin; shrunk by averaging, as the runtime does."""
    factor = max(1, int(np.ceil(np.hypot(affine[0, 0], affine[1, 0]))))
    wide = affine.copy()
    wide[:, 2] -= affine[:, :2] @ (MARGIN, MARGIN)
    wide[:, 2] += wide[:, :2].sum(1) * (0.5 / factor - 0.5)
    wide[:, :2] /= factor
    width, height = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (width * factor, height * factor)
    large = cv2.warpAffine(picture, wide, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return (
        large if factor == 1 else cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    )
