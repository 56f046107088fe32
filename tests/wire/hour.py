"""An hour of stream, 108 000 frames at 921600 baud, decoded by Python and C and compared.

python -m tests.wire.hour [FRAMES [HOURS]]; with HOURS the frames are spread over that time: 20000
24 is a day.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from landmarkd.enums import EventKind, EventPhase
from landmarkd.wire import Decoder, Encoder, EncoderOptions
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE, frame_messages
from landmarkd.wire.plan import plan
from landmarkd.wire.text import packet_text

from tests.wire.builders import PERIOD_NS, driver, event, report, session
from tools.wire_generate.outputs import PACKAGE

FRAMES = 30 * 3600
BAUD = 921600
FACES = 300
"""Number of different faces; the stream repeats them with new numbers and times."""
EVENT_FRAMES = 900
"""A driver event every half minute, over ten seconds later."""


def build_dump(folder: Path) -> Path:
    """Compile the C example as a user would."""
    program, source = folder / "dump", PACKAGE / "c" / "examples" / "dump.c"
    subprocess.run(
        ["gcc", "-std=c99", "-O2", f"-I{PACKAGE / 'c'}", source, "-o", program], check=True
    )
    return program


def stream(frames: int, period_ns: int = PERIOD_NS) -> Iterator[bytes]:
    """Yield the stream, a frame at a time, with faces that go and come and events that begin
    and end."""
    fit = plan(BAUD, "landmarkd-562")
    options = EncoderOptions(
        fit.selection, fit.points_hz, fit.status_hz, max_message=MAX_SERIAL_MESSAGE
    )
    encoder = Encoder(session(), options)
    faces = [report(i, with_face=i % 50 > 2) for i in range(FACES)]
    for i in range(frames):
        phase = {0: EventPhase.BEGIN, 330: EventPhase.END}.get(i % EVENT_FRAMES)
        happened = (
            (event(phase, i // EVENT_FRAMES + 1, i * period_ns),) if phase is not None else ()
        )
        active = (EventKind.MICROSLEEP,) if i % EVENT_FRAMES < 330 else ()
        captured = 1_000_000_000 + i * period_ns
        state = driver(i, *happened, active=active)
        sent = replace(
            faces[i % FACES],
            sequence=i,
            captured_ns=captured,
            emitted_ns=captured + 9_000_000 + i,
            driver=state,
        )
        yield frame_messages(encoder.encode(sent))
    yield frame_messages([encoder.bye(frames)])


def compare(frames: int, folder: Path, period_ns: int = PERIOD_NS) -> dict[str, float]:
    """Decode the stream in both languages and return what was counted.

    Raises:
        AssertionError: a difference, or anything lost.
    """
    by_python, by_c, decoder = hashlib.sha256(), hashlib.sha256(), Decoder()
    output = folder / "c.txt"
    size = 0
    with output.open("wb") as file:
        process = subprocess.Popen(
            [build_dump(folder)], stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE
        )
        assert process.stdin is not None
        for data in stream(frames, period_ns):
            size += len(data)
            process.stdin.write(data)
            for packet in decoder.feed(data):
                by_python.update(packet_text(packet).encode() + b"\n")
        told = process.communicate()[1].decode()
    with output.open("rb") as file:
        while block := file.read(1 << 20):
            by_c.update(block)
    counters = decoder.counters
    assert process.returncode == 0, told
    assert counters.missing == counters.rejected == counters.late == 0
    assert told.startswith(f"{counters.packets} messages; 0 missing, 0 rejected"), told
    assert by_python.digest() == by_c.digest(), "Python and C tell different numbers"
    return {
        "frames": frames,
        "messages": counters.packets,
        "bytes": size,
        "load": size * 10 / BAUD / (frames * period_ns / 1e9),
    }


def main() -> None:
    """Run it and print the result."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    hours = float(sys.argv[2]) if len(sys.argv) > 2 else frames * PERIOD_NS / 3.6e12
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        counted = compare(frames, Path(folder), round(hours * 3.6e12 / frames))
    sys.stdout.write(
        f"{frames} frames in {hours:.3g} h, "
        f"{counted['messages']:.0f} messages, {counted['bytes']:.0f} bytes "
        f"({counted['load']:.0%} of {BAUD} baud): Python and C agree on every number, "
        f"nothing was lost; "
        f"{time.perf_counter() - began:.0f} s.\n"
    )


if __name__ == "__main__":
    main()
