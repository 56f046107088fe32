"""Hard-negative mining: scenes without a face that the network takes for faces, shown again."""

import torch
from torch import Tensor

LEAST = 0.08
"""Score from which a faceless scene is worth keeping."""


class Hardest:
    """The faceless scenes of the highest scores among those seen, on the device that trains.

    Args:
        size: scenes to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._images = torch.empty(0)
        self._scores = torch.empty(0)

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._scores)

    def draw(self, count: int, generator: torch.Generator | None = None) -> Tensor | None:
        """Remove and return `count` images, (n, 160, 160, 3) uint8, half mirrored; None if few."""
        if len(self) < count or not count:
            return None
        order = torch.randperm(len(self), generator=generator).to(self._scores.device)
        taken, left = order[:count], order[count:]
        images = self._images[taken]
        self._images, self._scores = self._images[left], self._scores[left]
        half = count // 2
        return torch.cat([images[:half].flip(2), images[half:]])

    def keep(self, images: Tensor, scores: Tensor) -> None:
        """Keep the hard ones of faceless scenes, (n, 160, 160, 3), by their highest scores (n,)."""
        hard = scores >= LEAST
        images, scores = images[hard], scores[hard].float()
        if not len(scores):
            return
        if len(self):
            images, scores = torch.cat([self._images, images]), torch.cat([self._scores, scores])
        if len(scores) > self._size:
            best = scores.topk(self._size).indices
            images, scores = images[best], scores[best]
        self._images, self._scores = images, scores
