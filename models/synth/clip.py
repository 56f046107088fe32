"""The demo clip: ten seconds of a driver, with the truth of every frame."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from models.head import Camera, Eyes, openness, rotation_from_angles
from models.synth.cabin import Cabin
from models.synth.crop import Studio
from models.synth.lighting import Lighting
from models.synth.mesh import loft, part_row
from models.synth.props import headwear
from models.synth.scene import Placement

WIDTH, HEIGHT, RATE, SECONDS = 640, 480, 30, 10
FOCAL = 620.0
BLINKS_S = (0.7, 2.25, 3.6, 5.95, 7.5, 9.55)
"""Middles of the blinks, seconds."""
YAWN_S = (6.3, 7.4)
AWAY_S = (8.05, 9.0)
"""From when to when no part of the face is in the frame, about."""
_SEED = 41
_POINTS = 562

# Time, head (pitch, yaw, roll), eyes (pitch, yaw), shift of the head in centimetres (right in the
# image, down).
_SCRIPT = np.array(
    [
        [0.0, 0, 0, 0, 0, 0, 0, 0],
        [0.9, 0, 2, 0, 0, -2, 0, 0],
        [1.1, -2, 2, 0, 2, 22, 0, 0],  # the eyes lead, the head follows: the mirror at image left
        [1.4, 2, 24, 2, 4, 16, 0, 0],
        [1.8, 2, 26, 2, 3, 14, 0, 0],
        [2.2, 0, 2, 0, 0, 0, 0, 0],
        [2.6, 0, -8, 0, 0, -24, 0, 0],
        [3.0, -2, -58, -2, -2, -12, 1, 0],  # over the shoulder at image right
        [3.4, -2, -60, -2, -2, -10, 1, 0],
        [3.7, 0, 0, 0, 0, 10, 0, 0],
        [4.1, -2, 57, 3, -2, 12, -1, 0],  # and at image left
        [4.5, -2, 59, 3, -2, 8, -1, 0],
        [4.8, 0, 0, 0, 0, -4, 0, 0],
        [5.0, -6, 2, 0, -18, 0, 0, 0],
        [5.2, -24, 4, 2, -20, 0, 0, 1],  # into the lap
        [5.7, -25, 5, 2, -20, 2, 0, 1],
        [6.0, 0, 0, 0, 0, 0, 0, 0],
        [6.6, 8, 0, 3, 2, 0, 0, 0],  # a yawn
        [7.1, 9, -1, 3, 2, 0, 0, 0],
        [7.4, 0, 0, 0, 0, 0, 0, 0],
        [7.6, 0, -10, 4, 0, -10, 2, 0],
        [8.0, -8, -26, 20, -6, -10, 40, 6],  # leans out of the frame
        [8.1, -10, -28, 24, -6, -10, 46, 8],
        [8.95, -10, -24, 22, -6, -4, 46, 8],
        [9.35, 0, -4, 4, 0, 4, 4, 0],
        [9.5, 0, 0, 0, 0, 0, 0, 0],
        [10.0, 0, -1, 0, 0, 0, 0, 0],
    ],
    np.float64,
)


@dataclass(frozen=True)
class Truth:
    """What one frame shows.

    Attributes:
        points: float32 (562, 3) pixels of the frame; meaningful while face is True.
        visible: bool (562,).
        face: Whether most of the face is in the frame.
        pose: float32 (3,) pitch, yaw, roll in the camera's frame, degrees.
        openness: float32 (2,) right and left.
        gaze: float32 (2,) pitch and yaw of the eyes in the head, degrees.
        yawning: Whether the mouth is wide open.
    """

    points: np.ndarray
    visible: np.ndarray
    face: bool
    pose: np.ndarray
    openness: np.ndarray
    gaze: np.ndarray
    yawning: bool


def script(t: float) -> np.ndarray:
    """The seven columns of the script after the time, eased between its rows."""
    k = int(np.clip(np.searchsorted(_SCRIPT[:, 0], t, side="right") - 1, 0, len(_SCRIPT) - 2))
    share = (t - _SCRIPT[k, 0]) / (_SCRIPT[k + 1, 0] - _SCRIPT[k, 0])
    share = share * share * (3 - 2 * share)
    row = _SCRIPT[k, 1:] * (1 - share) + _SCRIPT[k + 1, 1:] * share
    sway = [
        0.8 * np.sin(2.1 * t),
        0.9 * np.sin(1.3 * t + 1),
        0.5 * np.sin(1.7 * t),
        0,
        0,
        0.25 * np.sin(3.1 * t),
    ]
    return row + np.array([*sway, 0.18 * np.sin(9 * t) + 0.1 * np.sin(14.3 * t)])


def lids(t: float) -> float:
    """How far both lids are closed: 70 ms down, 60 ms shut, 130 ms up."""
    closed = 0.02
    for middle in BLINKS_S:
        d = t - middle
        closed = max(closed, float(np.interp(d, [-0.1, -0.03, 0.03, 0.16], [0, 1, 1, 0])))
    return max(closed, 0.55 * _yawn(t))


def _yawn(t: float) -> float:
    return float(
        np.interp(t, [YAWN_S[0], YAWN_S[0] + 0.35, YAWN_S[1] - 0.3, YAWN_S[1]], [0, 1, 1, 0])
    )


def daylight(t: float) -> Lighting:
    """Daylight through the windows; the sun at image right comes and goes behind trees."""
    sh = np.zeros((9, 3), np.float32)
    sh[0] = np.array([0.34, 0.36, 0.40])
    sh[1], sh[2], sh[3] = -0.10, -0.10, 0.08
    sun = 0.55 + 0.45 * np.tanh(2.5 * np.sin(1.9 * t) + 1.2 * np.sin(5.3 * t))
    directions = np.array(
        [[0.82, -0.42, -0.38], [-0.7, -0.3, -0.65], [0.0, -1.0, -0.2]], np.float32
    )
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    colours = np.array([[1.05, 0.98, 0.86], [0.22, 0.24, 0.28], [0.1, 0.1, 0.11]], np.float32)
    colours[0] *= 0.25 + 0.75 * sun
    return Lighting(
        sh, directions, colours, np.zeros(3, np.float32), np.array([0.4, 1.5], np.float32),
        (True, False),
        np.zeros((0, 8), np.float32), False, False, frozenset(),
    )  # fmt: skip


def frames(studio: Studio) -> Iterator[tuple[np.ndarray, Truth]]:
    """Every (uint8 RGB picture, truth) of the clip."""
    rng = np.random.default_rng(_SEED)
    person = replace(studio.person(rng, usual=True), child=0.0)
    cabin = Cabin(rng, HEIGHT, WIDTH)
    shirt = part_row(
        colour=(0.03, 0.045, 0.08),
        colour2=(0.022, 0.032, 0.055),
        pattern=3,
        scale=0.7,
        specular=0.0,
    )
    rings = headwear.collar_rings(-10.6)
    clothes = [loft(rings, shirt)]
    model = studio.model
    hair = None
    for i in range(RATE * SECONDS):
        t = i / RATE
        pitch, yaw, roll, eye_pitch, eye_yaw, right, down = script(t)
        eyes, closed, yawn = Eyes(eye_pitch, eye_yaw, 1.5), lids(t), _yawn(t)
        named = {
            "jawOpen": 0.02 + 0.85 * yawn,
            "mouthStretch_L": 0.2 * yawn,
            "mouthStretch_R": 0.2 * yawn,
        }
        named |= {
            "browInnerUp_L": 0.3 * yawn,
            "browInnerUp_R": 0.3 * yawn,
            "mouthSmile_L": 0.1,
            "mouthSmile_R": 0.1,
        }
        vertices = studio.people.evaluate(person, named, (closed, closed), eyes)
        metric = model.landmarks(vertices)
        rotation = rotation_from_angles(pitch, yaw, roll)
        pivot = np.array([0.0, -9.0, 0.0])  # the neck
        placement = Placement(rotation, pivot, np.array([0.5 + right, 9.5 + down, 57.0]))
        lean = rotation_from_angles(0, 0.4 * yaw, 0.5 * roll)
        worn = [m.moved(rotation.T @ lean, pivot - rotation.T @ lean @ pivot) for m in clothes]
        if person.style is not None:
            mesh = studio.people.fitter.fit(
                np.random.default_rng(5), person.style, vertices, person.skin.hair_colour
            )
            hair = (mesh, person.style.alpha, person.style.strands)
        camera = Camera(FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
        image = cabin.picture(t)
        drawing = studio.artist.draw(
            image, vertices, eyes, person.look, placement, camera, daylight(t), worn, hair
        )
        landmarks = placement(metric)
        points = camera.landmarks(landmarks)
        inside = ((points[:520, :2] > 0) & (points[:520, :2] < [WIDTH - 1, HEIGHT - 1])).all(1)
        yield (
            develop(np.random.default_rng([_SEED, i]), image),
            Truth(
                points, drawing.visible(landmarks, points[:, :2]), bool(inside.mean() > 0.5),
                np.array([pitch, yaw, roll], np.float32), openness(metric),
                np.array([eye_pitch, eye_yaw], np.float32), yawn > 0.5,
            ),
        )  # fmt: skip


def develop(rng: np.random.Generator, linear: np.ndarray) -> np.ndarray:
    """A decent webcam: fixed exposure, a soft shoulder, a little noise."""
    value = np.clip(1.05 * linear, 0, None)
    value = value / (1 + 0.28 * value * value)
    value = np.clip(value, 0, 1) ** (1 / 2.2) * 255
    value = (
        cv2.GaussianBlur(value, (0, 0), 0.5)
        + cv2.resize(rng.normal(0, 1.3, (HEIGHT, WIDTH, 1)).astype(np.float32), (WIDTH, HEIGHT))[
            ..., None
        ]
    )
    return np.clip(value + 0.5, 0, 255).astype(np.uint8)


def write(folder: Path) -> tuple[Path, Path]:
    """Write ``driver.mp4`` (H.264, 640x480, 30 frames a second) and ``driver.npz``.

    The truth file holds, per frame: ``points_16`` int16 (n, k, 2), sixteenths of a pixel, of the
    landmarks ``landmarks`` int16 (k,); ``visible`` packed bits of them; ``face``, ``yawning`` bool
    (n,); ``pose_deg``, ``openness``, ``gaze_deg`` float32; and once ``rate_hz``, ``blinks_s``,
    ``yawn_s``, ``away_s``.

    Raises:
        RuntimeError: ffmpeg is missing or fails.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise RuntimeError("ffmpeg is needed to encode the clip; install it (apt install ffmpeg)")
    folder.mkdir(parents=True, exist_ok=True)
    studio = Studio()
    video, temporary = folder / "driver.mp4", folder / ".driver.mp4"
    command = [
        ffmpeg, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{WIDTH}x{HEIGHT}",
        "-r", str(RATE), "-i", "-", "-c:v", "libx264", "-preset", "slow", "-crf", "21", "-g", "30",
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-fflags", "+bitexact",
        "-f", "mp4", str(temporary),
    ]  # fmt: skip
    truths = []
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - a fixed command
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        for picture, truth in frames(studio):
            process.stdin.write(picture.tobytes())
            truths.append(truth)
        process.stdin.close()
    if process.returncode:
        temporary.unlink(missing_ok=True)
        raise RuntimeError(f"ffmpeg failed with exit status {process.returncode}")
    temporary.replace(video)
    chosen = np.concatenate([studio.model.layout.ibug68, np.arange(520, _POINTS)]).astype(np.int16)
    points = np.stack([t.points[chosen, :2] for t in truths])
    np.savez_compressed(
        folder / "driver.npz",
        landmarks=chosen,
        points_16=np.clip(np.rint(points * 16), -32768, 32767).astype(np.int16),
        visible=np.packbits(np.stack([t.visible[chosen] for t in truths]), axis=1),
        face=np.array([t.face for t in truths]),
        yawning=np.array([t.yawning for t in truths]),
        pose_deg=np.stack([t.pose for t in truths]),
        openness=np.stack([t.openness for t in truths]),
        gaze_deg=np.stack([t.gaze for t in truths]),
        rate_hz=np.float32(RATE),
        blinks_s=np.array(BLINKS_S, np.float32),
        yawn_s=np.array(YAWN_S, np.float32),
        away_s=np.array(AWAY_S, np.float32),
    )
    return video, folder / "driver.npz"
