"""Encoder to decoder: what a receiver gets of a drive, and how it notices losses."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.enums import ClockQuality, EventKind, EventPhase
from landmarkd.errors import WireError
from landmarkd.layout import layout_of
from landmarkd.rotation import matrix_from_angles
from landmarkd.sinks.wire import DatagramFormatter
from landmarkd.types import DriverEvent, Intrinsics, Report, UtcOffset
from landmarkd.wire import Assembler, Decoder, Encoder, EncoderOptions, FrameRecord, Selection
from landmarkd.wire.codec import Packet, decode_packet, encode_packet
from landmarkd.wire.encoder import HELLO_PERIOD_NS, MAX_DATAGRAM
from landmarkd.wire.events import END_REPEATS
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE, frame_messages
from landmarkd.wire.jsonl import encode_record
from landmarkd.wire.names import StatusFlag, numbers
from landmarkd.wire.restore import report_of, session_of
from landmarkd.wire.schema import Bye, Event, Hello, Points, Status
from landmarkd.wire.selection import indices_of

from tests.signals.timeline import Do, Drive
from tests.wire.builders import PERIOD_NS, driver, event, report, session, stalled

PHASES = numbers(EventPhase)


def receive(messages: list[bytes], decoder: Decoder | None = None) -> list[FrameRecord]:
    decoder, assembler = decoder or Decoder(), Assembler()
    records = [
        record
        for data in messages
        for packet in decoder.datagram(data)
        for record in assembler.add(packet)
    ]
    return records + assembler.flush()


def of_type(messages: list[bytes], kind: type) -> list:
    decoder = Decoder()
    return [
        p.message
        for data in messages
        for p in decoder.datagram(data)
        if isinstance(p.message, kind)
    ]


class TestReport:
    def test_everything_of_a_face_arrives_within_its_step(self) -> None:
        sent = report(17)
        face, state = sent.face, sent.driver
        assert face is not None
        assert state is not None
        (record,) = receive(Encoder(session()).encode(sent, dropped=4))
        status = record.status
        assert status is not None
        assert record.points is not None
        assert (record.frame, record.captured_ns) == (17, sent.captured_ns)
        assert np.abs(record.points - face.points).max() <= 1 / 32
        assert status.yaw == pytest.approx(face.pose.yaw, abs=0.005)
        assert (status.pitch, status.roll) == (-5.25, 3.5)
        assert (status.x, status.y, status.z) == (12, -31, 612)
        assert status.openness_left == pytest.approx(face.left.openness, abs=0.5 / 200 + 1e-9)
        assert status.aperture_right == pytest.approx(face.right.aperture, abs=1 / 800)
        assert status.sigma == 0.75
        assert status.latency == pytest.approx(12.34, abs=0.05)
        assert status.perclos == pytest.approx(0.07, abs=0.5 / 250 + 1e-9)
        assert (status.dropped, status.skipped, status.reopened) == (4, 2, 1)
        assert status.flags & StatusFlag.DEGRADED_DELEGATE
        assert not status.flags & (StatusFlag.DEGRADED_CAMERA | StatusFlag.DEGRADED_OTHER)

    def test_a_frame_without_a_face_is_told_too(self) -> None:
        (record,) = receive(Encoder(session()).encode(report(3, with_face=False)))
        assert record.status is not None
        assert not record.status.flags & StatusFlag.FACE
        assert record.points is None

    def test_utc_and_the_version_come_with_hello(self) -> None:
        utc = UtcOffset(1_789_999_999_000_000_001, ClockQuality.SYNCHRONISED)
        encoder = Encoder(replace(session(), version="9.8.7"))
        (record,) = receive(encoder.encode(replace(report(3), utc=utc)))
        restored = report_of(record)
        assert restored is not None
        assert restored.utc == utc
        assert record.hello is not None
        assert session_of(record.hello).version == "9.8.7"
        line = json.loads(encode_record(record))
        assert line["utc"] == {"offset_ns": utc.offset_ns, "quality": "synchronised"}
        (record,) = receive(Encoder(session()).encode(report(3)))
        assert json.loads(encode_record(record))["utc"] is None

    def test_the_rotation_survives(self) -> None:
        for yaw, pitch, roll in ((30.0, -20.0, 10.0), (95.0, 5.0, -60.0), (-80.0, 40.0, 170.0)):
            rotation = matrix_from_angles(yaw, pitch, roll).astype(np.float32)
            sent = report(3)
            assert sent.face is not None
            pose = replace(sent.face.pose, rotation=rotation)
            sent = replace(sent, face=replace(sent.face, pose=pose))
            (record,) = receive(Encoder(session()).encode(sent))
            got = report_of(record)
            assert got is not None
            assert got.face is not None
            assert abs(got.face.pose.rotation - rotation).max() < 2e-4

    def test_unknown_is_not_zero(self) -> None:
        sent = report(3)
        assert sent.face is not None
        eye = replace(sent.face.left, openness=None, closed=None)
        sent = replace(sent, face=replace(sent.face, left=eye, right=eye, gaze=None), driver=None)
        line = json.loads(encode_record(receive(Encoder(session()).encode(sent))[0]))
        assert line["face"]["eyes"]["left"]["openness"] is None
        assert line["face"]["eyes"]["left"]["closed"] is None
        assert line["face"]["gaze"] is None
        assert line["driver"] is None

    def test_numbers_that_are_none_do_not_stop_the_stream(self) -> None:
        sent = report(3)
        assert sent.face is not None
        pose = replace(
            sent.face.pose, yaw=float("nan"), translation_mm=np.full(3, np.inf, np.float32)
        )
        points = sent.face.points.copy()
        points[5] = np.nan
        sent = replace(sent, face=replace(sent.face, pose=pose, points=points))
        (record,) = receive(Encoder(session()).encode(sent))
        assert record.status is not None
        assert record.status.yaw == 0

    @pytest.mark.parametrize("layout", ["dense-520", "landmarkd-562"])
    @pytest.mark.parametrize("selection", list(Selection))
    def test_a_selection_sends_its_points_in_its_order(
        self, layout: str, selection: Selection
    ) -> None:
        count = layout_of(layout).count
        sent = report(2, count=count)
        assert sent.face is not None
        (record,) = receive(Encoder(session(layout), EncoderOptions(selection)).encode(sent))
        indices = indices_of(selection, layout)
        assert (
            len(indices)
            == {"NONE": 0, "IBUG68": 68, "EYES": 42 if count == 562 else 12, "ALL": count}[
                selection.name
            ]
        )
        if selection is Selection.NONE:
            assert record.points is None
        else:
            assert record.points is not None
            np.testing.assert_allclose(record.points, sent.face.points[indices], atol=1 / 32)

    def test_raw_points_are_the_unsmoothed_ones(self) -> None:
        sent = report(2)
        assert sent.face is not None
        (record,) = receive(Encoder(session(), EncoderOptions(raw=True)).encode(sent))
        assert record.points is not None
        np.testing.assert_allclose(record.points, sent.face.observation.points, atol=1 / 32)

    @pytest.mark.parametrize("limit", [MAX_SERIAL_MESSAGE, MAX_DATAGRAM])
    def test_no_message_is_longer_than_allowed(self, limit: int) -> None:
        encoder = Encoder(session(), EncoderOptions(max_message=limit))
        state = driver(0, *(event(number=i) for i in range(5)))
        assert max(map(len, encoder.encode(report(0, state=state)))) <= limit


class TestPace:
    def test_hello_tells_the_camera_of_the_first_frame(self) -> None:
        optics = Intrinsics(700.5, 701.25, 400.0, 300.0, 800, 600, "preset:module-3")
        encoder = Encoder(replace(session(), intrinsics=None))
        (hello,) = of_type(encoder.encode(replace(report(0), intrinsics=optics)), Hello)
        assert (hello.fx, hello.fy, hello.cx, hello.cy) == (700.5, 701.25, 400.0, 300.0)
        assert hello.camera == "preset:module-3"

    def test_hello_comes_first_and_again(self) -> None:
        encoder = Encoder(session())
        frames = 2 * HELLO_PERIOD_NS // PERIOD_NS + 5
        messages = [
            data for i in range(frames) for data in encoder.encode(report(i, with_face=False))
        ]
        hellos = of_type(messages, Hello)
        assert len(hellos) == 3
        assert isinstance(Decoder().datagram(messages[0])[0].message, Hello)
        assert (hellos[0].device, hellos[0].layout, hellos[0].landmarks) == (
            "bench",
            "landmarkd-562",
            562,
        )
        assert (hellos[0].boot_id, hellos[0].model_hash.hex()) == (
            0x1122334455667788,
            "0123456789abcdef",
        )
        assert (hellos[0].fx, hellos[0].cx, hellos[0].k2, hellos[0].camera) == (
            554.25,
            319.5,
            -0.02,
            "guess:60deg",
        )

    def test_hello_comes_again_when_the_camera_is_known(self) -> None:
        known = session()
        encoder = Encoder(replace(known, intrinsics=None))
        encoder.hello()
        sent = report(0)
        first = of_type(encoder.encode(sent), Hello)
        assert [(h.width, h.height, h.fx, h.camera) for h in first] == [(640, 480, 0, "")]
        later = of_type(encoder.encode(replace(report(1), intrinsics=known.intrinsics)), Hello)
        assert [(h.fx, h.camera) for h in later] == [(554.25, "guess:60deg")]
        assert not of_type(encoder.encode(replace(report(2), intrinsics=known.intrinsics)), Hello)

    @pytest.mark.parametrize("hertz", [1, 5, 10, 15, 30])
    def test_points_come_at_the_promised_rate_and_status_tells_what_was_sent(
        self, hertz: int
    ) -> None:
        encoder = Encoder(session(), EncoderOptions(points_hz=hertz))
        messages = [data for i in range(300) for data in encoder.encode(report(i))]
        assert encoder.points_sent == pytest.approx(10 * hertz, abs=1)
        assert of_type(messages, Status)[-1].points_hz == pytest.approx(hertz, abs=1)
        assert of_type(messages, Hello)[0].points_hz == hertz

    def test_a_clock_that_jumps_does_not_silence_the_stream(self) -> None:
        encoder = Encoder(session(), EncoderOptions(points_hz=10, status_hz=10))
        encoder.encode(report(100_000))
        later = [of_type(encoder.encode(report(i)), Points) for i in range(10)]
        assert sum(map(bool, later)) >= 2


class TestEvents:
    def run(self, states: dict[int, tuple]) -> list[tuple[int, Event]]:
        """Encode ten seconds with these events and return what the receiver got, by second."""
        encoder, told, active = Encoder(session(), EncoderOptions(Selection.NONE)), [], ()
        for i in range(300):
            happened = states.get(i, ())
            for what in happened:
                active = () if what.phase is EventPhase.END else (what.kind,)
            sent = report(i, state=driver(i, *happened, active=active))
            told += [(i, message) for message in of_type(encoder.encode(sent), Event)]
        return told

    def test_a_running_event_is_repeated_until_it_ends_and_the_end_a_few_times(self) -> None:
        told = self.run({30: (event(EventPhase.BEGIN),), 150: (event(EventPhase.END),)})
        begins = [(i, m.repeat) for i, m in told if m.phase == PHASES[EventPhase.BEGIN]]
        ends = [(i, m.repeat) for i, m in told if m.phase == PHASES[EventPhase.END]]
        assert [i for i, _ in begins] == pytest.approx([30, 61, 92, 123], abs=3)
        assert [repeat for _, repeat in begins] == [0, 1, 2, 3]
        assert ends[0] == (150, 0)
        assert len(ends) == END_REPEATS
        assert told[0][1].rows == (("duration_s", 1.25), ("perclos", 0.2))
        assert (told[0][1].kind, told[0][1].level, told[0][1].id) == (3, 2, 1)

    def test_an_escalation_supersedes_the_beginning(self) -> None:
        told = self.run({30: (event(EventPhase.BEGIN),), 40: (event(EventPhase.ESCALATE),)})
        assert [m.phase for _, m in told][:3] == [0, 1, 1]

    def test_every_number_that_led_to_an_event_arrives(self) -> None:
        away = Do(5.0, yaw=50.0, gaze=(50.0, 0.0))
        yawn, covered = Do(4.0, mouth=1.0, eyes=0.5), Do(8.0, sunglasses=True)
        script = [Do(10.0), *[Do(0.15, eyes=0.0), Do(2.0)] * 4, Do(0.9, eyes=0.0), Do(3.0)]
        script += [Do(12.0, eyes=0.0), Do(3.0), away, Do(3.0), yawn, Do(3.0), covered, Do(3.0)]
        script += [Do(8.0, face=False), Do(3.0), Do(8.0, face=False, blocked=True), Do(3.0)]
        happened = Drive(script).play().events
        kinds = {each.kind for each in happened}
        assert kinds >= {
            *(EventKind.BLINK, EventKind.LONG_CLOSURE, EventKind.MICROSLEEP, EventKind.SLEEP),
            *(EventKind.LONG_DISTRACTION, EventKind.DROWSINESS, EventKind.NO_DRIVER),
        }
        encoder = Encoder(session(), EncoderOptions(Selection.NONE, max_message=MAX_SERIAL_MESSAGE))
        for i, each in enumerate(happened):
            messages = encoder.encode(report(i, state=driver(i, each)))
            assert max(map(len, messages)) <= MAX_SERIAL_MESSAGE
            (told,) = [m for m in of_type(messages, Event) if m.id == each.id]
            assert dict(told.rows) == pytest.approx(each.evidence, abs=1e-3), each.kind

    def test_a_receiver_knows_what_is_running(self) -> None:
        encoder, decoder, assembler = (
            Encoder(session(), EncoderOptions(Selection.NONE)),
            Decoder(),
            Assembler(),
        )
        active = []
        for i in range(60):
            happened = {10: (event(),), 40: (event(EventPhase.END),)}.get(i, ())
            running = (EventKind.MICROSLEEP,) if 10 <= i < 40 else ()
            for data in encoder.encode(report(i, state=driver(i, *happened, active=running))):
                for packet in decoder.datagram(data):
                    active += [(record.frame, record.active) for record in assembler.add(packet)]
        assert [frame for frame, kinds in active if kinds == (EventKind.MICROSLEEP,)] == list(
            range(10, 40)
        )

    @pytest.mark.parametrize("says_bye", [False, True])
    @pytest.mark.parametrize("says_hello", [False, True])
    def test_a_run_that_ended_leaves_nothing_running(
        self, says_bye: bool, says_hello: bool
    ) -> None:
        old, new = (Encoder(session(boot_id=boot)) for boot in (1, 2))
        active = (EventKind.MICROSLEEP,)
        state = driver(0, event(), active=active)
        messages = old.encode(report(0, with_face=False, state=state))
        messages += [old.bye()] * says_bye
        later = new.encode(report(1, with_face=False))
        messages += later[not says_hello :]
        first, second = receive(messages)
        assert first.active == active
        assert second.active == (() if says_bye or says_hello else active)


class TestHeardEvents:
    """Each phase that arrived is in one report, whatever was lost or came twice."""

    MICROSLEEP = (EventKind.MICROSLEEP,)

    def sent(
        self, states: dict[int, DriverEvent], options: EncoderOptions, frames: int
    ) -> list[list[bytes]]:
        """Encode frames with these events; the event is active between its phases."""
        encoder, active, messages = Encoder(session(), options), False, []
        for i in range(frames):
            happened = [states[i]] if i in states else []
            for what in happened:
                active = what.phase is not EventPhase.END
            state = driver(i, *happened, active=self.MICROSLEEP * active)
            messages.append(encoder.encode(report(i, with_face=False, state=state)))
        return messages

    def heard(self, messages: Iterable[bytes]) -> list[tuple[int, EventPhase, int]]:
        """Return frame, phase and number of each event in the reports of a receiver."""
        reports = [report_of(record) for record in receive(list(messages))]
        return [
            (each.sequence, what.phase, what.id)
            for each in reports
            if each is not None and each.driver is not None
            for what in each.driver.events
        ]

    @pytest.fixture
    def messages(self) -> list[list[bytes]]:
        states = {
            10: event(EventPhase.BEGIN, at_ns=10),
            20: event(EventPhase.ESCALATE, at_ns=20),
            25: event(EventPhase.ESCALATE, at_ns=25),
            90: event(EventPhase.END, at_ns=90),
        }
        return self.sent(states, EncoderOptions(Selection.NONE), 150)

    def test_a_phase_is_told_once(self, messages: list[list[bytes]]) -> None:
        assert self.heard(chain(*messages)) == [
            (10, EventPhase.BEGIN, 1),
            (20, EventPhase.ESCALATE, 1),
            (25, EventPhase.ESCALATE, 1),
            (90, EventPhase.END, 1),
        ]

    def test_messages_that_come_twice_tell_nothing_twice(self, messages: list[list[bytes]]) -> None:
        twice = [
            data for data in chain(*messages) for _ in range(2 if of_type([data], Event) else 1)
        ]
        assert self.heard(twice) == self.heard(chain(*messages))

    def test_a_repetition_tells_a_phase_whose_first_message_was_lost(
        self, messages: list[list[bytes]]
    ) -> None:
        for frame in (25, 90):
            messages[frame] = [data for data in messages[frame] if not of_type([data], Event)]
        told = self.heard(chain(*messages))
        assert [phase for _, phase, _ in told] == ["begin", "escalate", "escalate", "end"]
        assert [frame for frame, _, _ in told] == pytest.approx([10, 20, 55, 120], abs=2)

    def test_a_phase_waits_for_the_next_status(self, messages: list[list[bytes]]) -> None:
        for frame in (10, 11):
            messages[frame] = [data for data in messages[frame] if not of_type([data], Status)]
        assert self.heard(chain(*messages))[0] == (12, EventPhase.BEGIN, 1)

    def test_a_phase_waits_for_a_status_with_the_driver(self) -> None:
        encoder = Encoder(session(), EncoderOptions(Selection.NONE))
        first = encoder.encode(report(0, with_face=False, state=driver(0, event())))
        first = [data for data in first if not of_type([data], Status)]
        blind = encoder.encode(replace(report(1, with_face=False), driver=None))
        later = encoder.encode(report(2, with_face=False))
        assert self.heard([*first, *blind, *later]) == [(2, EventPhase.BEGIN, 1)]

    @pytest.mark.parametrize("status_hz", [4.0, 8.0])
    def test_a_slow_line_tells_every_event(self, status_hz: float) -> None:
        frames = range(7, 1200, 23)
        states = {i: event(EventPhase.END, number, i) for number, i in enumerate(frames, 1)}
        options = EncoderOptions(Selection.NONE, status_hz=status_hz)
        told = self.heard(chain(*self.sent(states, options, 1230)))
        assert [number for _, _, number in told] == list(range(1, len(frames) + 1))

    @pytest.mark.parametrize("status_hz", [2.0, 8.0, 0.0])
    @pytest.mark.parametrize("quiet", [0, 1, 5, 40])
    def test_a_sender_that_stops_tells_what_happened_since_its_last_status(
        self, status_hz: float, quiet: int
    ) -> None:
        for at in range(40, 56):
            options = EncoderOptions(Selection.NONE, status_hz=status_hz)
            formatter, frames = DatagramFormatter(session(), options), at + 1 + quiet
            messages: list[bytes] = []
            for i in range(frames):
                happened = [event(EventPhase.END, at_ns=at)] if i == at else []
                sent = report(i, with_face=False, state=driver(i, *happened))
                messages += formatter.format(sent, dropped=0)
            messages += formatter.goodbye(dropped=0)
            (told,) = self.heard(messages)
            assert told[1:] == (EventPhase.END, 1)
            assert at <= told[0] < frames
            assert of_type(messages[-1:], Bye) == [Bye(frames, 0)]

    def test_the_next_run_tells_its_own_events(self) -> None:
        runs = [Encoder(session(boot_id=boot), EncoderOptions(Selection.NONE)) for boot in (1, 2)]
        sent = report(0, with_face=False, state=driver(0, event(EventPhase.END)))
        told = self.heard(data for run in runs for data in run.encode(sent))
        assert told == [(0, EventPhase.END, 1)] * 2


class TestStalledCamera:
    """Ten seconds without a frame, after one second of frames with a running event."""

    ACTIVE = (EventKind.MICROSLEEP,)

    def frames(self, first: int, count: int) -> list[Report]:
        span = range(first, first + count)
        return [report(i, with_face=False, state=driver(i, active=self.ACTIVE)) for i in span]

    @pytest.fixture(params=[0.0, 8.0, 30.0])
    def encoder(self, request: pytest.FixtureRequest) -> Encoder:
        encoder = Encoder(session(), EncoderOptions(status_hz=request.param))
        encoder.encode(report(0, with_face=False, state=driver(0, event(), active=self.ACTIVE)))
        for each in self.frames(1, 29):
            encoder.encode(each)
        return encoder

    def test_everything_comes_as_often_as_with_frames(self, encoder: Encoder) -> None:
        last = report(29)
        sent = [encoder.encode(each) for each in stalled(last, 10.0, self.ACTIVE)]
        messages = [data for some in sent for data in some]
        assert {decode_packet(data).captured_ns for data in messages} == {last.captured_ns}
        assert all(of_type(some, Status) for some in sent)
        told = of_type(messages, Status)
        assert all(status.flags & StatusFlag.DEGRADED_CAMERA for status in told)
        assert len(of_type(messages, Hello)) == pytest.approx(5, abs=1)
        assert len(of_type(messages, Event)) == pytest.approx(10, abs=1)

    @pytest.mark.parametrize("back", [0, 5])
    def test_nothing_stops_and_nothing_bursts_when_frames_come_again(
        self, encoder: Encoder, back: int
    ) -> None:
        """A frame may be older than the report before it, because cameras deliver late."""
        for each in stalled(report(29), 10.0, self.ACTIVE):
            encoder.encode(each)
        first = 29 + 300 - back
        messages = [data for each in self.frames(first, 90) for data in encoder.encode(each)]
        status_hz = encoder.options.status_hz or 30.0
        assert len(of_type(messages, Status)) == pytest.approx(3 * status_hz, abs=2)
        assert len(of_type(messages, Hello)) == pytest.approx(1, abs=1)
        assert len(of_type(messages, Event)) == pytest.approx(3, abs=1)


class TestLoss:
    def stream(self, frames: int = 20) -> list[bytes]:
        encoder = Encoder(session())
        return [data for i in range(frames) for data in encoder.encode(report(i))] + [
            encoder.bye(frames)
        ]

    def test_nothing_lost_is_nothing_missing(self) -> None:
        decoder = Decoder()
        records = receive(self.stream(), decoder)
        assert len(records) == 20
        assert decoder.counters.missing == decoder.counters.late == decoder.counters.rejected == 0
        assert all(record.points is not None for record in records)

    @given(st.sets(st.integers(1, 60), max_size=20))
    @settings(max_examples=30)
    def test_every_lost_message_is_counted(self, lost: set[int]) -> None:
        stream, decoder = self.stream(), Decoder()
        receive([data for i, data in enumerate(stream) if i not in lost], decoder)
        assert decoder.counters.missing == len([i for i in lost if i < len(stream) - 1])

    def test_what_comes_late_is_not_missing(self) -> None:
        stream, decoder = self.stream(), Decoder()
        stream[5], stream[6] = stream[6], stream[5]
        receive(stream, decoder)
        assert (decoder.counters.missing, decoder.counters.late) == (0, 1)

    def test_a_lost_chunk_costs_the_points_of_one_frame(self) -> None:
        stream = self.stream(3)
        chunk = next(i for i, data in enumerate(stream) if of_type([data], Points))
        records = receive(stream[:chunk] + stream[chunk + 1 :])
        assert [record.points is not None for record in records] == [False, True, True]
        assert all(record.status is not None for record in records)

    @pytest.mark.parametrize("selection", list(Selection))
    @given(seed=st.integers(0, 2**32))
    @settings(max_examples=10)
    def test_what_the_network_doubles_and_swaps_makes_no_frame_more_or_less(
        self, selection: Selection, seed: int
    ) -> None:
        """The messages of a frame in any order, and each again, up to fifty messages later."""
        rng, encoder = random.Random(seed), Encoder(session(), EncoderOptions(selection))
        reports = [report(i, state=driver(i, event(number=i + 1))) for i in range(12)]
        arriving: list[tuple[float, bytes]] = []
        for each in reports:
            messages, begin = encoder.encode(each), len(arriving)
            rng.shuffle(messages)
            arriving += [(begin + i, data) for i, data in enumerate(messages)]
        arriving += [(at + rng.uniform(0, 50), data) for at, data in arriving]
        arriving.sort(key=lambda one: one[0])
        records = receive([data for _, data in arriving])
        assert [record.frame for record in records] == list(range(12))
        assert all(record.status is not None for record in records)
        assert {record.points is None for record in records} == {selection is Selection.NONE}
        told = [happened.id for record in records for happened in record.events]
        # An event behind the STATUS of its frame comes with the next frame.
        assert told in (list(range(1, 13)), list(range(1, 12)))

    def test_a_doubled_message_adds_nothing_to_a_camera_that_stands_still(self) -> None:
        encoder = Encoder(session())
        messages = encoder.encode(report(0))
        messages += [data for each in stalled(report(0), 3.0) for data in encoder.encode(each)]
        once, twice = receive(messages), receive([data for data in messages for _ in range(2)])
        assert len(twice) == len(once) == 7
        assert {record.frame for record in once} == {0}

    def test_a_late_frame_ends_no_event(self) -> None:
        encoder, active = Encoder(session()), (EventKind.MICROSLEEP,)
        first, second = (
            encoder.encode(report(i, with_face=False, state=driver(i, *happened, active=active)))
            for i, happened in enumerate(((), (event(),)))
        )
        *greeting, status = first
        third = encoder.encode(report(2, with_face=False, state=driver(2, active=active)))
        records = receive([*greeting, *second, status, *third])
        assert [(record.frame, record.active) for record in records] == [
            (1, active),
            (0, active),
            (2, active),
        ]

    def test_a_restart_is_a_restart_and_no_loss(self) -> None:
        decoder = Decoder()
        receive(self.stream(), decoder)
        other = Encoder(session(boot_id=99))
        receive([data for i in range(5) for data in other.encode(report(i))], decoder)
        assert (decoder.counters.restarts, decoder.counters.missing) == (1, 0)

    def test_sequence_numbers_wrap(self) -> None:
        decoder = Decoder()
        for i in range(65_500, 65_600):
            decoder.datagram(encode_packet(Packet(i, i, i, Bye())))
        assert decoder.counters.packets == 100
        assert decoder.counters.missing == decoder.counters.late == 0


class TestHostileBytes:
    @given(st.lists(st.binary(max_size=200), max_size=8))
    def test_garbage_is_counted_and_never_raises(self, pieces: list[bytes]) -> None:
        decoder, assembler = Decoder(), Assembler()
        for piece in pieces:
            for packet in (*decoder.feed(piece), *decoder.datagram(piece)):
                assembler.add(packet)
        assert decoder.counters.bytes == 2 * sum(map(len, pieces))

    @given(st.binary(max_size=400))
    @settings(max_examples=50)
    def test_the_next_good_frame_is_found(self, garbage: bytes) -> None:
        encoder = Encoder(session(), EncoderOptions(max_message=MAX_SERIAL_MESSAGE))
        good, decoder = encoder.encode(report(0)), Decoder()
        packets = decoder.feed(garbage + b"\0" + frame_messages(good))
        assert len(packets) >= len(good)

    @given(st.data())
    @settings(max_examples=40)
    def test_a_damaged_stream_gives_nothing_that_was_not_sent(self, data: st.DataObject) -> None:
        encoder = Encoder(session(), EncoderOptions(max_message=MAX_SERIAL_MESSAGE))
        good = [m for i in range(3) for m in encoder.encode(report(i))]
        stream = bytearray(frame_messages(good))
        for _ in range(data.draw(st.integers(1, 6))):
            stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
        for packet in Decoder().feed(bytes(stream)):
            assert encode_packet(packet) in good

    @given(st.lists(st.tuples(*[st.integers(0, 65535)] * 4, st.integers(0, 12)), max_size=12))
    def test_chunks_that_contradict_each_other_are_survived(self, chunks: list[tuple]) -> None:
        assembler = Assembler()
        for selection, chunk, first, total, rows in chunks:
            message = Points(
                selection % 256,
                0,
                chunk % 256,
                (chunk >> 8) + 1,
                first,
                total,
                0,
                0,
                np.zeros((rows, 3), np.int16),
            )
            try:
                packet = decode_packet(encode_packet(Packet(0, 0, 0, message)))
            except WireError:
                continue
            for record in assembler.add(packet):
                assert record.points is None or len(record.points) <= 4096

    def test_goodbye_ends_the_frame(self) -> None:
        assembler, decoder = Assembler(), Decoder()
        encoder = Encoder(session(), EncoderOptions(points_hz=1))
        for i in range(2):
            last: list[FrameRecord] = []
            for data in encoder.encode(report(i)):
                last += [r for p in decoder.datagram(data) for r in assembler.add(p)]
        assert not last
        (packet,) = decoder.datagram(encoder.bye(2, 1))
        assert packet.message == Bye(2, 1, 0)
        assert [record.frame for record in assembler.add(packet)] == [1]


def test_a_report_of_another_layout_is_refused_with_a_reason() -> None:
    sent: Report = report(0, count=520)
    with pytest.raises(ValueError, match="520 points in a stream of the layout landmarkd-562"):
        Encoder(session("landmarkd-562")).encode(sent)
