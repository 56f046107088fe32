"""Every program in examples/ runs, and prints what its docstring says."""

import csv
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import IO

import cv2
import paho.mqtt.client as paho
import pytest
from landmarkd.settings.config import host_name
from landmarkd.sinks import make_sink
from landmarkd.sinks.base import Sink
from landmarkd.types import DriverState
from paho.mqtt.enums import CallbackAPIVersion

from tests import clip
from tests.process import landmarkd
from tests.wire.builders import report, session

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
LIMIT_S = 120


def example(name: str, *arguments: str | Path, **environment: str) -> str:
    """Run an example to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "demo.lmk"
    done = landmarkd("run", "--source", "demo:", "--fast", "--sink", f"lmk:{path}")
    assert done.returncode == 0, done.stderr
    return path


def test_every_example_is_tested_and_named_in_the_readme() -> None:
    tested = set(re.findall(r'"(\w+(?:\.\w+)?)"', Path(__file__).read_text()))
    names = {path.name for path in EXAMPLES.iterdir() if path.name != "README.md"}
    assert len(names) == 10
    assert names <= tested
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"({name})" in listed for name in names)


def test_picture(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.jpg"), clip.frames()[0].image)
    printed = example("picture.py", tmp_path / "face.jpg")
    assert "562 points" in printed
    assert "yaw" in printed


def test_picture_without_a_picture_says_how_to_name_one() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "picture.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "Find the face in a picture: python examples/picture.py portrait.jpg\n"


def test_camera_to_console() -> None:
    lines = example("camera_to_console.py").splitlines()
    assert len(lines) == 300
    assert any("yaw" in line for line in lines)
    assert any("no face" in line for line in lines)


def test_receiver(recording: Path) -> None:
    lines = example("receiver.py", f"lmk:{recording}").splitlines()
    assert len(lines) == 300
    assert lines[0].split()[:3] == [host_name(), "0", "face"]


def test_blink_counter() -> None:
    counted = re.search(r"(\d+) blinks\n$", example("blink_counter.py"))
    assert counted is not None
    assert int(counted[1]) >= 1


def test_head_mouse() -> None:
    positions = [tuple(map(int, line.split())) for line in example("head_mouse.py").splitlines()]
    assert len(set(positions)) > 20
    assert all(0 <= x < 1920 and 0 <= y < 1080 for x, y in positions)


def test_to_csv() -> None:
    rows = list(csv.DictReader(example("to_csv.py").splitlines()))
    assert len(rows) == 300
    assert {row["face"] for row in rows} == {"0", "1"}
    assert all(row["yaw_deg"] for row in rows if row["face"] == "1")


MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@pytest.fixture
def broker() -> Iterator[int]:
    if MOSQUITTO is None:
        pytest.skip("needs mosquitto: apt install mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [MOSQUITTO, "-v", "-p", str(port)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "running" in line:
            break
    yield port
    process.terminate()
    process.communicate()


@contextmanager
def dashboard_of(broker: int) -> Iterator[IO[str]]:
    """Start the dashboard and give the lines that it prints."""
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / "mqtt_dashboard.py"), f"127.0.0.1:{broker}"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()


def test_mqtt_dashboard(broker: int) -> None:
    with dashboard_of(broker) as lines:
        sink = f"mqtt://127.0.0.1:{broker}"
        # The broker keeps the last state for later clients: no need to wait for the dashboard.
        done = landmarkd("run", "--source", "demo:", "--fast", "--sink", sink)
        assert done.returncode == 0, done.stderr
        first = lines.readline()
    assert re.match(rf"{host_name()}: (state|status|event): ", first)


def test_the_dashboard_shows_what_others_write_to_the_broker_and_goes_on(broker: int) -> None:
    strange = {
        "a": b"",
        "b": b"not JSON",
        "c": b"[]",
        "d": b'{"driver": 3}',
        "e": b"\xff",
        "f": b"{}",
    }
    with dashboard_of(broker) as lines:
        others = paho.Client(CallbackAPIVersion.VERSION2)
        others.connect("127.0.0.1", broker)
        others.loop_start()
        # Once it shows this one, it has subscribed.
        others.publish("landmarkd/first/state", "online", 1, retain=True).wait_for_publish(10)
        assert lines.readline() == "first: state: online\n"
        for device, payload in strange.items():
            for topic in ("status", "event"):
                others.publish(f"landmarkd/{device}/{topic}", payload, 1)
        others.publish("landmarkd/last/status", b'{"driver": {"attention": "drowsy"}}', 1)
        shown = [lines.readline() for _ in range(2 * len(strange) + 1)]
        others.disconnect()
        others.loop_stop()
    assert shown[:2] == ["a: status: removed\n", "a: event: removed\n"]
    assert {line.partition(": ")[2].partition(": ")[2] for line in shown[2:-1]} == {
        "not a message of landmarkd\n"
    }
    assert shown[-1] == "last: status: drowsy\n"


def test_gpio_lamp(tmp_path: Path) -> None:
    recording = tmp_path / "alarm.lmk"
    with make_sink(f"lmk:{recording}", session()) as sink:
        for index, level in enumerate((0, 1, 2, 3, 2, 1, 0, 2)):
            sink.submit(replace(report(index), driver=DriverState(level=level)), wait=True)
    printed = example(
        "gpio_lamp.py", f"lmk:{recording}", "17", GPIOZERO_PIN_FACTORY="mock"
    ).splitlines()
    assert printed == ["lamp on", "lamp off", "lamp on"]


def test_gpio_lamp_waits_for_a_device_and_goes_off_while_it_is_silent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"udp://127.0.0.1:{probe.getsockname()[1]}"
    program = (EXAMPLES / "gpio_lamp.py").read_text()
    assert "timeout_s=5.0" in program
    command = [sys.executable, "-c", program.replace("timeout_s=5.0", "timeout_s=0.2"), uri]
    with (
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GPIOZERO_PIN_FACTORY": "mock"},
        ) as lamp,
        make_sink(f"{uri}?points=none", session()) as sink,
    ):
        assert lamp.stdout is not None
        for _ in range(2):
            enough = threading.Event()
            sender = threading.Thread(target=keep_warning, args=(sink, enough))
            sender.start()
            assert lamp.stdout.readline() == "lamp on\n"
            enough.set()
            sender.join()
            assert lamp.stdout.readline() == "lamp off\n"
        lamp.terminate()


def keep_warning(sink: Sink, enough: threading.Event) -> None:
    """Send warnings without a pause that ends them: the receiver may begin at any time."""
    for index in count():
        sink.submit(replace(report(index), driver=DriverState(level=2)))
        if enough.wait(0.02):
            return


def test_microcontroller(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler: apt install gcc")
    program = tmp_path / "microcontroller"
    include = ROOT / "edge" / "landmarkd" / "wire" / "c"
    source = EXAMPLES / "microcontroller.c"
    subprocess.run(
        [compiler, "-Wall", "-Wextra", "-Werror", "-I", include, source, "-o", program], check=True
    )
    master, slave = pty.openpty()
    tty.setraw(slave)
    with subprocess.Popen([program], stdin=master, stdout=subprocess.PIPE, text=True) as reader:
        os.close(master)
        sink = f"serial://{os.ttyname(slave)}?baud=921600"
        done = landmarkd("run", "--source", "demo:", "--fast", "--sink", sink)
        assert done.returncode == 0, done.stderr
        os.close(slave)
        assert reader.stdout is not None
        lines = reader.stdout.read().splitlines()
    assert any(line.startswith("yaw ") for line in lines)
    assert "no face" in lines


def test_custom_sink(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    target_option = ["--target", str(packages)]
    subprocess.run([*install, *target_option, str(EXAMPLES / "custom_sink")], check=True)
    target = tmp_path / "faces.txt"
    done = landmarkd(
        *("run", "--source", "demo:", "--fast", "--sink", f"count:{target}"),
        environment={"PYTHONPATH": str(packages)},
    )
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(rf"{host_name()}: (\d+) of 300 frames with a face\n", target.read_text())
    assert found is not None
    assert int(found[1]) > 200
