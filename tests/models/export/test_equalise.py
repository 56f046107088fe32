"""Equalised channels: the same network in float, finer steps in int8."""

import pytest

pytest.importorskip("torch", reason="the training extras are not installed: make venv-models")

import torch

from models.export.equalise import equalise
from models.train.network import LandmarkNet

pytestmark = pytest.mark.models


@pytest.fixture
def network() -> LandmarkNet:
    """Fresh weights, with channels of very different size where the features come out."""
    torch.manual_seed(3)
    network = LandmarkNet().eval()
    with torch.no_grad():
        sizes = torch.logspace(-1, 1, len(network.pool.weight))
        network.pool.weight.mul_(sizes[:, None, None, None])
        network.pool.bias.mul_(sizes)
    return network


@pytest.mark.parametrize("head", ["dynamic", "float"])
def test_the_network_computes_the_same(network: LandmarkNet, head: str) -> None:
    images = torch.rand(8, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        before = network(images)
        equalise(network, images, head=head)
        after = network(images)
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-4, rtol=1e-4)


def test_features_and_what_reads_them_are_of_the_same_size(network: LandmarkNet) -> None:
    images = torch.rand(64, 3, 128, 128) * 2 - 1

    def error() -> float:
        """Of the points when features and weights are rounded as the exported file rounds them."""
        with torch.no_grad():
            features, weight = network.features(images), network.points.weight
            exact = features @ weight.T
            step = (features.amax(1, keepdim=True) - features.amin(1, keepdim=True)) / 255
            steps = weight.abs().amax(1, keepdim=True) / 127
            rounded = (features / step).round() * step @ ((weight / steps).round() * steps).T
            return float((rounded - exact).norm() / exact.norm())

    before = error()
    equalise(network, images, head="dynamic")
    assert error() < 0.8 * before
