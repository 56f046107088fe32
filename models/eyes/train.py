"""Train the eye model on drawn eyes: `python -m models.eyes train --data FOLDER… --out FILE`."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import torch

from models.eyes.data import Arrays, load, sample
from models.eyes.loss import loss
from models.eyes.network import EyeNet

SIZE = 16
RELOAD_S = 240.0
"""How often new files of a rendering that still goes on are taken in."""
PEER_S = 600.0
"""How old the weights of another run may be that takes part."""
HELD_OUT = 2
"""Files at the beginning of each folder that are not trained on."""
RAMP = 0.15
_ODDS = np.array([1.0, 1.3, 1.8])
"""How often eyes of each kind are shown: neither, shut, down."""


def normalise(picture: torch.Tensor) -> torch.Tensor:
    """Return patches with mean 0 and deviation 0.4, clipped to ±1; what the runtime does too.

    Args:
        picture: (n, 1, HEIGHT, WIDTH), 0 to 1.
    """
    mean, deviation = (
        picture.mean((2, 3), keepdim=True),
        picture.std((2, 3), keepdim=True, correction=0),
    )
    return (0.4 * (picture - mean) / (deviation + 0.01)).clamp(-1, 1)


def tensors(batch: Arrays) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the network's input (n, 1, HEIGHT, WIDTH) and the labels of a batch of `sample`."""
    picture = torch.from_numpy(batch["patch"])[:, None].float() / 255
    labels = {name: torch.from_numpy(batch[name]) for name in batch if name != "patch"}
    return normalise(picture), labels


class Feed:
    """Batches from all files that there are by then.

    In the thread that trains: a thread of its own would take turns with it for the interpreter, and
    on a busy machine every turn waits for the scheduler.
    """

    def __init__(
        self, folders: list[Path], seed: int, held_out: int, part: tuple[int, int]
    ) -> None:
        self._folders, self._held_out, self._part = folders, held_out, part
        self._rng = np.random.default_rng(seed)
        self._loaded = -1e9
        self._eyes: Arrays = {}
        self._odds = np.empty(0)

    @property
    def count(self) -> int:
        """Eyes that batches are drawn from."""
        return len(self._odds)

    def next(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the next batch."""
        if time.monotonic() - self._loaded > RELOAD_S:
            self._eyes = load(self._folders, self._held_out, part=self._part)
            odds = _ODDS[self._eyes["kind"]]
            self._odds, self._loaded = np.cumsum(odds / odds.sum()), time.monotonic()
        index = np.searchsorted(self._odds, self._rng.random(SIZE)).clip(0, self.count - 1)
        picture, labels = tensors(sample(self._eyes, index, self._rng))
        height, width = picture.shape[2:]
        slope = torch.from_numpy(self._rng.normal(0, RAMP, (2, SIZE, 1, 1, 1))).float()
        ramp = torch.linspace(-1, 1, width)[None, None, None] * slope[0]
        ramp = ramp + torch.linspace(-1, 1, height)[None, None, :, None] * slope[1]
        return normalise(0.5 + picture + ramp), labels


def train(
    folders: list[Path],
    out: Path,
    *,
    minutes: float,
    samples: int = 100_000_000,
    seed: int = 1,
    threads: int = 1,
    initial: Path | None = None,
    rate: float = 3e-3,
    held_out: int = HELD_OUT,
    part: tuple[int, int] = (0, 1),
) -> None:
    """Train for so many samples, or minutes if that is over first, and write the weights.

    The learning rate falls with whichever of the two is nearer to its end. A run that was stopped
    goes on with the same command: the checkpoint beside the weights says how far it was.

    Args:
        folders: of `models.eyes render`.
        out: weights; the log and the checkpoint lie beside.
        minutes: of training, when to end.
        samples: when to end.
        seed: of weights, order and augmentation.
        threads: of torch.
        initial: weights to begin with.
        rate: of learning, at its highest.
        held_out: files at the beginning of each folder that are not trained on.
        part: which of how many parts of the files this run sees.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    net = EyeNet()
    if initial is not None:
        net.load_state_dict(torch.load(initial, map_location="cpu", weights_only=True)["ema"])
    average = {name: value.clone() for name, value in net.state_dict().items()}
    optimisers = _optimisers(net)
    spent, seen, step = 0.0, 0, 0
    checkpoint = out.with_suffix(".checkpoint")
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        net.load_state_dict(state["net"])
        for optimiser, stored in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(stored)
        average, spent, seen, step = (state[name] for name in ("ema", "spent", "seen", "step"))
    feed = Feed(folders, seed + seen, held_out, part)
    last = time.monotonic()
    log = out.with_suffix(".jsonl")
    total: dict[str, float] = {}
    while (progress := max(seen / samples, spent / 60 / minutes)) < 1:
        now = rate * min(1.0, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * progress))
        picture, labels = feed.next()
        with torch.autocast("cpu", torch.bfloat16):  # half as fast again on a processor
            found = net.train()(picture)
        parts = loss(found.float(), labels)
        net.zero_grad()
        parts["loss"].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 20.0)
        _step(optimisers, now)
        keep = min(0.998, step / (step + 20))
        _follow(average, net.state_dict(), 1 - keep)
        for name, value in parts.items():
            total[name] = total.get(name, 0.0) + float(value.detach())
        seen, step = seen + len(picture), step + 1
        spent, last = spent + time.monotonic() - last, time.monotonic()
        if step % 25 == 0:
            _meet(net, out)
        if step % 100 == 0:
            line = {"seen": seen, "seconds": round(spent), "eyes": feed.count}
            line |= {f"loss {name}": round(value / 100, 4) for name, value in total.items()}
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            total = {}
            if step % 200 == 0:
                _save({"ema": average}, out)
                states = [optimiser.state_dict() for optimiser in optimisers]
                state = {"net": net.state_dict(), "optimisers": states}
                state |= {"ema": average, "spent": spent, "seen": seen, "step": step}
                _save(state, checkpoint)
    _save({"ema": average}, out)


class _Matrix(torch.nn.Parameter):
    """A convolution's weights as the matrix that Muon wants, in the same memory."""

    kernel: torch.nn.Parameter


def _optimisers(net: EyeNet) -> list[torch.optim.Optimizer]:
    """Muon for what lies between features, AdamW for the rest; see `models.train.optimiser`."""
    matrices = []
    for layer in net.trunk[1:]:
        matrix = _Matrix(layer.filter.weight.detach().flatten(1))
        matrix.kernel = layer.filter.weight
        matrices.append(matrix)
    taken = {id(matrix.kernel) for matrix in matrices}
    rest = [weight for weight in net.parameters() if id(weight) not in taken]
    return [
        torch.optim.Muon(matrices, weight_decay=1e-4, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, weight_decay=1e-4),
    ]


def _step(optimisers: list[torch.optim.Optimizer], rate: float) -> None:
    """Change the weights by their gradients."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate
            for weight in group["params"]:
                if isinstance(weight, _Matrix):
                    weight.grad = weight.kernel.grad.flatten(1)
        optimiser.step()


def _follow(average: dict[str, torch.Tensor], state: dict[str, torch.Tensor], share: float) -> None:
    """Move the average by a share of the way towards a state, in place."""
    for name, value in state.items():
        if value.is_floating_point():
            average[name].lerp_(value, share)
        else:
            average[name].copy_(value)


def _meet(net: EyeNet, out: Path) -> None:
    """Continue from the mean of all runs in the folder that train the same network now.

    Runs that begin with the same weights and often meet learn together what each sees (local SGD,
    arXiv 1805.09767): that many processes, on any machine that has the folder.
    """
    own = {name: value.clone() for name, value in net.state_dict().items()}
    _save({"ema": own}, out.with_suffix(".peer"))
    others = [
        path
        for path in out.parent.glob("*.peer")
        if path != out.with_suffix(".peer") and time.time() - path.stat().st_mtime < PEER_S
    ]
    peers = [torch.load(path, map_location="cpu", weights_only=True)["ema"] for path in others]
    peers.append(own)
    for name, value in own.items():
        if value.is_floating_point():
            value.copy_(torch.stack([peer[name] for peer in peers]).mean(0))
    net.load_state_dict(own)


def _save(state: dict[str, object], out: Path) -> None:
    temporary = out.with_name(out.name + ".tmp")
    torch.save({"architecture": "eyes-21"} | state, temporary)
    temporary.replace(out)
