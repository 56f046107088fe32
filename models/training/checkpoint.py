"""Checkpoints and weights as files."""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    torch.save(content, temporary)
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; no code in it is executed."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def weights(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint, else the weights that a file holds, in float32.

    Raises:
        ValueError: The file holds none.
    """
    stored = load(path)
    found = stored.get("ema", stored.get("model"))
    if found is None:
        raise ValueError(
            f"{path} holds no weights under 'ema' or 'model': it is no checkpoint of this training"
        )
    return {
        name: value.float() if value.is_floating_point() else value for name, value in found.items()
    }


def mean(shares: dict[Path, float]) -> dict[str, Any]:
    """Average the weights of runs with a common start (Wortsman et al., Model soups, ICML 2022).

    Args:
        shares: Of each file in the mean; only their ratios count.

    Returns:
        Content for `save` that every command takes as a checkpoint; integers are those of the first
        file.

    Raises:
        ValueError: A file holds no weights, or those of another architecture.
    """
    total = sum(shares.values())
    names = {path: load(path).get("architecture") for path in shares}
    if len(set(names.values())) > 1:
        raise ValueError(
            "no mean of " + ", ".join(f"{path} ({name})" for path, name in names.items())
        )
    parts = [(weights(path), share / total) for path, share in shares.items()]
    result = {
        name: sum(part[name] * share for part, share in parts)
        if value.is_floating_point()
        else value
        for name, value in parts[0][0].items()
    }
    return {"architecture": next(iter(names.values())), "ema": result}


def seed_everything(seed: int) -> None:
    """Make a fresh run repeatable."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - a library may draw from it
    torch.manual_seed(seed)
