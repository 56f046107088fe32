"""The eye model in clips of people: gaze, blinks, winks, shut lids."""

import json
from typing import Any

import cv2
import numpy as np
from landmarkd.camera.demo import CLIP
from landmarkd.rotation import angles_from_direction, direction_from_angles
from landmarkd.types import Frame, Gaze, Report

from models.benchmark import rotation_from_pose
from models.evaluate.events import blinks, f1, matched
from models.evaluate.eye_bench import Bench, Rows

CLOSED_SHARE = 0.5
"""Openness below which an eye counts as more than half closed."""


def lens(bench: Bench) -> Rows:
    """A man whose eyes stay on the lens while his head turns and nods."""
    spans = _labels(bench)["lens_fixation.mp4"]["eyes_on_lens"]
    reports = bench.play(bench.real / "videos" / "lens_fixation.mp4")
    errors, heads = [], []
    chosen = [r for r in reports if any(a <= r.sequence <= b for a, b in spans)]
    for report in chosen:
        if report.face is None or report.face.gaze is None:
            continue
        gaze, pose = report.face.gaze, report.face.pose
        # The head goes aside when it turns, so the way to the lens changes with it.
        yaw, pitch = angles_from_direction((-pose.translation_mm).tolist())
        errors.append([_apart(gaze, -pose.translation_mm), gaze.yaw - yaw, gaze.pitch - pitch])
        heads.append([pose.yaw, pose.pitch])
    if len(errors) < 3:
        return [("lens_fixation", f"a gaze in {len(errors)} of {len(chosen)} frames")]
    table, angles = np.array(errors), np.array(heads)
    leak = [
        np.linalg.lstsq(np.c_[angles, np.ones(len(angles))], table[:, k], rcond=None)[0][k - 1]
        for k in (1, 2)
    ]
    free = table[:, 1:] - table[:, 1:].mean(0)
    return [
        (
            "lens_fixation: mean error; after one offset; of the frames with a gaze",
            (
                f"{table[:, 0].mean():.1f}°; {np.hypot(*free.T).mean():.1f}°; "
                f"{len(table)} of {len(chosen)}"
            ),
        ),
        (
            "  leak of the head's yaw and pitch; mean errors of yaw and pitch",
            f"{leak[0]:.0%}, {leak[1]:.0%}; {table[:, 1].mean():+.1f}°, {table[:, 2].mean():+.1f}°",
        ),
    ]


def screen(bench: Bench) -> Rows:
    """A man who looks at known points of a tablet."""
    labels = json.loads((bench.real / "gaze_screen" / "labels.json").read_bytes())
    camera = labels["intrinsics"]
    degrees = 2 * np.degrees(np.arctan(camera["width"] / 2 / camera["fx"]))
    errors, pairs = [], []
    with bench.pipeline(f"guess:{degrees:.2f}deg") as pipeline:
        for number, frame in enumerate(labels["frames"]):
            image = cv2.imread(str(bench.real / "gaze_screen" / frame["image"]))
            report = pipeline.process(Frame("screen", number, round(number * 1e9 / 30), image))
            if report.face is None or report.face.gaze is None:
                continue
            true = frame["gaze_deg"]
            gaze = report.face.gaze
            errors.append(_apart(gaze, direction_from_angles(true["yaw"], true["pitch"])))
            pairs.append([gaze.yaw, gaze.pitch, true["yaw"], true["pitch"]])
    if len(errors) < 3:
        return [("gaze_screen", f"a gaze in {len(errors)} of {len(labels['frames'])} frames")]
    table = np.array(pairs)
    free = table[:, :2] - table[:, 2:]
    mean = free.mean(0)
    free -= mean
    slopes = [np.polyfit(table[:, k + 2], table[:, k], 1)[0] for k in (0, 1)]
    return [
        (
            "gaze_screen: mean error; after one offset; frames with a gaze",
            (
                f"{np.mean(errors):.1f}°; {np.hypot(*free.T).mean():.1f}°; "
                f"{len(errors)} of {len(labels['frames'])}"
            ),
        ),
        (
            "  slopes of yaw and pitch; mean errors",
            f"{slopes[0]:.2f}, {slopes[1]:.2f}; {mean[0]:+.1f}°, {mean[1]:+.1f}°",
        ),
    ]


def clip(bench: Bench) -> Rows:
    """The bundled clip against its truth."""
    truth = np.load(CLIP.with_suffix(".npz"))
    reports = bench.play(CLIP)
    gaps = truth["openness"]
    low, high = gaps.min(0), np.quantile(gaps, 0.8, axis=0)
    wanted = np.clip((gaps - low) / (high - low), 0, 1.2)
    openness, gaze, sigmas = [], [], []
    for index, report in enumerate(reports[: len(gaps)]):
        if report.face is None or not truth["face"][index]:
            continue
        for side, value in zip(("right", "left"), wanted[index], strict=True):
            eye = getattr(report.face, side)
            if eye.openness is not None and index > 30:
                openness.append(abs(min(eye.openness, 1.2) - value))
        if report.face.gaze is not None and wanted[index].min() > 0.6:
            head = rotation_from_pose(*(float(v) for v in truth["pose_deg"][index]))
            eye_pitch, eye_yaw = (float(v) for v in truth["gaze_deg"][index])
            looked = head @ rotation_from_pose(eye_pitch, eye_yaw, 0.0) @ (0.0, 0.0, -1.0)
            gaze.append(_apart(report.face.gaze, looked))
            sigmas.append(report.face.gaze.sigma_yaw or np.nan)
    return [
        (
            "bundled clip: gaze; openness",
            (
                f"{np.mean(gaze):.1f}° of {len(gaze)} (sigma says {np.nanmean(sigmas):.1f}°); "
                f"{np.mean(openness):.3f}"
            ),
        )
    ]


def selfie(bench: Bench) -> Rows:
    """Shut eyes and winks behind glasses, by half-closed eyes."""
    label = _labels(bench)["selfie_glasses_sbr.mp4"]
    reports = bench.play(bench.real / "videos" / "selfie_glasses_sbr.mp4")

    def closed(side: str, report: Report) -> bool:
        value = None if report.face is None else getattr(report.face, side).openness
        return value is not None and value < CLOSED_SHARE

    left, right = (np.array([closed(side, r) for r in reports]) for side in ("left", "right"))
    signs = (
        (label["both_closed"], left & right),
        (label["image_left_closed_only"], right & ~left),
        (label["image_right_closed_only"], left & ~right),
    )
    shares = [np.mean([flags[a : b + 1].mean() for a, b in spans]) for spans, flags in signs]
    false = sum(int((left | right)[a : b + 1].sum()) for a, b in label["clearly_open"])
    return [
        (
            "selfie_glasses_sbr by half-closed eyes: shut; winks at image left and right",
            "; ".join(f"{share:.0%}" for share in shares) + f"; {false} false while open",
        )
    ]


def soniya(bench: Bench) -> Rows:
    """Blinks from openness alone, with the one threshold that is best on this clip."""
    label = _labels(bench)["blink_soniya_5.avi"]
    reports = bench.play(bench.real / "videos" / "blink_soniya_5.avi")
    values = np.array([_openness(report) for report in reports])
    scores = {
        round(float(cut), 2): _blink_f1(values < cut, label) for cut in np.arange(0.1, 0.9, 0.05)
    }
    best = max(scores, key=lambda cut: scores[cut])
    usual = _blink_f1(values < CLOSED_SHARE, label)
    return [
        (
            "soniya_5: blinks by the best threshold on openness",
            (
                f"F1 {scores[best]:.2f} at {best}, {usual:.2f} at {CLOSED_SHARE}; "
                f"openness known in {np.isfinite(values).mean():.0%}"
            ),
        )
    ]


def mahie(bench: Bench) -> Rows:
    """Blink events at four rates."""
    labels = _labels(bench)
    said = []
    for step in (1, 2, 3, 5):
        total = np.zeros(3, int)
        for number in (1, 2, 3):
            name = f"blink_mahie_{number}.avi"
            reports = bench.play(bench.real / "videos" / name, step)
            total += matched(
                blinks(reports), labels[name]["blink_events"],
                labels[name]["tolerance_frames"] * step,
            )  # fmt: skip
        said.append(f"{f1(*total.tolist()):.2f}")
    return [("mahie_1 to 3: F1 of blink events at 30, 15, 10, 6 a second", ", ".join(said))]


def talking(bench: Bench) -> Rows:
    """A man who talks for 200 s: frames called shut outside of blinks and of the lowered lids."""
    label = _labels(bench)["talking_face_franck.mp4"]
    reports = bench.play(bench.real / "videos" / "talking_face_franck.mp4")
    spans = [*label["blinks"], *label["lids_down_long"]]
    shut = np.array(
        [
            r.face is not None and bool(r.face.left.closed) and bool(r.face.right.closed)
            for r in reports
        ]
    )
    numbers = np.arange(len(shut))
    allowed = np.zeros(len(shut), bool)
    for first, last in spans:
        allowed |= (numbers >= first - 2) & (numbers <= last + 2)
    # Beyond the labelled range blinks are not labelled: closures of up to 0.5 s are taken for some.
    last_labelled = label["labelled_range"][1]
    runs = np.split(numbers, np.flatnonzero(np.diff(shut)) + 1)
    long = [run for run in runs if shut[run[0]] and len(run) > 12 and run[0] > last_labelled]
    inside = numbers <= last_labelled
    return [
        (
            "talking_face: frames called shut outside blinks and 219 to 269",
            (
                f"{int((shut & ~allowed & inside).sum())} of {int(inside.sum())} labelled; beyond "
                f"{int((shut & ~inside).sum())} of {int((~inside).sum())} "
                f"({shut[~inside].mean():.1%}), {sum(map(len, long))} in closures over 0.5 s"
            ),
        )
    ]


def _labels(bench: Bench) -> dict[str, Any]:
    return json.loads((bench.real / "videos" / "eye_labels.json").read_bytes())


def _apart(gaze: Gaze, direction: np.ndarray) -> float:
    found = direction_from_angles(gaze.yaw, gaze.pitch)
    wanted = np.asarray(direction, float) / np.linalg.norm(direction)
    return float(np.degrees(np.arccos(np.clip(found @ wanted, -1, 1))))


def _openness(report: Report) -> float:
    if report.face is None:
        return float("nan")
    known = [e.openness for e in (report.face.left, report.face.right) if e.openness is not None]
    return sum(known) / len(known) if known else float("nan")


def _blink_f1(shut: np.ndarray, label: dict[str, Any]) -> float:
    numbers = np.arange(len(shut))
    runs = np.split(numbers, np.flatnonzero(np.diff(shut)) + 1)
    found = [(int(run[0]), int(run[-1])) for run in runs if shut[run[0]]]
    return f1(*matched(found, label["blink_events"], label["tolerance_frames"]))
