"""Shifts and scales the presence logit so that 0.5 separates faces from other crops.

Training sees ten faces for each crop without one, so the network's probability is right for that
share only. In front of a camera the share is unknown: after this, both kinds have the same weight
(Platt, Advances in Large Margin Classifiers, 1999).
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train.augment import Jitter
from models.train.data import Samples
from models.train.network import LandmarkNet
from models.train.shards import count_rows, list_shards

_BATCH = 64


def training_crops(
    folders: list[Path], crops: int, seed: int = 5
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of crops cut as in training, (N, 3, side, side), and which show a face, (N,) bool.

    Raises:
        FileNotFoundError: There is no shard in the folders.
    """
    shards = list_shards(folders)
    if not shards:
        raise FileNotFoundError(
            f"no shard-*.npz in {', '.join(map(str, folders))}: render some first"
        )
    data = Samples(shards, [count_rows(path) for path in shards], seed, 0, _BATCH, Jitter())
    for number in range(min(len(data), -(-crops // _BATCH))):
        batch = data[number]
        images = (batch["images"].permute(0, 3, 1, 2).float() - 128) / 127.5
        yield images.contiguous(memory_format=torch.channels_last), batch["face"]


def presence_logits(
    network: nn.Module, folders: list[Path], crops: int, seed: int = 5
) -> tuple[Tensor, Tensor]:
    """Logits (N,) and faces (N,) bool of `training_crops`."""
    with torch.no_grad():
        found = [
            (network(images)["presence"][:, 0], faces)
            for images, faces in training_crops(folders, crops, seed)
        ]
    logits, faces = zip(*found, strict=True)
    return torch.cat(logits), torch.cat(faces)


def fit(logits: Tensor, faces: Tensor) -> tuple[float, float]:
    """Scale and offset of the logit by logistic regression in which both kinds weigh the same.

    Args:
        logits: (N,).
        faces: (N,) bool, with both values.
    """
    weight = torch.where(faces, 1 / faces.sum(), 1 / (~faces).sum())
    line = torch.tensor(
        [1.0, -float(logits[faces].mean() + logits[~faces].mean()) / 2], requires_grad=True
    )
    optimiser = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        each = nn.functional.binary_cross_entropy_with_logits(
            line[0] * logits + line[1], faces.float(), reduction="none"
        )
        total = (each * weight).sum()
        total.backward()
        return total

    optimiser.step(loss)
    return float(line[0].detach()), float(line[1].detach())


def calibrate(network: LandmarkNet, folders: list[Path], crops: int = 6000) -> tuple[float, float]:
    """Change the presence layer in place; returns the scale and the offset."""
    scale, offset = fit(*presence_logits(network, folders, crops))
    with torch.no_grad():
        network.presence.weight.mul_(scale)
        network.presence.bias.mul_(scale).add_(offset)
    return scale, offset
