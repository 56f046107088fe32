"""Networks by name, so that a checkpoint names its network and one command exports any of them."""

from collections.abc import Callable
from pathlib import Path

import torch

from models.train.network import LandmarkNet

ARCHITECTURES: dict[str, Callable[[], LandmarkNet]] = {
    "landmarks-562": LandmarkNet,
    "landmarks-562-small": lambda: LandmarkNet((16, 40, 72, 128), ((), (24,), (32, 32), (48, 48))),
    "landmarks-562-large": lambda: LandmarkNet(
        (48, 96, 192, 320), ((48,), (64, 64), (96, 96), (128, 128, 128))
    ),
}
"""Of 69, 24 and 239 million multiply-adds."""


def build(name: str) -> LandmarkNet:
    """Make the network called `name` with fresh weights.

    Raises:
        KeyError: There is no such architecture; the message lists those there are.
    """
    if name not in ARCHITECTURES:
        raise KeyError(
            f"no architecture {name!r}: choose one of {', '.join(sorted(ARCHITECTURES))}"
        )
    return ARCHITECTURES[name]()


def load(path: Path, name: str | None = None) -> tuple[LandmarkNet, str]:
    """Load float weights for evaluation from a bare state dict or from a training checkpoint.

    A training checkpoint names its architecture and holds the averaged weights, which are the ones
    taken.

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
        raise ValueError(f"{path} does not name its network: pass --architecture")
    network = build(name)
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    )
    return network.eval(), name
