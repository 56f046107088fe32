"""Averaged weights: what is evaluated and exported."""

import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average of a network's parameters and statistics.

    Args:
        network: Whose state it begins with.
        decay: Share of the average that is kept at each step, after the first steps.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move toward the network's present state, faster at the beginning of a run."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        kept: list[Tensor] = []
        new: list[Tensor] = []
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                kept.append(self.state[name])
                new.append(value)
            else:
                self.state[name].copy_(value)
        torch._foreach_lerp_(kept, new, 1 - decay)

    def restore(self, state: dict[str, Tensor], updates: int) -> None:
        """Resume from stored averages."""
        self.updates = updates
        for name, value in state.items():
            self.state[name].copy_(value)
