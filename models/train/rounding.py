"""Trains a network to bear what int8 does to it: activations get the noise of being rounded to 256 steps.

Uniform noise of one step's width has the variance of the rounding (Widrow, 1956) and leaves gradients as they are.
"""

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from models.train.network import LandmarkNet, Residual

_STEPS = 255


def add_rounding_noise(network: LandmarkNet) -> list[RemovableHandle]:
    """Hook noise into every activation that the exported file holds in int8, while training only.

    Use it on a network whose channels `models.export.equalise` has equalised: the ranges are those of that form.

    Returns:
        The hooks, to be removed.
    """

    def hook(span: float):
        def noisy(module: nn.Module, _: object, out: Tensor) -> Tensor | None:
            return out + (torch.rand_like(out) - 0.5) * (span / _STEPS) if module.training else None

        return noisy

    handles = [network.pool.register_forward_hook(hook(2.0))]
    for module in network.modules():
        if isinstance(module, nn.ReLU6 | Residual):
            handles.append(module.register_forward_hook(hook(6.0)))
        if isinstance(module, Residual):
            handles.append(module.spread.register_forward_hook(hook(12.0)))
    return handles
