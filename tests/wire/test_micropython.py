"""The decoder for MicroPython reads what the decoder of the package reads."""

import subprocess
import sys
from pathlib import Path

import landmarkd.wire
import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.wire import Decoder, Encoder, EncoderOptions, Selection, Status
from landmarkd.wire.framing import frame_messages
from landmarkd.wire.micropython import landmarkd_status

from tests.wire.builders import report, session

FOLDER = Path(landmarkd.wire.__file__).parent / "micropython"


def line(frames: int = 40) -> bytes:
    encoder = Encoder(session(), EncoderOptions(selection=Selection.IBUG68))
    messages = [
        message
        for index in range(frames)
        for message in encoder.encode(report(index, with_face=index % 7 != 3))
    ]
    return b"\0" + frame_messages(messages)


def test_every_status_is_read_alike() -> None:
    data = line()
    expected = [p for p in Decoder().feed(data) if isinstance(p.message, Status)]
    found = landmarkd_status.Stream().feed(data)
    assert len(found) == len(expected) == 40
    names = [name for *_, name in landmarkd_status.FIELDS]
    for one, packet in zip(found, expected, strict=True):
        assert one["frame"] == packet.frame
        assert one["face"] == bool(packet.message.flags & 1)
        for name in names:
            value = getattr(packet.message, name)
            assert one[name] == (None if value is None else pytest.approx(value, abs=1e-9)), name


@given(st.binary(max_size=600), st.integers(0, 4000))
def test_noise_raises_nothing_and_the_rest_is_read(noise: bytes, cut: int) -> None:
    stream = landmarkd_status.Stream()
    whole = line(3)
    stream.feed(whole[: cut % len(whole)] + noise + b"\0")
    assert len(stream.feed(whole)) == 3


def test_it_needs_nothing_but_struct() -> None:
    program = "import sys, landmarkd_status; print(*sorted(sys.modules))"
    bare = run("-I", "import sys, struct; print(*sorted(sys.modules))")
    assert run("-s", program) - bare <= {"landmarkd_status"}


def run(isolation: str, program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, isolation, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=FOLDER,
    )
    return set(done.stdout.split())
