"""The Coral with real delegates: chosen, absent, present but unusable, lost while running."""

import logging
from pathlib import Path

import numpy as np
import pytest
from landmarkd.errors import DelegateError, ExitCode
from landmarkd.vision import delegate
from landmarkd.vision.runtime import Engine, open_engine


@pytest.fixture
def chosen(models: Path, monkeypatch: pytest.MonkeyPatch):
    """Opens the model with a choice of delegate and a library that stands for libedgetpu."""

    def open_with(library: object, choice: str, compiled: bool = True) -> Engine:
        monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(library))
        edgetpu = models / "tiny_edgetpu.tflite" if compiled else None
        return open_engine(
            models / "tiny.tflite", delegate=choice, edgetpu=edgetpu and edgetpu.read_bytes()
        )

    return open_with


@pytest.fixture
def not_a_delegate(tmp_path: Path) -> Path:
    """A file that the linker refuses."""
    path = tmp_path / "libedgetpu.so.1"
    path.write_text("no library")
    return path


class TestChosen:
    @pytest.mark.parametrize("choice", ["coral", "auto"])
    def test_the_graph_runs_on_it(self, chosen, coral, choice: str):
        engine = chosen(coral("WORKS"), choice)
        engine.input()[:] = 42
        engine.invoke()
        assert engine.accelerator == "edgetpu"
        assert engine.degraded is None
        assert (engine.output() == 42).all()

    def test_none_leaves_it_alone(self, chosen, coral):
        assert chosen(coral("CRASHES"), "none").accelerator == "xnnpack"


class TestAbsent:
    def test_auto_runs_quietly_on_the_processor(
        self, chosen, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ):
        engine = chosen(tmp_path / "absent.so", "auto")
        assert (engine.accelerator, engine.degraded) == ("xnnpack", None)
        assert not caplog.records

    def test_demanding_it_is_an_error_with_a_remedy(self, chosen, tmp_path: Path):
        with pytest.raises(
            DelegateError, match=r"cannot open shared object.*landmarkd doctor"
        ) as caught:
            chosen(tmp_path / "absent.so", "coral")
        assert caught.value.exit_code == ExitCode.UNAVAILABLE

    def test_the_library_is_looked_for_where_the_linker_looks(self, tmp_path: Path):
        assert not delegate.library_present("libedgetpu.so.1", root=tmp_path)
        (tmp_path / "usr/lib").mkdir(parents=True)
        (tmp_path / "usr/lib/libedgetpu.so.1").touch()
        assert delegate.library_present("libedgetpu.so.1", root=tmp_path)


# Behaviour of the library, and what its user is told.
UNUSABLE = {
    "ABSENT": "no device found",
    "ABSENT_SILENT": "no Coral is plugged in, or this user may not open it",
    "CLAIMS_NOTHING": "took none of the model's operators",
    "REFUSES_GRAPH": "compiled for a newer runtime",
    "REFUSES_KERNEL": "not enough memory on the device",
    "CRASHES": "crashed the trial process .SIGSEGV.",
    "ABORTS": "crashed the trial process .SIGABRT.",
    "LOST": "failed at its first inference .*USB transfer error",
}


class TestUnusable:
    @pytest.mark.parametrize("behaviour", UNUSABLE)
    def test_demanding_it_is_an_error_that_says_why(self, chosen, coral, behaviour: str):
        with pytest.raises(DelegateError, match=UNUSABLE[behaviour]):
            chosen(coral(behaviour), "coral")

    @pytest.mark.parametrize("behaviour", ["ABSENT_SILENT", "CLAIMS_NOTHING", "CRASHES"])
    def test_auto_falls_back_with_a_warning(
        self, chosen, coral, behaviour: str, caplog: pytest.LogCaptureFixture
    ):
        engine = chosen(coral(behaviour), "auto")
        engine.invoke()
        assert engine.accelerator == "xnnpack"
        assert engine.degraded is not None
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_a_library_that_hangs_is_given_up(self, models: Path, coral):
        problem = delegate.probe(
            "ai-edge-litert",
            str(coral("HANGS")),
            (models / "tiny_edgetpu.tflite").read_bytes(),
            timeout_s=3,
        )
        assert problem is not None
        assert "did not answer within 3 s" in problem

    def test_a_file_that_is_no_library(self, chosen, not_a_delegate: Path):
        with pytest.raises(DelegateError, match=r"file too short|invalid ELF header"):
            chosen(not_a_delegate, "coral")

    def test_a_library_that_is_no_delegate(self, chosen):
        with pytest.raises(
            DelegateError, match="no TFLite delegate: it lacks tflite_plugin_create_delegate"
        ):
            chosen("libm.so.6", "coral")

    def test_a_plain_model_in_the_place_of_the_compiled_one(self, models: Path, coral, monkeypatch):
        monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(coral("WORKS")))
        with pytest.raises(DelegateError, match="took none"):
            open_engine(
                models / "tiny.tflite",
                delegate="coral",
                edgetpu=(models / "tiny.tflite").read_bytes(),
            )

    def test_a_model_that_was_never_compiled(self, chosen, coral):
        with pytest.raises(DelegateError, match="no version for the Edge TPU"):
            chosen(coral("WORKS"), "coral", compiled=False)


class TestLost:
    """The trial process uses the device once; AFTER counts from zero again in this process."""

    def test_auto_mends_it_and_the_frame_is_not_lost(
        self, chosen, coral, models, caplog: pytest.LogCaptureFixture
    ):
        engine = chosen(coral("LOST", after=2), "auto")
        image, points = engine.input(), engine.output()
        image[:] = 5
        engine.invoke()
        engine.invoke()
        assert (points == 5).all()
        engine.invoke()
        plain = open_engine(models / "tiny.tflite")
        plain.input()[:] = 5
        plain.invoke()
        np.testing.assert_array_equal(points, plain.output())
        assert engine.accelerator == "xnnpack"
        assert "lost while running" in (engine.degraded or "")
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_demanded_it_is_an_error(self, chosen, coral):
        engine = chosen(coral("LOST", after=1), "coral")
        engine.invoke()
        with pytest.raises(DelegateError, match=r"The Coral was lost.*USB transfer error"):
            engine.invoke()
