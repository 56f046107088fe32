import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models.train.__main__ import main
from models.train.architectures import build, load
from models.train.config import TrainingConfig
from models.train.data import Samples
from models.train.loss import IBUG68, LandmarkLoss, LossWeights, point_weights
from models.train.network import LandmarkNet, Summary
from models.train.run import Passes, make_loop
from models.train.shards import ShardError, ShardReader, count_rows, epoch_order, list_shards
from models.training import checkpoint
from models.training.processes import Processes

from .conftest import write_shard


def settings(shards: Path, out: Path, **changes) -> TrainingConfig:
    return TrainingConfig(
        **{
            "data": (shards,),
            "out": out,
            "samples": 48,
            "batch": 4,
            "workers": 0,
            "threads": 1,
            "warmup": 2,
            "log_steps": 3,
            **changes,
        }
    )


class TestNetwork:
    def test_outputs_and_budget(self):
        network = LandmarkNet().eval()
        with torch.no_grad():
            outputs = network(torch.zeros(2, 3, 128, 128))
        assert {name: tuple(value.shape) for name, value in outputs.items()} == {
            "points": (2, 1686),
            "log_sigma": (2, 562),
            "presence": (2, 1),
        }
        assert sum(p.numel() for p in network.parameters()) < 2.45e6

    def test_the_summary_is_the_same_in_training(self):
        torch.manual_seed(1)
        summary, x = Summary(6, 2, 4), torch.randn(3, 6, 4, 4)
        found = [
            (
                mode(summary)(x),
                torch.autograd.grad(mode(summary)(x).square().sum(), summary.weight)[0],
            )
            for mode in (Summary.train, Summary.eval)
        ]
        torch.testing.assert_close(*found)
        assert found[0][0].shape == (3, 12, 1, 1)

    def test_unknown_architecture_names_those_there_are(self):
        with pytest.raises(KeyError, match="landmarks-562"):
            build("no-such-net")

    def test_a_fresh_network_can_learn_its_uncertainty(self):
        torch.manual_seed(1)
        network = LandmarkNet().train()
        points = torch.rand(2, 562, 3) * 100
        batch = {
            "points": points,
            "visible": torch.ones(2, 562, dtype=bool),
            "face": torch.ones(2, dtype=bool),
        }
        LandmarkLoss(LossWeights())(network(torch.randn(2, 3, 128, 128)), batch)[0].backward()
        assert (network.log_sigma.bias.grad.abs() > 0).all()


class TestLoss:
    def batch(self, faces=(True, False)):
        points = torch.rand(2, 562, 3) * 100
        points[~torch.tensor(faces)] = torch.nan
        return {
            "points": points,
            "visible": torch.ones(2, 562, dtype=bool),
            "face": torch.tensor(faces),
        }

    def outputs(self, batch, error=0.0, log_sigma=-4.0):
        found = (batch["points"] + torch.tensor([0.5, 0.5, 0.0]) + error) / 128
        return {
            "points": torch.nan_to_num(found).flatten(1).requires_grad_(),
            "log_sigma": torch.full((2, 562), log_sigma, requires_grad=True),
            "presence": torch.tensor([[4.0], [-4.0]], requires_grad=True),
        }

    def test_perfect_points_cost_nothing_but_sigma(self):
        batch = self.batch()
        total, terms = LandmarkLoss(LossWeights(sigma=0, presence=0))(self.outputs(batch), batch)
        assert float(total.detach()) == pytest.approx(0, abs=1e-3)
        assert terms["nme_px"] == pytest.approx(0, abs=1e-3)

    def test_pixel_centres_at_integers_become_half_a_pixel(self):
        batch = self.batch()
        outputs = self.outputs(batch)
        outputs["points"] = (torch.nan_to_num(batch["points"]) / 128).flatten(1)
        _, terms = LandmarkLoss(LossWeights())(outputs, batch)
        assert terms["nme_px"] == pytest.approx(0.5**0.5, rel=1e-3)

    def test_sigma_is_cheapest_at_the_size_of_the_error(self):
        batch = self.batch()
        loss = LandmarkLoss(LossWeights())
        sizes = np.linspace(0.5, 8, 16)
        costs = [
            loss(self.outputs(batch, 2.0, float(np.log(s / 128))), batch)[1]["sigma"] for s in sizes
        ]
        assert sizes[int(np.argmin(costs))] == pytest.approx(2.0, abs=0.5)

    def test_faceless_crops_teach_presence_only(self):
        batch = self.batch((False, True))
        outputs = self.outputs(batch)
        total, _ = LandmarkLoss(LossWeights())(outputs, batch)
        total.backward()
        assert outputs["points"].grad[0].abs().max() == 0
        assert outputs["points"].grad[1].abs().max() >= 0
        assert torch.isfinite(outputs["points"].grad).all()
        assert outputs["presence"].grad[0] > 0

    def test_points_that_nobody_knows_teach_nothing(self):
        batch = self.batch((True, True))
        outputs = self.outputs(batch, 3.0)
        batch["points"][0, 520:] = torch.nan
        total, _ = LandmarkLoss(LossWeights())(outputs, batch)
        total.backward()
        gradient = outputs["points"].grad.unflatten(1, (-1, 3)).abs().sum(2)
        assert torch.isfinite(total)
        assert gradient[0, 520:].max() == 0
        assert gradient[0, :520].min() > 0
        assert gradient[1].min() > 0
        assert outputs["log_sigma"].grad[0, 520:].abs().max() == 0

    def test_an_error_of_a_pixel_counts_for_more_in_a_narrow_face(self):
        batch = self.batch((True, True))
        batch["points"][1] = batch["points"][0] * torch.tensor([0.5, 1, 1])
        outputs = self.outputs(batch, 3.0)
        LandmarkLoss(LossWeights(gap=0))(outputs, batch)[0].backward()
        wide, narrow = outputs["points"].grad.abs().mean(1)
        # The box of the 68 points is half as wide, so that its size is 1 / sqrt 2 as large.
        assert float(narrow / wide) == pytest.approx(2, rel=0.01)

    def test_weights_have_mean_one_and_prefer_the_features(self):
        weights = point_weights(LossWeights())
        assert float(weights.mean()) == pytest.approx(1)
        assert weights[IBUG68[40]] > weights[530] > weights[0]


class TestShards:
    def test_order_is_a_permutation_fixed_by_seed_and_pass(self):
        rows = [5, 7, 3]
        order = epoch_order(rows, 1, 0)
        assert sorted(map(tuple, order.tolist())) == [
            (s, r) for s, n in enumerate(rows) for r in range(n)
        ]
        np.testing.assert_array_equal(order, epoch_order(rows, 1, 0))
        assert not np.array_equal(order, epoch_order(rows, 1, 1))

    def test_a_torn_shard_is_named(self, shards):
        path = next(shards.iterdir())
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(ShardError, match=path.name):
            ShardReader().read(path, 0)

    def test_crops_come_back(self, shards):
        crop = ShardReader().read(list_shards([shards])[0], 5)
        assert crop.image.shape == (176, 176, 3)
        assert crop.face
        centre = np.nanmean(crop.points[:520, :2], 0).astype(int)
        assert crop.image[centre[1], centre[0]] == pytest.approx([220, 150, 90], abs=12)  # RGB


class TestTraining:
    def test_learns_and_resumes_exactly(self, shards, tmp_path):
        whole = make_loop(settings(shards, tmp_path / "whole"))
        whole.run()
        first = make_loop(settings(shards, tmp_path / "parts"))
        first.learners[0].forward.register_forward_hook(
            lambda *_: first.stop() if first.step == 1 else None
        )
        first.run()
        second = make_loop(settings(shards, tmp_path / "parts"))
        assert second.step == 2
        second.run()
        assert second.step == whole.step == 12
        for name, value in whole.learners[0].average.state.items():
            torch.testing.assert_close(second.learners[0].average.state[name], value, msg=name)

        lines = [
            json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
        ]
        measured = [line for line in lines if "loss" in line]
        assert [line["step"] for line in measured] == [3, 6, 9, 12]
        assert measured[-1]["loss"] < measured[0]["loss"]

    def test_new_shards_are_seen_at_the_next_pass(self, shards, tmp_path):
        feed = Passes(settings(shards, tmp_path / "run"), Processes())
        batches = feed.batches()
        next(batches)
        write_shard(shards / "shard-00009.npz", np.random.default_rng(9))
        seen = [feed.facts()["shards"] for _ in zip(range(10), batches, strict=False)]
        # A pass of 9 batches keeps its shards.
        assert seen == [3] * 8 + [4] * 2

    def test_checkpoint_loads_for_export(self, shards, tmp_path):
        make_loop(settings(shards, tmp_path / "run", samples=4)).run()
        network, architecture = load(tmp_path / "run" / "last.pt")
        assert architecture == "landmarks-562"
        assert not network.training

    def test_command_line_trains_and_plots(self, shards, tmp_path, capsys):
        arguments = [
            "--data",
            str(shards),
            "--out",
            str(tmp_path / "run"),
            "--samples",
            "8",
            "--batch",
            "4",
        ]
        assert main([*arguments, "--workers", "0", "--threads", "1", "--log-steps", "1"]) == 0
        pytest.importorskip("matplotlib")
        assert main(["plot", str(tmp_path / "run")]) == 0
        assert (tmp_path / "run" / "log.png").read_bytes()[:4] == b"\x89PNG"

    def test_no_shards_says_so(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="render some first"):
            make_loop(settings(tmp_path, tmp_path / "run")).run()

    def test_batches_do_not_depend_on_who_makes_them(self, shards, tmp_path):
        paths = list_shards([shards])
        rows = [count_rows(path) for path in paths]
        config = settings(shards, tmp_path)
        one, two = (Samples(paths, rows, 1, 0, 4, config.jitter) for _ in range(2))
        two[0]
        torch.testing.assert_close(one[3], two[3], equal_nan=True)

    def test_the_last_part_of_a_run_can_see_crops_as_they_are(self, shards, tmp_path):
        paths = list_shards([shards])
        rows = [count_rows(path) for path in paths]
        jitter = settings(shards, tmp_path).jitter
        plain, some, all_of_them = (
            Samples(paths, rows, 1, 0, 32, jitter, disturbed=share)[0] for share in (0, 0.5, 1)
        )
        torch.testing.assert_close(plain["points"], all_of_them["points"], equal_nan=True)
        changed = [
            (batch["images"] != plain["images"]).flatten(1).any(1) for batch in (some, all_of_them)
        ]
        assert 0 < changed[0].sum() < changed[1].sum()
        assert not (changed[0] & ~changed[1]).any()


class TestSeveralProcesses:
    def test_they_stop_together_with_a_checkpoint_and_go_on(self, shards: Path, tmp_path: Path):
        """The generator also receives the SIGTERM to the whole group, as from a service manager."""
        out = tmp_path / "run"
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
        ]
        command += ["-m", "models.train", "--data", str(shards), "--out", str(out), "--batch", "2"]
        command += ["--workers", "1", "--threads", "1", "--log-steps", "1"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        endless = [*command, "--samples", "1000000"]
        with subprocess.Popen(
            endless, env=environment, stderr=subprocess.PIPE, start_new_session=True
        ) as running:
            log = out / "log.jsonl"
            while not (log.exists() and '"loss"' in log.read_text()):
                assert running.poll() is None, running.stderr.read().decode()
            os.killpg(running.pid, signal.SIGTERM)
            running.communicate(timeout=120)
        stopped = checkpoint.load(out / "last.pt")
        progress = stopped["progress"]
        assert progress["samples"] == 4 * progress["step"] > 0
        more = progress["samples"] + 8
        subprocess.run([*command, "--samples", str(more)], env=environment, check=True, timeout=240)
        assert checkpoint.load(out / "last.pt")["progress"]["samples"] == more


class TestTail:
    def test_frozen_parts_stay_and_the_rest_learns_for_int8_from_pairs(
        self, shards: Path, tmp_path: Path
    ):
        loop = make_loop(
            settings(shards, tmp_path / "tail", frozen=4, levels=255, calm=4.0, samples=24)
        )
        network = loop.learners[0].network
        before = {name: value.clone() for name, value in network.state_dict().items()}
        loop.run()
        changed = {
            name
            for name, value in network.state_dict().items()
            if not torch.equal(value, before[name])
        }
        parts = {name.split(".")[0] + "." + name.split(".")[1] for name in changed}
        assert "stages.3" in parts
        assert "points.weight" in changed
        assert not parts & {"stem.0", "stem.1", "stages.0", "stages.1", "stages.2"}
        assert '"calm"' in (tmp_path / "tail" / "log.jsonl").read_text()
