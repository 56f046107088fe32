"""Train the eye model on patches of synthetic eyes: `python -m models.eyes train --data FOLDER… --out FILE`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from landmarkd.vision.eye_patch import HEIGHT, WIDTH

from models.eyes.data import MARGIN, read_shard
from models.eyes.network import POINTS, EyeNet

LIDS = 16
IRIS_VISIBLE = 0.35


@dataclass
class Eyes:
    """All training eyes in memory: tensors with the fields of `models.eyes.data.read_shard`."""

    patch: torch.Tensor
    points: torch.Tensor
    visible: torch.Tensor
    iris: torch.Tensor

    def __len__(self) -> int:
        return len(self.patch)


def load(folders: list[Path], cache: Path) -> Eyes:
    """Return the eyes of every shard in the folders; what was cut once is kept in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    parts = []
    for shard in sorted(path for folder in folders for path in folder.glob("shard-*.npz")):
        stored = cache / f"{shard.parent.name}-{shard.name}"
        if not stored.exists():
            temporary = stored.with_suffix(".tmp.npz")
            np.savez(temporary, **read_shard(shard))
            temporary.replace(stored)
        parts.append(np.load(stored))
    if not parts:
        raise FileNotFoundError(f"no shard-*.npz in {', '.join(map(str, folders))}")
    names = ("patch", "points", "visible", "iris")
    return Eyes(
        *(torch.from_numpy(np.concatenate([part[name] for part in parts])) for name in names)
    )


def batch(
    eyes: Eyes, index: torch.Tensor, generator: torch.Generator | None
) -> tuple[torch.Tensor, ...]:
    """Return input, points in network units, and weights of lids and iris, visibility; augmented with a generator."""
    n = len(index)
    picture = eyes.patch[index].float()[:, None] / 255.0
    points = eyes.points[index]
    dice = _Dice(generator)
    draw = dice.normal
    angle = (0.12 * draw(n)).clamp(-0.35, 0.35)
    scale = torch.exp((0.10 * draw(n)).clamp(-0.25, 0.25))
    shift = (2.2 * draw(n, 2)).clamp(-6, 6)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    # Network pixel p (from the centre) lies at scale R p + shift in the stored patch.
    turn = torch.stack([cosine, -sine, sine, cosine], 1).view(n, 2, 2) * scale[:, None, None]
    wide = torch.tensor([WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN]).float()
    size = torch.tensor([WIDTH, HEIGHT]).float()
    # grid_sample's units, pixel centres inside: u = 2 p / wide for p from the centre.
    linear = turn * (size[None, None, :] / 2) / (wide[None, :, None] / 2)
    theta = torch.cat([linear, (shift / (wide / 2))[:, :, None]], 2)
    grid = F.affine_grid(theta, [n, 1, HEIGHT, WIDTH], align_corners=False)
    picture = F.grid_sample(picture, grid, align_corners=False, padding_mode="border")
    centre = (size - 1) / 2
    points = torch.linalg.solve(turn, (points - centre - shift[:, None]).transpose(1, 2)).transpose(
        1, 2
    )
    if generator:
        picture = _photometric(picture, dice)
    visible = (eyes.visible[index] > 0.5).float()
    iris = visible * (eyes.iris[index] > IRIS_VISIBLE).float()
    return normalise(picture), points / (WIDTH / 2), visible, iris


class _Dice:
    """Random numbers of a generator; without one, no augmentation: all noughts."""

    def __init__(self, generator: torch.Generator | None) -> None:
        self._generator = generator

    def normal(self, *shape: int) -> torch.Tensor:
        """Return normally distributed numbers."""
        return (
            torch.zeros(*shape)
            if self._generator is None
            else torch.randn(*shape, generator=self._generator)
        )

    def uniform(self, *shape: int) -> torch.Tensor:
        """Return numbers from 0 to 1."""
        return (
            torch.zeros(*shape)
            if self._generator is None
            else torch.rand(*shape, generator=self._generator)
        )


def _photometric(picture: torch.Tensor, dice: _Dice) -> torch.Tensor:
    draw, uniform = dice.normal, dice.uniform
    n = len(picture)
    soft = F.avg_pool2d(F.pad(picture, (1, 1, 1, 1), mode="replicate"), 3, 1)
    coarse = F.interpolate(
        F.avg_pool2d(picture, 2), scale_factor=2, mode="bilinear", align_corners=False
    )
    choice = uniform(n, 1, 1, 1)
    picture = torch.where(choice < 0.25, soft, torch.where(choice < 0.45, coarse, picture))
    picture = picture.clamp(1e-3, 1) ** torch.exp(0.35 * draw(n, 1, 1, 1))
    ramp = torch.linspace(-1, 1, WIDTH)[None, None, None, :] * draw(n, 1, 1, 1) * 0.08
    ramp = ramp + torch.linspace(-1, 1, HEIGHT)[None, None, :, None] * draw(n, 1, 1, 1) * 0.08
    return picture + ramp + 0.03 * uniform(n, 1, 1, 1) * draw(n, 1, HEIGHT, WIDTH)


def normalise(picture: torch.Tensor) -> torch.Tensor:
    """Return patches with mean 0 and standard deviation 0.4, clipped to ±1; what the runtime does too."""
    mean, deviation = (
        picture.mean((2, 3), keepdim=True),
        picture.std((2, 3), keepdim=True, correction=0),
    )
    return (0.4 * (picture - mean) / (deviation + 0.01)).clamp(-1, 1)


def loss(
    out: torch.Tensor, points: torch.Tensor, visible: torch.Tensor, iris: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the parts of the loss, in pixels of the patch, and their sum "loss"."""
    found = out[:, : 2 * POINTS].view(-1, POINTS, 2)
    error = (found - points).abs().sum(2) * (WIDTH / 2)
    count, count_iris = visible.sum().clamp_min(1), iris.sum().clamp_min(1)
    parts = {
        "lids": (error[:, :LIDS].mean(1) * visible).sum() / count,
        "iris": (error[:, LIDS:].mean(1) * iris).sum() / count_iris,
        "gap": ((gap(found) - gap(points)).abs() * visible).sum() / count * (WIDTH / 2),
        "shift": ((shift(found) - shift(points)).abs().sum(1) * iris).sum()
        / count_iris
        * (WIDTH / 2),
        "visible": F.binary_cross_entropy_with_logits(out[:, -1], visible),
    }
    parts["loss"] = (
        parts["lids"]
        + 0.5 * parts["iris"]
        + 2.0 * parts["gap"]
        + parts["shift"]
        + 0.5 * parts["visible"]
    )
    return parts


def gap(points: torch.Tensor) -> torch.Tensor:
    """Return the mean vertical distance of the lids."""
    return (points[:, 9:16].flip(1) - points[:, 1:8])[..., 1].mean(1)


def shift(points: torch.Tensor) -> torch.Tensor:
    """Return how far the iris is from the middle of the corners of the eye, which the gaze is read from."""
    return points[:, LIDS:].mean(1) - (points[:, 0] + points[:, LIDS // 2]) / 2


def train(
    folders: list[Path],
    out: Path,
    *,
    minutes: float,
    samples: int,
    seed: int = 1,
    threads: int = 1,
    initial: Path | None = None,
    rate: float = 3e-3,
) -> None:
    """Train for so many samples, or minutes if that is over first, and write the weights.

    The learning rate falls with whichever of the two is nearer to its end.

    Args:
        folders: of shards.
        out: weights; the log and the cut patches lie beside.
        minutes: when to end.
        samples: when to end.
        seed: of weights, order and augmentation.
        threads: of torch.
        initial: weights to begin with.
        rate: of learning, at its highest.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    eyes = load(folders, out.parent / "patches")
    net = EyeNet()
    if initial is not None:
        net.load_state_dict(torch.load(initial, map_location="cpu", weights_only=True)["ema"])
    average = {name: value.clone() for name, value in net.state_dict().items()}
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-4)
    began, seen, step, size = time.monotonic(), 0, 0, 128
    log = out.with_suffix(".jsonl")
    while (progress := max(seen / samples, (time.monotonic() - began) / 60 / minutes)) < 1:
        now = rate * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = now
        index = torch.randint(len(eyes), (size,), generator=generator)
        picture, points, visible, iris = batch(eyes, index, generator)
        with torch.autocast("cpu", torch.bfloat16):  # half as fast again on a processor
            found = net.train()(picture)
        parts = loss(found.float(), points, visible, iris)
        optimiser.zero_grad()
        parts["loss"].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 20.0)
        optimiser.step()
        keep = min(0.998, step / (step + 20))
        for name, value in net.state_dict().items():
            average[name] = (
                keep * average[name] + (1 - keep) * value
                if value.is_floating_point()
                else value.clone()
            )
        seen, step = seen + size, step + 1
        if step % 100 == 0:
            values = {name: round(float(value.detach()), 4) for name, value in parts.items()}
            with log.open("a") as file:
                file.write(
                    json.dumps({"seen": seen, "seconds": round(time.monotonic() - began), **values})
                    + "\n"
                )
            if step % 500 == 0:
                _save(average, out)
    _save(average, out)


def _save(state: dict[str, torch.Tensor], out: Path) -> None:
    temporary = out.with_suffix(".tmp")
    torch.save({"architecture": "eyes-21", "ema": state}, temporary)
    temporary.replace(out)
