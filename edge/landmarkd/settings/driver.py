"""The thresholds of driver monitoring, with their sources.

docs/driver-monitoring.md describes the sources.
"""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from landmarkd.settings.setting import (
    Angle,
    NonNegative,
    Positive,
    Probability,
    Section,
    Share,
    Threshold,
    setting,
)
from landmarkd.settings.zone import Zone, addw_zones, default_zones


class DriverSettings(Section):
    """Thresholds of driver monitoring. Times are seconds of frame time, angles degrees.

    In the descriptions: NCAP is Euro NCAP Safe Driving as cited by Forster et al. 2024; Kia is the
    manual of a car sold with such a system; P80 and PERCLOS are Wierwille et al. 1994 and the
    NHTSA/FHWA technical brief; openpilot is its published driver monitoring policy; "ours" is a
    choice of this project, with its reason.
    """

    enabled: bool = setting(True, "Off: no eyes, no gaze, no events.")
    name: str = setting(
        "driver", "Whose baselines are used and kept.", pattern=r"^[A-Za-z0-9_-]{1,32}$"
    )
    keep: bool = setting(
        True, "Keep baselines between runs of a camera; a few numbers, never an image."
    )
    eye_aside: Literal["none", "left", "right"] = setting(
        "none", "An eye that never shuts (prosthesis, palsy) and is not to count."
    )
    profile: Literal["ncap", "eu-addw"] = setting(
        "ncap", "Whose timing and zones of a long glance: Euro NCAP, or EU ADDW by speed."
    )
    steering: Literal["left", "right"] = setting("left", "The side the driver sits on.")
    speed: str = setting(
        "", "Where the speed comes from: file:/run/speed or udp://:5006, km/h as text."
    )
    assumed_speed_kmh: NonNegative = setting(50.0, "Speed taken when no speed comes in. Ours.")

    min_score: Threshold = setting(0.5, "Least face score to look at the eyes (MediaPipe's 0.5).")
    max_residual: Positive = setting(
        0.06, "Largest misfit of the head, face sizes. Ours, measured."
    )
    max_eye_yaw_near: Angle = setting(
        55.0,
        "Yaw up to which the eye nearer to the camera is read, at level pitch. Ours, measured "
        "(tests/lid_poses.py).",
    )
    max_eye_yaw_far: Angle = setting(
        33.0, "Yaw up to which the eye behind the nose is read. Ours, measured, as above."
    )
    max_eye_pitch: Angle = setting(
        28.0,
        "Pitch up to which lids are read; with yaw these make an ellipse. Ours, measured, as "
        "above.",
    )
    min_eye_visible: Threshold = setting(
        0.5, "Least probability that an eye is there to be seen, where a model gives it. Ours."
    )
    max_eye_sigma: Positive = setting(
        0.12, "Largest standard deviation of the lids, widths of the eye, elsewhere. Ours."
    )
    min_eye_inside: Probability = setting(
        0.5, "Least share of an eye's surroundings inside the picture. Ours."
    )
    hold_s: float = setting(
        1.0,
        "How long what is unknown is taken as unchanged before a concern is dropped. Longer than "
        "the interval of the frames, or nothing is learnt. Ours.",
        ge=0.25,
        le=1e6,
    )
    forget_s: float = setting(
        60.0,
        "An event of which nothing was known for this long ends. Ours: the minute of PERCLOS.",
        ge=5,
        le=1e6,
    )
    blip_s: float = setting(
        0.1, "A shorter change is noise: it does not end or restart a time. Ours.", ge=0, le=0.5
    )

    open_quantile: float = setting(
        0.8, "Quantile of a person's apertures taken as open; robust to blinks. Ours.", gt=0.5, lt=1
    )
    baseline_memory_s: Positive = setting(360.0, "Memory of the baselines (openpilot: 6 min).")
    eyes_trusted_s: Positive = setting(
        10.0, "Seconds of open eyes until their baseline is trusted. Ours."
    )
    forward_trusted_s: Positive = setting(
        30.0, "Seconds until the forward direction is trusted (openpilot: 60 s)."
    )
    forward_min_speed_kmh: NonNegative = setting(
        30.0, "Forward is learnt from this speed on, if the speed is known (openpilot: 47). Ours."
    )
    forward_least_share: Share = setting(
        0.2, "Share of the time that makes the highest direction the road. Ours."
    )
    forward_limits: tuple[Angle, Angle] = setting(
        (60.0, 40.0), "Yaw and pitch beyond which no camera place makes forward. Ours."
    )
    prior_aperture: Share = setting(
        0.30, "Aperture of an open eye before the person's own is known (mean head)."
    )
    closed_share: float = setting(
        0.12,
        "Share of the open aperture that lids of shut eyes still show. Ours, measured.",
        ge=0,
        lt=0.9,
    )

    closed_openness: Share = setting(0.2, "P80: closed is at least 80 % closed.")
    reopen_openness: Share = setting(0.3, "Open again above this; hysteresis. Ours.")
    blink_memory_s: Positive = setting(
        10.0, "Memory of how far the eyes are usually open, for blinks. Ours."
    )
    blink_openness: Share = setting(
        0.65, "A blink begins where it dips below this share of the usual. Ours."
    )
    blink_end_openness: Share = setting(0.75, "A blink ends above this; hysteresis. Ours.")
    blink_both: float = setting(
        0.75, "In a blink both eyes dip below this. Ours, measured.", gt=0, le=1
    )
    blink_depth: Share = setting(
        0.4, "A blink's deepest openness lies below this: smiles and glances down do not. Ours."
    )
    blink_slow_frame_s: Positive = setting(
        0.055,
        "With a longer frame interval blink_depth is not checked: the minimum may be missed. Ours.",
    )
    blink_gap_s: float = setting(
        0.25,
        "Eyes unknown for longer than this break a blink off, unless they are shut before and "
        "after it: a face that left and came back. "
        "Longer than a sixth of the interval of the frames, or no blink is found. Ours.",
        ge=0.05,
        le=1e6,
    )
    blink_max_s: Positive = setting(
        0.5, "Longer closures are no blinks (long blinks: 0.3 to 0.5 s)."
    )

    perclos_window_s: Positive = setting(60.0, "PERCLOS is over a minute.")
    perclos_min_s: Positive = setting(20.0, "Seconds of seen eyes before it is given. Ours.")
    perclos_levels: tuple[Share, Share, Share] = setting(
        (0.075, 0.10, 0.15),
        "Drowsiness 1, 2, 3: questionable and drowsy of Wierwille 1994 (7.5, 15 %), and between "
        "them the 10 % at which first microsleeps were seen on the road (JOV VSS 2012).",
    )
    perclos_release: float = setting(
        0.8,
        "Share of its level that PERCLOS must fall below to leave it; hysteresis. Ours.",
        gt=0,
        le=1,
    )
    microsleep_s: Positive = setting(1.0, "Eyes closed this long: microsleep (NCAP, 1 to 2 s).")
    sleep_s: Positive = setting(3.0, "Eyes closed this long: sleep (NCAP).")
    unresponsive_s: Positive = setting(6.0, "Eyes closed or away this long: unresponsive (NCAP).")
    eyes_min_speed_kmh: NonNegative = setting(10.0, "No alarm for closed eyes below this (Kia).")
    lower_lid_drop: Positive = setting(
        0.045,
        "Lower lids this far below their usual place, eye widths: a look down. Ours, measured.",
    )
    down_probability: Share = setting(0.5, "Of the eye model that the eyes look down. Ours.")
    iris_seen: Share = setting(
        0.25,
        "Share of the irises that the eye model sees under lids that look down. Ours, measured.",
    )
    head_drop: Positive = setting(
        8.0, "Head that goes down this far with the lids: a look down. Ours, measured."
    )
    head_down_unclear: Positive = setting(
        18.0, "Head that was this far below forward before: lids are not used. As head_away_down."
    )
    head_turn: Positive = setting(
        12.0, "Head that turns this far with shut lids: the driver is awake. Ours."
    )
    wide_veto_s: NonNegative = setting(
        0.25, "Mouth wide this long: lids that are shut belong to a yawn. Ours."
    )
    yawn_grace_s: NonNegative = setting(
        2.0, "Lids may stay shut this long after a yawn. Ours, measured."
    )
    mouth_turn: Positive = setting(
        0.13, "Change of the mouth that is a movement, not noise. Ours, measured."
    )
    mouth_turns: int = setting(
        2,
        "Changes of direction of the mouth while the lids are shut: talk, laughter, song. Ours.",
        ge=1,
    )
    drowsy_closures: int = setting(
        2, "Long closures in the window of PERCLOS that make it count. Ours.", ge=1
    )
    clear_s: Positive = setting(
        2.0, "Looking ahead with open eyes this long ends an alert (Kia, NCAP)."
    )

    long_distraction_s: Positive = setting(3.0, "One glance away this long (NCAP, Kia).")
    addw_slow_s: Positive = setting(
        6.0, "Profile eu-addw: a glance below addw_fast_kmh ((EU) 2023/2590)."
    )
    addw_fast_s: Positive = setting(3.5, "Profile eu-addw: a glance above it ((EU) 2023/2590).")
    addw_fast_kmh: Positive = setting(
        50.0, "Profile eu-addw: where the shorter time begins ((EU) 2023/2590)."
    )
    sharing_away_s: Positive = setting(
        10.0, "Visual attention time sharing: this long away (NCAP) ..."
    )
    sharing_window_s: Positive = setting(30.0, "... within this window (NCAP).")
    sharing_reset_s: Positive = setting(2.0, "... unless the road was looked at this long (NCAP).")
    distraction_min_speed_kmh: NonNegative = setting(20.0, "No alarm for glances below this (Kia).")
    head_away_yaw: Positive = setting(
        23.0,
        "Without irises: head turned this far is away (openpilot: 0.402 rad), unless its zone "
        "counts as road.",
    )
    head_away_down: Positive = setting(
        18.0, "Without irises: head this far down is away (openpilot: 0.3133 rad)."
    )
    zones: dict[str, Zone] = Field(
        default_factory=default_zones,
        max_length=32,
        description="Where the eyes may rest; the first that holds the direction counts, none is "
        "'off'. Ours; "
        "measure your car.",
    )

    mouth_wide: Positive = setting(
        0.53, "Gap over width of the lips that is wide open. Ours, measured."
    )
    yawn_s: Positive = setting(
        1.5, "Mouth wide open this long: a yawn (common practice, 1.5 to 2 s)."
    )
    mouth_clear_s: NonNegative = setting(0.3, "Mouth not wide open this long ends a yawn. Ours.")
    yawns_drowsy: int = setting(3, "Yawns within ten minutes that make drowsiness 1. Ours.", ge=1)

    absent_s: Positive = setting(3.0, "No face this long: no driver. Ours: as a long glance.")
    max_face_sigma: Positive = setting(
        0.06,
        "Median standard deviation of the points, face sizes, above which it is covered. Ours.",
    )
    covered_s: Positive = setting(1.0, "Eyes or face covered this long is reported. Ours.")
    blocked_s: Positive = setting(2.0, "Nothing to see at all this long: camera blocked. Ours.")

    @property
    def eyes_used(self) -> tuple[bool, bool]:
        """Whether the left and the right eye count."""
        return self.eye_aside != "left", self.eye_aside != "right"

    def glance_s(self, speed_kmh: float) -> float:
        """Return how long one glance away may last at a speed, seconds."""
        if self.profile == "ncap":
            return self.long_distraction_s
        return self.addw_fast_s if speed_kmh >= self.addw_fast_kmh else self.addw_slow_s

    @model_validator(mode="before")
    @classmethod
    def _zones_of_profile(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("profile") == "eu-addw":
            return {"zones": addw_zones(), **values}
        return values

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.closed_openness < self.reopen_openness:
            raise ValueError("closed_openness must be below reopen_openness")
        if not self.blink_openness < self.blink_end_openness:
            raise ValueError("blink_openness must be below blink_end_openness")
        if not self.blink_max_s < self.microsleep_s < self.sleep_s < self.unresponsive_s:
            raise ValueError("blink_max_s, microsleep_s, sleep_s and unresponsive_s must rise")
        if not self.long_distraction_s < self.unresponsive_s:
            raise ValueError("long_distraction_s must be below unresponsive_s")
        if not self.perclos_min_s < self.perclos_window_s:
            raise ValueError("perclos_min_s must be below perclos_window_s")
        if not self.sharing_away_s < self.sharing_window_s:
            raise ValueError("sharing_away_s must be below sharing_window_s")
        if not self.perclos_levels[0] < self.perclos_levels[1] < self.perclos_levels[2]:
            raise ValueError("perclos_levels must rise")
        if not any(zone.counts_as == "road" for zone in self.zones.values()):
            raise ValueError('one of the zones must count as "road"')
        return self
