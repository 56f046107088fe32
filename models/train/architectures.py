"""Networks by name, so that a checkpoint says what it is and one command exports any of them."""

from importlib import import_module
from pathlib import Path

import torch
from torch import nn

ARCHITECTURES = {
    "landmarks-562": "models.train.network:LandmarkNet",
}


def build(name: str) -> nn.Module:
    """Make the network called `name` with fresh weights.

    Raises:
        KeyError: There is no such architecture; the message lists those there are.
    """
    if name not in ARCHITECTURES:
        raise KeyError(f"no architecture {name!r}: choose one of {', '.join(sorted(ARCHITECTURES))}")
    module, attribute = ARCHITECTURES[name].split(":")
    network: nn.Module = getattr(import_module(module), attribute)()
    return network


def load(path: Path, name: str | None = None) -> tuple[nn.Module, str]:
    """Load float weights for evaluation from a bare state dict or from a training checkpoint.

    A training checkpoint names its architecture and holds the averaged weights, which are the ones taken.

    Returns:
        The network in evaluation mode and the name of its architecture.

    Raises:
        ValueError: The file is a bare state dict and `name` is missing.
    """
    stored = torch.load(path, map_location="cpu", weights_only=True)
    if "architecture" in stored:
        name, state = stored["architecture"], stored.get("ema", stored.get("model"))
    else:
        state = stored
    if name is None:
        raise ValueError(f"{path} does not say what network it is for: pass --architecture")
    network = build(name)
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    )
    return network.eval(), name
