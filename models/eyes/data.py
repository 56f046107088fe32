"""Drawn eyes in memory, with the effects of a camera added: the training samples."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from landmarkd.vision.eye_patch import HEIGHT, WIDTH

from models.synth.eye_file import DETAIL, INFRARED, STORED, kinds

Arrays = dict[str, np.ndarray]
_CENTRE = np.array([(STORED[1] - 1) / 2, (STORED[0] - 1) / 2])
_INNER = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
_LINES = np.linspace(-0.5, 0.5, 25)
POSE_ERROR = 0.06
"""Standard deviation of the error of the head's measured forward direction, in radians."""


def load(
    folders: list[Path],
    first: int = 0,
    last: int | None = None,
    part: tuple[int, int] = (0, 1),
) -> Arrays:
    """Return the eyes of `eyes-*.npz` in folders: the fields of `models.synth.eye_labels.Shots`.

    Args:
        folders: that `models.eyes render` wrote.
        first: index of the first file to use in each folder, as in a slice.
        last: index after the last file, as in a slice.
        part: (k, n) uses every n-th of those files, from file k on.

    Raises:
        FileNotFoundError: there is no such file.
    """
    paths = [path for folder in folders for path in sorted(folder.glob("eyes-*.npz"))[first:last]]
    paths = paths[part[0] :: part[1]]
    if not paths:
        raise FileNotFoundError(f"no eyes-*.npz in {', '.join(map(str, folders))}")
    parts = [np.load(path) for path in paths]
    names = set.intersection(*(set(part.files) for part in parts))
    eyes = {name: np.concatenate([part[name] for part in parts]) for name in sorted(names)}
    eyes["kind"] = kinds(eyes["openness"], eyes["closed"], eyes["share"], eyes["eyes"][:, 0])
    return eyes


def sample(
    eyes: Arrays, index: np.ndarray, rng: np.random.Generator, *, moved: bool = True
) -> Arrays:
    """Return a batch: `patch` uint8 (n, HEIGHT, WIDTH) as the runtime would cut it, and labels.

    `ahead` is the head's forward direction as the runtime would measure it, (n, 2) in the form of
    `gaze`.

    Args:
        eyes: from `load`.
        index: (n,) which of the eyes.
        rng: random generator.
        moved: whether the patches are also rotated, scaled and shifted, as an inaccurate box would
            do.
    """
    n = len(index)
    spread = float(moved)
    angle = np.clip(0.10 * rng.normal(size=n), -0.3, 0.3) * spread
    zoom = np.exp(np.clip(0.07 * rng.normal(size=n), -0.2, 0.2) * spread)
    shift = np.clip(2.0 * rng.normal(size=(n, 2)), -5.5, 5.5) * spread
    cosine, sine = np.cos(angle), np.sin(angle)
    # A pixel p of the patch, from its centre, lies at zoom R p + shift in the upright one.
    turn = np.stack([cosine, -sine, sine, cosine], 1).reshape(n, 2, 2)
    patches = np.empty((n, HEIGHT, WIDTH), np.uint8)
    for k, i in enumerate(index):
        infrared = bool(eyes["tags"][i] & INFRARED)
        patches[k] = _taken(rng, eyes["patch"][i], turn[k] * zoom[k], shift[k], infrared=infrared)
    points = eyes["points"][index] - _INNER - shift[:, None]
    ahead = -eyes["rotation"][index][:, :2, 2] + POSE_ERROR * rng.normal(size=(n, 2))
    batch = {name: eyes[name][index] for name in ("openness", "share", "seen", "kind", "tags")}
    return batch | {
        "patch": patches,
        # Row vectors: p R is the inverse rotation of p.
        "points": (points @ turn / zoom[:, None, None]).astype(np.float32),
        "gaze": (eyes["gaze"][index][:, None] @ turn)[:, 0].astype(np.float32),
        "ahead": (ahead[:, None] @ turn)[:, 0].astype(np.float32),
    }


def _taken(
    rng: np.random.Generator,
    stored: np.ndarray,
    linear: np.ndarray,
    shift: np.ndarray,
    *,
    infrared: bool,
) -> np.ndarray:
    """One patch (HEIGHT, WIDTH) with exposure, glare, blur, pixels and noise of a random camera."""
    picture = cv2.LUT(stored, _curve(rng))
    if rng.random() < (0.4 if infrared else 0.06):
        picture = _glare(rng, picture)
    # Camera pixels for each pixel of the patch: for eyes from 10 to 50 camera pixels wide.
    pixels = 1.0 if rng.random() < 0.45 else float(np.exp(rng.uniform(np.log(0.4), 0.0)))
    blur = float(np.exp(rng.uniform(np.log(0.2), np.log(1.6)))) if rng.random() < 0.6 else 0.2
    picture = cv2.GaussianBlur(picture, (0, 0), DETAIL * float(np.hypot(blur, 0.32 / pixels)))
    if rng.random() < 0.15:
        picture = _streaked(rng, picture)
    size = round(WIDTH * pixels) + 2, round(HEIGHT * pixels) + 2
    phase = rng.uniform(-0.5, 0.5, 2)
    middle = (np.array(size) - 1) / 2 + phase
    if pixels < 1.0:
        # The camera's grid is upright; the patch is rotated when it is cut from the picture.
        step = DETAIL / pixels
        offset = _CENTRE + DETAIL * shift - step * middle
        grid = _warp(picture, np.array([[step, 0, offset[0]], [0, step, offset[1]]]), size)
        grid = _noisy(rng, grid)
        cut = linear * pixels
        offset = middle - cut @ _INNER
        return _warp(grid, np.column_stack([cut, offset]), (WIDTH, HEIGHT))
    cut = linear * DETAIL
    offset = _CENTRE + DETAIL * shift - cut @ _INNER
    return _noisy(rng, _warp(picture, np.column_stack([cut, offset]), (WIDTH, HEIGHT)))


def _warp(picture: np.ndarray, affine: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.warpAffine(
        picture, affine, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def _curve(rng: np.random.Generator) -> np.ndarray:
    """A tone curve (256,) uint8: exposure, gamma, lifted blacks, little contrast."""
    x = np.linspace(0, 1, 256)
    x = np.minimum(x * np.exp(rng.normal(0.0, 0.22)), 1.0) ** np.exp(rng.normal(0, 0.28))
    if rng.random() < 0.35:  # a dim picture: few grey levels are left
        x = x * rng.uniform(0.15, 0.7) + rng.uniform(0, 0.25)
    return np.clip(255 * x + 0.5, 0, 255).astype(np.uint8)


def _glare(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Images of lamps in glasses or on the cornea: white discs with a halo, anywhere."""
    picture = picture.astype(np.float32)
    for _ in range(1 if rng.random() < 0.7 else 2):
        spot = np.zeros_like(picture)
        at = (_CENTRE + rng.normal(0, [22, 14]) * DETAIL / 1.5) * 16
        # Small on a cornea; as large as an iris where a driver camera's lamp is reflected by
        # glasses; a bar from a window or a fluorescent tube.
        kind = rng.random()
        size = rng.uniform(5.0, 11.0) if kind < 0.3 else np.exp(rng.uniform(np.log(1.2), 2.4))
        axes = size * np.exp(rng.normal(0, 0.2, 2))
        if kind > 0.85:
            axes = axes * [2.5, 0.5]
        cv2.ellipse(
            spot, (int(at[0]), int(at[1])), (int(16 * axes[0]), int(16 * axes[1])),
            float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA, 4,
        )  # fmt: skip
        halo = cv2.GaussianBlur(spot, (0, 0), float(axes.mean() * rng.uniform(0.6, 2.0)))
        spot = np.maximum(spot, halo * rng.uniform(0, 0.9)) * rng.uniform(0.5, 1.0)
        picture = np.maximum(picture, picture + (255 - picture) * np.minimum(spot * 1.3, 1.0))
    return picture.astype(np.uint8)


def _streaked(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Motion blur along a line."""
    length, angle = rng.uniform(2, 12) * DETAIL / 1.5, rng.uniform(0, np.pi)
    reach = int(length / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    x, y = _LINES * length * np.cos(angle), _LINES * length * np.sin(angle)
    np.add.at(kernel, (np.rint(y).astype(int) + reach, np.rint(x).astype(int) + reach), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _noisy(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    if rng.random() < 0.7:
        # Relative to the contrast of the picture: the network sees all contrasts at one scale.
        contrast = max(float(picture.std()), 1.0)
        level = contrast * float(np.exp(rng.uniform(np.log(0.02), np.log(0.4))))
        grain = rng.standard_normal(picture.shape, np.float32) * np.float32(level)
        picture = np.clip(picture + grain + np.float32(0.5), 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        coded = cv2.imencode(".jpg", picture, quality)[1]
        picture = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    return picture
