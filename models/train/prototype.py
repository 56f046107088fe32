"""The network of the first proof of concept, kept so that its checkpoint can be exported and compared with.

Dense 3x3 convolutions with unbounded activations, 520 points and nothing else: 150 million multiply-adds.
"""

from torch import Tensor, nn


def _conv(channels_in: int, channels_out: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class _Residual(nn.Module):
    """Two 3x3 convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = _conv(channels, channels, 3, 1)
        self.b = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.b(self.a(x))).relu()


class PrototypeNet(nn.Module):
    """(N, 3, 128, 128) RGB as ``x / 127.5 - 1`` to {"points": (N, 1560)}, x, y, z of each point in turn.

    Units are those of the crop's side, origin at its top left corner: ``u = (column + 0.5) / 128`` for a
    pixel's centre. The attribute names are the checkpoint's.
    """

    landmark_count = 520

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 224)) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(3, widths[0], 5, 4)]
        channels = widths[0]
        for stage, width in enumerate(widths):
            layers += [_conv(channels, width, 3, 2 if stage else 1), _Residual(width)]
            if stage:
                layers.append(_Residual(width))
            channels = width
        self.f = nn.Sequential(*layers)
        self.dw = nn.Conv2d(channels, channels * 2, 4, groups=channels)
        self.fc = nn.Linear(channels * 2, self.landmark_count * 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """See the class."""
        return {"points": self.fc(self.dw(self.f(x)).flatten(1))}
