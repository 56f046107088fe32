"""Every enumeration of the records. The text after a member explains it.

A member is its own name as text, so that JSON, logs and comparisons with a string work without
conversion. On the wire a member is its position in its class, counted from 0
(`landmarkd.wire.names.numbers`): new members go at the end, and none is removed or moved. An
unknown value of a newer sender or a damaged file becomes `UNKNOWN` instead of an error.
"""

from enum import StrEnum
from typing import Self


class _Known(StrEnum):
    """An enumeration whose first member replaces every unknown value."""

    @classmethod
    def _missing_(cls, _value: object) -> Self:
        return next(iter(cls))


class Attention(_Known):
    """The driver's attention."""

    UNKNOWN = "unknown"
    """nothing is known: no eyes, no gaze, no trusted forward direction"""
    ATTENTIVE = "attentive"
    DISTRACTED = "distracted"
    DROWSY = "drowsy"
    ASLEEP = "asleep"
    UNRESPONSIVE = "unresponsive"
    ABSENT = "absent"
    BLOCKED = "blocked"


class Lids(_Known):
    """State of the lids of an eye."""

    UNKNOWN = "unknown"
    OPEN = "open"
    CLOSED = "closed"
    DOWN = "down"
    """lowered because the eye looks down; the iris is covered, the person may be awake"""


class EventKind(_Known):
    """What happened to the driver's attention (docs/driver-monitoring.md)."""

    UNKNOWN = "unknown"
    BLINK = "blink"
    LONG_CLOSURE = "long_closure"
    """eyes closed for longer than a blink and shorter than a microsleep"""
    MICROSLEEP = "microsleep"
    SLEEP = "sleep"
    UNRESPONSIVE = "unresponsive"
    DROWSINESS = "drowsiness"
    YAWN = "yawn"
    LONG_DISTRACTION = "long_distraction"
    TIME_SHARING = "time_sharing"
    NO_DRIVER = "no_driver"
    CAMERA_BLOCKED = "camera_blocked"
    EYES_COVERED = "eyes_covered"
    FACE_COVERED = "face_covered"


class EventPhase(StrEnum):
    """Phase of an event."""

    BEGIN = "begin"
    ESCALATE = "escalate"
    END = "end"


class GazeZone(_Known):
    """Where the driver looks. Further zones of a configuration are `OTHER` on the wire."""

    UNKNOWN = "unknown"
    ROAD = "road"
    MIRROR_LEFT = "mirror_left"
    MIRROR_RIGHT = "mirror_right"
    CENTRE_STACK = "centre_stack"
    LAP = "lap"
    PHONE = "phone"
    OFF = "off"
    """in no zone"""
    OTHER = "other"
    """in a zone of the configuration without a number in this list"""
    MIRROR_INSIDE = "mirror_inside"
    INSTRUMENTS = "instruments"


class ClockQuality(_Known):
    """How far the sender's wall clock can be trusted."""

    UNKNOWN = "unknown"
    """the system gives no information"""
    UNSYNCHRONISED = "unsynchronised"
    """nothing sets the clock; the date itself may be wrong"""
    SYNCHRONISED = "synchronised"
    """the system synchronises the clock to a reference (NTP, PTP or GPS)"""


class Degradation(StrEnum):
    """A part that runs in a fallback."""

    DELEGATE = "delegate"
    """an accelerator was lost or refused, and the CPU runs the model"""
    CAMERA_STALLED = "camera_stalled"
    """the camera delivers no frames"""
    OTHER = "other"
