"""The plan for a line is chosen, reported, and really fits."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from landmarkd.enums import EventKind, EventPhase
from landmarkd.errors import UsageError
from landmarkd.wire import Assembler, Decoder, Encoder, EncoderOptions, Selection
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE, frame_messages
from landmarkd.wire.names import numbers as numbers_of
from landmarkd.wire.plan import LOAD, Plan, plan
from landmarkd.wire.schema import MAX_EVIDENCE, TYPES, Hello, Points, Status

from tests.wire.builders import driver, event, report, session

BLINK = numbers_of(EventKind)[EventKind.BLINK]


def encoder_of(fit: Plan) -> Encoder:
    options = EncoderOptions(
        fit.selection,
        fit.points_hz,
        fit.status_hz,
        max_message=MAX_SERIAL_MESSAGE,
        line_bytes_s=fit.rest_bytes_s,
    )
    return Encoder(session(), options)


def encoded(encoder: Encoder, times_s: list[float], first_face: int = 0) -> list[list[bytes]]:
    """Return the messages of frames at these times, with a face from a frame on."""
    return [
        encoder.encode(
            replace(
                report(i % 30, with_face=i >= first_face),
                sequence=i,
                captured_ns=1_000_000_000 + round(time_s * 1e9),
            )
        )
        for i, time_s in enumerate(times_s)
    ]


def planned_bytes(messages: list[list[bytes]]) -> int:
    """Return the bytes on the line without HELLO, which the plan leaves to the rest of it."""
    planned = [[m for m in some if m[1] != TYPES[Hello]] for some in messages]
    return sum(len(frame_messages(some)) for some in planned)


@pytest.mark.parametrize(
    ("baud", "selection"),
    [
        (9600, Selection.NONE),
        (115200, Selection.IBUG68),
        (921600, Selection.ALL),
        (3_000_000, Selection.ALL),
    ],
)
@pytest.mark.parametrize("fps", [30, 60])
def test_ten_seconds_of_frames_fit_the_line(baud: int, selection: Selection, fps: int) -> None:
    fit = plan(baud, "landmarkd-562", fps=fps)
    assert fit.selection is selection
    encoder = encoder_of(fit)
    messages = encoded(encoder, [i / fps for i in range(10 * fps)])
    total = sum(len(frame_messages(some)) for some in messages)
    assert total <= 10 * baud / 10
    assert planned_bytes(messages) == pytest.approx(fit.load * baud, rel=0.03)
    assert encoder.points_sent == pytest.approx(10 * fit.points_hz, abs=1)


@pytest.mark.parametrize("baud", [9600, 19200, 115200])
@pytest.mark.parametrize("running", [0, 1, 4])
def test_a_driver_who_blinks_and_events_make_no_line_late(baud: int, running: int) -> None:
    """The events run from the first second on, each with all the numbers that it can have."""
    fit = plan(baud, "landmarkd-562", fps=30)
    encoder, decoder, assembler = encoder_of(fit), Decoder(), Assembler()
    numbers = {f"number_{i}": 1.25 for i in range(MAX_EVIDENCE)}
    sent = [report(i) for i in range(30)]
    blinks = list(range(45, 37 * 30, 60))
    free_s, latest_s, told, status_s = 0.0, 0.0, [], [0.0]
    for i in range(40 * 30):
        now_s, happened = i / 30, []
        if i == 30:
            happened = [replace(event(number=90_000 + n), evidence=numbers) for n in range(running)]
        if i in blinks:
            happened = [replace(event(EventPhase.END, i, i), kind=EventKind.BLINK)]
        state = driver(i, *happened, active=(EventKind.MICROSLEEP,) * bool(running and i >= 30))
        data = frame_messages(
            encoder.encode(
                replace(sent[i % 30], sequence=i, captured_ns=round(now_s * 1e9), driver=state)
            )
        )
        free_s = max(free_s, now_s) + len(data) * 10 / baud
        latest_s = max(latest_s, free_s - now_s)
        for packet in decoder.feed(data):
            if isinstance(packet.message, Status):
                status_s.append(now_s)
            for record in assembler.add(packet):
                told += [each.id for each in record.events if each.kind == BLINK]
    assert latest_s < (0.9 if running < 4 else 2.0)
    assert told == blinks
    assert max(after - before for before, after in pairwise(status_s)) < 2.0


@pytest.mark.parametrize("baud", [57600, 115200, 921600])
@pytest.mark.parametrize("camera_fps", [45, 60, 120])
def test_a_camera_faster_than_the_plan_does_not_overload_the_line(
    baud: int, camera_fps: int
) -> None:
    fit = plan(baud, "landmarkd-562", fps=30)
    encoder = encoder_of(fit)
    # A face that is found later must not bring points into the frames without a STATUS.
    messages = encoded(encoder, [i / camera_fps for i in range(10 * camera_fps)], first_face=1)
    assert planned_bytes(messages) == pytest.approx(fit.load * baud, rel=0.03)
    assert encoder.points_sent == pytest.approx(10 * fit.points_hz, abs=1)
    for some in messages:
        types = {message[1] for message in some}
        assert TYPES[Points] not in types or TYPES[Status] in types


@pytest.mark.parametrize("fps", [29.97, 30.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_camera_at_the_planned_rate_has_a_status_for_every_frame(fps: float, seed: int) -> None:
    """Its frames come up to 5 ms early or late."""
    rng = random.Random(seed)
    times = [i / fps + rng.uniform(-0.005, 0.005) for i in range(6000)]
    messages = encoded(encoder_of(plan(115200, "landmarkd-562", fps=30)), times, first_face=6000)
    assert all(TYPES[Status] in {message[1] for message in some} for some in messages)


def test_all_points_at_15_hz_fit_921600() -> None:
    fit = plan(921600, "landmarkd-562")
    assert (fit.selection, fit.points_hz) == (Selection.ALL, 15)
    assert fit.text.startswith("921600 baud: status at up to 60 Hz, 562 points at 15 Hz")


def test_the_plan_says_what_it_does_at_the_usual_rate() -> None:
    assert plan(115200, "landmarkd-562").text.startswith(
        "115200 baud: status at up to 60 Hz, 68 points at 7.5 Hz"
    )


def test_a_demand_that_does_not_fit_is_refused_with_what_would() -> None:
    with pytest.raises(UsageError, match=r"at most 1\.\d sets a second fit"):
        plan(115200, "landmarkd-562", selection=Selection.ALL, points_hz=15)


@pytest.mark.parametrize("fps", [1, 4, 8, 12, 45, 120])
def test_a_fast_line_sends_all_points_of_every_frame(fps: int) -> None:
    fit = plan(6_000_000, "landmarkd-562", fps=fps)
    assert (fit.selection, fit.points_hz) == (Selection.ALL, fps)


@pytest.mark.parametrize(
    ("baud", "points_hz", "fps", "selection"),
    [
        (3_000_000, 40, 45, Selection.ALL),
        (3_000_000, 100, 120, Selection.IBUG68),
        (921_600, 40, 60, Selection.IBUG68),
        (115_200, 12, 60, Selection.EYES),
        (115_200, 14, 30, Selection.IBUG68),
    ],
)
def test_a_demanded_rate_is_that_of_the_most_points_that_fit(
    baud: int, points_hz: float, fps: float, selection: Selection
) -> None:
    for asked in (None, selection):
        fit = plan(baud, "landmarkd-562", selection=asked, points_hz=points_hz, fps=fps)
        assert (fit.selection, fit.points_hz) == (selection, points_hz)
        assert fit.load <= LOAD


def test_a_demanded_rate_that_no_points_reach_is_refused() -> None:
    with pytest.raises(UsageError, match=r"at most 0\.0 sets a second fit with 42 points"):
        plan(9600, "landmarkd-562", points_hz=1)
    with pytest.raises(UsageError, match=r"at most 12\.\d sets a second fit with 42 points"):
        plan(115200, "landmarkd-562", points_hz=30)


@pytest.mark.parametrize("selection", [None, Selection.EYES])
def test_more_sets_of_points_than_frames_are_refused(selection: Selection | None) -> None:
    with pytest.raises(UsageError, match="100 sets of points a second are more than the 60 frames"):
        plan(3_000_000, "landmarkd-562", selection=selection, points_hz=100)
