"""What changes the weights: Muon where they are matrices between features, AdamW for the rest.

Muon turns the step of a layer's weights into the nearest one that changes all directions equally
(K. Jordan, 2024; its learning rate scaled as in arXiv 2502.16982, so that it is AdamW's), which
rare directions, such as those of turned and hidden faces, gain by.
"""

from typing import Any

import torch
from torch import Tensor, nn

from models.train import checkpoint
from models.train.network import Convolution


def _matrix(weight: Tensor) -> Tensor:
    """(out, in, h, w) to (out, h * w * in): a view where channels are last; the order is free."""
    return weight.permute(0, 2, 3, 1).flatten(1)


class Optimiser:
    """Both optimisers behind the interface of one; parameters that are given no gradient stay.

    Args:
        network: On its device, its weights with channels last in memory.
        weight_decay: Of weights, not of biases nor of the scales of normalisations.
    """

    def __init__(self, network: nn.Module, weight_decay: float) -> None:
        # The first convolution reads colours, which are no features.
        self._kernels = [
            m.weight for m in network.modules() if isinstance(m, Convolution) and m.in_channels > 3
        ]
        self._matrices = [nn.Parameter(_matrix(kernel.detach())) for kernel in self._kernels]
        for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
            if matrix.data_ptr() != kernel.data_ptr():
                raise ValueError(
                    "the weights of a convolution do not lie with channels last in memory"
                )
        taken = set(map(id, self._kernels))
        groups = checkpoint.groups(
            (p for p in network.parameters() if id(p) not in taken), weight_decay
        )
        muon = torch.optim.Muon(
            self._matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        self._parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, fused=True), muon]

    def step(self, learning_rate: float) -> None:
        """Change the weights by their gradients, which stay."""
        for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
            matrix.grad = None if kernel.grad is None else _matrix(kernel.grad)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """State of both, for `load_state_dict`."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Go on as the one whose state this was."""
        for part, stored in zip(self._parts, state, strict=True):
            part.load_state_dict(stored)
