"""Scripted drives; every expectation is computed from the settings."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.signals.faces import DENSE_ONLY
from tests.signals.timeline import SETTINGS, Do, Drive

S = SETTINGS
ROAD = 5.0
"""Seconds of plain driving before something happens."""
FPS = (10.0, 30.0, 60.0)


def expect(drive, *expected):
    """Compare events with (kind, phase, seconds), each within one frame."""
    happened = drive.happened()
    assert [(kind, phase) for kind, phase, _ in happened] == [
        (kind, phase) for kind, phase, _ in expected
    ]
    for (kind, phase, at), (_, _, wanted) in zip(happened, expected, strict=True):
        assert abs(at - wanted) <= 1.0 / drive.fps + 1e-6, f"{kind} {phase} at {at}, not {wanted}"


def blinking(seconds, every=3.0, blink=0.2):
    return [
        part
        for _ in range(round(seconds / every))
        for part in (Do(every - blink), Do(blink, eyes=0.0))
    ]


@pytest.mark.parametrize("fps", FPS)
def test_always_attentive(fps):
    drive = Drive([Do(40.0)], fps=fps).play()
    assert drive.events == []
    assert drive.readings[-1][1].state.attention == "attentive"
    assert drive.readings[-1][1].state.perclos == 0.0


@pytest.mark.parametrize("fps", [6.0, 10.0, 30.0, 60.0])
def test_blinks_normally(fps):
    drive = Drive([*blinking(60.0), Do(1.0)], fps=fps).play()
    assert drive.happened(without=("blink",)) == []
    blinks = [event for event in drive.events if event.kind == "blink"]
    assert len(blinks) == 20
    for event in blinks:
        assert event.evidence["duration_s"] == pytest.approx(0.2, abs=1.0 / fps)
    assert drive.readings[-1][1].state.perclos == 0.0  # slow closures, not blinks
    assert drive.readings[-1][1].state.rates.blinks_1min == pytest.approx(20.0, abs=1.1)


def test_talks_all_the_way():
    syllables = [Do(0.15, mouth=0.1 * (index % 5)) for index in range(200)]
    assert Drive(syllables).play().events == []


def test_checks_mirrors():
    look = [
        Do(4.0), Do(1.0, yaw=-20.0, gaze=(-20.0, -5.0)), Do(4.0), Do(0.8, yaw=15.0, gaze=(15.0,
        10.0)), Do(4.0),
        Do(1.2, yaw=35.0, gaze=(20.0, -5.0)),
    ]  # fmt: skip
    drive = Drive(look * 5).play()
    assert drive.happened() == []
    zones = {reading.gaze.zone for _, reading in drive.readings if reading.gaze}
    assert {"road", "mirror_left", "mirror_inside", "mirror_right"} <= zones


@pytest.mark.parametrize("fps", FPS)
def test_reads_the_phone_in_the_lap(fps):
    drive = Drive([Do(ROAD), Do(8.0, pitch=-20.0, gaze=(0.0, -15.0)), Do(6.0)], fps=fps).play()
    expect(
        drive,
        ("long_distraction", "begin", ROAD + S.long_distraction_s),
        ("unresponsive", "escalate", ROAD + S.unresponsive_s),
        ("unresponsive", "end", ROAD + 8.0 + S.clear_s),
    )
    assert {event.id for event in drive.events} == {1}
    zones = {
        reading.gaze.zone
        for now, reading in drive.readings
        if reading.gaze and ROAD < now < ROAD + 8.0
    }
    assert zones == {"lap"}


def test_reads_the_phone_in_the_lap_but_only_the_head_is_seen():
    drive = Drive([Do(ROAD), Do(4.0, pitch=-25.0), Do(6.0)], layout=DENSE_ONLY).play()
    expect(
        drive,
        ("long_distraction", "begin", ROAD + S.long_distraction_s),
        ("long_distraction", "end", ROAD + 4.0 + S.clear_s),
    )


def test_glances_add_up():
    away, road = 2.0, 1.5
    drive = Drive([Do(ROAD), *[Do(away, gaze=(28.0, -30.0)), Do(road)] * 8, Do(4.0)]).play()
    glances = math.ceil(S.sharing_away_s / away)
    at = ROAD + (glances - 1) * (away + road) + S.sharing_away_s - (glances - 1) * away
    over = ROAD + 7 * (away + road) + away
    expect(drive, ("time_sharing", "begin", at), ("time_sharing", "end", over + S.sharing_reset_s))


def test_long_looks_at_the_road_forgive_glances():
    drive = Drive(
        [Do(ROAD), *[Do(2.0, gaze=(28.0, -30.0)), Do(S.sharing_reset_s + 0.2)] * 10]
    ).play()
    assert drive.happened() == []


@pytest.mark.parametrize("fps", FPS)
def test_microsleep(fps):
    drive = Drive([Do(ROAD), Do(1.6, eyes=0.0), Do(5.0)], fps=fps).play()
    expect(
        drive,
        ("microsleep", "begin", ROAD + S.microsleep_s),
        ("microsleep", "end", ROAD + 1.6 + S.clear_s),
    )
    end = next(
        event for event in drive.events if event.phase.value == "end" and event.kind == "microsleep"
    )
    assert end.evidence["duration_s"] == pytest.approx(1.6, abs=1.0 / fps)
    # One microsleep is an event and not a minute of drowsiness.
    assert drive.readings[-1][1].state.drowsiness == 0
    assert drive.readings[-1][1].state.attention == "attentive"


@pytest.mark.parametrize("fps", FPS)
def test_sleep_grows_worse(fps):
    drive = Drive([Do(ROAD), Do(7.0, eyes=0.0), Do(5.0)], fps=fps).play()
    expect(
        drive,
        ("microsleep", "begin", ROAD + S.microsleep_s),
        ("sleep", "escalate", ROAD + S.sleep_s),
        ("unresponsive", "escalate", ROAD + S.unresponsive_s),
        ("unresponsive", "end", ROAD + 7.0 + S.clear_s),
    )
    attention = [
        reading.state.attention for now, reading in drive.readings if ROAD + 4.0 < now < ROAD + 5.0
    ]
    assert set(attention) == {"asleep"}


@pytest.mark.parametrize("fps", [30.0, 60.0])
@pytest.mark.parametrize("shut", [0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1])
def test_each_closure_is_a_long_one_or_a_microsleep(shut, fps):
    closing = [Do(1 / fps, eyes=1 - step / 8) for step in range(1, 8)]
    opening = [Do(1 / fps, eyes=step / 12) for step in range(1, 12)]
    drive = Drive([Do(ROAD), *closing, Do(shut, eyes=0.0), *opening, Do(3.0)], fps=fps).play()
    began = [event.kind for event in drive.events if event.kind in ("long_closure", "microsleep")]
    assert began in (["long_closure"], ["microsleep", "microsleep"])
    closed = [round(now * 1e9) for now, reading in drive.readings if reading.left.closed]
    is_microsleep = closed[-1] - closed[0] >= S.microsleep_s * 1e9
    assert began[0] == ("microsleep" if is_microsleep else "long_closure")


def moving(seconds, begin, end, steps=12):
    """Return lids that move from one openness to another."""
    return [
        Do(seconds / steps, eyes=begin + (end - begin) * (step + 0.5) / steps)
        for step in range(steps)
    ]


@pytest.mark.parametrize("fps", FPS)
@pytest.mark.parametrize(
    ("down_s", "shut_s", "up_s"), [(1.2, 0.3, 0.8), (0.8, 0.4, 0.8), (1.4, 0.2, 1.2), (1.6, 0.3, 1)]
)
def test_tired_lids_that_move_slowly_make_long_closures_and_drowsiness(down_s, shut_s, up_s, fps):
    closure = [*moving(down_s, 1.0, 0.0), Do(shut_s, eyes=0.0), *moving(up_s, 0.0, 1.0)]
    drive = Drive([Do(20.0), *[Do(3.0), *closure] * 5, Do(2.0)], fps=fps).play()
    kinds = [event.kind for event in drive.events if event.kind not in ("blink", "drowsiness")]
    assert kinds == ["long_closure"] * 5
    assert next(phase for phase, _ in drowsy(drive)) == "begin"


@pytest.mark.parametrize("fps", FPS)
def test_low_lids_that_blink_are_no_long_closure(fps):
    low = [Do(1.2, eyes=0.6), Do(0.2, eyes=0.0), Do(0.3, eyes=0.5), Do(0.2, eyes=0.0)]
    drive = Drive([Do(20.0), *[*low, Do(1.2, eyes=0.6), Do(3.0)] * 3, Do(2.0)], fps=fps).play()
    assert drive.happened() == []


def test_a_look_down_of_more_than_a_second_is_no_long_closure():
    look = Do(1.1, eyes=0.05, lower=0.13)
    drive = Drive([*blinking(9.0), look, Do(3.0)]).play()
    assert drive.happened() == []


@pytest.mark.parametrize(
    "hidden",
    [Do(0.4, face=False), Do(0.4, covered=True), Do(0.4, picture=False), None],
    ids=["no face", "covered", "no picture", "no frames"],
)
def test_a_long_closure_goes_on_while_it_is_hidden_for_a_moment(hidden):
    shut, pause_ns = Do(0.2, eyes=0.0), round(0.4e9)
    drive = Drive(
        [Do(ROAD), shut, *([hidden] if hidden else []), shut, Do(3.0)],
        clock=None if hidden else lambda frame, at: at + pause_ns * (frame >= 30 * ROAD + 6),
    ).play()
    (closure,) = drive.events
    assert closure.kind == "long_closure"
    assert closure.evidence["duration_s"] == pytest.approx(0.8, abs=2 / 30)


def test_hidden_moments_before_and_after_open_eyes_make_no_long_closure():
    shut, hidden = Do(0.2, eyes=0.0), Do(0.4, face=False)
    drive = Drive([Do(ROAD), shut, hidden, Do(0.3), hidden, shut, Do(3.0)]).play()
    assert drive.happened() == []


def uneven(fps):
    """Return a clock whose frames are up to half an interval early or late."""
    late = np.random.default_rng(3)
    return lambda frame, at: round(at + (frame > 0) * late.uniform(-0.45, 0.45) / fps * 1e9)


@pytest.mark.parametrize("fps", [2.5, 3.0, 4.0, 6.0])
def test_closures_at_a_slow_camera_whose_frames_are_uneven(fps):
    closures = [Do(4.0), Do(0.9, eyes=0.0)] * 5 + [Do(4.0), Do(4.5, eyes=0.0)] * 3 + [Do(4.0)]
    drive = Drive([Do(ROAD), *closures], fps=fps, clock=uneven(fps)).play()
    kinds = [event.kind for event in drive.events]
    assert kinds.count("long_closure") == 5
    sleeps = [at for kind, phase, at in drive.happened() if kind == "sleep" and phase != "end"]
    shut = [ROAD + 5 * 4.9 + 4.0 + 8.5 * index for index in range(3)]
    assert len(sleeps) == 3
    for at, since in zip(sleeps, shut, strict=True):
        assert -1.0 / fps <= at - since - S.sleep_s <= 2.0 / fps


def test_hiding_the_face_does_not_recover_an_alert():
    drive = Drive([Do(ROAD), Do(1.5, eyes=0.0), Do(20.0, face=False), Do(6.0)]).play()
    expect(
        drive,
        ("microsleep", "begin", ROAD + S.microsleep_s),
        ("sleep", "escalate", ROAD + S.sleep_s),
        ("no_driver", "begin", ROAD + 1.5 + S.absent_s),
        ("unresponsive", "escalate", ROAD + S.unresponsive_s),
        ("no_driver", "end", ROAD + 21.5 + S.hold_s),
        ("unresponsive", "end", ROAD + 21.5 + S.clear_s),
    )


@pytest.mark.parametrize(
    ("part", "hidden", "kinds", "attention"),
    [
        (Do(2.0, eyes=0.0), Do(90.0, sunglasses=True), ["eyes_covered"], "attentive"),
        (Do(2.0, eyes=0.0), Do(90.0, face=False), ["no_driver"], "absent"),
        (Do(2.0, eyes=0.0), Do(90.0, picture=False), [], "unknown"),
        (Do(4.0, yaw=60.0), Do(90.0, face=False), ["no_driver"], "absent"),
        (Do(0.5, yaw=60.0), Do(90.0, face=False), ["no_driver"], "absent"),
        (Do(4.0, yaw=40.0), Do(90.0, blocked=True), ["camera_blocked"], "blocked"),
        (Do(2.0, sunglasses=True), Do(90.0, face=False), ["no_driver"], "absent"),
        (Do(4.0, face=False), Do(90.0, blocked=True), ["camera_blocked"], "blocked"),
        (Do(3.0, blocked=True), Do(90.0, picture=False), [], "unknown"),
    ],
    ids=[
        "asleep, then sunglasses", "asleep, then gone", "asleep, then no picture",
        "away, then gone", "out of sight", "away, then blocked", "covered, then gone",
        "gone, then blocked", "blocked, then no picture",
    ],
)  # fmt: skip
def test_an_event_of_which_nothing_is_known_any_more_is_over(part, hidden, kinds, attention):
    drive = Drive([Do(ROAD), part, hidden], fps=10.0).play()
    begun = {event.id: event for event in drive.events if event.phase.value == "begin"}
    ended = {event.id: event for event in drive.events if event.phase.value == "end"}
    assert [begun[number].kind for number in begun.keys() - ended.keys()] == kinds
    assert ended
    for event in ended.values():
        assert event.at_ns / 1e9 == pytest.approx(ROAD + part.seconds + S.forget_s, abs=12.0)
    last = drive.readings[-1][1].state
    assert (list(last.active), last.attention) == (kinds, attention)


def test_time_sharing_of_which_nothing_is_known_any_more_is_over():
    away, road = Do(2.0, gaze=(28.0, -30.0)), Do(1.5)
    drive = Drive([Do(ROAD), *[away, road] * 5, Do(90.0, face=False)], fps=10.0).play()
    phases = [phase for kind, phase, _ in drive.happened() if kind == "time_sharing"]
    assert phases == ["begin", "end"]


@pytest.mark.parametrize(
    ("away", "kind", "hidden"),
    [
        (Do(S.long_distraction_s + 0.3, yaw=40.0), "long_distraction", Do(2.5, face=False)),
        (Do(S.microsleep_s + 0.3, eyes=0.0), "microsleep", Do(2.5, sunglasses=True)),
    ],
    ids=["glance", "closure"],
)
def test_a_look_at_the_road_is_an_interruption_also_if_the_face_is_lost_then(away, kind, hidden):
    drive = Drive([Do(ROAD), away, Do(S.clear_s - 0.2), hidden, Do(4.0)], fps=15.0).play()
    happened = [(name, phase) for name, phase, _ in drive.happened() if name != "eyes_covered"]
    assert happened == [(kind, "begin"), (kind, "end")]


FRAME = 1 / 30 + 1e-6


def test_a_single_shut_frame_does_not_prolong_an_alarm():
    drive = Drive([Do(ROAD), Do(1.3, eyes=0.0), *[Do(0.9), Do(FRAME, eyes=0.0)] * 3, Do(1.0)])
    expect(
        drive.play(),
        ("microsleep", "begin", ROAD + S.microsleep_s),
        ("microsleep", "end", ROAD + 1.3 + S.clear_s),
    )


@pytest.mark.parametrize(
    ("part", "kind", "after_s", "clear_s"),
    [
        (Do(2.0, mouth=0.8), "yawn", S.yawn_s, S.mouth_clear_s),
        (Do(4.0, face=False), "no_driver", S.absent_s, S.hold_s),
        (Do(3.0, blocked=True), "camera_blocked", S.blocked_s, S.hold_s),
        (Do(2.0, sunglasses=True), "eyes_covered", S.covered_s, S.hold_s),
    ],
    ids=["yawn", "no_driver", "camera_blocked", "eyes_covered"],
)
def test_a_single_frame_of_the_opposite_resets_no_timer(part, kind, after_s, clear_s):
    before = replace(part, seconds=0.7 * after_s)
    rest = replace(part, seconds=part.seconds - before.seconds - FRAME)
    half = 0.5 * clear_s
    drive = Drive([
        Do(ROAD), before, Do(FRAME), rest, Do(half), replace(part, seconds=FRAME), Do(half + 0.2)
    ])  # fmt: skip
    over = ROAD + part.seconds
    expect(drive.play(), (kind, "begin", ROAD + after_s), (kind, "end", over + clear_s))


def test_a_single_frame_does_not_prolong_time_sharing():
    away, road = Do(2.0, gaze=(28.0, -30.0)), Do(1.5)
    flicker = [Do(0.9), Do(FRAME, gaze=(28.0, -30.0))]
    drive = Drive([Do(ROAD), *[away, road] * 5, *flicker * 3]).play()
    at = ROAD + 4 * 3.5 + S.sharing_away_s - 8.0
    expect(
        drive,
        ("time_sharing", "begin", at),
        ("time_sharing", "end", ROAD + 4 * 3.5 + 2.0 + S.sharing_reset_s),
    )


def test_a_head_that_turns_out_of_sight_is_still_away():
    drive = Drive([Do(ROAD), Do(0.5, yaw=60.0), Do(2.8, face=False), Do(5.0)]).play()
    expect(
        drive,
        ("long_distraction", "begin", ROAD + S.long_distraction_s),
        ("long_distraction", "end", ROAD + 3.3 + S.clear_s),
    )


def test_sunglasses_hide_the_eyes_but_not_the_head():
    drive = Drive(
        [Do(10.0, sunglasses=True), Do(4.0, yaw=40.0, sunglasses=True), Do(5.0, sunglasses=True)]
    ).play()
    expect(
        drive,
        ("eyes_covered", "begin", S.covered_s),
        ("long_distraction", "begin", 10.0 + S.long_distraction_s),
        ("long_distraction", "end", 14.0 + S.clear_s),
    )
    last = drive.readings[-1][1]
    assert last.left.openness is None
    assert last.left.closed is None
    assert last.gaze is None
    assert last.state.perclos is None


@pytest.mark.parametrize(
    ("covered", "hidden", "kinds"),
    [
        (Do(3.0, sunglasses=True), Do(2.5, yaw=62.0, sunglasses=True), {"eyes_covered"}),
        (Do(3.0, sunglasses=True), Do(2.5, sunglasses=True, score=0.4), {"eyes_covered"}),
        (Do(3.0, masked=True), Do(2.5, masked=True, score=0.4), {"eyes_covered", "face_covered"}),
    ],
    ids=["head turned", "eyes, low score", "face, low score"],
)
def test_what_is_covered_is_not_seen_again_where_nothing_is_known(covered, hidden, kinds):
    drive = Drive([Do(2.0), covered, hidden, covered, Do(3.0)], fps=15.0).play()
    happened = drive.happened()
    over = 2.0 + 3.0 + 2.5 + 3.0
    for kind in ("eyes_covered", "face_covered"):
        phases = [(phase, at) for name, phase, at in happened if name == kind]
        if kind not in kinds:
            assert phases == []
            continue
        assert [phase for phase, _ in phases] == ["begin", "end"]
        assert phases[0][1] == pytest.approx(2.0 + S.covered_s, abs=0.1)
        assert phases[1][1] == pytest.approx(over + S.hold_s, abs=0.1)


def test_the_camera_is_covered():
    drive = Drive([Do(ROAD), Do(5.0, blocked=True), Do(4.0)]).play()
    expect(
        drive,
        ("camera_blocked", "begin", ROAD + S.blocked_s),
        ("camera_blocked", "end", ROAD + 5.0 + S.hold_s),
    )
    assert any(reading.state.attention == "blocked" for _, reading in drive.readings)


STALL = Do(8.0, picture=False)
"""A camera that gives no pictures."""


@pytest.mark.parametrize(
    "before",
    [Do(1.0), Do(0.3, gaze=(-40.0, 0.0)), Do(0.3, yaw=60.0), Do(0.8, eyes=0.0)],
    ids=["road", "mirror", "head away", "eyes shut"],
)
def test_nothing_begins_without_a_picture(before):
    drive = Drive([Do(ROAD), before, STALL, Do(3.0)], fps=15.0).play()
    assert drive.happened() == []
    stalled = [reading for now, reading in drive.readings if 7.5 < now < 13.0]
    assert {reading.state.attention for reading in stalled} == {"unknown"}


@pytest.mark.parametrize(
    ("part", "kind", "phase", "at"),
    [
        (Do(4.0, blocked=True), "camera_blocked", "begin", S.blocked_s),
        (Do(4.0, face=False), "no_driver", "begin", S.absent_s),
        (Do(2.0, sunglasses=True), "eyes_covered", "begin", S.covered_s),
    ],
    ids=["camera_blocked", "no_driver", "eyes_covered"],
)
def test_nothing_ends_without_a_picture(part, kind, phase, at):
    drive = Drive([Do(ROAD), part, STALL, part, Do(2.0)], fps=15.0).play()
    over = ROAD + 2 * part.seconds + STALL.seconds
    expect(drive, (kind, phase, ROAD + at), (kind, "end", over + S.hold_s))


def test_an_event_escalates_without_a_picture_as_behind_a_hidden_face():
    away = Do(S.long_distraction_s + 0.3, yaw=40.0)
    drive = Drive([Do(ROAD), away, STALL, Do(4.0)], fps=15.0).play()
    expect(
        drive,
        ("long_distraction", "begin", ROAD + S.long_distraction_s),
        ("unresponsive", "escalate", ROAD + S.unresponsive_s),
        ("unresponsive", "end", ROAD + away.seconds + STALL.seconds + S.clear_s),
    )


@pytest.mark.parametrize("unknown", [STALL, Do(8.0, blocked=True)], ids=["stall", "blocked"])
def test_a_look_from_before_an_unknown_time_is_old(unknown):
    script = [Do(ROAD), Do(0.3, yaw=60.0), unknown, Do(8.0, face=False)]
    drive = Drive(script, fps=15.0).play()
    assert "long_distraction" not in {kind for kind, _, _ in drive.happened()}


def test_the_seat_is_left():
    drive = Drive([Do(ROAD), Do(6.0, face=False), Do(4.0)]).play()
    expect(
        drive,
        ("no_driver", "begin", ROAD + S.absent_s),
        ("no_driver", "end", ROAD + 6.0 + S.hold_s),
    )


@pytest.mark.parametrize("fps", FPS)
def test_yawns_make_drowsy(fps):
    yawn = [Do(4.0), Do(3.0, mouth=0.8)]
    drive = Drive([*yawn * S.yawns_drowsy, Do(2.0)], fps=fps).play()
    wanted = []
    for index in range(S.yawns_drowsy):
        at = index * 7.0 + 4.0
        wanted += [("yawn", "begin", at + S.yawn_s), ("yawn", "end", at + 3.0 + S.mouth_clear_s)]
    expect(drive, *wanted)
    assert drive.readings[-1][1].state.drowsiness == 1


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_rates_are_of_the_time_in_which_blinks_are_counted(fps):
    told = Drive(blinking(60.0), fps=fps, baseline=None).play().readings
    rates = {reading.state.rates.blinks_1min for now, reading in told if now > 32.0}
    assert min(rates) == pytest.approx(20.0, abs=2.1)
    assert max(rates) == pytest.approx(20.0, abs=2.1)


def test_heavy_lids_raise_perclos_and_drowsiness():
    drive = Drive([*blinking(60.0, every=3.0, blink=0.6)]).play()
    assert drive.readings[-1][1].state.perclos == pytest.approx(0.2, abs=0.02)
    assert drive.readings[-1][1].state.drowsiness == 3
    phases = [event.phase.value for event in drive.events if event.kind == "drowsiness"]
    assert phases[0] == "begin"
    assert "end" not in phases


TIRED = [Do(6.0), Do(0.8, eyes=0.0)]


def drowsy(drive):
    """Return the phases of the events about drowsiness, with their times."""
    return [
        (event.phase.value, event.at_ns / 1e9)
        for event in drive.events
        if event.kind == "drowsiness"
    ]


def test_hidden_eyes_do_not_end_drowsiness():
    drive = Drive([Do(20.0), *TIRED * 8, Do(70.0, sunglasses=True), *TIRED * 4], fps=10.0).play()
    assert next(phase for phase, _ in drowsy(drive)) == "begin"
    assert "end" not in {phase for phase, _ in drowsy(drive)}
    hidden = [r.state for now, r in drive.readings if 120.0 < now < 140.0]
    assert {(state.perclos, state.drowsiness > 0) for state in hidden} == {(None, True)}


def test_drowsiness_of_which_nothing_is_known_any_more_is_over():
    drive = Drive([Do(20.0), *TIRED * 8, Do(130.0, sunglasses=True)], fps=10.0).play()
    unknown = next(now for now, r in drive.readings if now > 60.0 and r.state.perclos is None)
    assert [phase for phase, _ in drowsy(drive)][-1] == "end"
    assert drowsy(drive)[-1][1] == pytest.approx(unknown + S.forget_s, abs=0.2)
    assert drive.readings[-1][1].state.drowsiness == 0


def test_drowsiness_ends_with_perclos_and_not_with_the_number_of_closures():
    # The first of the closures leaves the minute long before PERCLOS is low.
    drive = Drive([Do(20.0), Do(0.8, eyes=0.0), Do(30.0), Do(4.8, eyes=0.0), Do(62.0)], fps=10.0)
    phases = drowsy(drive.play())
    assert [phase for phase, _ in phases] == ["begin", "end"]
    at = phases[-1][1]
    perclos = {round(now, 1): r.state.perclos for now, r in drive.readings}
    lowest = S.perclos_release * S.perclos_levels[0]
    assert perclos[round(at, 1)] < lowest <= perclos[round(at - 0.1, 1)]


def test_closures_count_in_the_whole_window_of_perclos():
    settings = S.model_copy(update={"perclos_window_s": 400.0})
    sleeps = [Do(20.0), Do(16.0, eyes=0.0), Do(310.0), Do(16.0, eyes=0.0), Do(5.0)]
    drive = Drive(sleeps, fps=5.0, settings=settings).play()
    assert [phase for phase, _ in drowsy(drive)] == ["begin"]


def test_one_closure_is_no_drowsiness():
    assert drowsy(Drive([Do(20.0), Do(7.0, eyes=0.0), Do(20.0)], fps=10.0).play()) == []


def test_the_drowsiness_of_a_driver_ends_with_another():
    first = [part.at(0.0, 0.0, track=1) for part in [Do(20.0), *TIRED * 8]]
    drive = Drive([*first, Do(5.0, track=2)], fps=10.0).play()
    phases = drowsy(drive)
    assert phases[-1][0] == "end"
    assert phases[-1][1] == pytest.approx(74.4, abs=0.11)
    assert drive.readings[-1][1].state.drowsiness == 0


def test_drowsiness_of_yawns_ends_with_them_also_behind_sunglasses():
    yawn = [Do(2.0, mouth=0.8, sunglasses=True), Do(4.0, sunglasses=True)]
    drive = Drive([Do(2.0), *yawn * S.yawns_drowsy, Do(600.0, sunglasses=True)], fps=5.0).play()
    began = [at for kind, phase, at in drive.happened() if (kind, phase) == ("yawn", "begin")]
    phases = drowsy(drive)
    assert [phase for phase, _ in phases] == ["begin", "end"]
    assert phases[0][1] == pytest.approx(began[-1], abs=0.01)
    assert phases[1][1] == pytest.approx(began[0] + 600.0, abs=0.41)


def test_dropped_frames_delay_an_event_to_the_next_frame_only():
    drive = Drive([Do(ROAD), Do(4.0, eyes=0.0), Do(5.0)], drop=0.3).play()
    at = {(kind, phase): when for kind, phase, when in drive.happened()}
    assert ROAD + S.microsleep_s <= at["microsleep", "begin"] <= ROAD + S.microsleep_s + 0.3
    assert ROAD + S.sleep_s <= at["sleep", "escalate"] <= ROAD + S.sleep_s + 0.3


def test_a_clock_that_goes_back_moves_no_timer():
    drive = Drive(
        [Do(ROAD), Do(4.0, eyes=0.0), Do(5.0)],
        clock=lambda frame, time_ns: time_ns - 100_000_000 if frame % 7 == 3 else time_ns,
    ).play()
    expect(
        drive,
        ("microsleep", "begin", ROAD + S.microsleep_s),
        ("sleep", "escalate", ROAD + S.sleep_s),
        ("sleep", "end", ROAD + 4.0 + S.clear_s),
    )


@pytest.mark.parametrize("begins_s", [0.0, 3.0, 20.0], ids=["at 0", "earlier", "far earlier"])
def test_after_the_first_frame_of_another_recording_time_goes_on(begins_s):
    """As from the end of one video to another one, which may end before the first one does."""
    first = [Do(ROAD), Do(30.0), Do(2.0, eyes=0.0)]
    second = [Do(1.0), Do(4.0, yaw=40.0), Do(5.0), Do(4.0, eyes=0.0), Do(5.0)]
    after, back_ns = 30 * 37, round((37.0 - begins_s) * 1e9)
    drive = Drive(
        [*first, *second], clock=lambda frame, at: at - back_ns if frame >= after else at
    ).play()
    expect(
        drive,
        ("microsleep", "begin", 35.0 + S.microsleep_s),
        ("microsleep", "end", begins_s + S.clear_s),
        ("long_distraction", "begin", begins_s + 1.0 + S.long_distraction_s),
        ("long_distraction", "end", begins_s + 5.0 + S.clear_s),
        ("microsleep", "begin", begins_s + 10.0 + S.microsleep_s),
        ("sleep", "escalate", begins_s + 10.0 + S.sleep_s),
        ("sleep", "end", begins_s + 14.0 + S.clear_s),
    )
    assert all(event.began_ns >= 0 for event in drive.events)


def test_a_slow_car_is_not_warned():
    drive = Drive([Do(ROAD), Do(4.0, eyes=0.0), Do(4.0, yaw=40.0), Do(3.0)], speed_kmh=5.0).play()
    assert drive.happened() == []


@pytest.mark.parametrize("fps", FPS)
@pytest.mark.parametrize(
    "hidden",
    [Do(8.0, face=False), Do(8.0, score=0.4), Do(8.0, picture=False)],
    ids=["no face", "low score", "no picture"],
)
@pytest.mark.parametrize(
    ("alarm", "kind", "after_s", "slow_kmh"),
    [
        (Do(S.microsleep_s + 0.5, eyes=0.0), "microsleep", S.microsleep_s, S.eyes_min_speed_kmh),
        (
            Do(S.long_distraction_s + 0.5, yaw=40.0),
            "long_distraction",
            S.long_distraction_s,
            S.distraction_min_speed_kmh,
        ),
    ],
    ids=["closure", "glance"],
)
def test_an_alarm_does_not_go_on_in_a_slow_car(alarm, kind, after_s, slow_kmh, hidden, fps):
    slow = replace(hidden, speed_kmh=slow_kmh - 1.0)
    drive = Drive([Do(ROAD), alarm, slow], fps=fps).play()
    happened = [each for each in drive.happened() if each[0] != "no_driver"]
    assert [(name, phase) for name, phase, _ in happened] == [(kind, "begin"), (kind, "end")]
    over = ROAD + alarm.seconds + S.clear_s
    assert [at for _, _, at in happened] == pytest.approx([ROAD + after_s, over], abs=1 / fps)


WAVER = [(-0.5, 0.5, 3.0), (-1.0, 1.0, 3.0), (-3.0, 3.0, 3.0), (-0.3, 0.0, 0.5), (-2.0, 2.0, 1.0)]


@pytest.mark.parametrize(("below", "above", "every_s"), WAVER)
@pytest.mark.parametrize(
    ("part", "kind", "limit_kmh"),
    [
        (Do(S.microsleep_s + 1.0, eyes=0.0), "microsleep", S.eyes_min_speed_kmh),
        (Do(S.long_distraction_s + 1.0, yaw=40.0), "long_distraction", S.distraction_min_speed_kmh),
    ],
    ids=["closure", "glance"],
)
def test_a_speed_that_wavers_repeats_no_alarm(part, kind, limit_kmh, below, above, every_s):
    speeds = [limit_kmh + each for _ in range(5) for each in (below, above)]
    wavering = [replace(part, seconds=every_s, speed_kmh=speed) for speed in speeds]
    drive = Drive([Do(ROAD), part, *wavering, Do(4.0)], fps=10.0).play()
    happened = [(name, phase) for name, phase, _ in drive.happened() if phase != "escalate"]
    own = [(name, phase) for name, phase in happened if name != "time_sharing"]
    assert [phase for _, phase in own] == ["begin", "end"]
    assert own[0][0] == kind
    assert [phase for name, phase in happened if name == "time_sharing"] in ([], ["begin", "end"])


@pytest.mark.parametrize("again", [Do(4.0, yaw=40.0, speed_kmh=30.0), Do(0.5, speed_kmh=20.0)])
def test_a_glance_after_a_slow_time_is_one_when_the_car_is_faster_or_the_glance_is_new(again):
    slow = Do(3.0, yaw=40.0, speed_kmh=18.0)
    at_limit = Do(4.0, yaw=40.0, speed_kmh=S.distraction_min_speed_kmh)
    drive = Drive([Do(ROAD), Do(4.0, yaw=40.0), slow, at_limit, again, at_limit], fps=10.0).play()
    began = [at for _, phase, at in drive.happened() if phase == "begin"]
    over = ROAD + 4.0 + slow.seconds + at_limit.seconds
    new = over if again.yaw else over + again.seconds
    expected = [ROAD + S.long_distraction_s, new + S.long_distraction_s]
    assert began == pytest.approx(expected, abs=0.11)


def test_an_accelerating_car_is_watched_from_the_limit_on():
    speeds = [2.0 * step for step in range(30)]
    drive = Drive([Do(0.5, yaw=40.0, speed_kmh=speed) for speed in speeds], fps=10.0).play()
    at = next(0.5 * step for step, v in enumerate(speeds) if v >= S.distraction_min_speed_kmh)
    assert drive.happened()[0] == (
        "long_distraction",
        "begin",
        pytest.approx(at + S.long_distraction_s, abs=0.1),
    )


@pytest.mark.parametrize("fps", [5.0, 15.0])
class TestDrowsinessInASlowCar:
    STANDS = tuple(replace(part, speed_kmh=0.0) for part in TIRED)

    def test_a_rest_is_not_drowsiness_and_leaves_none(self, fps):
        yawn = [Do(2.0, mouth=0.8, speed_kmh=0.0), Do(4.0, speed_kmh=0.0)]
        rest = [*self.STANDS * 10, *yawn * (S.yawns_drowsy - 1), Do(7.0, eyes=0.0, speed_kmh=0.0)]
        drive = Drive([*rest, *blinking(90.0)], fps=fps).play()
        assert drowsy(drive) == []
        assert {r.state.drowsiness for _, r in drive.readings} == {0}
        assert {r.state.perclos for _, r in drive.readings} == {None, 0.0}

    def test_it_ends_when_the_car_stops_and_begins_with_new_closures(self, fps):
        stop = Do(30.0, speed_kmh=0.0)
        script = [Do(20.0), *TIRED * 8, stop, *blinking(30.0), *TIRED * 6]
        drive = Drive(script, fps=fps).play()
        phases = [(phase, at) for phase, at in drowsy(drive) if phase != "escalate"]
        assert [phase for phase, _ in phases] == ["begin", "end", "begin"]
        assert phases[1][1] == pytest.approx(74.4 + S.clear_s, abs=1 / fps + 0.01)
        assert phases[2][1] > 74.4 + stop.seconds + 30.0

    def test_that_of_yawns_too(self, fps):
        yawn = [Do(4.0), Do(2.0, mouth=0.8)]
        drive = Drive([*yawn * S.yawns_drowsy, Do(5.0, speed_kmh=0.0), Do(30.0)], fps=fps).play()
        assert [phase for phase, _ in drowsy(drive)] == ["begin", "end"]


@pytest.mark.parametrize("fps", [15.0, 30.0])
def test_noise_and_lost_frames_make_no_event(fps):
    drive = Drive([*blinking(60.0)], fps=fps, noise_px=0.4, lost=0.03, baseline=None).play()
    assert drive.happened(without=("blink",)) == []
    assert not drive.readings[-1][1].state.calibrating
    assert drive.monitor.baseline is not None


def test_nothing_is_trusted_before_it_was_learnt():
    drive = Drive([Do(45.0, yaw=25.0)], baseline=None).play()
    told = {now: reading.state.calibrating for now, reading in drive.readings}
    assert told[0.0]
    assert not told[max(told)]
    assert drive.happened() == []
    # A camera beside the driver: forward is the usual direction of this head, not toward the
    # camera.
    assert drive.monitor.baseline.head_yaw == pytest.approx(25.0, abs=1.5)
