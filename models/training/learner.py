"""One network in training."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.training import checkpoint
from models.training.average import Average
from models.training.optimiser import Optimiser


class Learner:
    """A network with its optimiser, its averaged weights and its checkpoint.

    Args:
        architecture: Name of the network, which is stored with the weights.
        network: On its device; it is set to training.
        path: The checkpoint. It holds the averaged weights as "ema".
        forward: What computes the outputs, where that is not the network itself.
        matrices: Weights for Muon, see `models.training.optimiser`; AdamW changes the rest.
        weight_decay: Of weights, but not of biases and the scales of normalisations.
        clip: Largest norm of the gradient.
        decay: Of the averaged weights, a step.
    """

    def __init__(
        self,
        architecture: str,
        network: nn.Module,
        path: Path,
        *,
        forward: nn.Module | None = None,
        matrices: Sequence[nn.Parameter] = (),
        weight_decay: float = 1e-3,
        clip: float = 20.0,
        decay: float = 0.998,
    ) -> None:
        self.architecture, self.network, self.path, self.clip = architecture, network, path, clip
        self.forward = network if forward is None else forward
        self.average = Average(network, decay)
        self.optimiser = Optimiser(network, weight_decay, matrices)

    def step(self, loss: Tensor, rate: float) -> float:
        """Change the weights once; returns the norm of the gradient.

        A gradient that is not finite changes nothing.
        """
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(self.network.parameters(), self.clip))
        if math.isfinite(norm):
            self.optimiser.step(rate)
        self.average.update(self.network)
        return norm

    def save(self, progress: dict[str, Any]) -> None:
        """Write the checkpoint whole or not at all."""
        checkpoint.save(
            self.path,
            {
                "architecture": self.architecture,
                "model": self.network.state_dict(),
                "ema": self.average.state,
                "updates": self.average.updates,
                "optimiser": self.optimiser.state_dict(),
                "random": torch.get_rng_state(),
                "progress": progress,
            },
        )

    def restore(self) -> dict[str, Any] | None:
        """Resume from the checkpoint if it exists; return its progress.

        Raises:
            ValueError: The file is not a checkpoint of this network from which a run can resume.
        """
        if not self.path.exists():
            return None
        stored = checkpoint.load(self.path)
        if "progress" not in stored or stored["architecture"] != self.architecture:
            raise ValueError(
                f"{self.path} is no checkpoint of {self.architecture} to resume from: "
                "choose another --out, and start from this file's weights with --initial"
            )
        self.network.load_state_dict(stored["model"])
        self.average.restore(stored["ema"], stored["updates"])
        self.optimiser.load_state_dict(stored["optimiser"])
        torch.set_rng_state(stored["random"])
        progress: dict[str, Any] = stored["progress"]
        return progress
