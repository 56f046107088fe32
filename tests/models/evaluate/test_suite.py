import json

import numpy as np
import pytest
from landmarkd.layout import LAYOUTS, canonical_points

from models.evaluate import __main__ as program
from models.evaluate import targets
from models.evaluate.faces import evaluate_faces
from models.evaluate.pictures import worst, write_sheet
from models.evaluate.subjects import TorchEngine, open_model
from models.evaluate.suite import evaluate
from tests.models.evaluate.test_readers import write_shard

torch = pytest.importorskip("torch")
LAYOUT = LAYOUTS["landmarkd-562"]


@pytest.fixture
def checkpoint(tmp_path):
    """Weights of a minimal network that always returns the mean head in the crop's middle."""
    from models.train import architectures

    head = canonical_points(LAYOUT).copy()
    head[:, :2] -= (head[:520, :2].min(0) + head[:520, :2].max(0)) / 2
    head = head / np.ptp(head[:520, :2], axis=0).max() / 1.3
    head[:, :2] += 0.5
    head[:, 2] *= -1  # z of a model is larger nearer to the camera
    architectures.ARCHITECTURES["always-the-mean"] = MeanHead
    network = MeanHead()
    network.points.data[:] = torch.from_numpy(head.ravel())
    path = tmp_path / "mean.pt"
    torch.save({"architecture": "always-the-mean", "model": network.state_dict()}, path)
    yield path
    del architectures.ARCHITECTURES["always-the-mean"]


class MeanHead(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.points = torch.nn.Parameter(torch.zeros(562 * 3))

    def forward(self, x):
        one = torch.ones(len(x), 1)
        return {
            "points": one * self.points,
            "log_sigma": one * torch.full((562,), -3.0),
            "presence": one * 4.0,
        }


class Brightness(torch.nn.Module):
    def forward(self, x):
        return {"presence": x.mean((1, 2, 3))[:, None]}


def test_arrays_of_a_network_stay_and_hold_the_last_results():
    engine = TorchEngine(Brightness(), 4)
    kept = engine.output()
    for value in (0.25, -0.5):
        engine.input()[:] = value
        engine.invoke()
        assert kept.item() == pytest.approx(value)


def test_a_checkpoint_is_measured_by_the_device_code(checkpoint):
    from models.evaluate.records import LabelledFace, tight_box

    model = open_model(str(checkpoint))
    assert model.layout.name == "landmarkd-562"
    assert model.has_presence
    head = canonical_points(LAYOUT)[LAYOUT.ibug68, :2].astype(np.float64) + 200
    face = LabelledFace(
        "made", "mean", np.zeros((400, 400, 3), np.uint8), head, tight_box(head), (0.0, 0.0, 0.0)
    )
    (result,) = evaluate_faces(model, [face])
    assert result.score == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6)
    assert result.sigma.shape == (562,)
    # The place of its crop in the picture may vary; the shape found in it may not.
    found, wanted = result.points[LAYOUT.ibug68, :2], head
    ratio = np.linalg.norm(found[0] - found[16]) / np.linalg.norm(wanted[0] - wanted[16])
    for one, other in ((8, 27), (36, 45), (48, 54), (17, 10)):
        there, here = (
            np.linalg.norm(found[one] - found[other]),
            np.linalg.norm(wanted[one] - wanted[other]),
        )
        assert there == pytest.approx(ratio * here, rel=1e-3)
    assert np.isfinite(result.errors).all()
    assert abs(result.pose_deg[1]) < 2


def test_one_command_writes_a_report_of_synthetic_faces(checkpoint, tmp_path, capsys):
    (tmp_path / "shards").mkdir()
    write_shard(tmp_path / "shards" / "shard-00000.npz")
    out = tmp_path / "out"
    arguments = ["--model", str(checkpoint), "--out", str(out), "--real", str(tmp_path / "absent")]
    assert program.main([*arguments, "--synthetic", str(tmp_path / "shards")]) == 0
    numbers = json.loads((out / "numbers.json").read_text())
    assert numbers["tables"]["Synthetic by yaw, NME %"]["68 points"]["faces"] == 5
    assert (out / "report.md").read_text() in capsys.readouterr().out
    assert (out / "worst-synthetic.png").stat().st_size > 1000
    assert len((out / "faces.csv").read_text().splitlines()) == 6
    assert program.main(["compare", str(out / "numbers.json"), str(out / "numbers.json")]) == 0
    assert "| 1.000 |" in capsys.readouterr().out


def test_nothing_to_measure_is_said(tmp_path, capsys):
    arguments = [
        "--out",
        str(tmp_path),
        "--real",
        str(tmp_path / "a"),
        "--synthetic",
        str(tmp_path / "b"),
    ]
    assert program.main(arguments) == 2
    assert "nothing to measure" in capsys.readouterr().err


def test_worst_faces_come_first(checkpoint, tmp_path):
    write_shard(tmp_path / "shard-00000.npz")
    done = evaluate(open_model(str(checkpoint)), real=None, synthetic=tmp_path, say=lambda _: None)
    results = done.results["synthetic"]
    errors = [result.measures()["nme51"] for result in worst(results)]
    assert errors == sorted(errors, reverse=True)
    write_sheet(results, LAYOUT.ibug68, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").is_file()


def test_verdicts():
    less = targets.Target("error", ("", "", ""), 3.0, 2.0)
    more = targets.Target("found", ("", "", ""), 90.0, 99.0, more_is_better=True)
    assert [targets.verdict(less, value) for value in (1.9, 2.5, 3.5)] == ["aim", "must", "short"]
    assert [targets.verdict(more, value) for value in (99.5, 95.0, 80.0)] == [
        "aim",
        "must",
        "short",
    ]


def test_a_number_between_two_bounds_is_short_on_either_side():
    near_one = targets.Target("sigma", ("", "", ""), 1.2, 1.2, least=0.9)
    assert [targets.verdict(near_one, value) for value in (0.8, 1.0, 1.3)] == [
        "short",
        "aim",
        "short",
    ]


def test_the_small_size_has_targets_of_its_own():
    tables = {"Ruler, NME %": {"FG-NET": {"ruler 51": 2.1, "raw 51": 2.3}}}
    for small, must in ((False, 1.9), (True, 2.2)):
        found = {
            target.where[2]: target.must for target, _ in targets.target_table(tables, small=small)
        }
        assert found == {"ruler 51": must, "raw 51": 2.35}
