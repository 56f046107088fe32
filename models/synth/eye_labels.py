"""Patches and labels of a drawn pair of eyes, in the form that the eye model reads."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from landmarkd.layout import DENSE, canonical_points, layout_of
from landmarkd.vision.eye_patch import HEIGHT, WIDTH, image_from_patch, to_patch

from models.head import Camera, Eyes
from models.head.model import eye_directions
from models.synth.expression import Pose
from models.synth.eye_file import DETAIL, MARGIN, STORED, kinds
from models.synth.scene import Drawing, Placement

LAYOUT = layout_of("landmarkd-562")
_MIRRORED_IRIS = LAYOUT.right_iris[[0, 3, 2, 1, 4]]
SIDES = (
    (np.concatenate([LAYOUT.left_lid, LAYOUT.left_iris]), 1.0, 1),
    (np.concatenate([LAYOUT.right_lid, _MIRRORED_IRIS]), -1.0, 0),
)
"""Of the left and the right eye: points, sign of x, and row in arrays of the head (right first)."""


@dataclass(frozen=True)
class Shots:
    """n eyes as the network reads them; right eyes are mirrored.

    Attributes:
        patch: uint8 (n, *STORED) grey, gamma 2.2.
        points: float32 (n, 21, 2) pixels of the network's patch.
        openness: float32 (n,) gap of the lids over the width in 3D.
        share: float32 (n,) share of the iris that is not covered by lids.
        seen: float32 (n,) share of the lids and the skin around them that nothing hides.
        kind: uint8 (n,) NEITHER, SHUT or DOWN.
        gaze: float32 (n, 2) x (to the patch's right) and y (down) of the unit vector of the gaze in
            the frame of the ray to the eye.
        rotation: float32 (n, 3, 3) rotation of the head in that frame, y down.
        scale: float32 (n,) pixels of the patch for each millimetre at the eye.
        eyes: float32 (n, 2) pitch and yaw of the gaze in the head, degrees, mirrored.
        closed: float32 (n,) how far the lids were closed.
        tags: uint8 (n,) bits of `models.synth.eye_file`.
        pose: float32 (n, 3) pitch, yaw, roll.
    """

    patch: np.ndarray
    points: np.ndarray
    openness: np.ndarray
    share: np.ndarray
    seen: np.ndarray
    kind: np.ndarray
    gaze: np.ndarray
    rotation: np.ndarray
    scale: np.ndarray
    eyes: np.ndarray
    closed: np.ndarray
    tags: np.ndarray
    pose: np.ndarray


def _ring() -> tuple[np.ndarray, np.ndarray]:
    head = canonical_points(LAYOUT)
    found = []
    for chosen, _, _ in SIDES:
        distance = np.linalg.norm(head[:DENSE] - head[chosen[:16]].mean(0), axis=1)
        found.append(np.flatnonzero((distance > 8.0) & (distance < 24.0)))
    return found[0], found[1]


_AROUND = _ring()


def labelled(
    grey: np.ndarray, drawing: Drawing, metric: np.ndarray, placement: Placement, camera: Camera,
    points: np.ndarray, visible: np.ndarray, eyes: Eyes, closed: tuple[float, float], tags: int,
    pose: Pose,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return the fields of `Shots` of both eyes of a drawing, two rows each, the left eye first.

    Args:
        grey: (rows, columns) float32 of the drawing, linear.
        drawing: the drawing.
        metric: (562, 3) landmarks in the head's frame.
        placement: position and rotation of the head.
        camera: the camera.
        points: (562, 3) the landmarks in the picture.
        visible: bool (562,) whether nothing hides them.
        eyes: rotation of the eyes.
        closed: how far the right and the left lids are closed.
        tags: bits of `models.synth.eye_file`.
        pose: pitch, yaw and roll of the head.
    """
    gazes = eye_directions(eyes) @ placement.camera_from_head().T
    rows = []
    for (chosen, sign, row), affine, around in zip(
        SIDES, image_from_patch(points, LAYOUT.ibug68), _AROUND, strict=True
    ):
        at = to_patch(points[chosen, :2], affine).astype(np.float32)
        centre = placement(metric[chosen[:16]]).mean(0)
        to_ray = _ray_frame(centre, affine, sign)
        share = iris_share(at)
        opened = _openness(metric[chosen[:16]])
        kind = kinds(*np.array([opened, closed[row], share, eyes.pitch]))
        dark = (drawing.lens_index >= 0) & (
            drawing.parts[drawing.part[np.maximum(drawing.lens_index, 0)], 12] < 0.3
        )
        x, y = np.rint(points[chosen[:16], :2].mean(0)).astype(int) * 2
        lens = bool(dark[np.clip(y, 0, len(dark) - 1), np.clip(x, 0, dark.shape[1] - 1)])
        # Where the lids meet, one hides points of the other; the skin around them shows what is
        # hidden.
        seen = visible[around].mean() * (0.2 if lens else 1.0)
        patch = _stored(grey, affine)
        rows.append(
            {
                "patch": patch, "points": at, "openness": np.float32(opened),
                "share": np.float32(share), "seen": np.float32(seen), "kind": np.uint8(kind),
                "gaze": (to_ray @ gazes[row])[:2].astype(np.float32),
                "rotation": (
                    to_ray @ placement.camera_from_head() @ np.diag([sign, -1.0, -1.0])
                ).astype(np.float32),
                "scale": np.float32(
                    camera.focal / (centre[2] * 10) / np.hypot(affine[0, 0], affine[1, 0])
                ),
                "eyes": np.array([eyes.pitch, eyes.yaw * sign], np.float32),
                "closed": np.float32(closed[row]),
                "tags": np.uint8(tags),
                "pose": np.array([pose.pitch, pose.yaw * sign, pose.roll], np.float32),
            }
        )  # fmt: skip
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _stored(grey: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Cut a patch with its margin from a linear picture, exposed by its own brightness."""
    wide = affine.copy()
    wide[:, :2] /= DETAIL
    # The first stored pixel, in pixels of the patch.
    corner = (0.5 / DETAIL - 0.5) - np.array(MARGIN) / DETAIL
    wide[:, 2] += affine[:, :2] @ corner
    cut = cv2.warpAffine(
        grey, wide, STORED[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    gain = 0.17 / max(float(np.minimum(cut, 4 * np.median(cut)).mean()), 1e-5)
    return (255 * np.clip(cut * gain, 0, 1) ** (1 / 2.2) + 0.5).astype(np.uint8)


def _ray_frame(centre: np.ndarray, affine: np.ndarray, sign: float) -> np.ndarray:
    """Rotation (3, 3), mirrored if needed, from the camera's frame to the frame of a patch."""
    away = centre / np.linalg.norm(centre)
    right = np.array([affine[0, 0], affine[1, 0], 0.0])
    right -= away * (right @ away)
    right /= np.linalg.norm(right)
    down = np.cross(away, right * sign)
    return np.stack([right, down, away])


def _openness(lid: np.ndarray) -> float:
    """As `models.head.openness`, but lids that cross have a negative gap."""
    width = np.linalg.norm(lid[0] - lid[8])
    gaps = [lid[k] - lid[16 - k] for k in (3, 4, 5)]
    sign = np.sign(np.mean([gap[1] for gap in gaps]))
    return float(sign * np.mean([np.linalg.norm(gap) for gap in gaps]) / width)


def iris_share(points: np.ndarray) -> float:
    """Share of the iris's disc (points 16 to 20 of an eye) that is between the lids (0 to 15)."""
    limbus = points[17:21]
    a, b = (limbus[0] - limbus[2]) / 2, (limbus[1] - limbus[3]) / 2
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
    disc = limbus.mean(0) + np.cos(angle) * a + np.sin(angle) * b
    zoom, size = 4, (HEIGHT * 4, WIDTH * 4)
    masks = []
    for outline in (disc, points[:16]):
        mask = np.zeros(size, np.uint8)
        cv2.fillPoly(mask, [np.rint(outline * zoom).astype(np.int32)], 1)
        masks.append(mask)
    whole = int(masks[0].sum())
    return float((masks[0] & masks[1]).sum() / whole) if whole else 0.0
