"""Batches of scenes, composed by other processes in parallel; each is used mirrored as well."""

import math
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from models.detector.cuttings import Cuttings
from models.detector.network import SIDE
from models.detector.placing import MOST_FACES
from models.detector.scene import Scene
from models.detector.scenes import Composer
from models.photographs import album
from models.training.loop import Batch
from models.training.processes import begin_worker

PREFETCHED = 4
BETWEEN = 24
"""Batches between a scene and its mirror image."""

SCENE_BYTES = SIDE * SIDE * 3
SHARED = Path("/dev/shm")  # noqa: S108 - only asked how large it is
"""Shared memory: scenes pass through it from the processes that compose to the one that trains."""


class SceneStream(IterableDataset[Batch]):
    """Parts of batches, without end, different for each start and each worker.

    Args:
        data: Folders of shards of rendered crops.
        photographs: Folder of photographs, or None.
        seed: Of the scenes.
        start: Number of the start of the training.
        part: Scenes in a part.
    """

    def __init__(
        self, data: Sequence[Path], photographs: Path | None, seed: int, start: int, part: int
    ) -> None:
        self._data, self._photographs = data, photographs
        self._seed, self._start, self._part = seed, start, part

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self._seed, self._start, info.id if info else 0])
        photographs = album(self._photographs) if self._photographs else None
        scenes = Composer(Cuttings(self._data, rng), rng, photographs).scenes(rng)
        while True:
            yield tensors(list(islice(scenes, self._part)))


def composed(stream: SceneStream, workers: int, *, pinned: bool) -> Iterator[Batch]:
    """Return the parts of a stream, composed by `workers` processes (0: by this one)."""
    return iter(
        DataLoader(
            stream,
            None,
            num_workers=workers,
            prefetch_factor=PREFETCHED if workers else None,
            pin_memory=pinned,
            worker_init_fn=begin_worker,
        )
    )


def part_of(batch: int, workers: int, shared_bytes: float | None = None) -> int:
    """Return how many scenes to pass at once so that the queue fits half of shared memory.

    Args:
        batch: Scenes in a batch.
        workers: Processes that compose.
        shared_bytes: Free shared memory; default: what this machine has.
    """
    if shared_bytes is None:
        shared_bytes = shutil.disk_usage(SHARED).free if SHARED.is_dir() else math.inf
    part = batch
    while part % 2 == 0 and part * SCENE_BYTES * PREFETCHED * workers > shared_bytes / 2:
        part //= 2
    return part


def joined(parts: Iterator[Batch], count: int) -> Iterator[Batch]:
    """Yield batches of `count` parts each."""
    while True:
        waiting = list(islice(parts, count))
        yield {name: torch.cat([part[name] for part in waiting]) for name in waiting[0]}


def tensors(scenes: Sequence[Scene]) -> Batch:
    """Return images (N, 160, 160, 3) uint8, faces (N, most, 8), valid and ignored (N, most)."""
    faces = np.zeros((len(scenes), MOST_FACES, 8), np.float32)
    valid, ignored = np.zeros((2, len(scenes), MOST_FACES), bool)
    for n, scene in enumerate(scenes):
        count = len(scene.faces)
        faces[n, :count], valid[n, :count], ignored[n, :count] = scene.faces, True, scene.ignored
    images = np.stack([scene.image for scene in scenes])
    parts = {"images": images, "faces": faces, "valid": valid, "ignored": ignored}
    return {name: torch.from_numpy(part) for name, part in parts.items()}


def mirrored(batch: Batch) -> Batch:
    """Return the mirror image of a batch."""
    faces = batch["faces"]
    x, y = SIDE - 1 - faces[..., [2, 0, 4, 6]], faces[..., 1::2]
    turned: dict[str, Tensor] = {
        "images": batch["images"].flip(2),
        "faces": torch.stack([x, y], -1).flatten(-2),
    }
    return {**batch, **turned}


def twice(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield each batch and, some batches later, its mirror image, because composing is slow."""
    kept: deque[Batch] = deque()
    for batch in batches:
        yield batch
        kept.append(batch)
        if len(kept) > BETWEEN:
            yield mirrored(kept.popleft())
