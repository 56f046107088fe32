"""Cutting on the training device, and training several networks on the same batches."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.train.__main__ import main
from models.train.architectures import build, load
from models.train.augment import Jitter, Shake
from models.train.jpeg import compress
from models.train.loss import restlessness
from models.train.network import LandmarkNet, round_as_int8
from models.train.pool import Pool
from models.train.shards import ShardError
from models.train.views import Views

from .conftest import SIDE, write_shard

CPU = torch.device("cpu")
CALM = Shake(scale=0, shift=0, turn_deg=0)


def crops(count: int = 8) -> dict[str, torch.Tensor]:
    """Pictures whose red is x and whose green is y, with points anywhere in them."""
    ramp = torch.arange(SIDE, dtype=torch.uint8)
    images = torch.zeros(count, SIDE, SIDE, 3, dtype=torch.uint8)
    images[..., 0], images[..., 1] = ramp[None, None, :], ramp[None, :, None]
    points = torch.rand(count, 562, 3, generator=torch.Generator().manual_seed(1)) * 80 + 48
    return {
        "images": images,
        "points": points,
        "visible": torch.ones(count, 562, dtype=bool),
        "face": torch.ones(count, dtype=bool),
        "roll_deg": torch.linspace(-40, 40, count),
    }


def undisturbed(jitter: Jitter, shake: Shake = CALM, seed: int = 1) -> Views:
    views = Views(jitter, shake, CPU, seed)
    views._disturb = lambda pictures: pictures
    return views


class TestViews:
    def test_points_lie_on_what_they_lay_on_in_the_stored_crop(self):
        stored = crops()
        made = undisturbed(Jitter(), Shake()).make(**stored)
        pictures = made["images"] * 127.5 + 128
        asked = 0
        for view in range(16):
            original = stored["points"][view // 2, :520]
            mirrored = None
            for x, y, (ox, oy) in zip(
                *made["points"][view, :520, :2].T, original[:, :2].tolist(), strict=True
            ):
                column, row = round(float(x)), round(float(y))
                if not (2 <= column < 126 and 2 <= row < 126):
                    continue
                red, green = pictures[view, :2, row, column].tolist()
                if not (20 < red < 156 and 20 < green < 156):
                    continue  # beside the border
                mirrored = abs(red - ox) > 3 if mirrored is None else mirrored
                if not mirrored:
                    assert abs(red - ox) < 2.5
                    assert abs(green - oy) < 2.5
                    asked += 1
        assert asked > 1000

    def test_of_a_mirrored_crop_the_points_are_mirrored(self):
        stored = crops(32)
        stored["points"][:] = torch.tensor([40.0, 88.0, 0.0])
        stored["points"][:, 1] = torch.tensor([60.0, 100.0, 0.0])
        made = undisturbed(Jitter(turn_deg=0, wild=0, upright=0)).make(**stored)
        # Red grows to the right in the stored crop, so to the left in a mirror.
        slopes = (made["images"][:, 0, 64, 70] - made["images"][:, 0, 64, 60]).sign()
        assert {-1.0, 1.0} <= set(slopes.tolist())

    def test_two_views_lie_on_one_another_when_led_back(self):
        stored = crops()
        made = undisturbed(Jitter(), Shake()).make(**stored)
        exact = {"points": (made["points"] / 128).flatten(1)}
        ones = torch.ones(562)
        assert float(restlessness(exact, made, ones, 128)) == pytest.approx(0, abs=1e-3)
        exact["points"][1::2] += 1 / 128
        assert 1.0 < float(restlessness(exact, made, ones, 128)) < 1.6

    def test_points_that_nothing_shows_may_differ_between_two_views(self):
        stored = crops()
        stored["visible"][:, :100] = False
        made = undisturbed(Jitter(), Shake()).make(**stored)
        points = torch.where(
            made["visible"][..., None], made["points"] / 128, torch.rand_like(made["points"])
        )
        said = {"points": points.flatten(1)}
        assert float(restlessness(said, made, torch.ones(562), 128)) == pytest.approx(0, abs=1e-3)

    def test_shaken_views_differ(self):
        made = undisturbed(Jitter(), Shake()).make(**crops())
        assert float((made["points"][::2] - made["points"][1::2]).abs().mean()) > 0.2
        calm = undisturbed(Jitter()).make(**crops())
        torch.testing.assert_close(calm["points"][::2], calm["points"][1::2])

    def test_the_seed_decides_everything(self):
        first, again, other = (
            Views(Jitter(), Shake(), CPU, seed).make(**crops()) for seed in (4, 4, 5)
        )
        assert torch.equal(first["images"], again["images"])
        assert torch.equal(first["points"], again["points"])
        assert not torch.equal(first["images"], other["images"])

    def test_pictures_are_what_an_int8_input_can_hold(self):
        images = Views(Jitter(), Shake(), CPU, 1).make(**crops(24))["images"] * 127.5
        assert images.min() >= -128
        assert images.max() <= 127.01
        torch.testing.assert_close(images, images.round(), atol=1e-3, rtol=0)

    def test_crops_without_a_face_come_through(self):
        stored = crops(4)
        stored["face"][1:3] = False
        stored["points"][1:3] = torch.nan
        stored["roll_deg"][1:3] = torch.nan
        made = Views(Jitter(), Shake(), CPU, 1).make(**stored)
        assert torch.isfinite(made["images"]).all()
        assert made["face"].tolist() == [True] * 2 + [False] * 4 + [True] * 2

    @pytest.mark.parametrize(("quality", "least", "most"), [(20.0, 3.0, 40.0), (90.0, 0.1, 6.0)])
    def test_compression_loses_more_at_a_lower_quality(self, quality, least, most):
        picture = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(2)) * 60 + 90
        picture = torch.nn.functional.avg_pool2d(picture, 5, 1, 2)
        lost = compress(picture, torch.tensor([quality])) - picture
        assert least / 10 < float(lost.abs().mean()) < most


class TestPool:
    def test_takes_up_shards_that_appear_later(self, shards: Path):
        pool = Pool([shards], 100, CPU)
        while pool.count < 36:
            pool.refresh(wait=True)
        write_shard(shards / "shard-00009.npz", np.random.default_rng(8))
        pool.refresh(wait=True)
        pool.close()
        assert pool.count == 48
        drawn = pool.draw(200, torch.Generator().manual_seed(1))
        assert drawn["images"].shape == (200, SIDE, SIDE, 3)
        assert 0 < int((~drawn["face"]).sum()) < 100

    def test_holds_no_more_than_it_may(self, shards: Path):
        pool = Pool([shards], 30, CPU)
        while pool.count < 30:
            pool.refresh(wait=True)
        pool.close()
        assert pool.draw(10, torch.Generator())["points"].shape == (10, 562, 3)

    def test_a_damaged_shard_is_named_where_it_is_asked_for(self, tmp_path: Path):
        (tmp_path / "shard-00000.npz").write_bytes(b"PK no shard")
        pool = Pool([tmp_path], 30, CPU)
        with pytest.raises(ShardError, match="shard-00000"):
            pool.refresh(wait=True)
        pool.close()


class TestRounding:
    def test_rounded_activations_have_few_levels_and_full_gradients(self):
        torch.manual_seed(1)
        network = LandmarkNet().train()
        plain = network.stem(torch.randn(2, 3, 128, 128))
        assert plain.unique().numel() > 5000
        round_as_int8(network, 255)
        rounded = network.stem(torch.randn(2, 3, 128, 128))
        assert rounded.unique().numel() <= 256
        rounded.sum().backward()
        assert network.stem[0].weight.grad.abs().sum() > 0
        round_as_int8(network, 0)
        assert network.stem(torch.randn(2, 3, 128, 128)).unique().numel() > 5000


class TestFleet:
    def test_trains_several_networks_and_leaves_what_the_export_reads(
        self, shards: Path, tmp_path: Path
    ):
        out = tmp_path / "out"
        status = main(
            [
                *("fleet", "--data", str(shards), "--out", str(out), "--minutes", "0.05"),
                *("--crops", "2", "--capacity", "40", "--least", "30"),
                *("--networks", "landmarks-562", "landmarks-562-small"),
            ]
        )
        assert status == 0
        assert sorted(path.name for path in out.glob("*.pt")) == [
            "landmarks-562-small.pt",
            "landmarks-562.pt",
        ]
        network, name = load(out / "landmarks-562-small.pt")
        assert name == "landmarks-562-small"
        with torch.no_grad():
            assert torch.isfinite(network(torch.zeros(1, 3, 128, 128))["points"]).all()

    def test_begins_with_given_weights(self, shards: Path, tmp_path: Path):
        arguments = [
            "fleet",
            "--data",
            str(shards),
            "--minutes",
            "0.0001",
            "--capacity",
            "40",
            "--least",
            "20",
        ]
        main([*arguments, "--out", str(tmp_path / "a"), "--networks", "landmarks-562-small"])
        name = "landmarks-562-small"
        first = tmp_path / "a" / f"{name}.pt"
        main(
            [
                *arguments,
                "--out",
                str(tmp_path / "b"),
                "--networks",
                f"landmarks-562-small={first}",
                "--seed",
                "9",
            ]
        )
        a, b, fresh = (
            network.state_dict()["points.weight"]
            for network in (
                *(load(tmp_path / run / "landmarks-562-small.pt")[0] for run in "ab"),
                build(name),
            )
        )
        assert (a - b).abs().mean() < 0.2 * (a - fresh).abs().mean()
