"""The checks of models, TFLite runtime and Coral, each with a fault that it must find."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from landmarkd.doctor import runtime as health_runtime
from landmarkd.doctor.finding import Severity
from landmarkd.machine import trial
from landmarkd.vision import delegate
from landmarkd.vision.zoo import open_zoo

from tests.machine.layout import Layout, only, settings


class TestRuntime:
    @pytest.fixture
    def zoo(self, tmp_path: Path) -> Path:
        folder = tmp_path / "zoo"
        shutil.copytree(open_zoo().folder, folder)
        return folder

    def test_models_that_are_whole(self, pc: Layout, zoo: Path):
        assert (
            only(health_runtime.models(pc.machine, settings(model={"folder": zoo}))).severity
            == Severity.OK
        )

    def test_a_flipped_bit_in_a_model(self, pc: Layout, zoo: Path):
        path = next(zoo.glob("*.tflite"))
        content = np.fromfile(path, np.uint8)
        content[content.size // 2] ^= 1
        content.tofile(path)
        finding = only(health_runtime.models(pc.machine, settings(model={"folder": zoo})))
        assert finding.severity == Severity.ERROR
        assert "sha256" in finding.text

    def test_the_model_really_runs(self, pc: Layout):
        finding = only(health_runtime.runtime(pc.machine, settings()))
        assert finding.severity == Severity.OK
        assert "with XNNPACK" in finding.text

    def test_a_runtime_without_xnnpack(self, pc: Layout):
        answer = {"runtime": "tflite-runtime 2.14.0", "accelerator": "none", "ms": 9.8}
        finding = only(health_runtime.runtime(pc.machine, settings(), lambda _: (answer, "")))
        assert finding.severity == Severity.WARNING
        assert "without XNNPACK" in finding.text

    def test_a_runtime_that_says_why_it_fails(self, pc: Layout):
        answer = {"problem": "No TFLite runtime works here (tflite-runtime: _ARRAY_API not found)."}
        finding = only(health_runtime.runtime(pc.machine, settings(), lambda _: (answer, "")))
        assert finding.severity == Severity.ERROR
        assert "_ARRAY_API" in finding.text

    def test_a_runtime_that_crashes_does_not_take_the_doctor_along(self, pc: Layout):
        def crash(_: str) -> tuple[object, str]:
            return trial("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

        finding = only(health_runtime.runtime(pc.machine, settings(), crash))
        assert finding.severity == Severity.ERROR
        assert "signal 11" in finding.text


class TestCoral:
    @pytest.fixture
    def plugged(self, pi: Layout, monkeypatch: pytest.MonkeyPatch) -> Layout:
        for name, value in {"idVendor": "18d1", "idProduct": "9302", "speed": "5000"}.items():
            pi.write(f"/sys/bus/usb/devices/2-1/{name}", value)
        library = pi.write("/usr/lib/libedgetpu.so.1", "no library")
        monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(library))
        return pi

    @pytest.fixture
    def compiled(self, models: Path, tmp_path: Path) -> Path:
        """A zoo whose default model has a version for the Edge TPU."""
        zoo = tmp_path / "zoo"
        shutil.copytree(open_zoo().folder, zoo)
        content = (models / "tiny_edgetpu.tflite").read_bytes()
        (zoo / "tiny_edgetpu.tflite").write_bytes(content)
        manifest = json.loads((zoo / "manifest.json").read_text())
        manifest["models"][manifest["default"]["landmarks"]]["edgetpu"] = {
            "file": "tiny_edgetpu.tflite",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        (zoo / "manifest.json").write_text(json.dumps(manifest))
        return zoo

    def test_none_and_none_wanted(self, pi: Layout):
        finding = only(health_runtime.coral(pi.machine, settings()))
        assert finding.severity == Severity.OK
        name, card = open_zoo().landmarks()
        assert f"would run {card.edgetpu_share:.1%} of the multiply-adds of {name}" in finding.text

    def test_demanded_and_not_plugged_in(self, pi: Layout):
        finding = only(health_runtime.coral(pi.machine, settings(model={"delegate": "coral"})))
        assert finding.severity == Severity.ERROR

    def test_plugged_in_without_its_library(self, plugged: Layout, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv(delegate.LIBRARY_VARIABLE, "libedgetpu.so.0.none")
        finding = only(health_runtime.coral(plugged.machine, settings()))
        assert (finding.name, finding.severity) == ("coral", Severity.WARNING)
        assert "not installed" in finding.text

    def test_on_a_usb_2_port(self, plugged: Layout):
        plugged.write("/sys/bus/usb/devices/2-1/speed", "480")
        port = next(iter(health_runtime.coral(plugged.machine, settings())))
        assert (port.name, port.severity) == ("coral_port", Severity.WARNING)

    def test_a_model_without_a_version_for_it(self, plugged: Layout):
        finding = only(health_runtime.coral(plugged.machine, settings()))
        assert "no version for the Edge TPU" in finding.text
        assert finding.remedy == "landmarkd models compile"

    @pytest.mark.parametrize(
        ("behaviour", "severity"), [("WORKS", Severity.OK), ("CRASHES", Severity.ERROR)]
    )
    def test_the_library_is_tried_with_the_runtime(
        self,
        plugged: Layout,
        compiled: Path,
        coral,
        monkeypatch,
        behaviour: str,
        severity: Severity,
    ):
        monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(coral(behaviour)))
        wanted = settings(model={"folder": compiled, "delegate": "coral"})
        assert only(health_runtime.coral(plugged.machine, wanted)).severity == severity
