"""Every threshold of driver monitoring in one place, with its source.

docs/driver-monitoring.md tells more of the sources.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Zone(BaseModel):
    """A range of directions, in degrees from the driver's natural forward direction.

    Directions are in the driver's terms for a car steered on the left: `right` > 0 is to the
    driver's right. With `steering = "right"` the table is mirrored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    right: tuple[float, float] = Field(description="From, to; degrees to the driver's right.")
    up: tuple[float, float] = Field(description="From, to; degrees upward.")
    counts_as: Literal["road", "driving", "away"] = Field(
        "away",
        description="road is attention; driving (a mirror) counts only as one long glance; away "
        "counts always.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.right[0] >= self.right[1] or self.up[0] >= self.up[1]:
            raise ValueError("a range goes from the smaller to the larger angle")
        return self


def _default_zones() -> dict[str, Zone]:
    return {
        "road": Zone(right=(-14, 14), up=(-12, 14), counts_as="road"),
        "mirror_left": Zone(right=(-65, -28), up=(-18, 8), counts_as="driving"),
        "mirror_inside": Zone(right=(20, 45), up=(3, 28), counts_as="driving"),
        "mirror_right": Zone(right=(45, 80), up=(-20, 8), counts_as="driving"),
        "instruments": Zone(right=(-14, 14), up=(-24, -12), counts_as="driving"),
        "lap": Zone(right=(-14, 12), up=(-75, -24)),
        "phone": Zone(right=(-45, -14), up=(-75, -18)),
        "centre_stack": Zone(right=(12, 50), up=(-55, -8)),
    }


def _addw_zones() -> dict[str, Zone]:
    """Return where Regulation (EU) 2023/2590 lets the eyes rest: not low, within 55 degrees."""
    return {
        "road": Zone(right=(-55, 55), up=(-30, 90), counts_as="road"),
        "low": Zone(right=(-55, 55), up=(-90, -30)),
        "beside_left": Zone(right=(-180, -55), up=(-90, 90), counts_as="road"),
        "beside_right": Zone(right=(55, 180), up=(-90, 90), counts_as="road"),
    }


class DriverSettings(BaseModel):
    """What driver monitoring decides by. Times are seconds of frame time, angles degrees.

    In the descriptions: NCAP is Euro NCAP Safe Driving as cited by Forster et al. 2024; Kia is the
    manual of a car sold with such a system; P80 and PERCLOS are Wierwille et al. 1994 and the
    NHTSA/FHWA technical brief; openpilot is its published driver monitoring policy; "ours" is a
    choice of this project, with its reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="Off: no eyes, no gaze, no events.")
    name: str = Field(
        "driver", pattern=r"^[A-Za-z0-9_-]{1,32}$", description="Whose baselines are used and kept."
    )
    keep: bool = Field(
        True, description="Keep baselines between runs of a camera; a few numbers, never an image."
    )
    eye_aside: Literal["none", "left", "right"] = Field(
        "none", description="An eye that never shuts (prosthesis, palsy) and is not to count."
    )
    profile: Literal["ncap", "eu-addw"] = Field(
        "ncap",
        description="Whose timing and zones of a long glance: Euro NCAP, or EU ADDW by speed.",
    )
    steering: Literal["left", "right"] = Field("left", description="The side the driver sits on.")
    speed: str = Field(
        "", description="Where the speed comes from: file:/run/speed or udp://:5006, km/h as text."
    )
    assumed_speed_kmh: float = Field(
        50.0, ge=0, description="Speed taken when no speed comes in. Ours."
    )

    min_score: float = Field(
        0.5, ge=0, le=1, description="Least face score to look at the eyes (MediaPipe's 0.5)."
    )
    max_residual: float = Field(
        0.06, gt=0, description="Largest misfit of the head, face sizes. Ours, measured."
    )
    max_eye_yaw_near: float = Field(
        55.0,
        gt=0,
        le=90,
        description="Yaw up to which the eye nearer to the camera is read, at level pitch. Ours, "
        "measured (tests/lid_poses.py).",
    )
    max_eye_yaw_far: float = Field(
        33.0,
        gt=0,
        le=90,
        description="Yaw up to which the eye behind the nose is read. Ours, measured, as above.",
    )
    max_eye_pitch: float = Field(
        28.0,
        gt=0,
        le=90,
        description="Pitch up to which lids are read; with yaw these make an ellipse. Ours, "
        "measured, as above.",
    )
    min_eye_visible: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Least probability that an eye is there to be seen, where a model gives it. "
        "Ours.",
    )
    max_eye_sigma: float = Field(
        0.12,
        gt=0,
        description="Largest standard deviation of the lids, widths of the eye, elsewhere. Ours.",
    )
    min_eye_inside: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Least share of an eye's surroundings inside the picture. Ours.",
    )
    hold_s: float = Field(
        1.0,
        ge=0,
        description="How long what is unknown is taken as unchanged before a concern is dropped. "
        "Ours.",
    )

    blip_s: float = Field(
        0.1,
        ge=0,
        description="A shorter change is noise: it neither ends nor restarts a time. Ours.",
    )

    open_quantile: float = Field(
        0.8,
        gt=0.5,
        lt=1,
        description="Quantile of a person's apertures taken as open; robust to blinks. Ours.",
    )
    baseline_memory_s: float = Field(
        360.0, gt=0, description="Memory of the baselines (openpilot: 6 min)."
    )
    eyes_trusted_s: float = Field(
        10.0, gt=0, description="Seconds of open eyes until their baseline is trusted. Ours."
    )
    forward_trusted_s: float = Field(
        30.0, gt=0, description="Seconds until the forward direction is trusted (openpilot: 60 s)."
    )
    forward_min_speed_kmh: float = Field(
        30.0,
        ge=0,
        description="Forward is learnt from this speed on, if the speed is known (openpilot: "
        "47). Ours.",
    )
    forward_least_share: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="Share of the time that makes the highest direction the road. Ours.",
    )
    forward_limits: tuple[float, float] = Field(
        (60.0, 40.0),
        description="Yaw and pitch beyond which no camera place makes forward. Ours.",
    )
    prior_aperture: float = Field(
        0.30,
        gt=0,
        lt=1,
        description="Aperture of an open eye before the person's own is known (mean head).",
    )
    closed_share: float = Field(
        0.12,
        ge=0,
        lt=0.9,
        description="Share of the open aperture that lids of shut eyes still show. Ours, measured.",
    )

    closed_openness: float = Field(
        0.2, gt=0, lt=1, description="P80: closed is at least 80 % closed."
    )
    reopen_openness: float = Field(
        0.3, gt=0, lt=1, description="Open again above this; hysteresis. Ours."
    )
    blink_memory_s: float = Field(
        10.0, gt=0, description="Memory of how far the eyes are usually open, for blinks. Ours."
    )
    blink_openness: float = Field(
        0.65,
        gt=0,
        lt=1,
        description="A blink begins where it dips below this share of the usual. Ours.",
    )
    blink_end_openness: float = Field(
        0.75, gt=0, lt=1, description="A blink ends above this; hysteresis. Ours."
    )
    blink_both: float = Field(
        0.75, gt=0, le=1, description="In a blink both eyes dip below this. Ours, measured."
    )
    blink_depth: float = Field(
        0.4,
        gt=0,
        lt=1,
        description="A blink's deepest openness lies below this: smiles and glances down do not. "
        "Ours.",
    )
    blink_slow_frame_s: float = Field(
        0.055,
        gt=0,
        description="Frames further apart may miss the deepest moment; blink_depth is then not "
        "asked. Ours.",
    )
    blink_gap_s: float = Field(
        0.25,
        gt=0,
        description="Eyes unknown for longer than this break a blink off: a face that left and "
        "came back. Ours.",
    )
    blink_max_s: float = Field(
        0.5, gt=0, description="Longer closures are no blinks (long blinks: 0.3 to 0.5 s)."
    )

    perclos_window_s: float = Field(60.0, gt=0, description="PERCLOS is over a minute.")
    perclos_min_s: float = Field(
        20.0, gt=0, description="Seconds of seen eyes before it is given. Ours."
    )
    perclos_levels: tuple[float, float, float] = Field(
        (0.075, 0.10, 0.15),
        description="Drowsiness 1, 2, 3: questionable and drowsy of Wierwille 1994 (7.5, 15 %), "
        "and between them the "
        "10 % at which first microsleeps were seen on the road (JOV VSS 2012).",
    )
    perclos_release: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of its level that PERCLOS must fall below to leave it; hysteresis. "
        "Ours.",
    )
    microsleep_s: float = Field(
        1.0, gt=0, description="Eyes closed this long: microsleep (NCAP, 1 to 2 s)."
    )
    sleep_s: float = Field(3.0, gt=0, description="Eyes closed this long: sleep (NCAP).")
    unresponsive_s: float = Field(
        6.0, gt=0, description="Eyes closed or away this long: unresponsive (NCAP)."
    )
    eyes_min_speed_kmh: float = Field(
        10.0, ge=0, description="No alarm for closed eyes below this (Kia)."
    )
    lower_lid_drop: float = Field(
        0.045,
        gt=0,
        description="Lower lids so far below their usual place, eye widths: a look down. Ours, "
        "measured.",
    )
    down_probability: float = Field(
        0.5, gt=0, lt=1, description="Of the eye model that the eyes look down. Ours."
    )
    iris_seen: float = Field(
        0.25,
        gt=0,
        lt=1,
        description="Share of the irises that the eye model sees under lids that look down. Ours, "
        "measured.",
    )
    head_drop: float = Field(
        8.0,
        gt=0,
        description="Head that goes down so far with the lids: a look down. Ours, measured.",
    )
    head_down_unclear: float = Field(
        18.0,
        gt=0,
        description="Head that was so far below forward before: lids say nothing. As "
        "head_away_down.",
    )
    head_turn: float = Field(
        12.0,
        gt=0,
        description="Head that turns so far with lids shut belongs to someone awake. Ours.",
    )
    wide_veto_s: float = Field(
        0.25, ge=0, description="Mouth wide this long: lids that are shut belong to a yawn. Ours."
    )
    yawn_grace_s: float = Field(
        2.0, ge=0, description="Lids stay shut so long after a yawn. Ours, measured."
    )
    mouth_turn: float = Field(
        0.08, gt=0, description="Change of the mouth that is a movement, not noise. Ours, measured."
    )
    mouth_turns: int = Field(
        2,
        ge=1,
        description="So many turns of it while the lids are shut: talk, laughter, song. Ours.",
    )
    drowsy_closures: int = Field(
        2, ge=1, description="Long closures in the window of PERCLOS that make it count. Ours."
    )
    clear_s: float = Field(
        2.0, gt=0, description="Looking ahead with open eyes this long ends an alert (Kia, NCAP)."
    )

    long_distraction_s: float = Field(
        3.0, gt=0, description="One glance away this long (NCAP, Kia)."
    )
    addw_slow_s: float = Field(
        6.0, gt=0, description="Profile eu-addw: a glance below addw_fast_kmh ((EU) 2023/2590)."
    )
    addw_fast_s: float = Field(
        3.5, gt=0, description="Profile eu-addw: a glance above it ((EU) 2023/2590)."
    )
    addw_fast_kmh: float = Field(
        50.0, gt=0, description="Profile eu-addw: where the shorter time begins ((EU) 2023/2590)."
    )
    sharing_away_s: float = Field(
        10.0, gt=0, description="Visual attention time sharing: this long away (NCAP) ..."
    )
    sharing_window_s: float = Field(30.0, gt=0, description="... within this window (NCAP).")
    sharing_reset_s: float = Field(
        2.0, gt=0, description="... unless the road was looked at this long (NCAP)."
    )
    distraction_min_speed_kmh: float = Field(
        20.0, ge=0, description="No alarm for glances below this (Kia)."
    )
    head_away_yaw: float = Field(
        23.0,
        gt=0,
        description="Without irises: head turned this far is away (openpilot: 0.402 rad).",
    )
    head_away_down: float = Field(
        18.0,
        gt=0,
        description="Without irises: head this far down is away (openpilot: 0.3133 rad).",
    )
    zones: dict[str, Zone] = Field(
        default_factory=_default_zones,
        description="Where the eyes may rest; the first that holds the direction counts, none is "
        "'off'. Ours; "
        "measure your car.",
    )

    mouth_wide: float = Field(
        0.5, gt=0, description="Gap over width of the lips that is wide open. Ours, measured."
    )
    yawn_s: float = Field(
        1.5, gt=0, description="Mouth wide open this long: a yawn (common practice, 1.5 to 2 s)."
    )
    mouth_clear_s: float = Field(
        0.3, ge=0, description="Mouth not wide open this long ends a yawn. Ours."
    )
    yawns_drowsy: int = Field(
        3, ge=1, description="Yawns within ten minutes that make drowsiness 1. Ours."
    )

    absent_s: float = Field(
        3.0, gt=0, description="No face this long: no driver. Ours: as a long glance."
    )
    max_face_sigma: float = Field(
        0.06,
        gt=0,
        description="Median standard deviation of the points, face sizes, above which it is "
        "covered. Ours.",
    )
    covered_s: float = Field(
        1.0, gt=0, description="Eyes or face covered this long is reported. Ours."
    )
    blocked_s: float = Field(
        2.0, gt=0, description="Nothing to see at all this long: camera blocked. Ours."
    )

    def glance_s(self, speed_kmh: float) -> float:
        """Return how long one glance away may last at a speed, seconds."""
        if self.profile == "ncap":
            return self.long_distraction_s
        return self.addw_fast_s if speed_kmh >= self.addw_fast_kmh else self.addw_slow_s

    @model_validator(mode="before")
    @classmethod
    def _zones_of_profile(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("profile") == "eu-addw":
            return {"zones": _addw_zones(), **values}
        return values

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.closed_openness < self.reopen_openness:
            raise ValueError("closed_openness must be below reopen_openness")
        if not self.blink_openness < self.blink_end_openness:
            raise ValueError("blink_openness must be below blink_end_openness")
        if not self.microsleep_s < self.sleep_s < self.unresponsive_s:
            raise ValueError("microsleep_s, sleep_s and unresponsive_s must rise")
        if not self.long_distraction_s < self.unresponsive_s:
            raise ValueError("long_distraction_s must be below unresponsive_s")
        if not self.perclos_levels[0] < self.perclos_levels[1] < self.perclos_levels[2]:
            raise ValueError("perclos_levels must rise")
        if not any(zone.counts_as == "road" for zone in self.zones.values()):
            raise ValueError('one of the zones must count as "road"')
        return self
