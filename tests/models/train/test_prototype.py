"""What is begun with the proof of concept: its trunk under a new last layer, its filters in a smaller network."""

import numpy as np
import pytest
import torch

from models.train.__main__ import main
from models.train.architectures import load
from models.train.prototype import PrototypeNet


@pytest.fixture(scope="module")
def prototype(tmp_path_factory: pytest.TempPathFactory):
    """A prototype that was never trained, with the statistics of its normalisations in place."""
    head = pytest.importorskip("models.head")
    try:
        head.assets_root()
    except head.AssetError as error:
        pytest.skip(f"needs the head's assets: {error}")
    torch.manual_seed(0)
    network = PrototypeNet().train()
    with torch.no_grad():
        for _ in range(8):
            network(torch.randn(4, 3, 128, 128))
    path = tmp_path_factory.mktemp("prototype") / "prototype.pt"
    torch.save(network.state_dict(), path)
    return path


def test_readout_keeps_the_trunk_and_learns_the_rest(prototype, shards, tmp_path, capsys):
    out = tmp_path / "readout.pt"
    # 36 crops are less than a batch of the last layer's training: what is checked here is where it begins.
    assert main(["readout", str(prototype), str(shards), "--out", str(out), "--passes", "1"]) == 0
    old, _ = load(prototype, "prototype-520")
    new, architecture = load(out)
    assert architecture == "prototype-562"
    picture = torch.randn(2, 3, 128, 128)
    with torch.no_grad():
        before, after = old(picture)["points"], new(picture)
    torch.testing.assert_close(after["points"][:, :1560], before, atol=1e-4, rtol=1e-3)
    assert after["log_sigma"].shape == (2, 562)
    # A lid begins among the dense points round its eye.
    points = after["points"].unflatten(1, (-1, 3))
    assert points[:, 520:].min() >= points[:, :520].min()
    assert points[:, 520:].max() <= points[:, :520].max()


def test_inherited_filters_follow_the_prototype(prototype, tmp_path, capsys):
    rng = np.random.default_rng(1)
    pictures = np.kron(rng.integers(0, 256, (24, 8, 8, 3), np.uint8), np.ones((1, 16, 16, 1), np.uint8))
    np.savez(tmp_path / "crops.npz", images=pictures)
    out = tmp_path / "initial.pt"
    assert main(["inherit", str(prototype), str(tmp_path / "crops.npz"), str(out)]) == 0
    old, _ = load(prototype, "prototype-520")
    new, architecture = load(out)
    assert architecture == "landmarks-562"
    images = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 128) / 127.5
    with torch.no_grad():
        wanted, found = old(images)["points"], new(images)["points"][:, :1560]
    varies = (wanted - wanted.mean(0)).abs().mean()
    assert (found - wanted).abs().mean() < 0.5 * varies
