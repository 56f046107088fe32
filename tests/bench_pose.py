"""Lag of the smoothed head pose, and its jitter at rest. Prints; asserts nothing.

    python -m tests.bench_pose [VIDEO...]    ramps and rest, version 0.1's filter beside today's
    python -m tests.bench_pose --choose      how the filter's constants follow from the rule

On scripted ramps and a still head, with the noise of the pose on the bundled clip, and on clips:
those named, else those of ../shared/eval where they are. Nothing is tuned on those clips. The lag
on a clip is a least squares fit: the delay which, times the head's velocity, best explains how far
the smoothed pose is behind that of each frame alone.
"""

import argparse
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
from landmarkd.camera import make_source
from landmarkd.errors import EndOfStreamError
from landmarkd.pipeline import Pipeline
from landmarkd.rotation import (
    matrix_from_angles,
    product,
    quaternion_from_matrix,
    vector_from_quaternion,
)
from landmarkd.settings.config import Configuration, SmoothingSettings
from landmarkd.signals.pose_filter import PoseFilter
from landmarkd.signals.smoothing import smoothing_factor
from landmarkd.types import HeadPose
from numpy.typing import NDArray

from tests import clip

Floats = NDArray[np.float64]
Track = list[tuple[int, HeadPose]]

VIDEOS = Path(__file__).parents[2] / "shared" / "eval" / "videos"
FPS = 30
NOISE_DEG, NOISE_MM = (0.12, 0.12, 0.08), (0.06, 0.14, 0.64)
"""Standard deviations of the pose of one frame: rotation about x, y and z, and position along them.
Those of the bundled clip, `clip_noise`, rounded."""
TURNS, MOVES = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0), (25.0, 50.0, 100.0, 200.0, 400.0)
"""Degrees and millimetres a second of the ramps."""
GOAL_MS, GOAL_FROM = (25.0, 35.0), (10.0, 50.0)
"""Maximum lags of rotation and translation, for rotations and moves at or above these speeds."""
BETAS = [float(value) for value in (*range(10, 100, 10), *range(100, 420, 20))]
FIRST = {"minimum_cutoff_hz": 1.0, "rotation_beta": 8.0, "translation_beta": 10.0}
"""The filter of version 0.1: these, the same cutoff of the velocities, and no speed counted as
rest."""
FRAMES = 700
MOVING = (15.0, 60.0)
RESTING = (3.0, 10.0)
"""Degrees and millimetres a second that count as moving, and as at rest."""


def before() -> PoseFilter:
    """Return the filter of version 0.1."""
    return PoseFilter(**FIRST, rest=(0.0, 0.0))


def now() -> PoseFilter:
    """Return the filter with the default settings."""
    settings = SmoothingSettings()
    return PoseFilter(
        settings.pose_minimum_cutoff_hz, settings.rotation_beta, settings.translation_beta
    )


def smoothed(track: Track, smooth: PoseFilter) -> list[HeadPose]:
    """Return the poses of a track after a filter."""
    return [smooth.filter(pose, time_ns) for time_ns, pose in track]


def turn_between(second: HeadPose, first: HeadPose) -> Floats:
    """Return the rotation from one pose to another: axis times angle in degrees."""
    w, x, y, z = quaternion_from_matrix(first.rotation)
    turn = product(quaternion_from_matrix(second.rotation), (w, -x, -y, -z))
    return np.degrees(vector_from_quaternion(turn))


def noisy(yaws: Floats, places: Floats, *, seed: int, noise: float = 1.0) -> Track:
    """Return a head with these yaws in degrees and places in mm, with `noise` times the noise."""
    rng = np.random.default_rng(seed)
    track = []
    for number, (yaw, x) in enumerate(zip(yaws, places, strict=True)):
        pitch, more, roll = rng.normal(0.0, NOISE_DEG) * noise
        place = rng.normal(0.0, NOISE_MM) * noise + (x, 0.0, 600.0)
        matrix = matrix_from_angles(yaw + more, pitch, roll).astype(np.float32)
        pose = HeadPose(yaw + more, pitch, roll, matrix, place.astype(np.float32), "", 0.01)
        track.append((round(number / FPS * 1e9), pose))
    return track


def ramp_lag_ms(speed: float, smooth: PoseFilter, *, rotation: bool, noise: float = 1.0) -> float:
    """Return the mean delay over the whole of a ramp, its beginning included, of 16 ramps.

    The head is still, then turns up to 60 degrees within a second or moves for half a second, and
    is still again.
    """
    times = np.arange(4 * FPS) / FPS
    last = min(1.0, 60.0 / speed) if rotation else 0.5
    true, still = np.clip(times - 1.5, 0.0, last) * speed, np.zeros(len(times))
    moving = (times > 1.5) & (times <= 1.5 + last)
    behind = []
    for seed in range(16):
        smooth.reset()
        yaws, places = (true, still) if rotation else (still, true)
        poses = smoothed(noisy(yaws, places, seed=seed, noise=noise), smooth)
        got = np.array([pose.yaw if rotation else pose.translation_mm[0] for pose in poses])
        behind.append(1e3 * (true - got)[moving].mean() / speed)
    return float(np.mean(behind))


def rest_steps(smooth: PoseFilter | None, noise: float = 1.0) -> tuple[float, float]:
    """Return the rms steps, degrees and mm, from frame to frame of a still head."""
    still = np.zeros(40 * FPS)
    track = noisy(still, still, seed=100, noise=noise)
    poses = [pose for _, pose in track] if smooth is None else smoothed(track, smooth)
    poses = poses[2 * FPS :]
    turns = np.array([turn_between(b, a) for a, b in pairwise(poses)])
    moves = np.diff([pose.translation_mm for pose in poses], axis=0)
    turned, moved = (float(np.sqrt(np.square(each).sum(1).mean())) for each in (turns, moves))
    return turned, moved


def clip_noise() -> tuple[Floats, Floats]:
    """Return the noise of the pose of single frames of the bundled clip: degrees, mm, by axis.

    From second differences, of six times its variance, where the true head turns by less than 5
    degrees a second; of the rotation after the true one was taken away.
    """
    truth = clip.truth()
    speed = np.linalg.norm(np.gradient(truth.pose, axis=0), axis=1) * truth.rate_hz
    configuration = Configuration.model_validate({"smoothing": {"pose_filter": "none"}})
    rows = []
    with Pipeline(configuration) as pipeline:
        for number, frame in enumerate(clip.frames()):
            face = pipeline.process(frame).face
            row = np.full(6, math.nan)
            if face is not None and truth.face[number] and speed[number] < 5.0:
                error = face.pose.rotation.astype(np.float64) @ clip.rotation(number).T
                row[:3] = np.degrees(vector_from_quaternion(quaternion_from_matrix(error)))
                row[3:] = face.pose.translation_mm
            rows.append(row)
    noise = np.sqrt(np.nanmean(np.square(np.diff(rows, 2, axis=0)), axis=0) / 6.0)
    return noise[:3], noise[3:]


def choose() -> None:
    """Print how the constants follow from the noise of the bundled clip and from the ramps.

    The lowest cutoff is that of the points. The speeds of rest are those that twice the noise stays
    below in 99 % of the frames. Each beta is the least of `BETAS` with which all ramps keep their
    goal, with the noise and without any.
    """
    print("noise of the bundled clip, degrees and mm by axis:", *(x.round(3) for x in clip_noise()))
    minimum = SmoothingSettings().minimum_cutoff_hz
    print(f"lowest cutoff: that of the points, {minimum:g} Hz")
    factor = smoothing_factor(1.0, 1.0 / FPS)
    rest = []
    for scale, unit in ((np.radians(NOISE_DEG), 100.0), (np.array(NOISE_MM), 0.2)):
        rng, velocity, norms = np.random.default_rng(1), np.zeros(3), []
        for _ in range(30_000):
            velocity += factor * (rng.normal(0.0, 2.0 * scale) * FPS - velocity)
            norms.append(float(np.linalg.norm(velocity)))
        quantile = float(np.quantile(norms, 0.99))
        rest.append(math.ceil(quantile * unit) / unit)
        print(f"rest: 99 % of twice the noise below {quantile:.4g}, so {rest[-1]:g}")
    for which, speeds in enumerate((TURNS, MOVES)):
        for beta in BETAS:
            smooth = PoseFilter(minimum, beta, beta, rest=(rest[0], rest[1]))
            worst = max(
                ramp_lag_ms(speed, smooth, rotation=which == 0, noise=noise)
                for speed in speeds
                if speed >= GOAL_FROM[which]
                for noise in (0.0, 1.0)
            )
            print(f"{('rotation', 'translation')[which]} beta {beta:g}: longest lag {worst:.1f} ms")
            if worst <= GOAL_MS[which]:
                break
        else:
            print("no beta reaches the goal")


def read(video: Path) -> Track:
    """Return the longest run of frames with a face, with the pose of each frame alone."""
    configuration = Configuration.model_validate({"smoothing": {"pose_filter": "none"}})
    best: Track = []
    run: Track = []
    with Pipeline(configuration) as pipeline, make_source(f"file:{video}", fast=True) as source:
        for _ in range(FRAMES):
            try:
                frame = source.read(5.0)
            except EndOfStreamError:
                break
            face = pipeline.process(frame).face
            run = [] if face is None else [*run, (frame.captured_ns, face.pose)]
            best = max(best, run, key=len)
    return best


def lag_and_rest(raw: Floats, smooth: Floats, behind: Floats, which: int) -> tuple[float, ...]:
    """Return the lag in ms and the rms step at rest before and after; NaN where too few frames are.

    Args:
        raw: (n, 3) velocities of the frames alone, units a second.
        smooth: (n, 2) steps of one axis or of the place from frame to frame, before and after.
        behind: (n, 3) how far the smoothed pose lies behind.
        which: 0 for rotation, 1 for translation.
    """
    window = np.ones(7) / 7
    velocity = np.stack([np.convolve(raw[:, axis], window, "same") for axis in range(3)], 1)
    speed = np.linalg.norm(velocity, axis=1)
    moving, resting = speed > MOVING[which], speed < RESTING[which]
    lag = rest_before = rest_after = math.nan
    if moving.sum() > 20:
        v = velocity[moving]
        lag = 1e3 * float((behind[moving] * v).sum() / (v * v).sum())
    if resting.sum() > 20:
        rest_before, rest_after = np.sqrt(np.square(smooth[resting]).mean(0)).tolist()
    return lag, rest_before, rest_after


def clip_row(video: Path, track: Track, name: str, smoother: PoseFilter) -> str:
    """Return a line of the table of clips."""
    raw = [pose for _, pose in track]
    smooth = smoothed(track, smoother)
    dt = np.diff([time_ns for time_ns, _ in track])[:, None] / 1e9
    turns = np.array([turn_between(b, a) for a, b in pairwise(raw)])
    after = np.array([turn_between(b, a) for a, b in pairwise(smooth)])
    behind = np.array([turn_between(a, b) for a, b in zip(raw, smooth, strict=True)])[:-1]
    rotation = lag_and_rest(turns / dt, np.stack([turns[:, 1], after[:, 1]], 1), behind, 0)
    places = np.array([pose.translation_mm for pose in raw], np.float64)
    calm = np.array([pose.translation_mm for pose in smooth], np.float64)
    steps = [np.linalg.norm(np.diff(path, axis=0), axis=1) for path in (places, calm)]
    moves = lag_and_rest(np.diff(places, axis=0) / dt, np.stack(steps, 1), (places - calm)[:-1], 1)
    return (
        f"| {video.name} | {name} | {1 / np.median(dt):.0f} | {rotation[0]:.0f} "
        f"| {rotation[1]:.3f} -> {rotation[2]:.3f} | {moves[0]:.0f} "
        f"| {moves[1]:.2f} -> {moves[2]:.2f} |"
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--choose", action="store_true")
    arguments = parser.parse_args()
    if arguments.choose:
        choose()
        return
    print(f"| at {FPS} frames a second | before | now |\n|---|---|---|")
    for speeds, name in ((TURNS, "turn of {:.0f} degrees"), (MOVES, "move of {:.0f} mm")):
        for speed in speeds:
            lags = [ramp_lag_ms(speed, f, rotation=speeds is TURNS) for f in (before(), now())]
            print(f"| {name.format(speed)} a second, ms | {lags[0]:.0f} | {lags[1]:.0f} |")
    for noise in (1.0, 2.0):
        (raw, *rest) = (rest_steps(f, noise) for f in (None, before(), now()))
        for which, unit in enumerate(("degrees", "mm")):
            print(
                f"| still head, {noise:g} times the noise, {unit} a frame, {raw[which]:.3f} "
                f"unsmoothed | {rest[0][which]:.4f} | {rest[1][which]:.4f} |"
            )
    print(
        "\n| clip | filter | frames a second | lag of rotation ms | yaw at rest, degrees a frame "
        "| lag of translation ms | place at rest, mm |\n|---|---|---|---|---|---|---|"
    )
    videos = arguments.videos or sorted([*VIDEOS.glob("*.avi"), *VIDEOS.glob("*.mp4")])
    for video in videos:
        track = read(video)
        if len(track) < 50:
            print(f"| {video.name} | no face for long |")
            continue
        for name, smoother in (("before", before()), ("now", now())):
            print(clip_row(video, track, name, smoother), flush=True)


if __name__ == "__main__":
    main()
