"""Scripted drives of people who are awake, and of some who are not, at slow and fast cameras."""

from dataclasses import replace

import pytest
from landmarkd.daemon import baselines
from landmarkd.daemon.baselines import BaselineKeeper, BaselineStore
from landmarkd.enums import EventKind
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.forward import ForwardDirection

from tests.signals.test_timelines import blinking
from tests.signals.timeline import OPEN, SETTINGS, Do, Drive

S = SETTINGS
RATES = pytest.mark.parametrize("fps", [5.0, 10.0, 15.0, 30.0, 60.0])
CLOSED = {"microsleep", "sleep", "unresponsive"}


def alarms(drive):
    """Return the kinds of all events of level 2 or 3 that began."""
    return [
        (event.kind, round(event.at_ns / 1e9, 2))
        for event in drive.events
        if event.level >= 2 and event.phase.value != "end"
    ]


def talking(seconds, **more):
    """A mouth that opens and closes twice a second."""
    return [
        Do(0.25, mouth=0.3 if index % 2 else 0.0, **more) for index in range(round(4 * seconds))
    ]


class TestAwake:
    @RATES
    def test_lids_down_for_a_long_look_down(self, fps):
        look = Do(2.5, eyes=0.05, lower=0.13)
        drive = Drive([*blinking(9.0), look, *blinking(9.0), look, Do(6.0)], fps=fps).play()
        assert alarms(drive) == []
        told = {r.state.eyes for now, r in drive.readings if 9.6 < now < 11.4}
        assert told == {"down"}

    @RATES
    def test_irises_under_low_lids_look_down(self, fps):
        drive = Drive([*blinking(9.0), Do(2.5, eyes=0.1, iris=0.35), *blinking(6.0)], fps=fps)
        assert alarms(drive.play()) == []

    @RATES
    def test_a_look_down_with_the_head(self, fps):
        look = Do(2.5, eyes=0.05, pitch=-14.0)
        drive = Drive([*blinking(9.0), look, *blinking(9.0)], fps=fps).play()
        assert alarms(drive) == []

    @RATES
    def test_laughs_with_shut_eyes(self, fps):
        drive = Drive(
            [*blinking(9.0), *talking(4.0, eyes=0.0), *blinking(9.0)], fps=max(fps, 10)
        ).play()
        assert alarms(drive) == []

    @RATES
    def test_sings_with_shut_eyes(self, fps):
        bars = [Do(0.5, mouth=0.4, eyes=0.0), Do(0.3, mouth=0.1, eyes=0.0)] * 5
        drive = Drive([*blinking(9.0), *bars, *blinking(9.0)], fps=max(fps, 10)).play()
        assert alarms(drive) == []

    @RATES
    def test_yawns_with_shut_eyes_and_keeps_them_shut_a_moment(self, fps):
        yawn = [Do(0.6, mouth=0.6), Do(3.0, mouth=0.8, eyes=0.0), Do(1.2, eyes=0.0)]
        drive = Drive([*blinking(9.0), *yawn, *blinking(9.0)], fps=fps).play()
        assert alarms(drive) == []
        assert (
            next(e.kind for e in drive.events if e.kind not in ("blink", "long_closure")) == "yawn"
        )

    @RATES
    def test_turns_the_head_with_shut_eyes(self, fps):
        turn = [Do(0.2, yaw=4.0 * step, eyes=0.0) for step in range(8)]
        back = [Do(0.2, yaw=28.0 - 4.0 * step) for step in range(8)]
        assert alarms(Drive([*blinking(9.0), *turn, *back, Do(3.0)], fps=fps).play()) == []

    @RATES
    def test_one_eye_alone_makes_no_alarm(self, fps):
        drive = Drive([*blinking(9.0), Do(8.0, eyes=(0.0, 1.0)), Do(3.0)], fps=fps).play()
        assert alarms(drive) == []

    @RATES
    def test_shut_from_the_first_frame_is_unknown(self, fps):
        drive = Drive([Do(12.0, eyes=0.0)], fps=fps, baseline=None).play()
        assert alarms(drive) == []

    @RATES
    def test_eyes_above_the_edge_of_the_picture(self, fps):
        drive = Drive([*blinking(6.0), Do(8.0, eyes=0.0, up_mm=270.0), Do(3.0)], fps=fps).play()
        assert alarms(drive) == []
        assert {r.state.eyes for now, r in drive.readings if 7.0 < now < 13.0} == {"unknown"}

    @RATES
    def test_hands_pass_before_the_face(self, fps):
        wave = [Do(0.3, sunglasses=True), Do(0.2, face=False), Do(0.9)] * 10
        assert [k for k, _ in alarms(Drive([Do(5.0), *wave], fps=fps).play())] == []

    @RATES
    def test_sun_flicker(self, fps):
        flicker = [Do(0.15), Do(0.15, eyes=0.1)] * 40
        drive = Drive([*blinking(6.0), *flicker, Do(3.0)], fps=fps).play()
        assert not {kind for kind, _ in alarms(drive)} & CLOSED

    @RATES
    def test_dusk(self, fps):
        fading = [Do(0.5, eyes=1.0 - 0.02 * step, covered=step > 35) for step in range(48)]
        drive = Drive([*blinking(6.0), *fading, *blinking(6.0)], fps=fps).play()
        assert not {kind for kind, _ in alarms(drive)} & CLOSED

    @RATES
    @pytest.mark.parametrize("hidden", [Do(3.0, sunglasses=True), Do(2.0, face=False)])
    def test_eyes_that_were_shut_before_they_were_hidden_may_be_narrow_after_it(self, fps, hidden):
        script = [*blinking(9.0), Do(0.5, eyes=0.0), hidden, Do(4.0, eyes=0.26)]
        drive = Drive(script, fps=fps).play()
        assert alarms(drive) == []
        assert {r.left.closed for now, r in drive.readings if now > 13.0} == {False}

    @RATES
    def test_sunglasses_on_and_off(self, fps):
        drive = Drive([*blinking(9.0), Do(20.0, sunglasses=True), *blinking(9.0)], fps=fps).play()
        assert alarms(drive) == []

    @pytest.mark.parametrize(("yaw", "pitch"), [(18.0, 0.0), (0.0, -14.0), (-18.0, -14.0)])
    @RATES
    def test_a_camera_aside_or_above(self, fps, yaw, pitch):
        minute = [part.at(yaw, pitch) for part in blinking(60.0)]
        drive = Drive(minute, fps=min(fps, 30), baseline=None).play()
        assert alarms(drive) == []
        assert not drive.readings[-1][1].state.calibrating
        assert drive.readings[-1][1].state.attention == "attentive"

    @RATES
    def test_narrow_eyes(self, fps):
        drive = Drive(
            [part.at(0.0, 0.0, scale=0.45) for part in blinking(60.0)],
            fps=min(fps, 30),
            baseline=None,
        ).play()
        assert alarms(drive) == []
        assert sum(event.kind == "blink" for event in drive.events) >= 17


class TestAsleep:
    @RATES
    def test_five_seconds_are_found(self, fps):
        drive = Drive([*blinking(9.0), Do(5.0, eyes=0.0), Do(4.0)], fps=fps).play()
        kinds = dict(alarms(drive))
        for kind, after in (("microsleep", S.microsleep_s), ("sleep", S.sleep_s)):
            assert kinds[kind] - 9.0 == pytest.approx(after, abs=max(0.2, 1 / fps) + 0.01)

    @RATES
    def test_a_head_that_sinks_after_the_lids_hides_no_sleep(self, fps):
        nod = [Do(0.8, eyes=0.0)]
        nod += [Do(0.2, eyes=0.0, pitch=-2.0 * step) for step in range(12)]
        drive = Drive([*blinking(9.0), *nod, Do(4.0)], fps=fps).play()
        assert "microsleep" in dict(alarms(drive))

    @RATES
    def test_a_sleep_goes_on_behind_a_hand(self, fps):
        script = [*blinking(9.0), Do(2.0, eyes=0.0), Do(3.0, covered=True), Do(5.0, eyes=0.26)]
        drive = Drive(script, fps=fps).play()
        assert not [e for e in drive.events if e.kind in CLOSED and e.phase.value == "end"]

    @RATES
    def test_a_syllable_before_and_after_a_hidden_face_is_no_yawn(self, fps):
        syllable = Do(1 / fps + 1e-6, mouth=0.7)
        script = [*blinking(9.0), syllable, Do(2.0, face=False), syllable, Do(2.5, eyes=0.0)]
        (alarm,) = alarms(Drive([*script, Do(3.0)], fps=fps).play())
        assert alarm[0] == "microsleep"
        shut = 9.0 + 2 * syllable.seconds + 2.0
        assert alarm[1] - shut == pytest.approx(S.microsleep_s, abs=max(0.2, 2 / fps) + 0.01)

    @RATES
    def test_a_look_down_before_an_open_eye_explains_no_sleep_after_it(self, fps):
        look = [Do(1.0, eyes=0.05, lower=0.13), Do(0.8, yaw=40.0)]
        drive = Drive([*blinking(9.0), *look, Do(4.0, eyes=0.0), Do(3.0)], fps=fps).play()
        kinds = dict(alarms(drive))
        for kind, after in (("microsleep", S.microsleep_s), ("sleep", S.sleep_s)):
            assert kinds[kind] - 10.8 == pytest.approx(after, abs=max(0.2, 1 / fps) + 0.01)
        shut_s = [e.evidence["shut_s"] for e in drive.events if e.kind == "microsleep"]
        assert shut_s == pytest.approx([S.microsleep_s], abs=1 / fps)

    @RATES
    def test_an_eye_model_that_sees_little_of_the_irises_hides_no_sleep(self, fps):
        drive = Drive([*blinking(9.0), Do(2.5, eyes=0.1, iris=0.12), Do(4.0)], fps=fps).play()
        assert "microsleep" in dict(alarms(drive))

    def test_three_short_closures_are_not_six_seconds(self):
        closures = [Do(1.6, eyes=0.0), Do(0.5)] * 5
        drive = Drive([*blinking(9.0), *closures, Do(4.0)]).play()
        assert {kind for kind, _ in alarms(drive)} <= {"microsleep", "drowsiness"}

    def test_an_eye_set_aside_does_not_count(self):
        settings = S.model_copy(update={"eye_aside": "right"})
        drive = Drive([*blinking(9.0), Do(4.0, eyes=(0.0, 1.0)), Do(4.0)], settings=settings).play()
        assert "microsleep" in dict(alarms(drive))

    def test_an_eye_that_never_shuts_is_noticed(self, caplog):
        blink = [Do(2.8), Do(0.2, eyes=(0.0, 1.0))]
        Drive([Do(5.0), *blink * 12]).play()
        assert caplog.text.count('eye_aside = "right"') == 1

    def test_an_eye_set_aside_is_not_told_again(self, caplog):
        settings = S.model_copy(update={"eye_aside": "right"})
        blink = [Do(2.8), Do(0.2, eyes=(0.0, 1.0))]
        Drive([Do(5.0), *blink * 12], settings=settings).play()
        assert "eye_aside" not in caplog.text

    def test_winks_among_blinks_are_none(self, caplog):
        wink = [Do(2.8), Do(0.2, eyes=(0.0, 1.0)), Do(2.8), Do(0.2, eyes=0.0)]
        Drive([Do(5.0), *wink * 12]).play()
        assert "eye_aside" not in caplog.text


class TestAnotherDriver:
    @RATES
    def test_baselines_start_anew_after_an_absence(self, fps):
        second = [part.at(0.0, 0.0, scale=0.45) for part in blinking(45.0)]
        drive = Drive([*blinking(30.0), Do(5.0, face=False), *second], fps=min(fps, 30)).play()
        assert not {kind for kind, _ in alarms(drive)} & CLOSED
        told = {now: r.state.calibrating for now, r in drive.readings}
        assert told[min(now for now in told if now > 36.0)]
        later = [e for e in drive.events if e.kind == "blink" and e.at_ns > 45e9]
        assert len(later) >= 10
        assert drive.monitor.baseline is None  # the first driver's baseline is not overwritten

    @pytest.mark.parametrize(
        "second",
        [[Do(5.0, face=False), *blinking(45.0)], [p.at(0.0, 0.0, track=2) for p in blinking(45.0)]],
        ids=["an absence", "another track"],
    )
    def test_what_is_stored_is_not_overwritten_with_what_another_person_has(
        self, second, tmp_path, monkeypatch
    ):
        store, clock = BaselineStore(tmp_path / "drivers"), [0.0]
        monkeypatch.setattr(baselines, "monotonic", lambda: clock[0])
        keeper = BaselineKeeper(store, "anna")
        narrow = [replace(part, eyes=0.45 * part.eyes) for part in second]
        first = [part.at(0.0, 0.0, track=narrow[-1].track and 1) for part in blinking(45.0)]
        script = [*first, *narrow]
        stored = []

        def keep(monitor, now):
            # A second of the drive is half a minute for the keeper.
            clock[0] = 30.0 * now
            if keeper.offer(monitor.baseline):
                monitor.baseline_stored()
                stored.append(now)

        drive = Drive(script, fps=10.0, baseline=None, after=keep).play()
        assert 30.0 <= stored[0] <= 45.0
        assert not keeper.offer(drive.monitor.baseline, now=True)
        assert store.load("anna").open_left == pytest.approx(OPEN, abs=0.02)
        assert not drive.readings[-1][1].state.calibrating, "the second person was learnt"

    def test_the_first_stored_person_of_a_name_may_be_the_second_in_the_seat(self):
        second = [part.at(0.0, 0.0, scale=0.45, track=2) for part in blinking(45.0)]
        first = [part.at(0.0, 0.0, track=1) for part in blinking(9.0)]
        drive = Drive([*first, *second], fps=10.0, baseline=None).play()
        assert drive.monitor.baseline.open_left == pytest.approx(0.45 * OPEN, abs=0.02)
        drive.monitor.baseline_stored()
        assert drive.monitor.baseline is not None

    @RATES
    def test_narrower_eyes_of_another_person_are_no_blink(self, fps):
        script = [Do(12.0, track=1), Do(5.0, eyes=0.5, track=2)]
        assert Drive(script, fps=fps, baseline=None).play().events == []

    def test_another_track_is_another_person(self):
        second = [part.at(0.0, 0.0, scale=0.45, track=2) for part in blinking(30.0)]
        drive = Drive([part.at(0.0, 0.0, track=1) for part in blinking(30.0)] + second).play()
        assert alarms(drive) == []
        assert next(r.state.calibrating for now, r in drive.readings if now > 30.0)


class TestForward:
    @RATES
    def test_texting_does_not_make_the_phone_the_road(self, fps):
        text = [Do(6.0, pitch=-20.0, gaze=(0.0, -15.0)), *blinking(3.0)]
        drive = Drive(text * 20, fps=min(fps, 30), baseline=None).play()
        raised = [
            event for event in drive.events if event.level >= 2 and event.phase.value == "begin"
        ]
        assert raised
        on_phone = [event for event in raised if event.began_ns / 1e9 % 9.0 < 6.0]
        assert len(on_phone) == len(raised)
        assert drive.monitor.baseline.head_pitch == pytest.approx(0.0, abs=3.0)

    @pytest.mark.parametrize("at", [(90.0, 0.0), (-90.0, 0.0), (0.0, 90.0), (-90.0, -90.0)])
    def test_the_widest_limits_hold_every_direction_within_them(self, at):
        settings = S.model_validate({"forward_limits": (90.0, 90.0)})
        forward = ForwardDirection(settings)
        for _ in range(100):
            forward.learn(*at, 0.5)
        assert forward.direction == pytest.approx(at)

    @pytest.mark.parametrize(
        "rest",
        [Do(900.0, eyes=0.12, speed_kmh=0.0), Do(900.0, eyes=0.14, lower=0.13, speed_kmh=0.0)],
        ids=["sleeps", "reads in the lap"],
    )
    def test_a_long_rest_in_a_car_that_stands_is_not_the_pattern_of_open_eyes(self, rest):
        shut, settings = Do(4.0, eyes=0.12), DriverSettings()
        script = [*blinking(45.0), rest, *blinking(21.0), shut, Do(4.0)]
        drive = Drive(script, fps=5.0, settings=settings, baseline=None, speed_kmh=60.0).play()
        assert [kind for kind, at in alarms(drive) if at > 945.0] == ["microsleep", "sleep"]
        told = [r.left.openness for now, r in drive.readings if 946.0 < now < 947.7]
        assert told == pytest.approx([1.0] * len(told), abs=0.05)
        assert drive.monitor.baseline.open_left == pytest.approx(OPEN, abs=0.01)

    @RATES
    @pytest.mark.parametrize("profile", ["ncap", "eu-addw"])
    @pytest.mark.parametrize("camera_yaw", [0.0, 18.0])
    def test_the_road_is_learnt_behind_sunglasses(self, fps, profile, camera_yaw):
        settings = S.model_validate({"profile": profile, "closed_share": 0.0})
        script = [Do(36.0), Do(6.0, pitch=-24.0), Do(4.0)]
        script = [replace(part.at(camera_yaw, 0.0), sunglasses=True) for part in script]
        fps = min(fps, 30.0)
        drive = Drive(script, fps=fps, settings=settings, baseline=None, speed_kmh=80.0).play()
        limit_s = settings.glance_s(80.0)
        begun = [at - 36.0 for kind, at in alarms(drive) if kind == "long_distraction"]
        assert begun == pytest.approx([limit_s], abs=1 / fps + 0.01)
        assert drive.readings[-1][1].state.attention == "attentive"
        assert drive.monitor.baseline is None, "the eyes were never seen"

    def test_nothing_is_learnt_of_a_face_that_is_covered(self):
        drive = Drive([Do(60.0, masked=True)], fps=10.0, baseline=None).play()
        assert {r.state.attention for now, r in drive.readings if now > 1.5} == {"unknown"}

    def test_nothing_is_learnt_in_a_car_that_stands(self):
        drive = Drive([*blinking(60.0)], baseline=None, speed_kmh=0.0).play()
        assert drive.readings[-1][1].state.calibrating


class TestAttentiveIsAClaim:
    def test_a_profile_says_nothing(self):
        drive = Drive([Do(10.0, yaw=62.0)], baseline=None).play()
        assert {r.state.attention for now, r in drive.readings if now > 1.5} == {"unknown"}

    def test_sunglasses_before_forward_is_known_say_nothing(self):
        drive = Drive([Do(10.0, sunglasses=True)], baseline=None).play()
        assert {r.state.attention for now, r in drive.readings if now > 1.5} == {"unknown"}


class TestProfileOfTheEU:
    @pytest.mark.parametrize(("speed", "limit"), [(30.0, 6.0), (80.0, 3.5)])
    @RATES
    def test_time_by_speed(self, fps, speed, limit):
        settings = S.model_validate({"profile": "eu-addw", "closed_share": 0.0})
        look = Do(limit + 1.0, pitch=-20.0, gaze=(0.0, -22.0))
        drive = Drive([Do(5.0), look, Do(4.0)], fps=fps, settings=settings, speed_kmh=speed).play()
        at = dict(alarms(drive))["long_distraction"]
        assert at - 5.0 == pytest.approx(limit, abs=1 / fps + 0.01)

    @RATES
    @pytest.mark.parametrize(
        ("look", "is_away"),
        [
            (Do(8.0, yaw=40.0, sunglasses=True), False),
            (Do(8.0, yaw=-50.0, sunglasses=True), False),
            (Do(8.0, yaw=62.0, pitch=-22.0, sunglasses=True), False),
            (Do(8.0, pitch=-22.0, sunglasses=True), True),
            (Do(8.0, yaw=-30.0, pitch=-22.0, sunglasses=True), True),
        ],
        ids=["right", "left", "low and beside", "lap", "low and to the left"],
    )
    def test_the_areas_are_those_of_the_head_if_the_eyes_are_hidden(self, fps, look, is_away):
        settings = S.model_validate({"profile": "eu-addw", "closed_share": 0.0})
        hidden = Do(5.0, sunglasses=True)
        drive = Drive([hidden, look, hidden], fps=fps, settings=settings, speed_kmh=80.0).play()
        begun = [at - 5.0 for kind, at in alarms(drive) if kind == "long_distraction"]
        assert begun == pytest.approx([3.5] * is_away, abs=1 / fps + 0.01)

    def test_a_head_that_turned_aside_out_of_sight_is_no_distraction(self):
        settings = S.model_validate({"profile": "eu-addw", "closed_share": 0.0})
        script = [Do(5.0), Do(0.5, yaw=58.0), Do(2.8, face=False), Do(4.0, yaw=58.0), Do(3.0)]
        drive = Drive(script, fps=15.0, settings=settings, speed_kmh=80.0)
        assert alarms(drive.play()) == []

    def test_beside_and_ahead_are_no_distraction(self):
        settings = S.model_validate({"profile": "eu-addw", "closed_share": 0.0})
        drive = Drive([Do(5.0), Do(9.0, yaw=20.0, gaze=(25.0, 0.0)), Do(4.0)], settings=settings)
        assert alarms(drive.play()) == []


class TestPictures:
    @pytest.mark.parametrize("noise_px", [0.0, 0.5])
    def test_a_face_that_never_moves_and_never_blinks_is_no_driver(self, noise_px):
        script = [*blinking(6.0), Do(140.0), Do(2.0, yaw=12.0), *blinking(6.0)]
        drive = Drive(script, fps=10.0, noise_px=noise_px).play()
        times = [
            (event.phase.name.lower(), round(now))
            for now, reading in drive.readings
            for event in reading.state.events
            if event.kind is EventKind.NO_DRIVER
        ]
        assert [phase for phase, _ in times] == ["begin", "end"]
        assert 126 <= times[0][1] <= 132
        assert 146 <= times[1][1] <= 149

    @pytest.mark.parametrize(
        "living",
        [
            [Do(30.0), Do(0.2, eyes=0.0)] * 5,
            [Do(50.0), Do(50.0, yaw=3.0)] * 2,
            [Do(50.0), Do(50.0, up_mm=12.0)] * 2,
            [Do(150.0, sunglasses=True)],
        ],
        ids=["blinks", "turns", "moves", "wears dark glasses"],
    )
    def test_who_blinks_or_moves_now_and_then_is_the_driver(self, living):
        drive = Drive([*blinking(6.0), *living], fps=10.0).play()
        assert not [e for e in drive.events if e.kind is EventKind.NO_DRIVER]
