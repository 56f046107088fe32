"""The landmark network: 562 points, each with an uncertainty, and the presence of a face.

It is sized to 70 million multiply-adds. On a processor a dense 3x3 convolution on maps of 16x16 and
smaller costs less than its multiply-adds suggest, and a depthwise one costs more, both in training
(three times) and under XNNPACK. So the residual blocks have few channels between two dense
convolutions, and only the head is depthwise: one 4x4 kernel per channel, which keeps the place in
the crop that average pooling would lose. Activations are bounded (ReLU6) for int8. Strided
convolutions pad as TensorFlow's SAME does, so that the exported graph has no PAD.
"""

import math

import torch
from torch import Tensor, nn

from models.training.precision import half_precision

LANDMARKS = 562
LEVELS = 255


def _rounded(x: Tensor, step: float | Tensor) -> Tensor:
    """The nearest multiples of `step`, with the gradient of the identity (arXiv 1308.3432)."""
    return x + (torch.round(x.detach() / step) * step - x.detach())


def _step(weight: Tensor, levels: int) -> Tensor:
    """Step of int8 weights; their range is that of their output channel."""
    peaks = weight.detach().abs().flatten(1).amax(1).clamp(min=1e-12)
    return (peaks * (2 / (levels - 1))).view(-1, *[1] * (weight.ndim - 1))


class Convolution(nn.Conv2d):
    """Convolution whose weights are rounded to those of int8 when `levels` is set.

    That a batch normalisation follows changes nothing: it scales a whole channel, and its range
    with it.
    """

    levels = 0

    def forward(self, x: Tensor) -> Tensor:
        """As `nn.Conv2d`."""
        if not self.levels:
            return super().forward(x)
        return self._conv_forward(
            x, _rounded(self.weight, _step(self.weight, self.levels)), self.bias
        )


def read_map(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A fully connected layer, weights (M, K), from (N, K, 1, 1) to (N, M), as a convolution.

    An exported convolution has a scale for each output everywhere. Of a fully connected layer with
    float results tflite-runtime 2.14 uses only the first scale, without an error.
    """
    return nn.functional.conv2d(x, weight[..., None, None], bias).flatten(1)


class PatchNet(nn.Module):
    """Reads patches: convolutions, a summary of the last map, and a layer that reads it.

    From (n, channels, height, width) to (n, values).
    """

    trunk: nn.Sequential
    squeeze: nn.Sequential
    head: nn.Linear

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return read_map(self.squeeze(self.trunk(x)), self.head.weight, self.head.bias)


class Reading(nn.Linear):
    """Fully connected layer whose weights are rounded to those of int8 when `levels` is set."""

    levels = 0

    def forward(self, x: Tensor) -> Tensor:
        """As `nn.Linear`; (N, K, 1, 1) as `read_map`."""
        weight = (
            _rounded(self.weight, _step(self.weight, self.levels)) if self.levels else self.weight
        )
        return (
            read_map(x, weight, self.bias)
            if x.ndim == 4
            else nn.functional.linear(x, weight, self.bias)
        )


class Bounded(nn.ReLU6):
    """ReLU6 that rounds to the levels of int8 when `levels` is set, as training for int8 does."""

    levels = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        x = super().forward(x)
        return _rounded(x, 6 / self.levels) if self.levels else x


class Summary(nn.Conv2d):
    """Depthwise convolution over the whole map: `multiple` kernels give one value each per channel.

    In training it is a product of matrices, whose gradient takes a processor a fifteenth of the
    time.
    """

    def __init__(self, channels: int, multiple: int, side: int) -> None:
        super().__init__(channels, channels * multiple, side, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, side, side) to (N, channels * multiple, 1, 1)."""
        if not self.training or self.bias is None:
            return super().forward(x)
        kernels = self.weight.view(self.in_channels, -1, self.weight[0].numel())
        summed = torch.einsum("nck,cmk->ncm", x.flatten(2), kernels).flatten(1)
        return (summed + self.bias)[..., None, None]


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> list[nn.Module]:
    """3x3 convolution and batch normalisation with TensorFlow's SAME padding."""
    padding = 1 if stride == 1 else 0
    layers: list[nn.Module] = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
    layers += [
        Convolution(channels_in, channels_out, 3, stride, padding, bias=False),
        nn.BatchNorm2d(channels_out),
    ]
    return layers


class Residual(nn.Module):
    """Two 3x3 convolutions with `hidden` channels between them, beside an identity."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = nn.Sequential(*_convolution(channels, hidden), Bounded())
        self.spread = nn.Sequential(*_convolution(hidden, channels))
        self.bound = Bounded()

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same."""
        change = self.spread(self.squeeze(x))
        if self.bound.levels:
            change = _rounded(change.clamp(-6, 6), 12 / self.bound.levels)
        summed: Tensor = self.bound(x + change)
        return summed


class LandmarkNet(nn.Module):
    """The network of the zoo's model, from (N, 3, 128, 128) RGB as ``(pixel - 128) / 127.5``.

    It returns a dictionary of

    - "points": (N, 562 * 3), x, y, z of each point in turn, in units of the crop's side, origin at
      its top left corner (``x = (column + 0.5) / 128`` for a pixel's centre), z larger nearer and
      zero at the dense mean;
    - "log_sigma": (N, 562), natural logarithm of the standard deviation of x and of y in the same
    unit;
    - "presence": (N, 1), logit of there being a face.
    """

    landmark_count = LANDMARKS

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 224),
        hidden: tuple[tuple[int, ...], ...] = ((), (48,), (48, 48), (80, 80)),
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Convolution(3, widths[0], 8, 4, 2, bias=False), nn.BatchNorm2d(widths[0]), Bounded()
        )
        stages, channels = [], widths[0]
        for number, (width, squeezed) in enumerate(zip(widths, hidden, strict=True)):
            layers = [*_convolution(channels, width, 2 if number else 1), Bounded()]
            stages.append(nn.Sequential(*layers, *(Residual(width, inner) for inner in squeezed)))
            channels = width
        self.stages = nn.ModuleList(stages)
        self.pool = Summary(channels, 2, 4)
        self.points = Reading(channels * 2, LANDMARKS * 3)
        self.log_sigma = Reading(channels * 2, LANDMARKS)
        # Four pixels. Zero would mean one crop's side, from where on the loss clamps sigma and
        # gives no gradient.
        nn.init.constant_(self.log_sigma.bias, math.log(4 / 128))
        self.presence = Reading(channels * 2, 1)

    def parts(self) -> list[nn.Module]:
        """The stem, the stages and what pools them, in turn."""
        return [self.stem, *self.stages, self.pool]

    def features(self, x: Tensor) -> Tensor:
        """(N, 3, 128, 128) to (N, K), what the last layers read."""
        return self._summed(x).flatten(1)

    def _summed(self, x: Tensor) -> Tensor:
        for part in self.parts():
            x = part(x)
        return x

    def read(self, features: Tensor) -> dict[str, Tensor]:
        """(N, K) or (N, K, 1, 1) to the outputs."""
        return {name: getattr(self, name)(features) for name in ("points", "log_sigma", "presence")}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """See the class."""
        return self.read(self._summed(x))


def round_as_int8(network: LandmarkNet, levels: int = LEVELS) -> None:
    """Make a network round weights and activations as int8 does, in place; 0 levels turn it off."""
    for module in network.modules():
        if isinstance(module, Bounded | Convolution | Reading):
            module.levels = levels


def trained_outputs(network: LandmarkNet, images: Tensor, levels: int = 0) -> dict[str, Tensor]:
    """Outputs of a network while it is trained, (N, 3, side, side) to float32 outputs.

    Args:
        network: In training.
        images: As the network takes them.
        levels: Of rounded features, over their range in each crop, as a fully connected layer with
            int8 weights and a float result rounds them.
    """
    # The last layers stay in float32: a coordinate in bfloat16 steps by a quarter of a pixel.
    with half_precision(images.device):
        features = network.features(images)
    features = features.float()
    if levels:
        low, high = features.detach().aminmax(dim=1, keepdim=True)
        features = _rounded(features, (high - low).clamp(min=1e-3) / levels)
    return network.read(features)
