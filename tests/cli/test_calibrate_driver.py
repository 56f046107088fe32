import json

import pytest
from landmarkd.camera import make_source
from landmarkd.cli.calibrate_driver import driver, drivers, learn
from landmarkd.errors import CalibrationError, UsageError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration


def pipeline(**settings):
    return Pipeline(Configuration.model_validate({"driver": settings}))


def test_learns_from_a_camera_and_is_kept_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    config = tmp_path / "landmarkd.toml"
    config.write_text("[driver]\nforward_trusted_s = 4.0\neyes_trusted_s = 3.0\n")
    driver("anna", source="demo:", config=config, model=None)
    kept = json.loads((tmp_path / "drivers" / "anna.json").read_text())
    assert 0.15 < kept["open_left"] < 0.45
    assert abs(kept["head_yaw"]) < 15
    drivers()
    assert "anna" in capsys.readouterr().out
    drivers(forget="anna")
    drivers()
    assert "No driver" in capsys.readouterr().out


def test_without_enough_to_see_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    watching = pipeline(eyes_trusted_s=1000.0)
    with (
        make_source("demo:", fast=True) as source,
        pytest.raises(CalibrationError, match="half a minute"),
    ):
        learn(watching, source)
    watching.close()
    assert list(tmp_path.iterdir()) == []


def test_a_bad_name_is_said_before_the_camera_is_opened():
    with pytest.raises(UsageError, match="letters"):
        driver("../anna", source="v4l2:/dev/none", config=None, model=None)
