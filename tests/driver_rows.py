"""Rows of the driver table other than those on all clips together: see `tests.driver_table`."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from landmarkd.camera.demo import CLIP
from landmarkd.rotation import angles_from_matrix, direction_from_angles

from models.benchmark import rotation_from_pose
from models.evaluate.events import blinks, f1, matched
from tests.clip_observations import Clip, replay
from tests.driver_clips import PEOPLE

VIDEOS = Path(__file__).parents[2] / "shared" / "eval" / "videos"
BLINK_CLIPS = PEOPLE["mahie, webcam, 30 fps"]
See = Callable[[Path], Clip]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    measure: str
    must: str
    aim: str
    reached: str
    met: bool | None


def openness(report, side=None):
    """Return the openness of one eye, or the mean of those known; None if unknown."""
    if report.face is None:
        return None
    eyes = [report.face.left, report.face.right] if side is None else [getattr(report.face, side)]
    known = [eye.openness for eye in eyes if eye.openness is not None]
    return sum(known) / len(known) if known else None


def shut(value):
    """Return whether an eye is more than half closed."""
    return value is not None and value < 0.5


def frame_scores(predicted, wanted, tolerance=2):
    """Return hits, false and missed frames.

    A frame within `tolerance` of the other's is no mistake.
    """
    predicted, wanted = np.asarray(predicted, bool), np.asarray(wanted, bool)
    window = np.ones(2 * tolerance + 1)
    near_wanted = np.convolve(wanted, window, "same") > 0
    near_predicted = np.convolve(predicted, window, "same") > 0
    hits = int((predicted & near_wanted).sum())
    return hits, int((predicted & ~near_wanted).sum()), int((wanted & ~near_predicted).sum())


def blink_rows(see: See, labels):
    rows, closed, p80 = [], np.zeros(3, int), np.zeros(3, int)
    seen = {name: see(VIDEOS / name) for name in BLINK_CLIPS}
    for every in (2, 3, 5):
        total = np.zeros(3, int)
        for name, clip in seen.items():
            label = labels[name]
            found = blinks(replay(clip, every=every))
            total += matched(found, label["blink_events"], label["tolerance_frames"] * every)
        detail = f"F1 {f1(*total):.2f} ({total[0]} hits, {total[1]} false, {total[2]} missed)"
        rows.append(
            Row(f"blinks, mahie, at {30 / every:.0f} frames a second", "", "", detail, None)
        )
    for name, clip in seen.items():
        reports = replay(clip)
        truth = labels[name]["closed_per_frame"][: len(reports)]
        closed += frame_scores([shut(openness(report)) for report in reports], truth)
        p80 += frame_scores(
            [bool(r.face and r.face.left.closed and r.face.right.closed) for r in reports], truth
        )
    score = f1(*closed)
    text = f"F1 {score:.2f} (at least 80 %: {f1(*p80):.2f})"
    rows.append(
        Row(
            "closed frames there, more than half closed",
            "F1 0.85",
            "0.95",
            text,
            bool(score >= 0.85),
        )
    )
    return rows


def selfie_rows(see: See, labels):
    """Score half-closed eyes, and the daemon's state of each eye: closed or not (P80).

    The eye that does not wink is squeezed to a narrow slit, which counts as half closed too.
    """
    label = labels["selfie_glasses_sbr.mp4"]
    reports = replay(see(VIDEOS / "selfie_glasses_sbr.mp4"))
    mouth = np.array([(r.driver.mouth_openness or 0.0) > 0.5 for r in reports])

    def row(measure, is_closed):
        left, right = (
            np.array([is_closed(report, side) for report in reports]) for side in ("left", "right")
        )
        signs = {  # left in the image is the subject's right
            "both shut": (label["both_closed"][1:], left & right),
            "short shut": (label["both_closed"][:1], left & right),
            "wink at image left": (label["image_left_closed_only"], right & ~left),
            "wink at image right": (label["image_right_closed_only"], left & ~right),
            "wide mouth": (label["mouth_wide_open"], mouth),
        }
        shares = {
            name: np.mean([flags[begin : end + 1].mean() for begin, end in spans])
            for name, (spans, flags) in signs.items()
        }
        false = sum(
            int((left | right | mouth)[begin : end + 1].sum())
            for begin, end in label["clearly_open"]
        )
        said = [f"{name} {share:.0%}" for name, share in shares.items()] + [
            f"{false} false frames while open"
        ]
        met = bool(min(shares.values()) >= 0.5 and false == 0)
        return Row(measure, "all", "all", ", ".join(said), met)

    return [
        row(
            "winks, shut eyes, wide mouth behind glasses",
            lambda report, side: shut(openness(report, side)),
        ),
        row(
            "  the same by what is reported, closed or not",
            lambda report, side: bool(report.face and getattr(report.face, side).closed),
        ),
    ]


def script_row():
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/signals/test_timelines.py",
            "tests/signals/test_drives.py",
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    return Row(
        "scripted drives, events within a frame",
        "all",
        "all",
        (run.stdout or run.stderr).strip().rpartition("\n")[2],
        run.returncode == 0,
    )


def hour_row(hours):
    from tests.signals.test_timelines import blinking
    from tests.signals.timeline import Do, Drive

    glances = [Do(1.0, yaw=-20.0, gaze=(-18.0, -4.0)), Do(2.0), Do(0.8, mouth=0.3), Do(2.0)]
    minute = [*blinking(54.2), *glances]
    said, none = [], True
    for fps in (15.0, 30.0, 60.0):
        drive = Drive(
            minute * max(1, round(hours * 60)),
            fps=fps,
            noise_px=0.4,
            lost=0.02,
            drop=0.02,
            baseline=None,
        )
        false = drive.play().happened()
        none &= not false
        said.append(f"{len(false)} at {fps:.0f}")
    text = f"{', '.join(said)} in {hours:g} h each"
    return Row("false events an hour, attentive, noise, lost frames", "0", "0", text, none)


def clip_row(see: See):
    truth = np.load(CLIP.with_suffix(".npz"))
    reports = replay(see(CLIP))
    # The truth is gap over width; this head's own shut and open eyes make it the openness that is
    # reported.
    gaps = truth["openness"]
    low, high = gaps.min(0), np.quantile(gaps, 0.8, axis=0)
    wanted = np.clip((gaps - low) / (high - low), 0, 1.2)
    errors = {"openness": [], "gaze": [], "yaw": []}
    for index, report in enumerate(reports[: len(truth["face"])]):
        if report.face is None or not truth["face"][index]:
            continue
        pitch, yaw, roll = (float(value) for value in truth["pose_deg"][index])
        head = rotation_from_pose(pitch, yaw, roll)
        errors["yaw"].append(abs(report.face.pose.yaw - angles_from_matrix(head)[0]))
        for side, value in zip(("right", "left"), wanted[index], strict=True):
            eye = getattr(report.face, side)
            if eye.openness is not None and index > 30:
                errors["openness"].append(abs(min(eye.openness, 1.2) - value))
        if report.face.gaze is not None and wanted[index].min() > 0.6:
            eye_pitch, eye_yaw = (float(value) for value in truth["gaze_deg"][index])
            looked = head @ rotation_from_pose(eye_pitch, eye_yaw, 0.0) @ (0.0, 0.0, -1.0)
            found = direction_from_angles(report.face.gaze.yaw, report.face.gaze.pitch)
            errors["gaze"].append(np.degrees(np.arccos(np.clip(looked @ found, -1.0, 1.0))))
    means = {
        name: float(np.mean(values)) if values else float("nan") for name, values in errors.items()
    }
    text = f"openness {means['openness']:.2f}, gaze {means['gaze']:.1f}°, yaw {means['yaw']:.1f}°"
    met = means["openness"] <= 0.10 and means["gaze"] <= 10.0 and means["yaw"] <= 4.0
    return Row(
        "bundled clip against its truth, mean errors", "0.10, 10°, 4°", "0.05, 5°, 2°", text, met
    )
