"""Hits, misses and false alarms of a detector on pictures and clips."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import landmarkd.camera
import numpy as np
from landmarkd.settings.tracker import TrackerSettings
from landmarkd.stages import StageClock
from landmarkd.types import Detection, FaceObservation
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_of, box_overlap
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.tracker import Tracker
from numpy.typing import NDArray

from models.evaluate.clips import frames_of
from models.evaluate.found import FOUND_OVERLAP, SINGLE_SETS, Finder, found_table
from models.evaluate.measure import runs_of
from models.evaluate.pictures import stack
from models.evaluate.readers import read_labels
from models.evaluate.records import LabelledFace, read_image
from models.evaluate.tables import Row, Table

FOUND = "Found and read on the device"
CLIP = Path(landmarkd.camera.__file__).parent / "clip" / "driver.mp4"
TILE = 240
MOST_TILES = 40


@dataclass(slots=True)
class DetectorReport:
    """What was measured of a detector.

    Attributes:
        tables: by title.
        tiles: drawn pictures of misses and of false alarms, by kind.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    tiles: dict[str, list[NDArray[np.uint8]]] = field(default_factory=dict)

    def show_face(self, kind: str, image: NDArray[np.uint8], seen: FaceObservation | None) -> None:
        """Keep a picture with the box of the points that were reported, if any, in red."""
        face = [] if seen is None else [Detection(seen.score, box_of(seen.points))]
        self.show(f"device-{kind}", image, face)

    def show(
        self,
        kind: str,
        image: NDArray[np.uint8],
        found: Iterable[Detection],
        label: tuple[Any, ...] = (),
    ) -> None:
        """Keep a picture with what was found in red and the label in green."""
        tiles = self.tiles.setdefault(kind, [])
        if len(tiles) >= MOST_TILES:
            return
        image = image.copy()
        thick = max(1, max(image.shape) // 200)
        for face in found:
            corners = [round(value) for value in face.box]
            cv2.rectangle(image, corners[:2], corners[2:], (0, 0, 255), thick)
        if label:
            corners = [round(value) for value in label]
            cv2.rectangle(image, corners[:2], corners[2:], (0, 255, 0), thick)
        scale = TILE / max(image.shape)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[
            :TILE, :TILE
        ]
        tile = np.zeros((TILE, TILE, 3), np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small
        tiles.append(tile)


def evaluate_detector(
    detector: Detector,
    real: Path,
    model: LandmarkModel | None = None,
    say: Callable[[str], None] = print,
) -> DetectorReport:
    """Measure a detector on the pictures and clips for evaluation.

    Args:
        detector: under test.
        real: folder with `images`, `unlabelled`, `nonface` and `videos`.
        model: landmark model to track with; None leaves the clips out.
        say: called with the name of each measurement before it starts.
    """
    report = DetectorReport()
    say("labelled faces")
    rows = {
        name: _labelled(detector, read_labels(real / "images" / name), report)
        for name in SINGLE_SETS
    }
    total = {key: sum(row[key] for row in rows.values()) for key in ("faces", "found")}
    rows["single faces together"] = {**total, "found, %": 100 * total["found"] / total["faces"]}
    rows["dlib_faces"] = _labelled(detector, read_labels(real / "images" / "dlib_faces"), report)
    report.tables[f"Labelled faces found at IoU {FOUND_OVERLAP}"] = rows
    say("unlabelled faces and no faces")
    report.tables["Pictures with a face of which one was found"] = {
        name: _any_found(detector, real / "unlabelled" / name, report, missed=True)
        for name in ("mask_with", "victor")
    }
    false = {
        name: _any_found(detector, real / "nonface" / name, report, missed=False)
        for name in ("clean", "hard")
    }
    both = {key: false["clean"][key] + false["hard"][key] for key in ("pictures", "with a box")}
    false["clean and hard"] = {**both, "share, %": 100 * both["with a box"] / both["pictures"]}
    if model is not None:
        say("found on the device")
        report.tables[FOUND] = found_table(Finder.of(model, detector), real, report.show_face)
        say("clips")
        false["no_face_backs frames"] = _false_in_clip(
            detector, real / "videos" / "no_face_backs.mp4", report
        )
        report.tables["Bundled clip"] = {"driver.mp4": enters_after(detector, model, CLIP)}
        report.tables["Tracked"] = {
            name: _tracked(detector, model, real / "videos" / name, step)
            for name, step in (
                ("profile_turn_side.mp4", 4),
                ("talking_face_franck.mp4", 8),
                ("dark_desk.mp4", 2),
            )
        }
    report.tables["False alarms"] = false
    return report


def enters_after(detector: Detector, model: LandmarkModel, clip: Path) -> Row:
    """Return the delay before a face is reported, at the bundled clip's start and on its return."""
    with np.load(clip.with_suffix(".npz")) as truth:
        present, rate = truth["face"], float(truth["rate_hz"])
    tracker, clock = Tracker(model, detector, TrackerSettings()), StageClock()
    seen = np.array([tracker.track(frame, clock) is not None for frame in frames_of(clip)])[
        : len(present)
    ]
    entered = [first for first, _ in runs_of(present[: len(seen)])]
    waits = [
        float(np.argmax(seen[first:])) / rate * 1000 if seen[first:].any() else np.inf
        for first in entered
    ]
    return {
        "first box, ms": waits[0],
        "on coming back, ms": waits[-1],
        "frames with the face held, %": 100 * float(seen[present[: len(seen)]].mean()),
        "frames without it with a box, %": 100 * float(seen[~present[: len(seen)]].mean()),
    }


def cpu_ms(detector: Detector, image: NDArray[np.uint8], repeats: int = 50) -> float:
    """Return the processor time of one look at a frame in milliseconds, the median of many."""
    detector.detect(image)
    times = []
    for _ in range(repeats):
        began = time.thread_time_ns()
        detector.detect(image)
        times.append(time.thread_time_ns() - began)
    return float(np.median(times)) / 1e6


def write_sheets(report: DetectorReport, folder: Path) -> None:
    """Write a sheet of each kind of mistake."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, tiles in report.tiles.items():
        cv2.imwrite(str(folder / f"{kind}.png"), stack(tiles, 8))


def _labelled(detector: Detector, faces: list[LabelledFace], report: DetectorReport) -> Row:
    found, overlaps = 0, []
    for face in faces:
        image = face.read()
        answers = detector.detect(image)
        best = max((box_overlap(answer.box, face.box) for answer in answers), default=0.0)
        if best >= FOUND_OVERLAP:
            found += 1
            overlaps.append(best)
        else:
            report.show("missed", image, answers, face.box)
    mean = float(np.mean(overlaps)) if overlaps else 0.0
    return {
        "faces": len(faces),
        "found": found,
        "found, %": 100 * found / len(faces),
        "mean IoU of the found": mean,
    }


def _any_found(detector: Detector, folder: Path, report: DetectorReport, *, missed: bool) -> Row:
    paths = sorted(folder.iterdir())
    count = 0
    for path in paths:
        image = read_image(path)
        answers = detector.detect(image)
        count += bool(answers)
        if missed != bool(answers):
            report.show(f"missed-{folder.name}" if missed else "false-alarms", image, answers)
    return {"pictures": len(paths), "with a box": count, "share, %": 100 * count / len(paths)}


def _false_in_clip(detector: Detector, path: Path, report: DetectorReport) -> Row:
    frames = false = 0
    for frame in frames_of(path, step=2):
        answers = detector.detect(frame.image)
        frames += 1
        if answers:
            false += 1
            if false % 10 == 1:
                report.show("false-alarms", frame.image, answers)
    return {"pictures": frames, "with a box": false, "share, %": 100 * false / frames}


def _tracked(detector: Detector, model: LandmarkModel, path: Path, step: int) -> Row:
    tracker, clock = Tracker(model, detector, TrackerSettings()), StageClock()
    seen = [tracker.track(frame, clock) is not None for frame in frames_of(path, step=step)]
    return {"frames": len(seen), "held, %": 100 * float(np.mean(seen))}
