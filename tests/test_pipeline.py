"""From frames to reports: the bundled clip against its ground truth."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from landmarkd.errors import SourceFormatError
from landmarkd.pipeline import Pipeline
from landmarkd.rotation import angles_from_matrix
from landmarkd.settings.config import Configuration
from landmarkd.stages import STAGES
from landmarkd.types import Box, Counters, Frame, Report
from numpy.typing import NDArray

from tests import clip


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    pipeline = Pipeline(Configuration())
    found = [pipeline.process(frame) for frame in clip.frames()]
    pipeline.close()
    return found


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    pipeline = Pipeline(Configuration())
    yield pipeline
    pipeline.close()


def test_every_frame_has_its_report(reports: list[Report]) -> None:
    assert [report.sequence for report in reports] == list(range(len(clip.frames())))
    assert [report.captured_ns for report in reports] == [
        frame.captured_ns for frame in clip.frames()
    ]
    assert all(
        report.emitted_ns > 0 and (report.width, report.height) == (640, 480) for report in reports
    )


def test_the_driver_is_found_while_there_and_not_long_after(reports: list[Report]) -> None:
    truth = clip.truth()
    found = np.array([report.face is not None for report in reports])
    assert found[truth.face].mean() > 0.95
    first = int(np.argmax(found))
    assert first == 0
    gone = np.flatnonzero(~truth.face)
    late = gone[(gone - gone[0]) / truth.rate_hz > 1.3]
    assert not found[late].any()


def test_points_and_pose_of_the_clip(reports: list[Report]) -> None:
    truth = clip.truth()
    errors, angles = [], []
    for index, report in enumerate(reports):
        if report.face is None or not truth.face[index]:
            continue
        errors.append(clip.nme(report.face.points, index))
        pose = report.face.pose
        wanted = angles_from_matrix(clip.rotation(index))
        angles.append(np.abs(np.array([pose.yaw, pose.pitch, pose.roll]) - wanted))
    assert np.median(errors) < 2.0
    assert np.percentile(errors, 90) < 4.0
    assert (np.median(angles, axis=0) < 3).all()
    assert (np.percentile(angles, 90, axis=0) < 8).all()


def test_persons_are_counted_on_after_a_stalled_camera_and_another_resolution(
    pipeline: Pipeline,
) -> None:
    def track(second: float, image: NDArray[np.uint8]) -> int:
        face = pipeline.process(Frame("test:", 0, round(second * 1e9), image)).face
        assert face is not None
        return face.observation.track

    image = clip.frames()[5].image
    assert track(0.0, image) == 1
    report = pipeline.process(Frame("test:", 0, 10**8, image))
    pipeline.idle(report, 2 * 10**9, Counters())
    assert track(2.5, image) == 1, "the camera stalled for a moment"
    pipeline.idle(report, 60 * 10**9, Counters())
    assert track(61.0, image) == 2, "for a minute"
    assert track(61.1, cv2.resize(image, (320, 240))) == 3
    pipeline.reset()
    assert track(62.0, image) == 1


def test_smoothing_calms_a_still_face(pipeline: Pipeline) -> None:
    rng, still = np.random.default_rng(1), clip.frames()[20].image
    found = []
    for frame in clip.frames()[:60]:
        noisy = np.clip(still + rng.normal(0, 4, still.shape), 0, 255).astype(np.uint8)
        found.append(pipeline.process(replace(frame, image=noisy)))
    smooth, raw = smoothed_and_raw(found[15:])
    assert len(raw) == 45
    assert jitter(smooth) < 0.2 * jitter(raw)


def test_smoothed_points_of_a_turning_head_are_as_calm_as_the_head_and_do_not_lag(
    reports: list[Report],
) -> None:
    turning = slice(5, 40)
    smooth, raw = smoothed_and_raw(reports[turning])
    assert jitter(smooth) < 0.6 * jitter(raw)
    width = np.ptp(raw[0, :, 0])
    assert np.linalg.norm((smooth - raw)[:, :, :2], axis=2).mean() < 0.02 * width
    assert jitter(smooth[:, clip.IBUG68]) < 1.2 * jitter(clip.truth().points68[turning])


def is_fresh(report: Report) -> bool:
    """Whether points and pose are not mixed with those of earlier frames."""
    face = report.face
    assert face is not None
    return np.array_equal(face.points, face.observation.points) and face.pose is face.raw_pose


def test_smoothing_begins_anew_with_another_person(pipeline: Pipeline) -> None:
    """The face sits far to the side from one frame to the next."""
    image = clip.frames()[20].image
    left, right = (np.full((480, 1280, 3), 90, np.uint8) for _ in range(2))
    left[:, :640], right[:, 640:] = image, image
    reports = [
        pipeline.process(Frame("test:", n, n * 33_000_000, (left, right)[n >= 10]))
        for n in range(20)
    ]
    numbers = [report.face.observation.track for report in reports if report.face]
    first = numbers.index(2)
    assert [n for n, report in enumerate(reports) if is_fresh(report)] == [0, first]


def test_smoothing_begins_anew_with_another_size_of_the_pictures(pipeline: Pipeline) -> None:
    image = clip.frames()[20].image
    box = clip.box(20)
    sizes = [1.0] * 5 + [1.25] * 5
    reports = [
        pipeline.process(
            Frame("test:", n, n * 33_000_000, cv2.resize(image, None, fx=size, fy=size)),
            box=tuple(size * side for side in box),
        )
        for n, size in enumerate(sizes)
    ]
    assert [n for n, report in enumerate(reports) if is_fresh(report)] == [0, 5]


def test_smoothing_begins_anew_with_the_box_of_another_face(pipeline: Pipeline) -> None:
    image = clip.frames()[20].image
    x0, y0, x1, y1 = clip.box(20)
    both = np.hstack([image, image])
    boxes = [(x0 + 640 * side, y0, x1 + 640 * side, y1) for side in (0, 0, 0, 1, 1, 1, 0, 0)]
    reports = [
        pipeline.process(Frame("test:", n, n * 33_000_000, both), box=box)
        for n, box in enumerate(boxes)
    ]
    assert [n for n, report in enumerate(reports) if is_fresh(report)] == [0, 3, 6]


def smoothed_and_raw(reports: list[Report]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [
        (report.face.points, report.face.observation.points)
        for report in reports
        if report.face is not None
    ]
    smooth, raw = (np.stack(points) for points in zip(*pairs, strict=True))
    return smooth, raw


def jitter(points: np.ndarray) -> float:
    """Mean second difference of (frames, n, 2 or 3) points, pixels."""
    return float(np.linalg.norm(np.diff(points[:, :, :2], n=2, axis=0), axis=2).mean())


def test_translation_is_in_front_of_the_camera_and_says_what_camera_it_assumed(
    reports: list[Report],
) -> None:
    pose = next(report.face.pose for report in reports if report.face is not None)
    assert pose.camera == "guess:60deg"
    assert 250 < pose.translation_mm[2] < 1200


@pytest.mark.parametrize("configured", [True, False])
def test_a_camera_on_its_side_measures_the_same_distance(configured: bool) -> None:
    image = clip.frames()[20].image
    x0, y0, x1, y1 = clip.box(20)
    distances = []
    for rotation in (0, 90):
        shown, box = image, (x0, y0, x1, y1)
        if rotation:
            # What a camera on its side shows of the same scene, upright again.
            shown, box = np.zeros((640, 480, 3), np.uint8), (x0 - 80, y0 + 80, x1 - 80, y1 + 80)
            shown[80:560] = image[:, 80:560]
        uri = f"v4l2:/dev/video0?rotation={rotation}"
        source = {"camera": "module-3", **({"uri": uri} if configured else {})}
        with Pipeline(Configuration.model_validate({"source": source})) as pipeline:
            frame = Frame("test:" if configured else uri, 0, 0, shown)
            face = pipeline.process(frame, box=box).face
        assert face is not None
        distances.append(face.pose.translation_mm[2])
    assert distances[1] == pytest.approx(distances[0], rel=0.02)


def test_the_clock_booked_every_stage(pipeline: Pipeline) -> None:
    for frame in clip.frames()[:5]:
        pipeline.process(frame)
    booked = dict(pipeline.clock.percentiles(50))
    assert set(booked) == set(STAGES)


def test_a_box_bypasses_the_detector(pipeline: Pipeline) -> None:
    report = pipeline.process(clip.frames()[200], box=clip.box(200))
    assert report.face is not None
    assert clip.nme(report.face.observation.points, 200) < 5
    assert "detect" not in dict(pipeline.clock.percentiles(50))


@pytest.mark.parametrize("box", [None, (2.0, 2.0, 10.0, 10.0)])
@pytest.mark.parametrize("size", [(11, 11), (11, 40), (12, 32767)])
def test_a_frame_of_an_impossible_size_is_refused(
    pipeline: Pipeline, size: tuple[int, int], box: Box | None
) -> None:
    frame = Frame("test:", 0, 0, np.zeros((*size, 3), np.uint8))
    with pytest.raises(SourceFormatError, match=f"test: .*{size[1]}x{size[0]}"):
        pipeline.process(frame, box=box)


def test_a_moment_without_a_frame_says_so(pipeline: Pipeline) -> None:
    last = pipeline.process(clip.frames()[0])
    idle = pipeline.idle(last, last.emitted_ns + 10**9, Counters(captured=1))
    assert idle.face is None
    assert idle.degraded == ("camera_stalled",)
    assert (idle.sequence, idle.captured_ns) == (last.sequence, last.captured_ns)
    again = pipeline.idle(idle, last.emitted_ns + 2 * 10**9, Counters())
    assert again.degraded == ("camera_stalled",)


def test_a_camera_that_stalls_says_nothing_of_the_driver(pipeline: Pipeline) -> None:
    black = np.zeros((240, 320, 3), np.uint8)
    for index in range(13):
        report = pipeline.process(Frame("test:", index, index * 250_000_000, black))
    assert report.driver is not None
    assert report.driver.active == ("camera_blocked",)
    for second in range(4, 12):
        report = pipeline.idle(report, second * 10**9, Counters())
        assert report.driver is not None
        assert report.driver.events == ()
        assert report.driver.active == ("camera_blocked",)
