"""Runs a model over clips as the daemon does: jitter of a talking face, blinks from the lids."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from landmarkd.settings.config import SmoothingSettings
from landmarkd.settings.tracker import TrackerSettings
from landmarkd.signals.smoothing import OneEuroFilter
from landmarkd.stages import StageClock
from landmarkd.types import Frame
from landmarkd.vision.detector import Detector
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.tracker import Tracker
from numpy.typing import NDArray

from models.evaluate.measure import jitter, lid_signal, match_events, runs_of, shake

JITTER_CLIP = "talking_face_franck.mp4"
BLINK_CLIPS = ("blink_mahie_1.avi", "blink_mahie_2.avi", "blink_mahie_3.avi")

CLOSED_BELOW = 0.7
"""Eyes count as closed below this share of the clip's median openness."""

OTHER_THRESHOLDS = (0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True, slots=True)
class ClipTrack:
    """A face followed through a clip.

    Attributes:
        points: (frames, 68, 2) pixels, NaN where the face was lost.
        smooth: the same points as the daemon smooths them unless it is configured otherwise.
        openness: (frames,) of both lids together, NaN where lost.
        scores: (frames,) presence, NaN where lost.
    """

    points: NDArray[np.float64]
    smooth: NDArray[np.float64]
    openness: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def held(self) -> float:
        """Share of the frames with a face, 0 to 1."""
        return float(np.isfinite(self.scores).mean())


def frames_of(path: Path, limit: int | None = None, step: int = 1) -> Iterator[Frame]:
    """Yield every `step`-th frame of a clip with the times that its own rate says.

    Raises:
        ValueError: if it cannot be opened.
    """
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise ValueError(f"{path} is not a clip that OpenCV can read")
    rate = capture.get(cv2.CAP_PROP_FPS) or 30.0
    sequence = 0
    while limit is None or sequence < limit * step:
        if not capture.grab():
            break
        if sequence % step == 0:
            ok, image = capture.retrieve()
            if not ok:
                break
            yield Frame(path.name, sequence, round(sequence / rate * 1e9), image)
        sequence += 1
    capture.release()


def follow(
    model: LandmarkModel, detector: Detector, path: Path, limit: int | None = None
) -> ClipTrack:
    """Track the face of a clip with the tracker and the smoothing that run on the device."""
    tracker, smoothing = Tracker(model, detector, TrackerSettings()), SmoothingSettings()
    filtered = OneEuroFilter(smoothing.minimum_cutoff_hz, smoothing.beta)
    clock = StageClock()
    lost = np.full((68, 2), np.nan)
    points, smooth, openness, scores = [], [], [], []
    for frame in frames_of(path, limit):
        seen = tracker.track(frame, clock)
        points.append(
            lost if seen is None else seen.points[model.layout.ibug68, :2].astype(np.float64)
        )
        if seen is None:
            filtered.reset()
            smooth.append(lost)
        else:
            size = seen.roi.side / model.crop.margin
            calm = filtered.filter(seen.points, frame.captured_ns, size)
            smooth.append(calm[model.layout.ibug68, :2].astype(np.float64))
        seen_points = None if seen is None else seen.points.astype(np.float64)
        openness.append(np.nan if seen_points is None else lid_signal(seen_points, model.layout))
        scores.append(np.nan if seen is None else seen.score)
    return ClipTrack(np.array(points), np.array(smooth), np.array(openness), np.array(scores))


def measure_jitter(track: ClipTrack) -> dict[str, float]:
    """Return a clip's mean and median jitter (% of inter-ocular distance) and the share held."""
    inter_ocular = np.linalg.norm(track.points[:, 36] - track.points[:, 45], axis=1)
    return {
        "second difference, % of IOD": jitter(track.points, inter_ocular),
        "its median, % of IOD": shake(track.points, inter_ocular),
        "face held, %": 100 * track.held,
    }


def measure_blinks(tracks: dict[str, ClipTrack], labels: Path) -> dict[str, dict[str, float]]:
    """Return hits and false blinks for each threshold over all clips together.

    Args:
        tracks: by the clip's file name.
        labels: eye_labels.json, whose `blink_events` are first and last closed frame of each blink.
    """
    truth = json.loads(labels.read_bytes())
    table = {}
    for threshold in OTHER_THRESHOLDS:
        totals = np.zeros(3)
        for name, track in tracks.items():
            events = [(int(first), int(last)) for first, last in truth[name]["blink_events"]]
            shut = track.openness < threshold * np.nanmedian(track.openness)
            hits, false = match_events(runs_of(shut), events, truth[name]["tolerance_frames"])
            totals += hits, len(events), false
        table[f"{threshold:.1f}"] = {"found": totals[0], "of": totals[1], "false": totals[2]}
    return table
