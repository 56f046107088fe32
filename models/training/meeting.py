"""Runs that train the same network in parallel and often continue from the mean of all."""

import time
from pathlib import Path

import torch
from torch import nn

from models.training import checkpoint

OLDEST_S = 600.0
"""Maximum age of the weights of another run that are averaged."""


class Meeting:
    """The runs in one folder, on any machine that has it (local SGD, arXiv 1805.09767).

    Runs that start from the same weights and often average them learn from each other's data.

    Args:
        path: This run's checkpoint; its weights for the others are in the file beside it, with the
            ending ``.peer``.
        every: Steps between two meetings.
    """

    def __init__(self, path: Path, every: int = 25) -> None:
        self.path, self.every = path.with_suffix(".peer"), every

    def meet(self, network: nn.Module) -> int:
        """Set the network to the mean of all runs; returns how many there are."""
        own = {name: value.clone() for name, value in network.state_dict().items()}
        checkpoint.save(self.path, {"ema": own})
        others = [
            path
            for path in self.path.parent.glob("*.peer")
            if path != self.path and time.time() - path.stat().st_mtime < OLDEST_S
        ]
        peers = [*(checkpoint.load(path)["ema"] for path in others), own]
        for name, value in own.items():
            if value.is_floating_point():
                value.copy_(torch.stack([peer[name].to(value.device) for peer in peers]).mean(0))
        network.load_state_dict(own)
        return len(peers)
