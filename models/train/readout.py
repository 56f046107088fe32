"""Teaches the prototype's frozen trunk to read lids, irises, uncertainty and presence as well.

The trunk saw eyes open and close when it learned the 520 points, so what the new outputs need is in its features.
Only the last layer is trained, on features computed once: minutes on one processor, where training the whole
network takes hours.
"""

from pathlib import Path

import torch
from torch import Tensor

from models.train.architectures import load
from models.train.augment import Jitter
from models.train.checkpoint import save
from models.train.data import Samples, batches
from models.train.inherit import around_eyes
from models.train.loss import LandmarkLoss, LossWeights
from models.train.prototype import PrototypeReadout, PrototypeTrunk
from models.train.shards import count_rows, list_shards


@torch.no_grad()
def compute_features(trunk: PrototypeTrunk, folders: list[Path], passes: int, seed: int) -> dict[str, Tensor]:
    """Features and labels of every crop, cut and disturbed anew in each pass."""
    paths = list_shards(folders)
    rows = [count_rows(path) for path in paths]
    kept: dict[str, list[Tensor]] = {"features": [], "points": [], "visible": [], "face": []}
    for number in range(passes):
        samples = Samples(paths, rows, seed, number, min(64, sum(rows)), Jitter())
        for batch in batches(samples, list(range(len(samples))), 1):
            images = (batch.pop("images").permute(0, 3, 1, 2).float() - 128) / 127.5
            with torch.autocast("cpu", torch.bfloat16):
                features = trunk.f(images.contiguous(memory_format=torch.channels_last))
            kept["features"].append(trunk.dw(features.float()).flatten(1))
            for name, value in batch.items():
                kept[name].append(value)
    return {name: torch.cat(values) for name, values in kept.items()}


def begin(prototype: Path) -> PrototypeReadout:
    """The trunk with its dense points, the others as weightings of those round the eyes."""
    old, _ = load(prototype, "prototype-520")
    network = PrototypeReadout()
    network.load_state_dict({k: v for k, v in old.state_dict().items() if not k.startswith("fc.")}, strict=False)
    weighting = torch.from_numpy(around_eyes())
    with torch.no_grad():
        for name in ("weight", "bias"):
            dense = getattr(old.fc, name).unflatten(0, (-1, 3))
            extra = torch.tensordot(weighting, dense, 1)
            getattr(network.points, name).copy_(torch.cat([dense, extra]).flatten(0, 1))
        network.log_sigma.weight.zero_()
        network.log_sigma.bias.fill_(-4.0)
        network.presence.weight.zero_()
        network.presence.bias.fill_(2.0)
    return network


def fit_readout(prototype: Path, folders: list[Path], out: Path, *, passes: int = 3, epochs: int = 12) -> None:
    """Train the last layer and write a checkpoint of "prototype-562".

    Args:
        prototype: State dict of the proof of concept.
        folders: Of shards.
        out: Where the checkpoint goes; the features are kept beside it, and used again if they are there.
        passes: How often each crop is cut anew.
        epochs: How often the features are gone through.
    """
    network = begin(prototype).eval()
    kept = out.with_suffix(".features.pt")
    if not kept.exists():
        save(kept, compute_features(network, folders, passes, seed=11))
    data = torch.load(kept, weights_only=True)
    # Features of very different size learn at the same pace once they are brought to the same size.
    deviation = data["features"].std(0).clamp(min=1e-4)
    data["features"] /= deviation
    _rescale(network, deviation)
    _train(network, data, epochs)
    _rescale(network, 1 / deviation)
    save(out, {"architecture": "prototype-562", "model": network.state_dict()})


@torch.no_grad()
def _rescale(network: PrototypeReadout, factors: Tensor) -> None:
    for head in (network.points, network.log_sigma, network.presence):
        head.weight *= factors


def _train(network: PrototypeReadout, data: dict[str, Tensor], epochs: int) -> None:
    """Train all but the dense points: refitted without their trunk, they lost a tenth on real faces."""
    rates = {"points": 2e-4, "log_sigma": 3e-3, "presence": 1e-2}
    optimiser = torch.optim.Adam(
        [{"params": list(getattr(network, name).parameters()), "peak": rate} for name, rate in rates.items()]
    )
    loss, size = LandmarkLoss(LossWeights()), 256
    steps = epochs * (len(data["face"]) // size)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * (1 - step / steps)
        chosen = torch.randint(len(data["face"]), (size,))
        part = {name: value[chosen] for name, value in data.items()}
        total, terms = loss(network.read(part["features"]), part)
        optimiser.zero_grad()
        total.backward()
        for parameter in network.points.parameters():
            parameter.grad[: 520 * 3] = 0
        optimiser.step()
        if step % max(1, steps // 10) == 0:
            print(step, {name: round(value, 3) for name, value in terms.items()}, flush=True)
