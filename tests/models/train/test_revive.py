"""Restarting dead channels and reducing outsized weights."""

from pathlib import Path

import torch

from models.train.__main__ import main
from models.train.architectures import build, load
from models.train.network import LandmarkNet, Residual
from models.train.revive import revive
from models.training import checkpoint


def sick(dead: int, loud: int) -> tuple[LandmarkNet, torch.Tensor]:
    """A random network with dead channels and inputs that only large weights read, and crops."""
    torch.manual_seed(3)
    network = LandmarkNet().eval()
    images = torch.randn(8, 3, 128, 128)
    with torch.no_grad():
        network.train()
        for _ in range(30):
            network(images)
        network.eval()
        block = next(part for part in reversed(network.stages[-1]) if isinstance(part, Residual))
        block.spread[1].bias[:dead] = -100
        network.stages[-1][1].weight[:, :loud] *= 1000
    return network, images


def test_outputs_stay_while_dead_channels_wake():
    network, images = sick(dead=30, loud=0)
    with torch.no_grad():
        before = network(images)["points"]
        assert revive(network, images, torch.Generator().manual_seed(1)) == (30, 0)
        torch.testing.assert_close(network(images)["points"], before, atol=1e-4, rtol=1e-3)
        out = []
        network.stages[-1].register_forward_hook(lambda _, __, value: out.append(value))
        network(images)
    assert (out[0].amax((0, 2, 3)) > 0.01).all()


def test_training_sees_what_evaluation_sees():
    network, images = sick(dead=0, loud=2)
    with torch.no_grad():
        assert revive(network, images, torch.Generator().manual_seed(1))[1] == 2
        evaluated = network.stages[-1](
            torch.nn.Sequential(network.stem, *network.stages[:-1])(images)
        )
        network.stages[-1].train()
        front = torch.nn.Sequential(network.stem, *network.stages[:-1])(images)
        torch.testing.assert_close(network.stages[-1](front), evaluated, atol=0.05, rtol=0.05)


def test_the_command_leaves_weights_that_a_run_begins_with(shards: Path, tmp_path: Path, capsys):
    source, target = tmp_path / "a.pt", tmp_path / "b.pt"
    checkpoint.save(
        source,
        {"architecture": "landmarks-562-small", "ema": build("landmarks-562-small").state_dict()},
    )
    assert main(["revive", str(source), str(target), "--data", str(shards)]) == 0
    assert "channels were dead" in capsys.readouterr().out
    assert load(target)[1] == "landmarks-562-small"
