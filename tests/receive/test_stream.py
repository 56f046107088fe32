"""The one stream that receivers iterate: complete frames, the end of a recording, and a flood
of senders."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from landmarkd.receive import FrameStream, read_reports
from landmarkd.receive.link import MAX_SENDERS
from landmarkd.receive.loopback import PtyLink, udp_loopback
from landmarkd.sinks import make_sink
from landmarkd.wire import Encoder, EncoderOptions, Selection, Status
from landmarkd.wire.codec import Packet
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE, frame_messages

from tests.wire.builders import report, session


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a b?.lmk"
    with make_sink("lmk:" + str(path).replace("?", "%3F"), session()) as sink:
        for i in range(20):
            sink.submit(report(i, with_face=i % 10 > 0), wait=True)
    return path


def test_a_recording_gives_its_frames_and_ends(recording: Path) -> None:
    messages: list[Packet] = []
    with FrameStream(recording, on_packet=messages.append) as stream:
        frames = list(stream)
        assert stream.ended
        assert list(stream) == []
    assert [frame.record.frame for frame in frames] == list(range(20))
    assert {frame.sender for frame in frames} == {recording.name}
    assert sum(isinstance(packet.message, Status) for packet in messages) == 20
    assert [r.sequence for r in read_reports(recording)] == list(range(20))


def test_a_report_is_what_was_sent(recording: Path) -> None:
    with FrameStream(recording) as stream:
        got = [frame.report() for frame in stream][5]
    sent = report(5)
    assert got is not None
    assert got.face is not None
    assert sent.face is not None
    assert got.captured_ns == sent.captured_ns
    assert abs(got.face.points - sent.face.points).max() <= 0.5 / 16 + 1e-5


def test_an_incomplete_frame_comes_out_in_a_pause() -> None:
    link, uri = udp_loopback()
    port = int(uri.rpartition(":")[2])
    hello, status, first, *_ = Encoder(session()).encode(report(3))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (hello, status, first):
            sender.sendto(data, ("127.0.0.1", port))
    stream = FrameStream(link)
    frames = [frame for _ in range(4) for frame in stream.poll(0.2)]
    stream.close()
    assert [(f.record.frame, f.record.points) for f in frames] == [(3, None)]


def test_a_sender_that_stops_between_two_messages_of_a_frame_loses_nothing() -> None:
    """A busy machine or a wireless network does that for longer than an iteration waits."""
    link, uri = udp_loopback()
    port = int(uri.rpartition(":")[2])
    stream, frames = FrameStream(link), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in Encoder(session()).encode(report(3)):
            sender.sendto(data, ("127.0.0.1", port))
            frames += stream.poll(1.0)
            frames += stream.poll(0.2)
    stream.close()
    assert [(f.record.frame, f.record.points is not None) for f in frames] == [(3, True)]


def test_pieces_of_a_message_on_a_line_do_not_split_a_frame() -> None:
    """A UART delivers a few bytes at a time: most reads complete no message."""
    link = PtyLink()
    encoder = Encoder(session(), EncoderOptions(max_message=MAX_SERIAL_MESSAGE))
    data = b"".join(frame_messages(encoder.encode(report(i))) for i in range(3))
    with FrameStream(link) as stream:
        line = os.open(link.device, os.O_WRONLY | os.O_NOCTTY)
        frames = []
        for at in range(0, len(data), 40):
            os.write(line, data[at : at + 40])
            frames += stream.poll(1.0)
        frames += stream.poll(0.05)
        os.close(line)
    assert [(f.record.frame, f.record.points is not None) for f in frames] == [
        (0, True),
        (1, True),
        (2, True),
    ]


def test_a_pseudo_terminal() -> None:
    link = PtyLink()
    with FrameStream(link) as stream:
        with make_sink(link.sink_uri, session()) as sink:
            sink.submit(report(1), wait=True)
            frames = next(iter(stream))
        assert frames.sender == link.device


def test_a_flood_of_senders_is_bounded_and_does_not_displace_the_first() -> None:
    """Forged addresses come and go; the device that was there first keeps its numbers."""
    link, uri = udp_loopback()
    port = int(uri.rpartition(":")[2])
    options = EncoderOptions(Selection.NONE)
    owner = Encoder(session(), options)
    stream = FrameStream(link)
    with ExitStack() as closing:
        device = closing.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

        def say(frame: int) -> None:
            for data in owner.encode(report(frame)):
                device.sendto(data, ("127.0.0.1", port))
            assert stream.poll(1.0)

        say(0)
        name = stream.link.senders[0]
        for number in range(2 * MAX_SENDERS):
            # Open until the end: the system gives a closed socket's port to another one.
            forged = closing.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for data in Encoder(session(boot_id=number), options).encode(report(number)):
                forged.sendto(data, ("127.0.0.1", port))
            # Random bytes are not counted as a sender.
            forged.sendto(b"noise", ("127.0.0.1", port))
            stream.poll(1.0)
        say(1)
    senders, counters = stream.link.senders, stream.counters
    stream.close()
    assert len(senders) == MAX_SENDERS
    assert name in senders
    assert counters.restarts == counters.missing == 0
    assert counters.malformed == 2 * MAX_SENDERS


@pytest.mark.parametrize("room", ["wire", "receive"])
def test_receivers_import_nothing_heavier_than_numpy(room: str) -> None:
    heavy = [
        "cv2",
        "pydantic",
        "typer",
        "rich",
        "cryptography",
        "orjson",
        "serial",
        "pandas",
        "ai_edge_litert",
    ]
    code = f"import landmarkd.{room}, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
