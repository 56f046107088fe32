"""The loop on a small network: to the end, stopped and resumed, together with others."""

import math
import signal
from itertools import pairwise
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the training extras: make venv-models")

from torch import nn  # noqa: E402

from models.training import checkpoint  # noqa: E402
from models.training.average import Average  # noqa: E402
from models.training.learner import Learner  # noqa: E402
from models.training.loop import Loop  # noqa: E402
from models.training.meeting import Meeting  # noqa: E402
from models.training.optimiser import between_features  # noqa: E402
from models.training.plot import read_log  # noqa: E402
from models.training.schedule import Schedule  # noqa: E402


class Noise:
    """Batches that depend on their number only; the target is the mean of a picture."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.drawn, self.stop_at = 0, stop_at

    def batches(self):
        while True:
            generator = torch.Generator().manual_seed(self.drawn)
            self.drawn += 1
            images = torch.rand(4, 1, 8, 8, generator=generator)
            if self.drawn == self.stop_at:
                signal.raise_signal(signal.SIGTERM)
            yield {"images": images, "mean": images.mean((1, 2, 3))}

    def facts(self):
        return {"drawn": self.drawn}

    def state_dict(self):
        return {"drawn": self.drawn}

    def load_state_dict(self, state):
        self.drawn = state["drawn"]


def loss(forward, batch):
    error = (forward(batch["images"]).flatten() - batch["mean"]).square().mean()
    return error, {"squared": error.detach()}


def a_network(seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))


def a_learner(path: Path, name: str = "toy") -> Learner:
    network = a_network().train()
    return Learner(name, network, path, matrices=between_features(network))


def a_loop(folder: Path, steps: int, feed: Noise | None = None, **more) -> Loop:
    schedule = Schedule(rate=1e-2, samples=4 * steps, warmup=2)
    learners = more.pop("learners", None) or [a_learner(folder / "run.pt")]
    log = folder / "run.jsonl"
    return Loop(learners, feed or Noise(), loss, schedule, log=log, log_steps=5, **more)


def test_learns_and_logs(tmp_path):
    loop = a_loop(tmp_path / "new", 40)
    loop.run()
    assert (loop.step, loop.samples) == (40, 160)
    records = read_log(tmp_path / "new" / "run.jsonl")
    assert [record["step"] for record in records] == list(range(5, 41, 5))
    assert records[-1]["squared"] < 0.3 * records[0]["squared"]
    assert records[-1]["drawn"] == 40


def test_a_signal_ends_it_with_a_checkpoint_and_it_goes_on_as_if_it_had_not(tmp_path):
    whole = a_loop(tmp_path / "whole", 20)
    whole.run()
    before = signal.getsignal(signal.SIGTERM)
    a_loop(tmp_path / "parts", 20, Noise(stop_at=7)).run()
    assert signal.getsignal(signal.SIGTERM) is before
    second = a_loop(tmp_path / "parts", 20)
    assert second.step == 7
    second.run()
    for name, value in whole.learners[0].average.state.items():
        torch.testing.assert_close(second.learners[0].average.state[name], value, msg=name)
    assert a_loop(tmp_path / "parts", 20).progress == 1


def test_a_run_that_is_over_draws_nothing_more(tmp_path):
    a_loop(tmp_path, 3).run()
    feed = Noise()
    a_loop(tmp_path, 3, feed).run()
    assert feed.drawn == 3


@pytest.mark.parametrize(
    "content", [{"architecture": "toy", "ema": {}}, {"architecture": "other", "progress": {}}]
)
def test_a_file_that_no_run_can_go_on_from_is_refused(tmp_path, content):
    checkpoint.save(tmp_path / "run.pt", content)
    with pytest.raises(ValueError, match=r"run\.pt is no checkpoint of toy .* --initial"):
        a_loop(tmp_path, 3)


def test_several_networks_learn_from_the_same_batches(tmp_path):
    learners = [a_learner(tmp_path / f"{name}.pt", name) for name in ("one", "two")]
    a_loop(tmp_path, 5, learners=learners).run()
    one, two = (checkpoint.weights(tmp_path / f"{name}.pt") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    (record,) = read_log(tmp_path / "run.jsonl")
    assert record["one squared"] == record["two squared"]


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path):
    learner = a_learner(tmp_path / "run.pt")
    before = learner.network[6].weight.clone()
    total, _ = loss(learner.forward, next(Noise().batches()))
    assert not math.isfinite(learner.step(total * math.inf, 1e-2))
    assert torch.equal(learner.network[6].weight, before)


def test_runs_of_one_folder_meet_at_their_mean(tmp_path):
    values = []
    for value, name in ((1.0, "a"), (3.0, "b")):
        network = a_network()
        nn.init.constant_(network[6].bias, value)
        values.append(Meeting(tmp_path / f"{name}.pt").meet(network))
    assert values == [1, 2]
    assert network[6].bias.item() == pytest.approx(2.0)


def test_schedule_warms_up_and_falls():
    schedule = Schedule(rate=0.5, samples=1000, warmup=10)
    rates = [schedule.at(step, step / 100) for step in range(101)]
    assert rates[0] < rates[5] < rates[9]
    assert rates[-1] == pytest.approx(0.5 * schedule.final)
    assert all(later <= earlier for earlier, later in pairwise(rates[9:]))


def test_a_schedule_ends_with_what_is_over_first():
    schedule = Schedule(rate=0.5, samples=1000, minutes=2)
    assert schedule.progress(500, 30) == 0.5
    assert schedule.progress(500, 90) == 0.75


@pytest.mark.parametrize("wrong", [{}, {"samples": 0}, {"minutes": 1, "rate": 0}])
def test_a_schedule_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"has to be|set one of them"):
        Schedule(**{"rate": 1.0, **wrong})


def test_average_follows_the_network():
    layer = nn.Linear(2, 2)
    average = Average(layer, 0.5)
    with torch.no_grad():
        layer.weight += 1
    before = average.state["weight"].clone()
    average.update(layer)
    assert 0.5 < float((average.state["weight"] - before).mean()) < 1
