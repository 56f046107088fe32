"""Patches of drawn faces in memory, with the effects of a camera added: the training samples."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from landmarkd.layout import LAYOUTS
from landmarkd.vision.geometry import extent_of
from landmarkd.vision.parts import Part, places

from models.training.patches import normalise

Arrays = dict[str, np.ndarray]
DETAIL = 1.35
"""Stored pixels for each pixel of a patch."""
MARGIN_PX = 11
"""Margin: pixels stored beyond the patch on every side."""
_LAYOUT = LAYOUTS["landmarkd-562"]


def load(folders: list[Path], part: Part, first: int = 0, last: int | None = None) -> Arrays:
    """Return the patches of `shard-*.npz` in folders, as `models.synth write --near` makes them.

    Args:
        folders: of shards.
        part: what to cut.
        first: index of the first file to use in each folder, as in a slice.
        last: index after the last file, as in a slice.

    Returns:
        `patch` uint8 (n, …, 3), `points` float32 (n, points, 2) in pixels of the patch, from its
        centre, `seen` bool (n, points), `yaw` float32 (n,) degrees.

    Raises:
        FileNotFoundError: there is no such file.
    """
    paths = [path for folder in folders for path in sorted(folder.glob("shard-*.npz"))[first:last]]
    if not paths:
        raise FileNotFoundError(f"no shard-*.npz in {', '.join(map(str, folders))}")
    found = [_cut(path, part) for path in paths]
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def _cut(path: Path, part: Part) -> Arrays:
    """Every patch of a shard, upright in the face, with its margin."""
    margin = round(MARGIN_PX * DETAIL)
    size = round(part.width * DETAIL) + 2 * margin, round(part.height * DETAIL) + 2 * margin
    middle = (np.array([part.width, part.height]) - 1) / 2
    with np.load(path) as shard:
        jpeg, offsets = shard["jpeg"], shard["offsets"]
        points, visible = shard["points"], shard["visible"]
        faces = np.flatnonzero(shard["face"])
        yaw = shard["pose_deg"][:, 1]
    rows: dict[str, list[np.ndarray]] = {"patch": [], "points": [], "seen": [], "yaw": []}
    for face in faces:
        image = cv2.imdecode(jpeg[offsets[face] : offsets[face + 1]], cv2.IMREAD_COLOR_RGB)
        ibug68 = _LAYOUT.ibug68
        affines = np.array(places(points[face], ibug68, part, extent_of(points[face], ibug68)))
        for affine, chosen, side in zip(affines, part.points, (1, -1), strict=False):
            into = _LAYOUT.ibug68[chosen]
            wide = np.column_stack([affine[:, :2] / DETAIL, affine[:, :2] @ middle + affine[:, 2]])
            wide[:, 2] -= wide[:, :2] @ ((np.array(size) - 1) / 2)
            rows["patch"].append(_warp(image, wide, size))
            at = np.linalg.solve(affine[:, :2], (points[face, into, :2] - affine[:, 2]).T).T
            rows["points"].append((at - middle).astype(np.float32))
            rows["seen"].append(visible[face, into])
            rows["yaw"].append(np.asarray(yaw[face] * side, np.float32))
    return {name: np.stack(values) for name, values in rows.items()}


def as_input(patches: np.ndarray) -> torch.Tensor:
    """Return patches, uint8 (n, height, width, 3), as the network takes them."""
    return normalise(torch.from_numpy(patches).permute(0, 3, 1, 2).float() / 255)


def sample(
    stored: Arrays, index: np.ndarray, rng: np.random.Generator, part: Part, *, moved: bool = True
) -> Arrays:
    """Return a batch: `patch` uint8 (n, height, width, 3) as the runtime would cut it, and labels.

    Args:
        stored: from `load`.
        index: (n,) which of the patches.
        rng: random generator.
        part: what they show.
        moved: whether patches are rotated, scaled and shifted, as inaccurate points would do.
    """
    n, spread = len(index), float(moved)
    angle = np.clip(0.07 * rng.normal(size=n), -0.25, 0.25) * spread
    zoom = np.exp(np.clip(0.07 * rng.normal(size=n), -0.2, 0.2) * spread)
    shift = np.clip(2.2 * rng.normal(size=(n, 2)), -6.5, 6.5) * spread
    cosine, sine = np.cos(angle), np.sin(angle)
    # A pixel p of the patch, from its centre, lies at zoom R p + shift in the upright one.
    turn = np.stack([cosine, -sine, sine, cosine], 1).reshape(n, 2, 2)
    points = stored["points"][index] - shift[:, None]
    points = points @ turn / zoom[:, None, None]  # row vectors: p R is the inverse rotation of p
    patches = np.empty((n, part.height, part.width, 3), np.uint8)
    for k, i in enumerate(index):
        patches[k] = taken(rng, stored["patch"][i], turn[k] * zoom[k], shift[k], part)
    return {
        "patch": patches,
        "points": points.astype(np.float32),
        "seen": stored["seen"][index],
        "yaw": stored["yaw"][index],
    }


def taken(
    rng: np.random.Generator, stored: np.ndarray, linear: np.ndarray, shift: np.ndarray, part: Part
) -> np.ndarray:
    """One patch (height, width, 3) with exposure, blur, pixels and noise of a random camera.

    Half of the cameras are good: patches that nobody could label teach nothing.
    """
    picture = cv2.LUT(stored, _curves(rng)[None])
    if rng.random() < 0.2:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    good = rng.random() < 0.5
    pixels = 1.0 if good else float(np.exp(rng.uniform(np.log(0.45), 0.0)))
    blur = 0.25 if good else float(np.exp(rng.uniform(np.log(0.25), np.log(1.3))))
    sigma = DETAIL * float(np.hypot(blur, 0.3 / pixels))
    picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    middle = (np.array(picture.shape[1::-1]) - 1) / 2
    inner = (np.array([part.width, part.height]) - 1) / 2
    grain = np.exp(rng.uniform(np.log(0.6), np.log(4.0 if good else 14.0)))
    if pixels < 1.0:
        # The camera's grid is upright; the patch is rotated when it is cut from the picture.
        size = round(part.width * pixels * 1.15) + 2, round(part.height * pixels * 1.2) + 2
        grid_middle = (np.array(size) - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
        step = DETAIL / pixels
        offset = middle + DETAIL * shift - step * grid_middle
        picture = _warp(picture, np.array([[step, 0, offset[0]], [0, step, offset[1]]]), size)
        picture = _noisy(rng, picture, grain)
        cut = linear * pixels
        offset = grid_middle - cut @ inner
        return _warp(picture, np.column_stack([cut, offset]), (part.width, part.height))
    cut = linear * DETAIL
    offset = middle + DETAIL * shift - cut @ inner
    picture = _warp(picture, np.column_stack([cut, offset]), (part.width, part.height))
    return _noisy(rng, picture, grain)


def _warp(picture: np.ndarray, affine: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.warpAffine(
        picture, affine, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


_CODES = np.linspace(0, 1, 256)[:, None]


def _curves(rng: np.random.Generator) -> np.ndarray:
    """Tone curves (256, 3) uint8: exposure, white balance, gamma, lifted blacks."""
    gain = np.exp(rng.normal(0, 0.22) + rng.normal(0, 0.08, 3))
    x = np.minimum(_CODES * gain, 1.0) ** np.exp(rng.normal(0, 0.25))
    if rng.random() < 0.2:
        x = x * rng.uniform(0.3, 0.8) + rng.uniform(0, 0.2)
    return np.clip(255 * x + 0.5, 0, 255).astype(np.uint8)


_BANK = (np.random.default_rng(3).standard_normal(1 << 20) * 32).clip(-127, 127).astype(np.int8)


def _noisy(rng: np.random.Generator, picture: np.ndarray, level: float) -> np.ndarray:
    """Add the sensor's noise, `level` grey values, and sometimes that of a codec."""
    start = int(rng.integers(len(_BANK) - picture.size))
    grain = _BANK[start : start + picture.size].reshape(picture.shape)
    picture = cv2.addWeighted(picture, 1.0, grain, level / 32, 0.0, dtype=cv2.CV_8U)
    if rng.random() < 0.12:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))]
        coded = cv2.imencode(".jpg", picture, quality)[1]
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return picture
