import logging

import pytest
from landmarkd.cli.logs import MOST_LINES, QUIET_S, RepetitionFilter, set_up_logging


def record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("landmarkd.sinks", logging.WARNING, __file__, 1, text, args, None)


def test_the_first_line_passes_and_then_a_count() -> None:
    clock = [100.0]
    limiter = RepetitionFilter(lambda: clock[0])
    assert limiter.filter(record("%s is gone", "ttyUSB0"))
    for _ in range(5):
        clock[0] += QUIET_S / 10
        assert not limiter.filter(record("%s is gone", "ttyUSB0"))
    clock[0] = 100.0 + QUIET_S
    again = record("%s is gone", "ttyUSB0")
    assert limiter.filter(again)
    assert again.getMessage() == "ttyUSB0 is gone (5 more like this in the last 60 s)"


def test_other_lines_are_not_held_back() -> None:
    limiter = RepetitionFilter(lambda: 0.0)
    assert limiter.filter(record("%s is gone", "ttyUSB0"))
    assert limiter.filter(record("%s is gone", "ttyUSB1"))


def test_what_is_remembered_is_bounded() -> None:
    limiter = RepetitionFilter(lambda: 0.0)
    for number in range(10 * MOST_LINES):
        limiter.filter(record("line %d", number))
    assert len(limiter._seen) == MOST_LINES


def test_a_message_is_one_printable_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    logging.getLogger("landmarkd.test").warning("a name: %s", "x\n<0>forged\x1b[2J\u202e")
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.rstrip("\n").isprintable()
