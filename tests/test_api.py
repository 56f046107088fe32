"""The public interface: as in docs/api.md, and stable."""

import dataclasses
import inspect
import os
import pty
import random
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import landmarkd
import numpy as np
import pytest
from landmarkd import enums, errors, types
from landmarkd.receive.loopback import PtyLink, udp_loopback
from landmarkd.settings.config import Configuration
from landmarkd.signals.monitor import DriverBaseline
from landmarkd.sinks import make_sink
from landmarkd.types import Report

from tests import clip
from tests.process import landmarkd as command
from tests.wire.builders import report, session

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = (ROOT / "docs" / "api.md").read_text()

SIGNATURES = {
    "detect": "(image)",
    "Pipeline": "(configuration, *, model, detector, baseline)",
    "Pipeline.process": "(self, frame, counters, box, *, speed_kmh, still, utc)",
    "Pipeline.reset": "(self)",
    "Pipeline.close": "(self)",
    "Camera": "(uri, *, fast)",
    "Camera.close": "(self)",
    "Receiver": "(uri, *, timeout_s)",
    "Receiver.close": "(self)",
    "load_configuration": "(path)",
}
"""Parameters may be added at the end with a default; none may go. Change docs/api.md with it."""


def shape(name: str) -> str:
    """Return the parameters of a public name without types and defaults."""
    thing = landmarkd
    for part in name.split("."):
        thing = getattr(thing, part)
    parameters = inspect.signature(thing).parameters.values()
    bare = [p.replace(annotation=p.empty, default=p.empty) for p in parameters]
    return str(inspect.Signature(bare))


class TestNames:
    @pytest.mark.parametrize("name", landmarkd.__all__)
    def test_each_is_there_and_documented(self, name: str) -> None:
        assert getattr(landmarkd, name) is not None
        assert f"`{name}" in DOCUMENT

    def test_type_checkers_know_each_and_no_other(self, tmp_path: Path) -> None:
        """As the classifier "Typed" promises."""
        program = tmp_path / "program.py"
        names = [*landmarkd.__all__, "Reprot"]
        lines = ["import landmarkd", *(f"reveal_type(landmarkd.{name})" for name in names)]
        program.write_text("\n".join(lines))
        options = ["--strict", "--no-incremental", "--config-file", ""]
        path = {"MYPYPATH": str(Path(landmarkd.__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-m", "mypy", *options, program],
            capture_output=True,
            text=True,
            env={**os.environ, **path},
            check=False,
        )
        (*found, wrong, _, _) = done.stdout.splitlines()
        assert 'has no attribute "Reprot"' in wrong, done.stdout
        assert [line for line in found if 'Revealed type is "Any"' in line] == []
        assert len(found) == len(landmarkd.__all__)

    @pytest.mark.parametrize("name", SIGNATURES)
    def test_signatures_stay(self, name: str) -> None:
        assert shape(name) == SIGNATURES[name]

    def test_every_record_enumeration_and_error_is_public(self) -> None:
        records = {
            name
            for name, thing in vars(types).items()
            if dataclasses.is_dataclass(thing) and thing.__module__ == types.__name__
        }
        raised = {
            name
            for name, thing in vars(errors).items()
            if inspect.isclass(thing) and issubclass(thing, errors.LandmarkdError)
        }
        known = {
            name
            for name, thing in vars(enums).items()
            if inspect.isclass(thing) and thing.__module__ == enums.__name__ and name[0] != "_"
        }
        assert records | raised | known <= set(landmarkd.__all__)

    def test_another_name_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="frobnicate"):
            landmarkd.frobnicate  # noqa: B018

    def test_the_command_tells_the_same_version(self) -> None:
        assert command("--version").stdout == f"landmarkd {landmarkd.__version__}\n"
        assert re.fullmatch(r"\d+\.\d+\.\d+", landmarkd.__version__)


def third_party(program: str) -> set[str]:
    """Return the third-party packages that a program has loaded at its end."""
    tell = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{PATH}{program}\n{tell}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split()) - set(sys.stdlib_module_names) - {"landmarkd", "__main__"}


PATH = f"import sys; sys.path[:] = {[entry for entry in sys.path if entry]!r}\n"
EVERY_MODULE = """
import importlib, pkgutil, landmarkd.{0} as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"landmarkd.{0}.{{module.name}}")
"""


class TestLightness:
    def test_the_package_alone_loads_nothing(self) -> None:
        assert third_party("import landmarkd; landmarkd.__version__") == set()

    @pytest.mark.parametrize("room", ["wire", "receive"])
    def test_receiving_needs_nothing_heavier_than_numpy(self, room: str) -> None:
        # orjson is smaller than numpy, and only lines of JSON need it.
        assert third_party(EVERY_MODULE.format(room)) <= {"numpy", "orjson"}

    def test_a_receiver_needs_nothing_but_numpy(self) -> None:
        program = "import landmarkd; landmarkd.Receiver('udp://127.0.0.1:0').close()"
        assert third_party(program) <= {"numpy"}


def outcome(found: Report) -> bytes:
    """Return everything in a report that depends on the picture."""
    if found.face is None:
        return b""
    face = found.face
    return b"".join(
        np.asarray(part).tobytes()
        for part in (face.points, face.observation.points, face.pose.rotation, face.box)
    )


class TestDetect:
    def test_any_order_gives_what_fresh_pipelines_give(self) -> None:
        images = [clip.frames()[index].image for index in (0, 60, 150, 200, 299)]
        images += [
            cv2.resize(images[0], (320, 240)),
            images[1][:, ::-1].copy(),
            images[2][40:, 40:],
        ]
        images += [np.zeros((480, 640, 3), np.uint8)]
        fresh = []
        for image in images:
            with landmarkd.Pipeline() as pipeline:
                frame = landmarkd.Frame("image", 0, 1, image)
                fresh.append(outcome(pipeline.process(frame, still=True)))
        assert len(set(fresh)) >= len(images) - 2
        order = [*range(len(images)), *range(len(images))]
        random.Random(5).shuffle(order)
        for index in order:
            assert outcome(landmarkd.detect(images[index])) == fresh[index]

    def test_a_picture_by_its_path(self, tmp_path: Path) -> None:
        path = tmp_path / "a picture.png"
        cv2.imwrite(str(path), clip.frames()[0].image)
        found = landmarkd.detect(path)
        assert found.face is not None
        assert found.source == str(path)
        assert outcome(found) == outcome(landmarkd.detect(str(path)))

    def test_grey_and_alpha_are_converted(self) -> None:
        image = clip.frames()[0].image
        assert landmarkd.detect(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)).face is not None
        alpha = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
        assert outcome(landmarkd.detect(alpha)) == outcome(landmarkd.detect(image))

    def test_what_is_no_picture_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "text.jpg").write_text("no picture")
        unreadable = cv2.imread(str(tmp_path / "text.jpg"))
        assert unreadable is None
        small = np.zeros((4, 4, 3), np.uint8)
        for wrong in (np.zeros((4, 4, 3)), small, tmp_path / "text.jpg", unreadable):
            with pytest.raises(landmarkd.SourceFormatError):
                landmarkd.detect(wrong)
        with pytest.raises(landmarkd.SourceError):
            landmarkd.detect(tmp_path / "nothing.jpg")


class TestCamera:
    def test_it_gives_every_frame_of_a_file_and_ends(self) -> None:
        camera = landmarkd.Camera("demo:", fast=True)
        assert not camera.live
        assert [frame.sequence for frame in camera] == list(range(300))
        assert list(camera) == []

    def test_it_ends_when_it_is_closed(self) -> None:
        with landmarkd.Camera("demo:", fast=True) as camera:
            next(camera)
        with pytest.raises(StopIteration):
            next(camera)

    def test_mistakes(self, tmp_path: Path) -> None:
        with pytest.raises(landmarkd.UsageError):
            landmarkd.Camera("cam0")
        with pytest.raises(landmarkd.SourceError):
            next(landmarkd.Camera(f"file:{tmp_path}/nothing.mp4"))


def ended_by_another_thread(iterator: Any) -> list[Any]:
    """Close an iterator that another thread uses; return what ended the iteration there."""
    begun, ends = threading.Event(), []

    def iterate() -> None:
        begun.set()
        try:
            for _ in iterator:
                begun.set()
            ends.append("the end")
        except BaseException as error:
            ends.append(error)

    user = threading.Thread(target=iterate)
    user.start()
    begun.wait()
    iterator.close()
    user.join()
    return ends


class TestClosingFromAnotherThread:
    @pytest.mark.parametrize("fast", [True, False])
    def test_a_camera(self, fast: bool) -> None:
        for _ in range(10):
            assert ended_by_another_thread(landmarkd.Camera("demo:", fast=fast)) == ["the end"]

    def test_a_port(self) -> None:
        for _ in range(3):
            assert ended_by_another_thread(landmarkd.Receiver("udp://127.0.0.1:0")) == ["the end"]

    def test_a_serial_line(self) -> None:
        with PtyLink() as line:
            for _ in range(3):
                receiver = landmarkd.Receiver(f"serial://{line.device}?baud=921600")
                assert ended_by_another_thread(receiver) == ["the end"]


class TestReceiver:
    def test_it_gives_the_reports_of_a_recording_and_ends(self, tmp_path: Path) -> None:
        path = tmp_path / "drive.lmk"
        with make_sink(f"lmk:{path}", session()) as sink:
            for sequence in range(20):
                sink.submit(report(sequence), wait=True)
        assert [found.sequence for found in landmarkd.Receiver(f"lmk:{path}")] == list(range(20))

    def test_damage_of_a_recording_is_skipped(self, tmp_path: Path) -> None:
        path = tmp_path / "drive.lmk"
        with make_sink(f"lmk:{path}", session()) as sink:
            for sequence in range(20):
                sink.submit(report(sequence), wait=True)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        found = [each.sequence for each in landmarkd.Receiver(f"lmk:{path}")]
        assert found[0] == 0
        assert found[-1] == 19
        assert "SourceFormatError" not in (landmarkd.Receiver.__next__.__doc__ or "")

    def test_what_is_no_recording_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "drive.lmk"
        path.write_bytes(b"something else")
        with pytest.raises(landmarkd.SourceFormatError):
            landmarkd.Receiver(f"lmk:{path}")
        assert "SourceFormatError" in (landmarkd.Receiver.__doc__ or "")

    def test_a_serial_line_that_cannot_be_opened_is_a_source(self, tmp_path: Path) -> None:
        (tmp_path / "plain").write_text("text")
        master, slave = pty.openpty()
        try:
            line = f"serial://{os.ttyname(slave)}"
            for uri, error, code in (
                (f"serial://{tmp_path}/none", landmarkd.SourceAbsentError, 66),
                (f"serial://{tmp_path}/plain", landmarkd.SourceError, 66),
                (line, landmarkd.SourceBusyError, 75),
            ):
                with landmarkd.Receiver(line), pytest.raises(error) as refused:
                    landmarkd.Receiver(uri)
                assert refused.value.exit_code == code
        finally:
            os.close(master)
            os.close(slave)

    def test_it_receives_what_is_sent(self) -> None:
        probe, _ = udp_loopback()
        port = probe.port
        probe.close()
        with landmarkd.Receiver(f"udp://127.0.0.1:{port}", timeout_s=30) as receiver:
            with make_sink(f"udp://127.0.0.1:{port}", session()) as sink:
                for sequence in range(5):
                    sink.submit(report(sequence), wait=True)
            found = [next(receiver) for _ in range(5)]
        assert [each.sequence for each in found] == list(range(5))
        assert all(each.face is not None and len(each.face.points) for each in found)

    def test_it_gives_up_when_nothing_comes(self) -> None:
        with (
            landmarkd.Receiver("udp://127.0.0.1:0", timeout_s=0.01) as receiver,
            pytest.raises(landmarkd.SourceTimeoutError),
        ):
            next(receiver)


def test_a_pipeline_takes_a_configuration() -> None:
    configuration = Configuration.model_validate({"driver": {"enabled": False}})
    with landmarkd.Pipeline(configuration) as pipeline:
        found = pipeline.process(clip.frames()[0])
    assert found.face is not None
    assert found.driver is None


def test_the_vehicles_speed_decides_whether_a_glance_counts() -> None:
    """The caller passes the speed: the pipeline opens nothing to read it."""
    turned = clip.frames()[102]
    levels = {}
    for speed_kmh in (0.0, 80.0):
        with landmarkd.Pipeline(baseline=DriverBaseline(0.3, 0.3, 0.0, 0.0)) as pipeline:
            frames = (replace(turned, captured_ns=step * 10**8) for step in range(60))
            reports = [pipeline.process(frame, speed_kmh=speed_kmh) for frame in frames]
        levels[speed_kmh] = max(each.driver.level for each in reports if each.driver is not None)
    assert levels[0.0] == 0
    assert levels[80.0] >= 2
