"""Networks that are int8 from input to output without visible steps, for an Edge TPU.

An int8 value has 255 steps. A coordinate across the crop would have steps of half a pixel, and the
pooling of the last map would make all points jitter. Two methods help, and neither needs training:

- *Copies.* A value is computed n times, with biases that differ by 1/n of a step. The roundings of
  the copies then differ too, and their mean has n times the steps: the sum of floor(x + k / n) over
  k is floor(n x) (Hermite's identity). Biases are int32 and finer than that. The weights of copies
  are rounded apart in the same way.
- *Modes.* The output of the last layer varies in few ways: mostly pose, size and place, then shape.
So it gives the coefficients of principal components, each with its own scale, and the device
computes the outputs (`landmarkd.vision.decoder`). The largest have the most copies.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import torch
from landmarkd.vision.decoder import KINDS
from numpy.typing import NDArray
from torch import Tensor, nn

from models.export.graph import parse_graph
from models.export.twins import CHANGE, convolution, offsets, spread

FEATURE_COPIES = 4
COEFFICIENTS = 5
"""Mean number of copies of a mode's coefficient, over all modes."""

MOST_COPIES = 16

ROOM = 1.1
"""Ranges are the observed ranges times this, unless stated otherwise."""

COVERAGE = 0.998
"""Share of the pictures whose features fit into their range; the rest is cut off."""

LEFT_OUT = 0.4
"""Root mean square of the contribution of the modes left out, in units of `Head.fine`."""

STORED = 0.125
"""How much rounding a mode to integers may change a value, in units of `Head.fine`."""

ASLEEP = 1e-4
"""A feature whose spread is below this share of the largest one's is dead and left out."""

LINEAR, BOUNDED = (-128 / 127.5, 127 / 127.5), (0.0, 6.0)
"""The int8 ranges of what has copies: coefficients and plain features; features after ReLU6."""


@dataclass(frozen=True)
class Head:
    """The layers that read the last map of a network.

    Attributes:
        pool: convolution over the whole map, to (N, K, 1, 1), K a multiple of its groups.
        bounded: a ReLU6 follows it.
        weight, bias: (values, K) and (values,) of the layer that reads its results.
        fine: (values,) about how much rounding may add to each value, in its own unit.
        sizes: how many values each output has.
    """

    pool: nn.Conv2d
    bounded: bool
    weight: Tensor
    bias: Tensor
    fine: Tensor
    sizes: tuple[int, ...]


class Whole(nn.Module):
    """From (N, channels, height, width) to (N, coefficients), for an Edge TPU, which takes N = 1.

    Args:
        trunk: to the last map.
        pool: to the copied features.
        bounded: a ReLU6 follows the pool.
        reader: convolution from these to the copied coefficients.
    """

    def __init__(self, trunk: nn.Module, pool: nn.Conv2d, bounded: bool, reader: nn.Conv2d) -> None:
        super().__init__()
        self.trunk, self.pool, self.reader = trunk, pool, reader
        self.after = nn.ReLU6() if bounded else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.reader(self.after(self.pool(self.trunk(x)))).flatten(1)
        return found


def _ranged(
    values: Tensor, coverage: float, bounded: bool, room: float = ROOM
) -> tuple[Tensor, Tensor]:
    """Middle and half width (K,) of the range of values (N, K); of bounded ones, 0 and a sixth."""
    low, high = (values.quantile(share, 0) for share in (1 - coverage, coverage))
    if bounded:
        return torch.zeros_like(low), (high * room).clamp(max=6.0) / 6
    return (low + high) / 2, (high - low) / 2 * room


def _pool(head: Head, middle: Tensor, half: Tensor, twins: int) -> nn.Conv2d:
    """The pool with copies of each feature, which span the range of int8; twin after twin."""
    pool, copies = head.pool, FEATURE_COPIES // twins
    low, high = BOUNDED if head.bounded else LINEAR
    apart = offsets(FEATURE_COPIES).view(copies, twins).T.repeat(1, pool.out_channels).flatten()

    def copied(values: Tensor) -> Tensor:
        return values.repeat_interleave(copies, 0).repeat(twins, *[1] * (values.ndim - 1))

    scaled = pool.weight / half[:, None, None, None]
    # A row of zeros would have a scale of almost zero, which a compiler may refuse.
    scaled[half.isinf()] = 1e-3
    weight = spread(copied(scaled), apart)
    bias = copied((pool.get_parameter("bias") - middle) / half) + apart * (high - low) / 255
    return convolution(weight, bias, twins * pool.groups)


def _copies(step: Tensor) -> Tensor:
    """Copies that minimise the noise of all modes: proportional to their steps to the 2/3."""
    shares = step ** (2 / 3)
    return (shares / shares.mean() * COEFFICIENTS).round().clamp(1, MOST_COPIES).int()


@torch.no_grad()
def whole(
    trunk: nn.Module,
    head: Head,
    seen: Tensor,
    twins: int = 1,
    batch: int = 1,
    room: float = ROOM,
) -> tuple[Whole, bytes]:
    """Make the network that is int8 throughout.

    Args:
        trunk: in evaluation mode, from pictures to the last map, in `twins`.
        head: what follows it.
        seen: (N, K) results of the pool for some thousand pictures like those that the network will
            see, for modes and ranges.
        twins: copies of the last map's channels, one after the other.
        batch: pictures that the model for the processor reads in one call.
        room: for coefficients beyond what was seen.

    Returns:
        The network, and the content of the decoder's file.
    """
    if head.bounded:
        seen = seen.clamp(0, 6)
    middle, half = _ranged(seen, COVERAGE, head.bounded)
    asleep = half <= ASLEEP * half.max()
    middle[asleep], half[asleep] = seen.mean(0)[asleep], torch.inf
    values = (seen @ head.weight.T + head.bias) / head.fine
    mean = values.mean(0)
    _, sizes, modes = torch.linalg.svd(values - mean, full_matrices=False)
    left = (sizes.square().flip(0).cumsum(0).flip(0) / values.numel()).sqrt()
    modes = modes[left > LEFT_OUT]
    centre, span = _ranged((values - mean) @ modes.T, 1.0, False, room)
    # Features that span the range of int8 are read, and coefficients that span it are given.
    reading = modes / span[:, None] / head.fine
    bias = reading @ (head.bias + head.weight @ middle) - (modes @ mean + centre) / span
    weight = reading @ (head.weight * half.nan_to_num(posinf=0))
    copies = _copies(span * modes.square().mean(1).sqrt())
    own = torch.cat([offsets(int(n)) for n in copies])
    parts = offsets(FEATURE_COPIES).view(-1, twins).T.repeat(1, weight.shape[1]).flatten()
    shared = parts / copies.repeat_interleave(copies)[:, None]
    weight = weight.repeat_interleave(copies, 0).repeat_interleave(FEATURE_COPIES // twins, 1)
    weight = spread(weight.repeat(1, twins), own[:, None] + shared) / FEATURE_COPIES
    reader = convolution(weight[..., None, None], bias.repeat_interleave(copies) + own / 127.5)
    network = Whole(trunk, _pool(head, middle, half, twins), head.bounded, reader).eval()
    arrays = _stored((modes * (span / 127.5 / copies)[:, None]).double().numpy(), copies.numpy())
    decoder = arrays | {
        "copies": copies.numpy(),
        "offset": (mean + centre @ modes).numpy(),
        "units": head.fine.numpy(),
        "sizes": np.array(head.sizes),
        "batch": np.array(batch),
    }
    into = BytesIO()
    # Modes that matter little are small integers, which compress.
    np.savez_compressed(
        into, **{name: decoder[name].astype(kind[0]) for name, kind in KINDS.items()}
    )
    return network, into.getvalue()


def _stored(
    modes: NDArray[np.float64], copies: NDArray[np.integer]
) -> dict[str, NDArray[np.generic]]:
    """Arrays `modes`, `exponents` and `rows` of a decoder's file.

    Args:
        modes: (n, values) of one step of each sum, in units of `Head.fine`.
        copies: (n,) of each coefficient.
    """
    rows: list[tuple[NDArray[np.float64], int, int]] = []
    for row, (left, count) in enumerate(zip(modes, copies, strict=True)):
        finest = int(np.floor(np.log2(2 * STORED / (128 * count))))
        while np.abs(left).max() > np.ldexp(0.5, finest):
            exponent = max(finest, int(np.ceil(np.log2(np.abs(left).max() / 127))))
            rows.append((np.round(np.ldexp(left, -exponent)), exponent, row))
            left = left - np.ldexp(rows[-1][0], exponent)  # noqa: PLW2901
    found, exponents, indices = zip(*rows, strict=True)
    return {
        "modes": np.stack(found),
        "exponents": np.array(exponents),
        "rows": np.array(indices),
    }


def fixed_ranges(float_model: bytes, bounded: bool) -> dict[str, tuple[float, float]]:
    """Ranges, by their names, of the tensors of a `Whole` network that its biases rely on."""
    graph = parse_graph(float_model)
    names = [tensor.name for tensor in graph.tensors]
    makers = {index: step for step in graph.operators for index in step.outputs}
    found = {}
    for step in graph.operators:
        if step.name == "ADD":
            # A change has both signs; the sum and what it is added to are between 0 and 6.
            for index in (*step.inputs, *step.outputs):
                options = makers[index].options
                plain = makers[index].name == "CONV_2D" and not options.fusedActivationFunction
                found[names[index]] = CHANGE if plain else BOUNDED
    reader = [step for step in graph.operators if step.name == "CONV_2D"][-1]
    found[names[reader.inputs[0]]] = BOUNDED if bounded else LINEAR
    return found | dict.fromkeys((names[n] for n in (*reader.outputs, *graph.outputs)), LINEAR)
