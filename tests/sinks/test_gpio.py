"""A line that is on during an alert, on gpiozero's own mock pins."""

from dataclasses import replace

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory
from landmarkd.enums import Attention
from landmarkd.errors import UsageError
from landmarkd.sinks import make_sink
from landmarkd.sinks.gpio import BLINK_NS
from landmarkd.types import DriverState, Report, Session

from tests.sinks.test_contract import until
from tests.wire.builders import stalled

SESSION = Session(1, "test", "model", "00" * 32, "landmarkd-562", 562)
REPORT = Report("test:", 0, 0, 0, 640, 480, None)


def report(level=0, attention=Attention.ATTENTIVE, at_ns=0, degraded=()):
    state = DriverState(attention=attention, level=level)
    return replace(REPORT, driver=state, captured_ns=at_ns, emitted_ns=at_ns, degraded=degraded)


class TestGpio:
    @pytest.fixture(autouse=True)
    def pins(self):
        before, Device.pin_factory = Device.pin_factory, MockFactory()
        self.factory = Device.pin_factory
        yield
        Device.pin_factory.close()
        Device.pin_factory = before

    def levels(self, sink, pin, reports):
        """Return the level of the line after each report."""
        out = []
        for number, each in enumerate(reports, 1):
            sink.submit(each)
            assert until(lambda number=number: sink.statistics.sent == number)
            out.append(bool(self.factory.pin(pin).state))
        return out

    def test_is_on_while_the_level_is_reached(self):
        with make_sink("gpio:17?level=2", SESSION) as sink:
            states = self.levels(sink, 17, map(report, (0, 1, 2, 3, 2, 1, 3)))
            assert states == [False, False, True, True, True, False, True]
        assert not self.factory.pin(17).state

    def test_a_lost_driver_state_is_off_and_low_can_be_active(self):
        with make_sink("gpio:4?level=1&active_high=no", SESSION) as sink:
            assert until(lambda: sink.statistics.connected)
            assert self.factory.pin(4).state
            assert self.levels(sink, 4, [report(1), REPORT]) == [False, True]

    @pytest.mark.parametrize(
        "nobody_knows",
        [
            {"attention": Attention.UNKNOWN},
            {"attention": Attention.BLOCKED},
            {"degraded": ("camera_stalled",)},
        ],
    )
    def test_a_lamp_shows_that_nobody_knows(self, nobody_knows):
        times = range(0, 4 * BLINK_NS, BLINK_NS)
        for option, wanted in (
            ("off", [False] * 4),
            ("on", [True] * 4),
            ("blink", [True, False, True, False]),
        ):
            with make_sink(f"gpio:17?unknown={option}", SESSION) as sink:
                unknown = [report(0, at_ns=at_ns, **nobody_knows) for at_ns in times]
                assert self.levels(sink, 17, unknown) == wanted
                sink.submit(report(0))
                assert until(lambda: not self.factory.pin(17).state)
                sink.submit(report(3, at_ns=BLINK_NS, **nobody_knows))
                assert until(lambda: self.factory.pin(17).state), "an alarm is never hidden"

    def test_a_lamp_blinks_while_no_frames_come(self):
        last = replace(report(0), emitted_ns=BLINK_NS // 5)
        with make_sink("gpio:17?unknown=blink", SESSION) as sink:
            states = self.levels(sink, 17, stalled(last, 4 * BLINK_NS / 1e9))
        assert states == [False, True, False, True]

    def test_mistakes_get_a_sentence(self):
        for wrong in ("seventeen", "58", "9" * 5000):
            with pytest.raises(UsageError, match="BCM"):
                make_sink(f"gpio:{wrong}", SESSION)
        with pytest.raises(UsageError, match="off, on or blink"):
            make_sink("gpio:17?unknown=maybe", SESSION)

    def test_a_line_that_is_taken_is_tried_again(self):
        with make_sink("gpio:17", SESSION) as first:
            assert until(lambda: first.statistics.connected)
            with make_sink("gpio:17?level=1", SESSION) as second:
                assert until(lambda: "free" in (second.statistics.last_error or ""))
                first.close()
                assert until(lambda: second.statistics.connected)
