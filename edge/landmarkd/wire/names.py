"""Numbers with names: the enumerations and flags of the wire. The text behind a member explains it."""

from enum import IntEnum, IntFlag


class Selection(IntEnum):
    """Which landmarks are sent; the index of a point is its place in this selection."""

    NONE = 0
    """no points"""
    IBUG68 = 1
    """the 68 points of the iBUG / Multi-PIE scheme, in its order"""
    EYES = 2
    """right lid, left lid, right iris, left iris (16 + 16 + 5 + 5), or 12 lid points of the 68 where the
    layout has no more"""
    ALL = 3
    """every point of the layout, in its order"""


class Attention(IntEnum):
    """The driver's attention."""

    UNKNOWN = 0
    ATTENTIVE = 1
    DISTRACTED = 2
    DROWSY = 3
    ASLEEP = 4
    UNRESPONSIVE = 5
    ABSENT = 6
    BLOCKED = 7


class Phase(IntEnum):
    """Where an event is in its life."""

    BEGIN = 0
    ESCALATE = 1
    END = 2


class Zone(IntEnum):
    """Where the driver looks."""

    UNKNOWN = 0
    ROAD = 1
    MIRROR_LEFT = 2
    MIRROR_RIGHT = 3
    CENTRE_STACK = 4
    LAP = 5
    PHONE = 6
    OFF = 7
    OTHER = 8
    """a zone of the configuration that has no number here"""
    MIRROR_INSIDE = 9
    INSTRUMENTS = 10


class StatusFlag(IntFlag):
    """What is known and what holds in a STATUS."""

    FACE = 1
    """a face is tracked; without it score, pose, eyes, gaze and box are zero and mean nothing"""
    RIGHT_OPENNESS = 2
    """openness_right is known"""
    LEFT_OPENNESS = 4
    """openness_left is known"""
    RIGHT_CLOSED = 8
    """the right eye is at least 80 % closed"""
    LEFT_CLOSED = 16
    """the left eye is at least 80 % closed"""
    GAZE = 32
    """gaze_yaw and gaze_pitch are known"""
    DRIVER = 64
    """driver monitoring is on; without it attention, level, drowsiness and perclos mean nothing"""
    CALIBRATING = 128
    """this person's baselines are still being learnt"""
    PERCLOS = 256
    """perclos is known"""
    MOUTH = 512
    """mouth_openness is known"""
    SIGMA = 1024
    """the model says how certain it is: sigma is known"""
    RIGHT_P80 = 2048
    """whether the right eye is closed is known"""
    LEFT_P80 = 4096
    """whether the left eye is closed is known"""
    DEGRADED_DELEGATE = 8192
    """an accelerator was lost or refused and the CPU does its work"""
    DEGRADED_CAMERA = 16384
    """the camera has stalled"""
    DEGRADED_OTHER = 32768
    """something else runs in a fallback"""


class PointsFlag(IntFlag):
    """What kind of points a POINTS holds."""

    RAW = 1
    """unsmoothed"""
