"""Shards small enough for a test, in the layout that the generator writes."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the training extras: make venv-models")

import cv2

SIDE = 176


def write_shard(path: Path, rng: np.random.Generator, rows: int = 12, faceless: int = 2) -> None:
    """A shard of blobs: the "face" is an ellipse whose dense points lie on a grid within it."""
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 26), np.linspace(-1, 1, 20)), -1).reshape(-1, 2)
    pictures, points = [], np.full((rows, 562, 3), np.nan, np.float32)
    for row in range(rows):
        picture = rng.integers(0, 90, (SIDE, SIDE, 3), np.uint8)
        if row >= faceless:
            centre = SIDE / 2 + rng.normal(size=2) * 3
            cv2.ellipse(
                picture, (int(centre[0]), int(centre[1])), (44, 50), 0, 0, 360, (90, 150, 220), -1
            )
            dense = centre + grid * [44, 50]
            points[row, :, :2] = np.concatenate([dense, dense[200:242]])
            points[row, :, 2] = np.append(10 - 12 * (grid**2).sum(1), np.zeros(42))
        pictures.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].ravel())
    face = np.arange(rows) >= faceless
    np.savez(
        path,
        jpeg=np.concatenate(pictures),
        offsets=np.cumsum([0, *map(len, pictures)]).astype(np.int64),
        points=points,
        visible=np.isfinite(points[..., 0]),
        face=face,
        pose_deg=np.where(face[:, None], rng.normal(size=(rows, 3)) * 20, np.nan).astype(
            np.float32
        ),
    )


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder with three shards of twelve crops."""
    folder = tmp_path / "shards"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for number in range(3):
        write_shard(folder / f"shard-{number:05}.npz", rng)
    return folder
