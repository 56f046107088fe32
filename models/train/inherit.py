"""Begins a run with what the prototype has learned, squeezed into the smaller network.

The prototype has more than twice the multiply-adds, other padding, unbounded activations and 520 points. Layer by
layer, the new network's convolution is the one that, from what the new network itself has computed so far, comes
nearest to what the prototype computes there (ridge regression over the crops given). Each channel is scaled so
that its range fits under the bound of ReLU6. Lids and irises begin as weightings of the dense points around them.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train.architectures import load
from models.train.checkpoint import save
from models.train.network import LandmarkNet, Residual

CEILING = 5.5
# Blocks of the prototype: the first convolution of each stage, and the residual blocks after it.
STAGES = ((1, (2,)), (3, (4, 5)), (6, (7, 8)), (9, (10, 11)))


def _identity_norm(norm: nn.BatchNorm2d, values: Tensor) -> None:
    """Make a normalisation do nothing for values distributed like these (N, C, H, W)."""
    mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean)


def _fit(convolution: nn.Conv2d, norm: nn.BatchNorm2d, x: Tensor, target: Tensor, stride: int) -> None:
    """Set a 3x3 convolution so that its output from `x` comes nearest to `target`, both (N, C, H, W)."""
    padded = functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
    features = x.shape[1] * 9
    gram, moment = torch.zeros(features + 1, features + 1), torch.zeros(features + 1, target.shape[1])
    for part, wanted in zip(padded.split(32), target.split(32), strict=True):
        rows = functional.unfold(part, 3, stride=stride).transpose(1, 2).reshape(-1, features)
        rows = torch.cat([rows, torch.ones(len(rows), 1)], 1)
        gram += rows.T @ rows
        moment += rows.T @ wanted.flatten(2).transpose(1, 2).reshape(-1, target.shape[1])
    gram += torch.eye(features + 1) * gram.diagonal().mean() * 1e-4
    solution = torch.linalg.solve(gram, moment)
    convolution.weight.copy_(solution[:-1].T.reshape(convolution.weight.shape))
    _identity_norm(norm, functional.conv2d(padded, convolution.weight, stride=stride))
    norm.bias += solution[-1]


def _scale(values: Tensor) -> Tensor:
    """(1, C, 1, 1) factors that bring all but a few in ten thousand of the values under the ceiling."""
    peak = torch.quantile(values.transpose(0, 1).flatten(1)[:, ::7].float(), 0.9995, dim=1)
    return (CEILING / peak.clamp(min=0.05)).reshape(1, -1, 1, 1)


def _inherit_block(block: Residual, teacher: nn.Module, x: Tensor, scale: Tensor, target: Tensor) -> Tensor:
    """Take the hidden channels that matter most from a block of the prototype; refit what follows them."""
    convolution, norm = teacher.a[0], teacher.a[1]
    gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).reshape(-1, 1, 1, 1)
    shift = norm.bias - norm.running_mean * gain.flatten()
    hidden = functional.conv2d(x, convolution.weight * gain / scale, shift, padding=1).relu()
    weight = hidden.square().mean((0, 2, 3)).sqrt() * teacher.b[0].weight.square().sum((0, 2, 3)).sqrt()
    kept = weight.topk(block.squeeze[0].out_channels).indices.sort().values
    inner = _scale(hidden[:, kept])
    squeeze, squeeze_norm = block.squeeze[0], block.squeeze[1]
    squeeze.weight.copy_((convolution.weight * gain / scale)[kept] * inner.reshape(-1, 1, 1, 1))
    before = functional.conv2d(x, squeeze.weight, padding=1)
    _identity_norm(squeeze_norm, before)
    squeeze_norm.bias += shift[kept] * inner.flatten()
    _fit(block.spread[0], block.spread[1], block.squeeze(x), target - x, 1)
    return block(x)


def _teacher_values(teacher: nn.Module, images: Tensor) -> list[Tensor]:
    """What every layer of the prototype gives, before the activation where a stream is concerned."""
    values, x = [], images
    for layer in teacher.f:
        before = layer[:2](x) if isinstance(layer, nn.Sequential) else x + layer.b(layer.a(x))
        values.append(before)
        x = before.relu()
    return values


@torch.no_grad()
def inherit(prototype: Path, crops: Path, out: Path) -> None:
    """Write initial weights for `landmarks-562`.

    Args:
        prototype: The proof of concept's state dict.
        crops: .npz with images (N, 128, 128, 3) uint8 RGB; several hundred.
        out: Where the weights go.
    """
    teacher, _ = load(prototype, "prototype-520")
    with np.load(crops) as stored:
        images = (torch.from_numpy(stored["images"]).permute(0, 3, 1, 2).float() - 128) / 127.5
    values = _teacher_values(teacher, images)
    network = LandmarkNet().eval()
    stem, norm = network.stem[0], network.stem[1]
    stem.weight.zero_()
    scale = _scale(values[0].relu())
    gain = teacher.f[0][1].weight / (teacher.f[0][1].running_var + teacher.f[0][1].eps).sqrt()
    stem.weight[:, :, :5, :5] = teacher.f[0][0].weight * (gain * scale.flatten()).reshape(-1, 1, 1, 1)
    before = stem(images)
    _identity_norm(norm, before)
    norm.bias += ((values[0] * scale) - before).mean((0, 2, 3))
    x = network.stem(images)
    for stage, (first, blocks) in zip(network.stages, STAGES, strict=True):
        residuals = [layer for layer in stage if isinstance(layer, Residual)]
        # A stage that has fewer blocks than the prototype's aims at the end of those it replaces.
        aims = [*[first, *blocks][: len(residuals)], blocks[-1]]
        scale = _scale(torch.cat([values[aim].relu() for aim in aims]))
        start = 1 if isinstance(stage[0], nn.ZeroPad2d) else 0
        _fit(stage[start], stage[start + 1], x, values[aims[0]] * scale, 2 if start else 1)
        x = stage[: start + 3](x)
        for block, source, aim in zip(residuals, blocks, aims[1:], strict=False):
            x = _inherit_block(block, teacher.f[source], x, scale, values[aim] * scale)
    wanted = teacher.dw(values[-1].relu()).flatten(1)
    network.pool.weight.copy_(teacher.dw.weight / scale.reshape(-1, 1, 1, 1).repeat_interleave(2, 0))
    network.pool.bias.copy_(teacher.dw.bias)
    _inherit_head(network, teacher, network.pool(x).flatten(1), wanted)
    found = network(images)["points"][:, :1560]
    error = (found - teacher.fc(wanted)).abs().mean() * images.shape[-1]
    print(f"mean difference to the prototype on these crops: {error:.2f} pixels")
    save(out, {"architecture": "landmarks-562", "model": network.state_dict()})


def _inherit_head(network: LandmarkNet, teacher: nn.Module, features: Tensor, wanted: Tensor) -> None:
    """Fit the last layer, dense points to the prototype's and the others as weightings of these."""
    rows = torch.cat([features, torch.ones(len(features), 1)], 1)
    old = torch.cat([teacher.fc.weight, teacher.fc.bias[:, None]], 1)
    gap = teacher.fc(wanted) - rows @ old.T
    gram = rows.T @ rows + torch.eye(rows.shape[1]) * (rows.square().mean() * len(rows) * 0.05)
    dense = (old + torch.linalg.solve(gram, rows.T @ gap).T).unflatten(0, (-1, 3))
    weighting = torch.from_numpy(around_eyes())
    full = torch.cat([dense, torch.einsum("ij,jkf->ikf", weighting, dense)])
    network.points.weight.copy_(full[..., :-1].flatten(0, 1))
    network.points.bias.copy_(full[..., -1].flatten(0, 1))
    for layer, bias in ((network.log_sigma, -4.0), (network.presence, 2.0)):
        layer.weight.mul_(0.1)
        layer.bias.fill_(bias)


def around_eyes(neighbours: int = 5) -> np.ndarray:
    """(42, 520) weights of the dense points that lie round each lid and iris point of the neutral head."""
    from models.head import HeadModel

    head = HeadModel()
    points = head.landmarks(head.vertices)
    distance = np.linalg.norm(points[520:, None] - points[None, :520], axis=2)
    weights = np.where(distance <= np.sort(distance, 1)[:, neighbours - 1 : neighbours], 1 / (distance + 0.1) ** 2, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
