"""A recorded drive for a report: JSON lines or a recording; all content is checked."""

import json
import math
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landmarkd.enums import ClockQuality, EventPhase
from landmarkd.errors import SourceError, SourceFormatError
from landmarkd.files import reading
from landmarkd.web.runs import Run, Runs, Stamp

MAX_LINE = 1 << 20
"""A line of JSON with all points has about 30 kB; a longer line is an error."""
MAX_EVENTS = 100_000
MAX_MOMENTS = 500_000
"""Most frames in memory (about 300 MB): 4.6 h at 30 frames a second."""
MAX_NS = 1 << 63
AHEAD = 16
"""Records read ahead, to see whether a run goes on beside another."""
MAX_NAME = 60
"""Maximum characters of a name."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The values of one frame; None is unknown."""

    seconds: float
    face: bool
    left: float | None = None
    right: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    gaze_yaw: float | None = None
    zone: str | None = None
    attention: str | None = None
    eyes: str | None = None
    perclos: float | None = None
    score: float | None = None
    mouth: float | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One phase of an event; its id is that of one run."""

    seconds: float
    utc_s: float | None
    run: int
    id: int
    kind: str
    phase: str
    level: int
    evidence: dict[str, float]


@dataclass(slots=True)
class Drive:
    """A recording, read.

    Attributes:
        name: of the file.
        moments: in order of time; of a very long drive only every second, fourth, ... frame.
        frames: number of all frames in the file.
        events: each phase once.
        ends: of each run the time of its last frame, seconds.
        utc_s: UTC of the first frame in seconds since 1970, or None if unknown.
        synchronised: whether this clock was synchronised.
        trouble: sentences about damage of the file and runs with another clock, or empty.
    """

    name: str
    moments: list[Moment] = field(default_factory=list)
    frames: int = 0
    events: list[Happening] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    utc_s: float | None = None
    synchronised: bool = False
    trouble: str = ""

    @property
    def seconds(self) -> float:
        """From the first to the last frame."""
        return self.moments[-1].seconds if self.moments else 0.0


class _MalformedError(ValueError):
    """A record is wrong."""


def read_drive(path: Path) -> Drive:
    """Read a recording.

    Raises:
        SourceError: it is missing or cannot be read.
        SourceFormatError: no frames, or other content.
    """
    drive = Drive(path.name)
    records = _wire_records(path, drive) if path.suffix == ".lmk" else _lines(path)
    runs = Runs()
    step, good, left_out, damaged = 1, False, 0, ""
    seen: set[tuple[object, ...]] = set()
    for where, record, stamp, following in _with_following(records):
        try:
            if isinstance(stamp, _MalformedError):
                raise stamp
            run = runs.take(stamp, following)
            if drive.frames % step == 0:
                drive.moments.append(_moment(record, run.seconds(stamp.captured_ns)))
            drive.frames += 1
            if len(drive.moments) > MAX_MOMENTS:
                del drive.moments[1::2]
                step *= 2
            for h in _happenings(record, run):
                # A line may be there twice; an event escalates several times, at other levels.
                key = (h.run, h.id, h.kind, h.phase, h.level, h.seconds)
                if key not in seen and len(seen) < MAX_EVENTS:
                    seen.add(key)
                    drive.events.append(h)
            good = True
        except _MalformedError as error:
            if not good:
                raise SourceFormatError(
                    f"{path}: {where}: {error}; is it JSON lines of landmarkd?"
                ) from error
            # One damaged line, for example after a power cut, must not lose the whole drive.
            left_out += 1
            damaged = damaged or f"{where}: {error}"
    if not drive.moments:
        raise SourceFormatError(
            f"{path} has no frames; record with --sink jsonl:FILE or --sink lmk:FILE."
        )
    drive.utc_s, drive.synchronised, drive.ends = runs.utc_s, runs.synchronised, runs.ends
    troubles = [drive.trouble]
    if left_out:
        troubles.append(f"{path}: {left_out} damaged records were left out, the first {damaged}.")
    if runs.trouble:
        troubles.append(f"{path}: {runs.trouble}")
    drive.trouble = " ".join(filter(None, troubles))
    drive.moments.sort(key=lambda moment: moment.seconds)
    return drive


def _with_following(
    records: Iterator[tuple[str, Any]],
) -> Iterator[tuple[str, Any, Stamp | _MalformedError, Iterable[Stamp | None]]]:
    """Yield each record with its stamp, or what is wrong with it, and the stamps after it."""
    waiting: deque[tuple[str, Any, Stamp | _MalformedError]] = deque()
    stamps: deque[Stamp | None] = deque()
    for where, record in records:
        stamp = _stamp(record)
        waiting.append((where, record, stamp))
        stamps.append(stamp if isinstance(stamp, Stamp) else None)
        if len(waiting) > AHEAD:
            stamps.popleft()
            yield *waiting.popleft(), stamps
    while waiting:
        stamps.popleft()
        yield *waiting.popleft(), stamps


def _integer(record: dict[str, Any], name: str) -> int:
    value = record.get(name)
    if type(value) is not int or not -MAX_NS <= value < MAX_NS:
        raise _MalformedError(f"{name} is not an integer of 64 bits")
    return value


def _text(value: object) -> str | None:
    # The same few words in each frame: a day of them is held once.
    return sys.intern(value[:MAX_NAME]) if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if type(value) not in {int, float}:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _stamp(record: object) -> Stamp | _MalformedError:
    if not isinstance(record, dict):
        return _MalformedError("it is not a record of landmarkd")
    utc, number = _dictionary(record.get("utc")), record.get("sequence")
    try:
        return Stamp(
            _text(record.get("source")) or "",
            _integer(record, "captured_ns"),
            number if type(number) is int else None,
            _integer(utc, "offset_ns") if utc else None,
            utc.get("quality") == ClockQuality.SYNCHRONISED,
        )
    except _MalformedError as error:
        return error


def _moment(record: dict[str, Any], seconds: float) -> Moment:
    face, driver = _dictionary(record.get("face")), _dictionary(record.get("driver"))
    eyes, pose, gaze = (_dictionary(face.get(name)) for name in ("eyes", "pose", "gaze"))
    return Moment(
        seconds=seconds,
        face=bool(face),
        left=_number(_dictionary(eyes.get("left")).get("openness")),
        right=_number(_dictionary(eyes.get("right")).get("openness")),
        yaw=_number(pose.get("yaw")),
        pitch=_number(pose.get("pitch")),
        gaze_yaw=_number(gaze.get("yaw")),
        zone=_text(gaze.get("zone")),
        attention=_text(driver.get("attention")),
        eyes=_text(driver.get("eyes")),
        perclos=_number(driver.get("perclos")),
        score=_number(driver.get("drowsiness_score")),
        mouth=_number(driver.get("mouth_openness")),
    )


def _happenings(record: dict[str, Any], run: Run) -> Iterator[Happening]:
    events = _dictionary(record.get("driver")).get("events") or []
    if not isinstance(events, list):
        raise _MalformedError("events is not a list")
    for event in events:
        if not isinstance(event, dict):
            raise _MalformedError("an event is not an object")
        kind, phase = _text(event.get("kind")), _text(event.get("phase"))
        if kind is None or phase is None or phase not in set(EventPhase):
            raise _MalformedError("an event has no kind or no phase")
        numbers = {
            str(name)[:MAX_NAME]: number
            for name, value in _dictionary(event.get("evidence")).items()
            if (number := _number(value)) is not None
        }
        at_ns, number = _integer(event, "at_ns"), _integer(event, "id")
        level = min(3, max(0, _integer(event, "level")))
        where = (run.seconds(at_ns), run.utc_s(at_ns), run.number)
        yield Happening(*where, number, kind, phase, level, numbers)


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(_raw_lines(path), 1):
        if not line.strip():
            continue
        record = None
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            if number > 1 and not line.endswith(b"\n") and len(line) < MAX_LINE:
                return  # the last line of a truncated recording
        yield f"line {number}", record


def _raw_lines(path: Path) -> Iterator[bytes]:
    with reading(path, remedy="name a recording that can be read"), path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            yield line


def _wire_records(path: Path, drive: Drive) -> Iterator[tuple[str, Any]]:
    from landmarkd.receive import FrameStream
    from landmarkd.wire.jsonl import encode_record

    with reading(path, remedy="name a recording that can be read"):
        found = path.is_file()
    if not found:
        raise SourceError(f"{path}: no such file; name a recording.")
    with FrameStream(path) as stream:
        for _, frame in stream:
            if frame.status is not None:
                yield f"frame {frame.frame}", json.loads(encode_record(frame))
    drive.trouble = stream.trouble
