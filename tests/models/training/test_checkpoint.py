"""Weights as files: those of the repository, and means of runs."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the training extras: make venv-models")

import models  # noqa: E402
from models.detector.network import DetectorNet  # noqa: E402
from models.eyes.network import EyeNet  # noqa: E402
from models.train.__main__ import main  # noqa: E402
from models.train.architectures import build  # noqa: E402
from models.training import checkpoint  # noqa: E402

MODELS = Path(models.__file__).parent


class TestWeights:
    @pytest.mark.parametrize(
        ("file", "network"),
        [
            ("train/landmarks-562.pt", lambda: build("landmarks-562")),
            ("train/landmarks-562-small.pt", lambda: build("landmarks-562-small")),
            ("eyes/weights.pt", EyeNet),
            ("detector/faces-160.pt", DetectorNet),
        ],
    )
    def test_those_of_the_repository_begin_a_run(self, file, network):
        network().load_state_dict(checkpoint.weights(MODELS / file))

    def test_a_file_without_weights_is_named(self, tmp_path):
        other = tmp_path / "made for it" / "other.pt"
        checkpoint.save(other, {"something": torch.zeros(1)})
        with pytest.raises(ValueError, match=r"other\.pt holds no weights"):
            checkpoint.weights(other)

    def test_a_mean_is_a_checkpoint_that_lies_between(self, tmp_path):
        for name, value in (("a", 1.0), ("b", 5.0)):
            checkpoint.save(
                tmp_path / f"{name}.pt",
                {
                    "architecture": "x",
                    "ema": {"w": torch.full((2,), value), "n": torch.tensor(int(value))},
                },
            )
        shares = [f"{tmp_path}/a.pt=0.75", f"{tmp_path}/b.pt=0.25"]
        assert main(["mean", *shares, "--out", str(tmp_path / "mean.pt")]) == 0
        found = checkpoint.weights(tmp_path / "mean.pt")
        assert found["w"].tolist() == [2.0, 2.0]
        assert found["n"] == 1

    def test_different_networks_have_no_mean(self, tmp_path):
        for name in "ab":
            checkpoint.save(
                tmp_path / f"{name}.pt", {"architecture": name, "ema": {"w": torch.zeros(2)}}
            )
        with pytest.raises(ValueError, match=r"no mean of .*a\.pt \(a\)"):
            checkpoint.mean({tmp_path / "a.pt": 1, tmp_path / "b.pt": 1})
