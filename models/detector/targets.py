"""The wanted output of each cell, and the loss."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.network import CELLS, GRIDS, cell_centres, decode

RANGES = ((0.0, 26.0), (20.0, 60.0), (48.0, 1e9))
"""Longer side of each grid's faces, pixels of the input; sizes that overlap use two grids."""

CORE, RIM = 0.25, 0.45
"""Cells within CORE of a box, about its centre, are positives; those out to RIM are ignored."""

FOCUS = 2.0
BALANCE = 0.35


@dataclass(frozen=True, slots=True)
class Targets:
    """Of a batch.

    Attributes:
        wanted: (N, cells) 1 where a face is to be found.
        counted: (N, cells) 0 where the score does not matter.
        boxes: (N, cells, 4) and `marks` (N, cells, 2, 2), of the cell's face, pixels.
    """

    wanted: Tensor
    counted: Tensor
    boxes: Tensor
    marks: Tensor


def assign(faces: Tensor, valid: Tensor, ignored: Tensor) -> Targets:
    """Give each face to cells about its middle on the grids of its size.

    Args:
        faces: (N, most, 8) x0, y0, x1, y1, eyes x, y, chin x, y.
        valid: (N, most) whether there is such a face at all.
        ignored: (N, most) faces that may be found and need not be.
    """
    where = faces.device
    images, _ = torch.nonzero(valid, as_tuple=True)
    faces, ignored = faces[valid], ignored[valid, None]
    centres, units, low, high = (part.to(where) for part in _cells())
    middle = (faces[:, :2] + faces[:, 2:4]) / 2
    size = (faces[:, 2:4] - faces[:, :2]).clamp(min=1)
    longer = size.amax(1, keepdim=True)
    offset = (centres - middle[:, None]).abs()
    # A face smaller than its cell still has the cell that it lies in.
    half_cell = units[:, None] / 4
    core = (offset <= torch.maximum(CORE * size[:, None], half_cell)).all(-1)
    rim = (offset <= torch.maximum(RIM * size[:, None], 1.5 * half_cell)).all(-1)
    positive = core & (longer >= low) & (longer <= high) & ~ignored
    near = rim & (longer >= low / 1.6) & (longer <= high * 1.6)
    # Where faces overlap, the smaller one is in front.
    rank = torch.where(positive, longer, torch.inf)
    best = torch.full((len(valid), CELLS), torch.inf, device=where)
    best.scatter_reduce_(0, images[:, None].expand_as(rank), rank, "amin")
    wanted = best < torch.inf
    free = torch.zeros(len(valid), CELLS, device=where).index_add_(0, images, near.float()) > 0
    owner, cell = torch.nonzero(positive & (rank == best[images]), as_tuple=True)
    chosen = torch.zeros(len(valid), CELLS, 8, device=where)
    chosen[images[owner], cell] = faces[owner]
    return Targets(
        wanted.float(),
        (~free | wanted).float(),
        chosen[..., :4],
        chosen[..., 4:].reshape(-1, CELLS, 2, 2),
    )


@lru_cache(maxsize=1)
def _cells() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Middles and units of the cells, and the shortest and longest faces that each answers for."""
    sizes = torch.tensor([grid * grid for grid in GRIDS])
    low, high = (
        torch.tensor([bounds[n] for bounds in RANGES]).repeat_interleave(sizes) for n in (0, 1)
    )
    return *cell_centres(), low, high


def losses(outputs: dict[str, Tensor], targets: Targets) -> dict[str, Tensor]:
    """Return the losses of a batch: "score" (focal), "box" (distance IoU), "marks" (box widths)."""
    logits = outputs["scores"].float()
    count = targets.wanted.sum().clamp(min=1)
    right = torch.where(targets.wanted > 0, logits, -logits)
    balance = torch.where(targets.wanted > 0, BALANCE, 1 - BALANCE)
    focal = balance * torch.sigmoid(-right) ** FOCUS * functional.softplus(-right)
    boxes, marks = decode(outputs["geometry"].float())
    wanted = targets.wanted > 0
    found, true = boxes[wanted], targets.boxes[wanted]
    size = (true[:, 2:] - true[:, :2]).amax(1).clamp(min=1)
    off = functional.smooth_l1_loss(
        marks[wanted] / size[:, None, None],
        targets.marks[wanted] / size[:, None, None],
        beta=0.05,
        reduction="sum",
    )
    return {
        "score": (focal * targets.counted).sum() / count,
        "box": _distance_iou(found, true).sum() / count,
        "marks": off / count,
    }


def _distance_iou(found: Tensor, true: Tensor) -> Tensor:
    """One minus IoU plus the centres' distance over the diagonal (Zheng et al., AAAI 2020)."""
    inside = (
        torch.minimum(found[:, 2:], true[:, 2:]) - torch.maximum(found[:, :2], true[:, :2])
    ).clamp(min=0)
    common = inside.prod(1)
    areas = (found[:, 2:] - found[:, :2]).prod(1) + (true[:, 2:] - true[:, :2]).prod(1)
    iou = common / (areas - common).clamp(min=1e-6)
    hull = torch.maximum(found[:, 2:], true[:, 2:]) - torch.minimum(found[:, :2], true[:, :2])
    apart = ((found[:, :2] + found[:, 2:] - true[:, :2] - true[:, 2:]) / 2).square().sum(1)
    return 1 - iou + apart / hull.square().sum(1).clamp(min=1e-6)
