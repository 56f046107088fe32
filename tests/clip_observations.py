"""Outputs of the networks on the evaluation clips, recorded once, so that replay takes seconds.

A recording contains, for each frame, the input of pose and driver monitor from the tracker and the
eye model. It is made again when the clip, a model or the code of `landmarkd.vision` changes.
"""

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import landmarkd
import numpy as np
from landmarkd.camera import make_source
from landmarkd.errors import EndOfStreamError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.signals.blocked import is_blocked
from landmarkd.types import FaceObservation, Frame, Report
from landmarkd.vision.zoo import open_zoo

CODE = Path(landmarkd.__file__).parent


@dataclass(frozen=True)
class Clip:
    """The outputs of the networks for one clip.

    Attributes:
        name: of the file.
        frames: (sequence, captured_ns) of each.
        shape: (height, width) of the frames.
        seen: the observation of each frame, or None.
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
            if face is not None and pipeline.refiner is not None:
                face = pipeline.refiner.refine(frame.image, face)
            frames.append((frame.sequence, frame.captured_ns))
            seen.append(face)
            blocked.append(face is None and is_blocked(frame.image))
    pipeline.close()
    return Clip(Path(path).name, frames, shape, seen, blocked)


def observations(path, cache=None, model="default", folder=None) -> Clip:
    """Return the observations of a clip, from a folder of recordings if it is there.

    Args:
        path: of the clip.
        cache: folder of recordings, created if missing; None records again and stores nothing.
        model, folder: landmark model and zoo.
    """
    if cache is None:
        return record(path, model, folder)
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{path.name}-{_key(path, model, folder)}.pickle"
    if not file.exists():
        temporary = file.with_suffix(".tmp")
        temporary.write_bytes(pickle.dumps(record(path, model, folder)))
        temporary.replace(file)
    return pickle.loads(file.read_bytes())  # noqa: S301 - a recording of our own


def replay(clip, *, every=1, baseline=None, **driver) -> list[Report]:
    """Return the reports on a clip: the real pipeline with a tracker that replays observations.

    Args:
        clip: its observations.
        every: use every n-th frame.
        baseline: the driver's stored baseline.
        driver: settings of driver monitoring.
    """
    configured = configuration(**driver)
    pipeline = Pipeline(configured, baseline=baseline)
    pipeline.refiner, pipeline.tracker = None, _Repeat(clip, pipeline.tracker)
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
    """A tracker that returns the recorded observation of the frame `index`."""

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


def clips(folder):
    """Return the clips of a folder by name."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix in (".mp4", ".avi", ".mkv"))
