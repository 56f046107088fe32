"""The networks on the trunk of the first proof of concept: dense 3x3 convolutions, 150 million multiply-adds."""

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
        """(N, channels, H, W) to the same."""
        return (x + self.b(self.a(x))).relu()


class PrototypeTrunk(nn.Module):
    """(N, 3, 128, 128) RGB as ``x / 127.5 - 1`` to (N, 448) features.

    The attribute names are those of the proof of concept's checkpoint.
    """

    features = 448

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

    def trunk(self, x: Tensor) -> Tensor:
        """The features that the last layers read."""
        return self.dw(self.f(x)).flatten(1)


class PrototypeNet(PrototypeTrunk):
    """The proof of concept itself: {"points": (N, 520 * 3)}, x, y, z of each dense point in turn.

    Units are those of the crop's side, origin at its top left corner: ``u = (column + 0.5) / 128`` for a
    pixel's centre.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(self.features, 520 * 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """See the class."""
        return {"points": self.fc(self.trunk(x))}


class PrototypeReadout(PrototypeTrunk):
    """The same trunk, frozen, with a new last layer that reads all that `LandmarkNet` does."""

    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Linear(self.features, 562 * 3)
        self.log_sigma = nn.Linear(self.features, 562)
        self.presence = nn.Linear(self.features, 1)

    def read(self, features: Tensor) -> dict[str, Tensor]:
        """(N, 448) features to the outputs."""
        return {name: getattr(self, name)(features) for name in ("points", "log_sigma", "presence")}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """See `models.train.network.LandmarkNet`."""
        return self.read(self.trunk(x))
