"""Restarts dead channels, and those read only by very large weights, before training continues.

    python -m models.train revive runs/train/main/last.pt runs/train/revived.pt --data
    runs/synth/train

Channels of the last residual block die in long trainings: they are zero in every crop, so no
gradient reaches them any more. Where a channel of the residual stream is rarely active, the weights
that read it grow fifty times as large as the others, which then share a few of the 255 steps of an
int8 channel.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.train.architectures import load
from models.train.augment import Jitter
from models.train.data import Samples
from models.train.network import LandmarkNet, Residual
from models.train.shards import count_rows, list_shards
from models.training import checkpoint

WOKEN = 1e-2
"""A channel that stays below this in every crop is dead."""

LOUD = 4.0
"""Maximum size of an input channel's weights, relative to the median."""


@torch.no_grad()
def revive(network: LandmarkNet, images: Tensor, generator: torch.Generator) -> tuple[int, int]:
    """Revive the dead channels of the last block and reduce its stage's outsized weights, in place.

    The output of a dead channel is not used at first, so that the network's outputs stay the same
    except for the weights that were reduced.

    Args:
        network: In evaluation mode.
        images: (N, 3, side, side) as the network takes them.
        generator: Of the new weights.

    Returns:
        How many channels were dead and how many outsized.
    """
    first = next(
        number for number, part in enumerate(network.stages[-1]) if isinstance(part, nn.Conv2d)
    )
    quietened = _quieten(network.stages[-1][first])
    for norm in network.stages[-1].modules():
        if isinstance(norm, nn.BatchNorm2d):
            _settle(network, norm, images)
    block = next(part for part in reversed(network.stages[-1]) if isinstance(part, Residual))
    spread, norm = block.spread[0], block.spread[1]
    dead = _passing(network, block, images)[1].amax((0, 2, 3)) < WOKEN
    fresh = torch.randn(spread.weight.shape, generator=generator) * spread.weight[~dead].std()
    spread.weight[dead] = fresh[dead]
    norm.weight[dead], norm.bias[dead] = 1.0, 0.0
    convolved = _passing(network, spread, images)[1]
    norm.running_mean[dead], norm.running_var[dead] = (
        convolved.mean((0, 2, 3))[dead],
        convolved.var((0, 2, 3))[dead],
    )
    features = dead.repeat_interleave(network.pool.out_channels // network.pool.in_channels)
    pool = torch.randn(network.pool.weight.shape, generator=generator) * 0.05
    network.pool.weight[features] = pool[features]
    for reader in (network.points, network.log_sigma, network.presence):
        # A dead channel still passes on its pooling's bias.
        reader.bias.add_(reader.weight[:, features] @ network.pool.bias[features])
        reader.weight[:, features] = 0
    return int(dead.sum()), quietened


def _passing(network: LandmarkNet, layer: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Input and output of a layer, for all images."""
    seen: list[tuple[Tensor, Tensor]] = []
    hook = layer.register_forward_hook(lambda _, given, out: seen.append((given[0], out)))
    for batch in images.split(64):
        network(batch)
    hook.remove()
    inputs, outputs = zip(*seen, strict=True)
    return torch.cat(inputs), torch.cat(outputs)


def _quieten(convolution: nn.Module) -> int:
    """Reduce the weights of single input channels to the size of the others."""
    size = convolution.weight.square().mean((0, 2, 3)).sqrt()
    limit = LOUD * size.median()
    convolution.weight.mul_((limit / size).clamp(max=1)[None, :, None, None])
    return int((size > limit).sum())


def _settle(network: LandmarkNet, norm: nn.Module, images: Tensor) -> None:
    """Update a normalisation's statistics to those that training will see; keep its outputs."""
    values, _ = _passing(network, norm, images)
    mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3))
    old = norm.running_var + norm.eps
    norm.bias.add_(norm.weight * (mean - norm.running_mean) / old.sqrt())
    norm.weight.mul_(((variance + norm.eps) / old).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


def run(source: Path, target: Path, folders: list[Path], seed: int = 1) -> tuple[int, int]:
    """Revive the network of a checkpoint and write its weights.

    Raises:
        FileNotFoundError: There is no shard in the folders.
    """
    network, name = load(source)
    shards = list_shards(folders)[:2]
    if not shards:
        raise FileNotFoundError(
            f"no shard-*.npz in {', '.join(map(str, folders))}: render some first"
        )
    data = Samples(shards, [count_rows(path) for path in shards], seed, 0, 16, Jitter())
    pictures = torch.cat([data[number]["images"] for number in range(min(64, len(data)))])
    images = (pictures.permute(0, 3, 1, 2).float() - 128) / 127.5
    counts = revive(network, images, torch.Generator().manual_seed(seed))
    checkpoint.save(target, {"architecture": name, "ema": network.state_dict()})
    return counts
