"""Crops decoded once into the training device's memory, while another process writes more."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from models.train.shards import Crop, ShardError, ShardReader, count_rows, list_shards


class Pool:
    """The crops of some folders, in the order in which their shards appeared.

    Args:
        folders: Of shards; new ones are taken up by `refresh`.
        capacity: Maximum number of crops; a million take 100 GB.
        device: Device that holds them.
    """

    def __init__(self, folders: list[Path], capacity: int, device: torch.device) -> None:
        self.folders, self.capacity, self.device = folders, capacity, device
        self.count = 0
        self._seen: set[Path] = set()
        self._held: dict[str, Tensor] = {}
        self._decoded: queue.Queue[list[np.ndarray] | ShardError] = queue.Queue(maxsize=4)
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        cv2.setNumThreads(1)
        while not self._stopped.is_set():
            for path in list_shards(self.folders):
                if path not in self._seen:
                    self._seen.add(path)
                    try:
                        self._decoded.put(_read(path))
                    except ShardError as error:
                        self._decoded.put(error)
            self._stopped.wait(0.5)

    def close(self) -> None:
        """Stop reading shards."""
        self._stopped.set()

    def refresh(self, *, wait: bool = False) -> None:
        """Move newly decoded crops to the device; with `wait`, at least one shard.

        Raises:
            ShardError: A shard is damaged; the message names it.
        """
        while self.count < self.capacity:
            try:
                columns = self._decoded.get(block=wait)
            except queue.Empty:
                return
            if isinstance(columns, ShardError):
                raise columns
            wait = False
            end = min(self.capacity, self.count + len(columns[0]))
            for name, column in zip(
                ("images", "points", "visible", "face", "roll_deg"), columns, strict=True
            ):
                new = torch.from_numpy(column[: end - self.count])
                if name not in self._held:
                    self._held[name] = torch.empty(
                        (self.capacity, *new.shape[1:]), dtype=new.dtype, device=self.device
                    )
                self._held[name][self.count : end] = new.to(self.device)
            self.count = end

    def draw(self, count: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Crops at random, as `Views.make` takes them."""
        rows = torch.randint(self.count, (count,), generator=generator, device=self.device)
        return {name: column[rows] for name, column in self._held.items()}


def _read(path: Path) -> list[np.ndarray]:
    """Columns of a shard: images, points, visible, face, roll."""
    reader = ShardReader()
    crops: Iterator[Crop] = (reader.read(path, row) for row in range(count_rows(path)))
    made = [
        (crop.image, crop.points, crop.visible, crop.face, np.float32(crop.roll_deg))
        for crop in crops
    ]
    return [np.stack(column) for column in zip(*made, strict=True)]
