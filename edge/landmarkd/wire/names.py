"""Numbers with names: the enumerations of the records on the wire, and those of the wire.

The text after a member explains it; docs/wire.md, the C header and the dissector use it.
"""

from enum import IntEnum, IntFlag, StrEnum
from functools import cache
from typing import TypeVar

Member = TypeVar("Member", bound=StrEnum)


@cache
def numbers(kind: type[Member]) -> dict[Member, int]:
    """Return the number of each member of an enumeration: its position, from 0."""
    return {member: number for number, member in enumerate(kind)}


def member_of(kind: type[Member], number: int) -> Member:
    """Return the member with a number; the first, which is UNKNOWN, for a number that has none."""
    members = tuple(kind)
    return members[number] if number < len(members) else members[0]


class Selection(IntEnum):
    """Which landmarks are sent; the index of a point is its place in this selection."""

    NONE = 0
    """no points"""
    IBUG68 = 1
    """the 68 points of the iBUG / Multi-PIE scheme, in their order"""
    EYES = 2
    """right lid, left lid, right iris, left iris (16 + 16 + 5 + 5), or the 12 lid points of the 68
    where the layout has no more"""
    ALL = 3
    """every point of the layout, in its order"""


class StatusFlag(IntFlag):
    """Flags of a STATUS."""

    FACE = 1
    """a face is tracked; without it score, track, pose, eyes, gaze and box mean nothing"""
    DRIVER = 2
    """driver monitoring is on; without it attention, level, drowsiness and rates mean nothing"""
    CALIBRATING = 4
    """this person's baselines are still being learnt"""
    RIGHT_P80 = 8
    """it is known whether the right eye is closed"""
    RIGHT_CLOSED = 16
    """the right eye is at least 80 % closed"""
    LEFT_P80 = 32
    """it is known whether the left eye is closed"""
    LEFT_CLOSED = 64
    """the left eye is at least 80 % closed"""
    DEGRADED_DELEGATE = 128
    """an accelerator was lost or refused, and the CPU runs the model"""
    DEGRADED_CAMERA = 256
    """the camera delivers no frames"""
    DEGRADED_OTHER = 512
    """something else runs in a fallback"""


class PointsFlag(IntFlag):
    """Flags of a POINTS."""

    RAW = 1
    """unsmoothed"""
