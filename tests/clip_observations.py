"""What the networks see in the evaluation clips, recorded once, so that decisions replay in seconds.

A recording holds, for each frame, what tracker and eye model hand to pose and driver monitor. It is
made again whenever the clip, a model or the code of `landmarkd.vision` changes.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import landmarkd
import numpy as np
from landmarkd.camera import make_source
from landmarkd.errors import EndOfStreamError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.signals.blocked import is_blocked
from landmarkd.types import EyeReading, FaceObservation, Frame, RegionOfInterest, Report
from landmarkd.vision.zoo import open_zoo

CODE = Path(landmarkd.__file__).parent


@dataclass(frozen=True)
class Clip:
    """One clip as the networks saw it.

    Attributes:
        name: of the file.
        frames: (sequence, captured_ns) of each.
        shape: (height, width) of the frames.
        seen: what was seen in each frame, or None.
        blocked: whether each frame showed nothing at all.
    """

    name: str
    frames: list[tuple[int, int]]
    shape: tuple[int, int]
    seen: list[FaceObservation | None]
    blocked: list[bool]


def configuration(model="default", folder=None, **driver):
    """Return the configuration that clips are measured with."""
    return Configuration.model_validate(
        {"model": {"name": model, "folder": folder}, "driver": driver}
    )


def record(path, model="default", folder=None) -> Clip:
    """Play a clip from its first to its last frame through tracker and eye model."""
    pipeline = Pipeline(configuration(model, folder))
    frames, seen, blocked, shape = [], [], [], (0, 0)
    with make_source(f"file:{path}", fast=True) as source:
        while True:
            try:
                frame = source.read(60.0)
            except EndOfStreamError:
                break
            shape = frame.image.shape[:2]
            face = pipeline.tracker.track(frame, pipeline.clock)
            if face is not None and pipeline.eyes is not None:
                face = pipeline.eyes.refine(frame.image, face)
            frames.append((frame.sequence, frame.captured_ns))
            seen.append(face)
            blocked.append(face is None and is_blocked(frame.image))
    pipeline.close()
    return Clip(Path(path).name, frames, shape, seen, blocked)


def observations(path, cache=None, model="default", folder=None) -> Clip:
    """Return what is seen in a clip, from a folder of recordings if it lies there.

    Args:
        path: of the clip.
        cache: folder of recordings, made if need be; None records anew and keeps nothing.
        model, folder: landmark model and zoo.
    """
    if cache is None:
        return record(path, model, folder)
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{path.name}-{_key(path, model, folder)}.npz"
    if not file.exists():
        _save(record(path, model, folder), file)
    return _load(file, path.name)


def replay(clip, *, every=1, baseline=None, **driver) -> list[Report]:
    """Return the reports on a clip: the real pipeline behind a tracker that repeats what was seen.

    Args:
        clip: what was seen.
        every: take one of so many frames.
        baseline: what is known of the driver from before.
        driver: settings of driver monitoring.
    """
    configured = configuration(**driver)
    pipeline = Pipeline(configured, baseline=baseline)
    pipeline.eyes, pipeline.tracker = None, _Repeat(clip, pipeline.tracker)
    height, width = clip.shape
    pictures = [np.zeros((height, width, 3), np.uint8) for _ in range(2)]
    pictures[0][:, width // 2 :] = 255
    reports = []
    for index in range(0, len(clip.frames), every):
        pipeline.tracker.index = index
        sequence, at_ns = clip.frames[index]
        picture = pictures[clip.blocked[index]]
        reports.append(pipeline.process(Frame(clip.name, sequence, at_ns, picture)))
    pipeline.close()
    return reports


class _Repeat:
    """A tracker that hands on what was recorded of the frame `index`."""

    def __init__(self, clip, real) -> None:
        self._clip, self._real, self.index = clip, real, 0

    def track(self, frame, clock):
        return self._clip.seen[self.index]

    def reset(self):
        pass

    def close(self):
        self._real.close()


def _key(path, model, folder):
    digest = hashlib.sha256(f"{path.name} {path.stat().st_size} {model}".encode())
    zoo = open_zoo(folder).folder
    for file in sorted([*zoo.glob("*.tflite"), *CODE.glob("vision/*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _save(clip, file):
    seen = [face for face in clip.seen if face is not None]
    arrays = {
        "frames": np.array(clip.frames, np.int64).reshape(-1, 2),
        "shape": np.array(clip.shape),
        "blocked": np.array(clip.blocked, bool),
        "face": np.array([face is not None for face in clip.seen], bool),
        "score": np.array([face.score for face in seen]),
        "roi": np.array([(f.roi.x, f.roi.y, f.roi.side, f.roi.angle) for f in seen]),
        "points": np.array([face.points for face in seen], np.float32),
        "track": np.array([face.track for face in seen]),
    }
    if seen and seen[0].sigma is not None:
        arrays["sigma"] = np.array([face.sigma for face in seen], np.float32)
    if seen and seen[0].eyes_visible is not None:
        arrays["visible"] = np.array([face.eyes_visible for face in seen])
    if seen and seen[0].eyes is not None:
        values = [[(e.closed, e.down, e.iris_visible) for e in face.eyes] for face in seen]
        arrays["eyes"] = np.array(values, float)
    temporary = file.with_suffix(".tmp.npz")
    np.savez(temporary, **arrays)
    temporary.replace(file)


def _load(file, name) -> Clip:
    with np.load(file) as stored:
        data = {key: stored[key] for key in stored.files}
    seen: list[FaceObservation | None] = []
    for number in np.where(data["face"], np.cumsum(data["face"]) - 1, -1):
        if number < 0:
            seen.append(None)
            continue
        seen.append(
            FaceObservation(
                float(data["score"][number]),
                RegionOfInterest(*data["roi"][number].tolist()),
                data["points"][number],
                data["sigma"][number] if "sigma" in data else None,
                tuple(data["visible"][number].tolist()) if "visible" in data else None,
                _eyes(data["eyes"][number]) if "eyes" in data else None,
                int(data["track"][number]),
            )
        )
    return Clip(
        name,
        [tuple(row) for row in data["frames"].tolist()],
        tuple(data["shape"].tolist()),
        seen,
        data["blocked"].tolist(),
    )


def _eyes(values):
    return tuple(
        EyeReading(closed, down, None if np.isnan(iris) else iris)
        for closed, down, iris in values.tolist()
    )


def clips(folder):
    """Return the clips of a folder by name."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix in (".mp4", ".avi", ".mkv"))
