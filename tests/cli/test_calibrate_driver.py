import json

import pytest
from landmarkd.camera import make_source
from landmarkd.cli import calibrate_driver
from landmarkd.cli.calibrate_driver import driver, drivers, learn
from landmarkd.daemon import baselines
from landmarkd.daemon.baselines import BaselineStore
from landmarkd.errors import CalibrationError, ConfigurationError, UsageError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.signals.monitor import DriverBaseline


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
    assert "anna: open_left 0." in capsys.readouterr().out
    drivers(forget="anna")
    drivers()
    assert "No driver" in capsys.readouterr().out


def test_the_state_of_the_service_can_be_named(tmp_path, monkeypatch, capsys):
    """And without it, an installed service is not taken for one without drivers."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "own"))
    monkeypatch.setattr(baselines, "SERVICE_STATE", tmp_path / "service")
    folder = tmp_path / "service" / "drivers"
    BaselineStore(folder).save("anna", DriverBaseline(0.28, 0.31, -12.5, 4.0))
    (folder / "ben.json").write_text("{")
    drivers(state=tmp_path / "service")
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"In {folder}:",
        "anna: open_left 0.28, open_right 0.31, head_yaw -12.50, head_pitch 4.00",
        "ben: the file is not valid",
    ]
    assert not said.err
    drivers()
    said = capsys.readouterr()
    assert f"No driver is known in {tmp_path}/own/drivers" in said.out
    assert "sudo -u landmarkd landmarkd calibrate" in said.err
    drivers(forget="anna", state=tmp_path / "service")
    assert capsys.readouterr().out == f"Deleted baseline of anna in {folder}.\n"
    assert [file.name for file in folder.iterdir()] == ["ben.json"]


def test_a_calibration_is_written_where_it_was_told(tmp_path, capsys):
    config = tmp_path / "landmarkd.toml"
    config.write_text("[driver]\nforward_trusted_s = 4.0\neyes_trusted_s = 3.0\n")
    driver("anna", source="demo:", config=config, model=None, state=tmp_path / "state")
    assert f"Stored in {tmp_path}/state/drivers/anna.json" in capsys.readouterr().out
    assert BaselineStore(tmp_path / "state" / "drivers").load("anna")


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


def test_the_patience_is_longer_than_what_has_to_be_learnt(monkeypatch):
    monkeypatch.setattr(calibrate_driver, "PATIENCE_S", 3.0)
    watching = pipeline(eyes_trusted_s=3.0, forward_trusted_s=4.0)
    with make_source("demo:", fast=True) as source:
        baseline, _ = learn(watching, source)
    watching.close()
    assert 0.15 < baseline.open_left < 0.45


def test_a_monitoring_that_is_off_is_said_before_the_camera_is_opened(tmp_path):
    config = tmp_path / "landmarkd.toml"
    config.write_text("[driver]\nenabled = false\n")
    with pytest.raises(ConfigurationError, match="enabled is false"):
        driver("anna", source="v4l2:/dev/none", config=config, model=None, state=tmp_path)


def test_a_bad_name_is_said_before_the_camera_is_opened():
    with pytest.raises(UsageError, match="letters"):
        driver("../anna", source="v4l2:/dev/none", config=None, model=None)
