"""The Coral in the whole pipeline: the effect of its loss on reports, and on a unit that requires
it."""

from pathlib import Path

import numpy as np
import pytest
from landmarkd.errors import DelegateError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import validated
from landmarkd.types import Frame, Report
from landmarkd.vision import delegate

from tests.machine.fixtures import coral_zoo

BOX = (100.0, 80.0, 220.0, 230.0)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled zoo with a version for the Edge TPU of its default model."""
    return coral_zoo(tmp_path_factory.mktemp("zoo") / "zoo")


def pipeline(zoo: Path, choice: str) -> Pipeline:
    return Pipeline(validated({"model": {"folder": zoo, "delegate": choice}}, "a test"))


def report(target: Pipeline, sequence: int) -> Report:
    image = np.full((300, 400, 3), 90, np.uint8)
    return target.process(Frame("test:", sequence, sequence * 33_000_000, image), box=BOX)


def test_its_loss_is_on_the_wire_and_no_frame_is_lost(
    zoo: Path, coral, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(coral("LOST", after=3)))
    target = pipeline(zoo, "auto")
    assert target.model.engine.accelerator == "edgetpu"
    degraded = [report(target, sequence).degraded for sequence in range(6)]
    assert degraded[0] == ()
    assert degraded[-1] == ("delegate",)
    assert target.model.engine.accelerator == "xnnpack"
    target.close()


def test_what_does_not_start_is_on_the_wire(zoo: Path, coral, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(coral("ABSENT_SILENT")))
    target = pipeline(zoo, "auto")
    assert report(target, 0).degraded == ("delegate",)
    target.close()


def test_a_unit_that_demands_it_ends_when_it_is_lost(
    zoo: Path, coral, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(coral("LOST", after=3)))
    target = pipeline(zoo, "coral")
    with pytest.raises(DelegateError, match="The Coral was lost"):
        [report(target, sequence) for sequence in range(6)]
    target.close()
