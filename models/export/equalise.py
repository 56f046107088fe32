"""Rescales channels so that each uses the int8 range; the network's float outputs stay the same.

One scale holds for all channels of an activation. A channel that hardly varies then has only a few
steps, while the next layer may give it as much weight as any other. Multiplying a channel where it
is computed and dividing it where it is read changes nothing in float (Nagel et al., Data-Free
Quantization, ICCV 2019, who do it between pairs of convolutions).
"""

import torch
from torch import Tensor, nn

from models.train.network import LandmarkNet, Residual

CEILING = 5.6
"""A ReLU6 channel's largest value is scaled to this; the rest is a margin for values not yet seen.
"""

MOST = 8.0
"""Maximum factor of a channel, so that the weights that read it do not become too small."""


@torch.no_grad()
def equalise(network: LandmarkNet, images: Tensor, *, head: str) -> None:
    """Equalise the residual streams of a network, and what its last layers read, in place.

    Args:
        network: In evaluation mode.
        images: (N, 3, side, side) as the network takes them.
        head: How the last layers will be stored, see `convert.Recipe`.
    """
    for number, stage in enumerate(network.stages):
        parts = [part for part in stage if isinstance(part, nn.ReLU6 | Residual)]
        _scale_stream(network, number, (CEILING / _peaks(network, parts, images)).clamp(1.0, MOST))
    if head == "dynamic":
        _scale_features(network, _balanced(network, images))


def _balanced(network: LandmarkNet, images: Tensor) -> Tensor:
    """Factors for features whose scale is computed in every crop.

    A feature's step reaches the points by its weights, and a weight's step by the feature: if both
    are of the same size in every channel, the total rounding error is smallest.
    """
    features = torch.cat([network.features(batch) for batch in images.split(64)])
    sizes, read = features.square().mean(0).sqrt(), network.points.weight.norm(dim=0)
    return (_floored(read) / _floored(sizes)).sqrt()


def _floored(values: Tensor) -> Tensor:
    """Values that are at least an eighth (`MOST`) of the median."""
    return values.clamp(min=float(values.median()) / MOST)


def _scale_features(network: LandmarkNet, factors: Tensor) -> None:
    """Multiply the features, and divide where they are read."""
    network.pool.weight.mul_(factors[:, None, None, None])
    network.pool.bias.mul_(factors)
    for reader in (network.points, network.log_sigma, network.presence):
        reader.weight.div_(factors)


def _peaks(network: nn.Module, layers: list[nn.Module], images: Tensor) -> Tensor:
    """The largest magnitude (C,) of each channel that comes out of any of the layers."""
    peaks: list[Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _, __, out: peaks.append(out.abs().amax((0, 2, 3))))
        for layer in layers
    ]
    for batch in images.split(64):
        network(batch)
    for hook in hooks:
        hook.remove()
    return torch.stack(peaks).amax(0).clamp(min=1e-6)


def _scale_stream(network: LandmarkNet, number: int, factors: Tensor) -> None:
    """Multiply the channels that stage `number` passes on, and divide where they are read."""
    stage = network.stages[number]
    norms = [next(part for part in stage if isinstance(part, nn.BatchNorm2d))]
    readers: list[nn.Conv2d] = []
    for block in stage:
        if isinstance(block, Residual):
            norms.append(next(part for part in block.spread if isinstance(part, nn.BatchNorm2d)))
            readers.append(next(part for part in block.squeeze if isinstance(part, nn.Conv2d)))
    for norm in norms:
        norm.weight.mul_(factors)
        norm.bias.mul_(factors)
    if number + 1 < len(network.stages):
        readers.append(
            next(part for part in network.stages[number + 1] if isinstance(part, nn.Conv2d))
        )
    else:
        network.pool.weight.div_(factors.repeat_interleave(2)[:, None, None, None])
    for reader in readers:
        reader.weight.div_(factors[:, None, None])
