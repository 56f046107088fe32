"""Feeds the trainer: one pass over the shards as batches, from any position on."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from models.train.augment import Jitter, Shake, cut, cut_twice, disturb, grain
from models.train.shards import ShardReader, epoch_order
from models.training.loop import Batch
from models.training.processes import begin_worker


class Samples(Dataset[Batch]):
    """Whole batches by number; they depend only on the seed, the pass and the sample's place in it.

    A batch holds images (N, side, side, 3), points (N, 562, 3), visible (N, 562), face (N,); with
    `shake` two views of every crop one after the other, and the affines from either view to the
    first, back (N, 2, 3). Colours, sharpness and noise of a share `disturbed` of the crops change.
    """

    def __init__(
        self,
        paths: list[Path],
        rows: list[int],
        seed: int,
        epoch: int,
        batch: int,
        jitter: Jitter,
        shake: Shake | None = None,
        disturbed: float = 1.0,
    ) -> None:
        self._paths, self._seed, self._epoch, self._size = paths, seed, epoch, batch
        self._jitter, self._shake, self._disturbed = jitter, shake, disturbed
        self._order = epoch_order(rows, seed, epoch)
        self._reader = ShardReader()

    def __len__(self) -> int:
        return len(self._order) // self._size

    def __getitem__(self, number: int) -> Batch:
        made = [self._sample(number * self._size + i) for i in range(self._size)]
        join = np.concatenate if self._shake else np.stack
        columns = [torch.from_numpy(join(column)) for column in zip(*made, strict=True)]
        return dict(zip(("images", "points", "visible", "face", "back"), columns, strict=False))

    def _sample(self, place: int) -> tuple[np.ndarray, ...]:
        """The parts of a batch that one stored crop gives; with `shake`, two of each."""
        rng = np.random.default_rng((self._seed, self._epoch, place))
        shard, row = self._order[place]
        crop = self._reader.read(self._paths[shard], int(row))
        disturbed = rng.random() < self._disturbed
        if self._shake is None:
            image, points, visible = cut(crop, rng, self._jitter)
            image = disturb(image, rng) if disturbed else image
            return image, points, visible, np.array(crop.face)
        images, points, visible, back = cut_twice(crop, rng, self._jitter, self._shake)
        if disturbed:
            same = int(rng.integers(1 << 62))
            images = [disturb(image, np.random.default_rng(same)) for image in images]
        views = [grain(image, rng) for image in images]
        return np.stack(views), points, np.stack([visible] * 2), np.array([crop.face] * 2), back


def batches(samples: Samples, numbers: list[int], workers: int) -> Iterator[Batch]:
    """The batches with these numbers in order, prepared by `workers` processes (0: by this one)."""
    cv2.setNumThreads(1)
    loader = DataLoader(
        samples,
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=begin_worker,
    )
    yield from loader
