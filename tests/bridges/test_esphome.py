"""The ESPHome component: compiled, fed the real encoder's bytes, and read by what it publishes."""

import os
import pty
import re
import shutil
import subprocess
import sys
import threading
import tty
from dataclasses import replace
from pathlib import Path

import pytest
from landmarkd.sinks import make_sink
from landmarkd.types import DriverState, Report

from tests.bridges.stubs import HEADERS, SETTERS, program
from tests.wire.builders import report, session

FOLDER = Path(__file__).resolve().parents[2] / "bridges" / "esphome"
COMPONENT = FOLDER / "components" / "landmarkd"
COMPILER = shutil.which("g++")


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip("needs a C++ compiler: apt install g++")
    folder = tmp_path_factory.mktemp("esphome")
    for name, text in HEADERS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "main.cpp").write_text(program())
    options = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", folder, "-I", COMPONENT]
    sources = [folder / "main.cpp", COMPONENT / "landmarkd.cpp"]
    subprocess.run([COMPILER, *options, *sources, "-o", folder / "unit"], check=True)
    return folder / "unit"


def sent(*reports: Report) -> bytes:
    """Return what landmarkd writes to a serial line for these reports, its BYE included."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    taken = bytearray()

    def take() -> None:
        try:
            while data := os.read(master, 4096):
                taken.extend(data)
        except OSError:  # a pseudo-terminal ends like this
            pass

    reader = threading.Thread(target=take)
    reader.start()
    with make_sink(f"serial://{os.ttyname(slave)}?baud=921600&points=none", session()) as sink:
        for each in reports:
            sink.submit(each, wait=True)
    os.close(slave)
    reader.join()
    os.close(master)
    return bytes(taken)


def published(unit: Path, *commands: str) -> list[dict[str, str]]:
    """Run commands and return what each `update` published."""
    done = subprocess.run(
        [unit], input="\n".join(commands), capture_output=True, text=True, check=True, timeout=30
    )
    return [dict(re.findall(r"(\w+)=(\S+)", line)) for line in done.stdout.splitlines()]


def without_bye(data: bytes) -> str:
    """The bytes up to the last message, as hexadecimal text."""
    return (b"\0".join(data.rstrip(b"\0").split(b"\0")[:-1]) + b"\0").hex()


def test_a_face(unit: Path) -> None:
    shown = report(5)
    [values] = published(unit, f"feed {without_bye(sent(shown))}", "loop", "update")
    pose = shown.face.pose
    assert float(values["yaw"]) == pytest.approx(pose.yaw, abs=0.01)
    assert float(values["pitch"]) == pytest.approx(-5.25)
    assert float(values["distance"]) == pytest.approx(613, abs=1)
    assert float(values["openness_left"]) == pytest.approx(shown.face.left.openness * 100, abs=0.5)
    assert float(values["perclos"]) == pytest.approx(7, abs=0.3)
    assert values["attention"] == "attentive"
    assert (values["online"], values["face"], values["camera_problem"]) == ("1", "1", "0")
    assert values["lost"] == "0.00"


def test_what_is_not_known_is_no_number(unit: Path) -> None:
    shown = replace(report(with_face=False), driver=None, degraded=("camera_stalled",))
    [values] = published(unit, f"feed {without_bye(sent(shown))}", "loop", "update")
    unknown = {"yaw", "distance", "openness_left", "openness_right", "perclos", "level"}
    assert {values[name] for name in unknown} == {"nan"}
    assert values["attention"] == "unknown"
    assert (values["online"], values["face"], values["camera_problem"]) == ("1", "0", "1")


def test_the_newest_status_is_published_once(unit: Path) -> None:
    states = [replace(report(n), driver=DriverState(level=n)) for n in range(3)]
    fed = f"feed {without_bye(sent(*states))}"
    values = published(unit, fed, "loop", "update", "wait 500", "update")
    assert values[0]["level"] == "2.00"
    assert values[1] == {}


def test_silence_and_bye_take_the_numbers_away(unit: Path) -> None:
    data = sent(report())
    silent = published(
        unit, f"feed {without_bye(data)}", "loop", "update", "wait 2001", "update", "update"
    )
    assert silent[1]["yaw"] == silent[1]["perclos"] == "nan"
    assert silent[1]["online"] == silent[2]["online"] == "0"
    ended = published(unit, f"feed {without_bye(data)}", "loop", "update",
                      f"feed {data.hex()}", "loop", "update")  # fmt: skip
    assert ended[0]["online"] == "1"
    assert ended[1]["online"] == "0"
    assert ended[1]["yaw"] == "nan"


def test_noise_is_counted_and_survived(unit: Path) -> None:
    reports = without_bye(sent(*map(report, range(10))))
    frames = [part for part in bytes.fromhex(reports).split(b"\0") if part]
    del frames[4]
    noise = os.urandom(3000) + b"\0"
    data = noise + b"\0".join(frames) + b"\0"
    [values] = published(unit, f"feed {data.hex()}", "loop", "update")
    assert values["face"] == "1"
    assert values["lost"] == "1.00"


def test_the_lamp_of_the_example_stays_on_while_an_alarm_hides_the_face(
    unit: Path, tmp_path: Path
) -> None:
    alarm = replace(report(0), driver=DriverState(level=3))
    hidden = replace(report(1, with_face=False), driver=DriverState(level=3))
    over = replace(report(2), driver=DriverState(level=1))
    commands = [
        command
        for shown in (alarm, hidden, over, alarm)
        for command in (f"feed {without_bye(sent(shown))}", "loop", "update")
    ]
    levels = [each["level"] for each in published(unit, *commands, "wait 2001", "update")]

    example = (FOLDER / "example.yaml").read_text()
    [condition] = re.findall(
        r"^    level:(?:\n {6}.*)*?\n      on_value:\n +- if:\n +condition:\n +lambda: '(.*)'\n"
        r" +then:\n +- output.turn_on: lamp\n +else:\n +- output.turn_off: lamp\n",
        example,
        re.MULTILINE,
    )
    assert example.count(": lamp\n") == 3  # on, off, and its id: nothing else switches it
    source = tmp_path / "lamp.cpp"
    source.write_text(
        "#include <cstdio>\n#include <cstdlib>\n"
        f"static bool lit(float x) {{ {condition} }}\n"
        "int main(int count, char **level) {\n"
        "  for (int i = 1; i < count; i++)\n"
        '    std::puts(lit(std::strtof(level[i], nullptr)) ? "on" : "off");\n'
        "}\n"
    )
    subprocess.run([str(COMPILER), source, "-o", tmp_path / "lamp"], check=True)
    done = subprocess.run([tmp_path / "lamp", *levels], capture_output=True, text=True, check=True)
    assert levels[-1] == "nan"
    assert done.stdout.split() == ["on", "on", "off", "on", "off"]


def test_every_sensor_of_the_component_is_tried() -> None:
    text = (COMPONENT / "landmarkd.h").read_text()
    declared = set(re.findall(r"SUB_\w*SENSOR\((\w+)\)", text))
    assert declared == {name for _, names in SETTERS.values() for name in names.split()}
    configured = "".join((COMPONENT / f"{suffix}.py").read_text() for suffix, _ in SETTERS.values())
    assert all(f'"{name}"' in configured for name in declared)


def test_esphome_takes_the_configuration(tmp_path: Path) -> None:
    program = shutil.which("esphome") or shutil.which("esphome", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("needs ESPHome: pip install esphome, in an environment of its own")
    shutil.copytree(FOLDER, tmp_path / "esphome")  # as ESPHome copies it: links become files
    done = subprocess.run(
        [program, "config", "example.yaml"],
        cwd=tmp_path / "esphome",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Configuration is valid" in done.stdout + done.stderr, done.stdout + done.stderr
