"""Compression as JPEG does it, on the training device."""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional


def compress(pictures: Tensor, quality: Tensor) -> Tensor:
    """JPEG's quantisation, colour at half resolution; quality (2N,) scales the tables."""
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    weights = pictures.new_tensor(
        [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
    )
    channels = torch.einsum("kc,nchw->nkhw", weights, pictures)
    light = _quantised(channels[:, :1] - 128, _LUMINANCE, factor) + 128
    colour = _quantised(functional.avg_pool2d(channels[:, 1:], 2), _CHROMINANCE, factor)
    colour = functional.interpolate(colour, scale_factor=2, mode="nearest")
    back = pictures.new_tensor([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])
    return torch.einsum("ck,nkhw->nchw", back, torch.cat([light, colour], 1))


def _quantised(plane: Tensor, table: tuple[int, ...], factor: Tensor) -> Tensor:
    steps = (plane.new_tensor(table).view(8, 8) * factor[:, None, None]).clamp(min=1)[
        :, None, None, None
    ]
    blocks = (
        plane.unflatten(3, (-1, 8)).unflatten(2, (-1, 8)).transpose(3, 4)
    )  # (N, C, rows, columns, 8, 8)
    cosines = _cosines(plane.device)
    spectrum = torch.round((cosines @ blocks @ cosines.T) / steps) * steps
    return (cosines.T @ spectrum @ cosines).transpose(3, 4).flatten(4, 5).flatten(2, 3)


# Annex K of ITU-T T.81.
_LUMINANCE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)


_CHROMINANCE = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)


@lru_cache
def _cosines(device: torch.device) -> Tensor:
    """(8, 8) orthonormal matrix of the discrete cosine transform."""
    k = torch.arange(8.0, device=device)
    matrix = torch.cos((2 * k + 1) * k[:, None] * math.pi / 16) / 2
    matrix[0] /= math.sqrt(2)
    return matrix
