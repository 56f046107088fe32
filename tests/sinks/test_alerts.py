import json
import time
from dataclasses import replace

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory
from landmarkd.errors import AccessError, SinkError, UsageError
from landmarkd.sinks import make_sink
from landmarkd.types import DriverEvent, DriverState, EventPhase, Report, Session

SESSION = Session(1, "test", "model", "00" * 32, "landmarkd-562", 562)
REPORT = Report("test:", 0, 0, 0, 640, 480, None)


def report(level=0, *events):
    return replace(REPORT, driver=DriverState(level=level, events=events))


def event(number=1, kind="microsleep", phase=EventPhase.BEGIN, level=2):
    return DriverEvent(number, kind, phase, level, 5, 7, {"duration_s": 1.25})


def script(folder, text):
    path = folder / "hook.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class TestHook:
    def test_tells_the_event_by_arguments_and_as_json(self, tmp_path):
        path = script(tmp_path, f'echo "$@" >> {tmp_path}/arguments; cat >> {tmp_path}/lines')
        with make_sink(f"hook:{path}?level=2", SESSION) as sink:
            sink.submit(report(0, event(kind="blink", level=0, phase=EventPhase.END)))
            sink.submit(report(2, event()))
            sink.submit(report(3, event(phase=EventPhase.ESCALATE, level=3, kind="sleep")))
            sink.close(5.0)
        assert (tmp_path / "arguments").read_text().splitlines() == [
            "microsleep begin 2",
            "sleep escalate 3",
        ]
        first, second = (json.loads(line) for line in (tmp_path / "lines").read_text().splitlines())
        assert first == {
            "id": 1, "kind": "microsleep", "phase": "begin", "level": 2, "began_ns": 5, "at_ns": 7,
            "evidence": {"duration_s": 1.25},
        }  # fmt: skip
        assert second["kind"] == "sleep"
        assert sink.statistics.sent == 2

    def test_no_shell_reads_what_is_told(self, tmp_path):
        path = script(tmp_path, f'printf "%s" "$1" > {tmp_path}/kind')
        with make_sink(f"hook:{path}", SESSION) as sink:
            sink.submit(report(2, event(kind="$(id); rm -rf ~")))
            sink.close(5.0)
        assert (tmp_path / "kind").read_text() == "$(id); rm -rf ~"

    def test_a_slow_command_does_not_delay_a_frame_nor_the_end(self, tmp_path):
        path = script(tmp_path, "sleep 30")
        sink = make_sink(f"hook:{path}", SESSION)
        sink.start()
        began = time.monotonic()
        for number in range(200):
            sink.submit(report(2, event(number)), wait=True)
        sink.close(0.2)
        assert time.monotonic() - began < 15.0
        assert sink.statistics.dropped >= 200 - 32 - 1
        assert sink.statistics.sent == 0

    def test_a_failing_command_is_counted_and_said(self, tmp_path):
        with make_sink(f"hook:{script(tmp_path, 'exit 3')}", SESSION) as sink:
            sink.submit(report(2, event()))
            sink.close(5.0)
        assert sink.statistics.dropped == 1
        assert "3" in sink.statistics.last_error

    def test_frames_without_a_driver_are_nothing(self, tmp_path):
        with make_sink(f"hook:{script(tmp_path, 'true')}", SESSION) as sink:
            sink.submit(REPORT)
            sink.submit(report(3))
            sink.close(5.0)
        assert sink.statistics.sent == sink.statistics.dropped == 0

    def test_mistakes_get_a_sentence(self, tmp_path):
        with pytest.raises(UsageError, match="whole path"):
            make_sink("hook:alert.sh", SESSION)
        with pytest.raises(UsageError, match="level"):
            make_sink("hook:/bin/true?level=9", SESSION)
        with pytest.raises(SinkError, match="no such file"):
            make_sink(f"hook:{tmp_path}/none", SESSION).start()
        plain = tmp_path / "plain"
        plain.write_text("")
        with pytest.raises(AccessError, match="chmod"):
            make_sink(f"hook:{plain}", SESSION).start()


class TestGpio:
    @pytest.fixture(autouse=True)
    def pins(self):
        before, Device.pin_factory = Device.pin_factory, MockFactory()
        yield Device.pin_factory
        Device.pin_factory.close()
        Device.pin_factory = before

    def test_is_on_while_the_level_is_reached(self, pins):
        with make_sink("gpio:17?level=2", SESSION) as sink:
            pin = pins.pin(17)
            states = []
            for level in (0, 1, 2, 3, 2, 1):
                sink.submit(report(level))
                states.append(bool(pin.state))
            assert states == [False, False, True, True, True, False]
            sink.submit(report(3))
        assert not pin.state
        assert sink.statistics.sent == 3

    def test_a_lost_driver_state_is_off_and_low_can_be_active(self, pins):
        with make_sink("gpio:4?level=1&active_high=no", SESSION) as sink:
            pin = pins.pin(4)
            assert pin.state
            sink.submit(report(1))
            assert not pin.state
            sink.submit(REPORT)
            assert pin.state

    def test_mistakes_get_a_sentence(self, pins):
        with pytest.raises(UsageError, match="BCM"):
            make_sink("gpio:seventeen", SESSION)
        with make_sink("gpio:17", SESSION), pytest.raises(SinkError, match="free"):
            make_sink("gpio:17", SESSION).start()
