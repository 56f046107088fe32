"""How far the smoothed head pose lags and how calm it is at rest. Prints; asserts nothing.

    python -m tests.bench_pose [VIDEO...]

On scripted ramps, with the noise of a pose of one frame, and on clips: those named, else those of
../shared/eval where they are. The lag is what fits best: the delay, times the head's velocity, that
explains how far the smoothed pose lies behind that of each frame alone.
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
from landmarkd.types import HeadPose
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Track = list[tuple[int, HeadPose]]

VIDEOS = Path(__file__).parents[2] / "shared" / "eval" / "videos"
FPS = 30
NOISE_DEG, NOISE_MM = 0.1, 0.4
"""Of the pose of one frame of a head at rest, standard deviations as on the clips."""
FRAMES = 700
MOVING = (15.0, 60.0)
RESTING = (3.0, 10.0)
"""Degrees and millimetres a second that count as moving, and as at rest."""


def smoothed(track: Track, settings: SmoothingSettings) -> list[HeadPose]:
    """Return the poses of a track after the filter."""
    smooth = PoseFilter(
        settings.pose_minimum_cutoff_hz, settings.rotation_beta, settings.translation_beta
    )
    return [smooth.filter(pose, time_ns) for time_ns, pose in track]


def turn_between(second: HeadPose, first: HeadPose) -> Floats:
    """Return the rotation that leads from one pose to another: axis times angle in degrees."""
    w, x, y, z = quaternion_from_matrix(first.rotation)
    turn = product(quaternion_from_matrix(second.rotation), (w, -x, -y, -z))
    return np.degrees(vector_from_quaternion(turn))


def ramp(speed: float, *, rotation: bool, seed: int) -> tuple[Track, Floats, NDArray[np.bool_]]:
    """Return a head that rests, then moves up to 60 degrees or for half a second, then rests.

    Returns:
        its poses, the angle or place without noise, and which frames are of the motion.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(4 * FPS) / FPS
    last = min(1.0, 60.0 / speed) if rotation else 0.5
    true = np.clip(times - 1.5, 0.0, last) * speed
    track = []
    for time, value in zip(times, true, strict=True):
        yaw, pitch, roll = rng.normal((value if rotation else 0.0, 0.0, 0.0), NOISE_DEG)
        place = rng.normal((0.0 if rotation else value, 0.0, 600.0), NOISE_MM)
        matrix = matrix_from_angles(yaw, pitch, roll).astype(np.float32)
        pose = HeadPose(yaw, pitch, roll, matrix, place.astype(np.float32), "", 0.01)
        track.append((round(time * 1e9), pose))
    return track, true, (times > 1.5) & (times <= 1.5 + last)


def ramp_lag_ms(speed: float, settings: SmoothingSettings, *, rotation: bool) -> float:
    """Return the mean delay over the whole of a ramp, its beginning included, of 16 ramps."""
    behind = []
    for seed in range(16):
        track, true, moving = ramp(speed, rotation=rotation, seed=seed)
        poses = smoothed(track, settings)
        got = np.array([pose.yaw if rotation else pose.translation_mm[0] for pose in poses])
        behind.append(1e3 * (true - got)[moving].mean() / speed)
    return float(np.mean(behind))


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


def clip_row(video: Path, settings: SmoothingSettings) -> str:
    """Return a line of the table of clips."""
    track = read(video)
    if len(track) < 50:
        return f"| {video.name} | no face for long |"
    raw = [pose for _, pose in track]
    smooth = smoothed(track, settings)
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
        f"| {video.name} | {1 / np.median(dt):.0f} | {rotation[0]:.0f} | {rotation[1]:.3f} -> "
        f"{rotation[2]:.3f} | {moves[0]:.0f} | {moves[1]:.2f} -> {moves[2]:.2f} |"
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="*", type=Path)
    videos = parser.parse_args().videos or sorted([*VIDEOS.glob("*.avi"), *VIDEOS.glob("*.mp4")])
    settings = Configuration().smoothing
    print(f"| ramp at {FPS} frames a second | lag ms |\n|---|---|")
    for speed in (10.0, 20.0, 30.0, 60.0, 120.0, 240.0):
        lag = ramp_lag_ms(speed, settings, rotation=True)
        print(f"| turn of {speed:.0f} degrees a second | {lag:.0f} |")
    for speed in (50.0, 100.0, 200.0, 400.0):
        lag = ramp_lag_ms(speed, settings, rotation=False)
        print(f"| move of {speed:.0f} mm a second | {lag:.0f} |")
    print(
        "\n| clip | frames a second | lag of rotation ms | yaw at rest, degrees a frame "
        "| lag of translation ms | place at rest, mm |\n|---|---|---|---|---|---|"
    )
    for video in videos:
        print(clip_row(video, settings), flush=True)


if __name__ == "__main__":
    main()
