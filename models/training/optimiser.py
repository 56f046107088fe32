"""The optimiser: Muon for weights that are matrices between features, AdamW for the rest.

Muon replaces the step of a layer's weights by the nearest one that changes all directions equally
(K. Jordan, 2024; its learning rate scaled as in arXiv 2502.16982, so that it is AdamW's). Rare
directions, such as those of turned and hidden faces, learn faster by that.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def between_features(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights of a network's full convolutions that read features, not pixels.

    The first convolution reads pixels; depthwise and 1x1 convolutions are left to AdamW.
    """
    found = [
        module.weight
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and module.groups == 1 and module.kernel_size != (1, 1)
    ]
    # torch declares a layer's weight as a Tensor.
    return [weight for weight in found[1:] if isinstance(weight, nn.Parameter)]


def _matrix(weight: Tensor, *, channels_last: bool) -> Tensor:
    """(out, in, h, w) to (out, K), in the same memory where possible; any order will do."""
    return (weight.permute(0, 2, 3, 1) if channels_last else weight).flatten(1)


class Optimiser:
    """Both optimisers with the interface of one; parameters without a gradient do not change.

    Args:
        network: On its device and in its memory format.
        weight_decay: Of weights, but not of biases and the scales of normalisations.
        matrices: Weights of convolutions that Muon changes; AdamW changes the others.
    """

    def __init__(
        self, network: nn.Module, weight_decay: float, matrices: Sequence[nn.Parameter] = ()
    ) -> None:
        self._kernels = list(matrices)
        self._last = [not kernel.is_contiguous() for kernel in matrices]
        self._matrices = [
            nn.Parameter(_matrix(kernel.detach(), channels_last=last))
            for kernel, last in zip(matrices, self._last, strict=True)
        ]
        for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
            if matrix.data_ptr() != kernel.data_ptr():
                raise ValueError("the weights of a convolution are not contiguous in memory")
        taken = {id(kernel) for kernel in matrices}
        rest = [p for p in network.parameters() if id(p) not in taken]
        groups = [
            {"params": [p for p in rest if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self._parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, fused=True)]
        if self._matrices:
            self._parts.append(
                torch.optim.Muon(
                    self._matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
                )
            )

    def step(self, learning_rate: float) -> None:
        """Change the weights by their gradients, which are kept."""
        for kernel, matrix, last in zip(self._kernels, self._matrices, self._last, strict=True):
            given = kernel.grad
            matrix.grad = None if given is None else _matrix(given, channels_last=last)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """State of both, for `load_state_dict`."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Resume from this state."""
        for part, stored in zip(self._parts, state, strict=True):
            part.load_state_dict(stored)
