"""The tracker: its calls of the detector, in frame time."""

from collections.abc import Iterator

import numpy as np
import pytest
from landmarkd.settings.tracker import TrackerSettings
from landmarkd.stages import StageClock
from landmarkd.types import Detection, Frame
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_of
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.tracker import Tracker
from landmarkd.vision.zoo import open_zoo
from numpy.typing import NDArray

from tests import clip
from tests.vision import scenes

EMPTY = np.zeros((480, 640, 3), np.uint8)
FACE, OTHER = 5, 40
"""Frames of the clip with a face."""


class ToldDetector(Detector):
    """A detector with given results, in whole frames and in the windows around a tracked face."""

    def __init__(self) -> None:
        self.faces: list[Detection] = []
        self.whole_frames = 0
        self.windows = 0

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        if image.shape[:2] == (480, 640):
            self.whole_frames += 1
            return self.faces
        self.windows += 1
        if not self.faces:
            return []
        # The window is around the face, which fills this part of it.
        height, width = image.shape[:2]
        return [Detection(1.0, (0.27 * width, 0.3 * height, 0.73 * width, 0.76 * height))]


@pytest.fixture(scope="module")
def model() -> Iterator[LandmarkModel]:
    model = LandmarkModel(open_zoo())
    yield model
    model.close()


@pytest.fixture
def detector() -> ToldDetector:
    return ToldDetector()


def make(model: LandmarkModel, detector: Detector, **settings: object) -> Tracker:
    return Tracker(model, detector, TrackerSettings(**settings))  # type: ignore[arg-type]


def at(second: float, image: NDArray[np.uint8], sequence: int = 0) -> Frame:
    return Frame("test:", sequence, round(second * 1e9), image)


def test_a_face_is_found_once_and_then_followed(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    detector.faces = [Detection(0.9, clip.box(0))]
    tracker = make(model, detector, recheck_s=60)
    for index in range(60):
        seen = tracker.track(clip.frames()[index], StageClock())
        assert seen is not None
        assert clip.nme(seen.points, index) < 6
    assert detector.whole_frames == 1


@pytest.mark.parametrize(("rival", "looks"), [(False, 3), (True, 5)])
def test_a_check_is_repeated_soon_only_where_it_found_another_face(
    model: LandmarkModel, detector: ToldDetector, rival: bool, looks: int
) -> None:
    detector.faces = [Detection(0.9, clip.box(0))]
    tracker = make(model, detector, recheck_s=0.6)
    tracker.track(at(0.0, clip.frames()[0].image), StageClock())
    if rival:
        # A place without a face, so that every check finds it but cannot read it.
        detector.faces = [Detection(0.9, (5, 5, 475, 475))]
    for number in range(1, 49):
        assert tracker.track(at(number / 30, clip.frames()[0].image), StageClock()) is not None
    assert detector.whole_frames == looks


def test_detections_pause_in_frame_time_and_never_longer_than_promised(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    tracker = make(model, detector)
    asked = []
    for frame in range(300):
        before = detector.whole_frames
        assert tracker.track(at(frame / 30, EMPTY), StageClock()) is None
        if detector.whole_frames > before:
            asked.append(frame / 30)
    gaps = np.diff(asked)
    assert gaps[0] < gaps[-1], "the pause grows with long absence"
    assert gaps.max() <= 0.25 + 1 / 30, "a face that appears is found within this"


@pytest.mark.parametrize("begins", [0.0, 9.5])
def test_a_clock_that_goes_back_leaves_no_pause_until_it_catches_up(
    model: LandmarkModel, detector: ToldDetector, begins: float
) -> None:
    """As from the end of one video, without a face, to another one."""
    tracker = make(model, detector)
    for frame in range(300):
        assert tracker.track(at(frame / 30, EMPTY), StageClock()) is None
    detector.faces = [Detection(0.9, clip.box(FACE))]
    assert tracker.track(at(begins, clip.frames()[FACE].image), StageClock()) is not None


def test_a_clock_that_goes_back_does_not_delay_the_check_of_a_face(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    detector.faces = [Detection(0.9, clip.box(FACE))]
    tracker = make(model, detector, recheck_s=0.6)
    for frame in range(60):
        tracker.track(at(100 + frame / 30, clip.frames()[FACE].image), StageClock())
    looks = detector.whole_frames
    for frame in range(60):
        tracker.track(at(frame / 30, clip.frames()[FACE].image), StageClock())
    assert detector.whole_frames == looks + 3


def test_a_face_that_leaves_is_let_go(model: LandmarkModel, detector: ToldDetector) -> None:
    detector.faces = [Detection(0.9, clip.box(FACE))]
    tracker = make(model, detector)
    assert tracker.track(at(0, clip.frames()[FACE].image), StageClock()) is not None
    detector.faces = []
    away = int(np.flatnonzero(~clip.truth().face)[20])
    seconds = np.arange(1, 90) / 30
    held = [
        tracker.track(at(second, clip.frames()[away].image), StageClock()) is not None
        for second in seconds
    ]
    assert not any(held[45:]), "gone for a second and a half"


@pytest.mark.parametrize(("fps", "dark", "of"), [(30, 1, 2), (30, 3, 20), (60, 6, 20), (10, 1, 2)])
@pytest.mark.parametrize("proposed", [True, False], ids=["proposed in the dark", "not proposed"])
def test_dark_frames_take_the_face_only_while_they_last(
    model: LandmarkModel, detector: ToldDetector, fps: int, dark: int, of: int, proposed: bool
) -> None:
    """As under a pulsed lamp; what the detector proposes in a dark frame is refused."""
    tracker = make(model, detector)
    numbers = []
    for frame in range(2 * of):
        is_dark = frame % of >= of - dark
        detector.faces = [Detection(0.9, clip.box(FACE))] if proposed or not is_dark else []
        image = EMPTY if is_dark else clip.frames()[FACE].image
        seen = tracker.track(at(frame / fps, image), StageClock())
        assert (seen is None) is is_dark
        if seen is not None:
            numbers.append(seen.track)
    assert set(numbers) == {1}


def test_a_face_that_was_lost_in_the_dark_is_not_kept_elsewhere(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    detector.faces = [Detection(0.9, clip.box(FACE))]
    tracker = make(model, detector)
    face = clip.frames()[FACE].image
    assert tracker.track(at(0, face), StageClock()) is not None
    detector.faces = []
    away = clip.frames()[int(np.flatnonzero(~clip.truth().face)[20])].image
    for frame in range(1, 40):
        image = EMPTY if frame % 2 else away
        assert tracker.track(at(frame / 30, image), StageClock()) is None
    assert tracker.track(at(40 / 30, face), StageClock()) is None, "nobody proposed it"


def test_of_several_faces_the_largest_is_taken(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    x0, y0, x1, y1 = clip.box(FACE)
    detector.faces = [Detection(0.99, (10, 10, 50, 50)), Detection(0.6, (x0, y0, x1, y1))]
    seen = make(model, detector).track(at(0, clip.frames()[FACE].image), StageClock())
    assert seen is not None
    assert clip.nme(seen.points, FACE) < 5


def test_of_several_faces_the_one_in_the_seat_is_taken(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    wide = np.hstack([clip.frames()[FACE].image, clip.frames()[FACE].image])[:, ::2]
    wide = np.ascontiguousarray(np.vstack([wide, wide])[:480])
    x0, y0, x1, y1 = clip.box(FACE)
    left, right = (x0 / 2, y0, x1 / 2, y1), (x0 / 2 + 320, y0, x1 / 2 + 320, y1)
    detector.faces = [Detection(0.99, left), Detection(0.5, right)]
    seen = make(model, detector, seat=(0.5, 0, 1, 1)).track(at(0, wide), StageClock())
    assert seen is not None
    assert seen.roi.x > 320


def test_another_frame_size_starts_afresh(model: LandmarkModel, detector: ToldDetector) -> None:
    detector.faces = [Detection(0.9, clip.box(FACE))]
    tracker = make(model, detector)
    assert tracker.track(at(0, clip.frames()[FACE].image), StageClock()) is not None
    detector.faces = []
    assert tracker.track(at(0.04, np.zeros((240, 320, 3), np.uint8)), StageClock()) is None


def test_a_frame_too_small_for_a_face_has_none(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    """Others of the same folder may be larger."""
    frame = at(0, np.zeros((64, 64, 3), np.uint8))
    assert make(model, detector, smallest_px=100).track(frame, StageClock()) is None


def test_a_detection_that_is_no_face_is_not_believed(
    model: LandmarkModel, detector: ToldDetector
) -> None:
    if not model.has_presence:
        pytest.skip(f"{model.name} does not say whether it sees a face")
    detector.faces = [Detection(0.9, (200, 100, 400, 300))]
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    assert make(model, detector).track(at(0, noise), StageClock()) is None


def test_the_cascade_finds_the_rendered_driver() -> None:
    from landmarkd.vision.detector import make_detector
    from landmarkd.vision.geometry import box_overlap

    detector = make_detector("cascade")
    indices = [
        i for i in np.flatnonzero(clip.truth().face)[::10] if abs(clip.truth().pose[i, 1]) < 15
    ]
    found = [detector.detect(clip.frames()[i].image) for i in indices]
    hits = sum(
        any(box_overlap(face.box, clip.box(i)) > 0.4 for face in faces)
        for i, faces in zip(indices, found, strict=True)
    )
    assert hits >= 0.85 * len(indices)
    away = np.flatnonzero(~clip.truth().face)[10:-10:5]
    assert not any(detector.detect(clip.frames()[i].image) for i in away)


def test_regions_follow_the_points(model: LandmarkModel) -> None:
    clock = StageClock()
    seen = model.locate(clip.frames()[FACE].image, model.first_roi(clip.box(FACE)), clock)
    roi = model.next_roi(seen)
    x0, y0, x1, y1 = box_of(seen.points)
    assert abs(roi.x - (x0 + x1) / 2) < 0.1 * roi.side
    assert roi.side == pytest.approx(model.crop.margin * max(x1 - x0, y1 - y0), rel=0.15)


SMALL, LARGE = 60, 200
WALL, CHAIR = (90, 90), (430, 270)


def still(tracker: Tracker, image: NDArray[np.uint8], start: float, seconds: float) -> list:
    """Show the same picture for some seconds; return what was seen in each frame."""
    return [
        tracker.track(scenes.at(start + n / 30, image), StageClock())
        for n in range(round(seconds * 30))
    ]


@pytest.fixture
def network() -> Iterator[Detector]:
    from landmarkd.vision.detector import make_detector

    detector = make_detector("network")
    yield detector
    detector.close()


@pytest.fixture
def room() -> dict[str, NDArray[np.uint8]]:
    """A wall with a photograph on it, and the same with a driver in the seat before it."""
    wall = scenes.empty()
    scenes.put(wall, *WALL, SMALL)
    both = wall.copy()
    scenes.put(both, *CHAIR, LARGE)
    return {"photograph": wall, "both": both}


def test_a_driver_who_comes_back_is_taken_back_from_a_photograph(
    model: LandmarkModel, network: Detector, room: dict[str, NDArray[np.uint8]]
) -> None:
    tracker = make(model, network)
    (first, *_) = still(tracker, room["both"], 0, 1)
    assert first is not None
    assert first.roi.x > 300
    alone = still(tracker, room["photograph"], 1, 3)
    assert alone[-1] is not None, "nobody said where the seat is"
    back = still(tracker, room["both"], 4, 1)
    assert back[-1] is not None
    assert back[-1].roi.x > 300, "taken back within a second"
    assert first.track < alone[-1].track < back[-1].track


def test_a_face_outside_the_seat_is_nobody(
    model: LandmarkModel, network: Detector, room: dict[str, NDArray[np.uint8]]
) -> None:
    tracker = make(model, network, seat=(0.4, 0.2, 1, 1))
    driving = still(tracker, room["both"], 0, 1)
    assert all(seen is not None and seen.roi.x > 300 for seen in driving)
    assert not any(still(tracker, room["photograph"], 1, 5))
    back = still(tracker, room["both"], 6, 1)
    assert back[-1] is not None
    assert back[-1].roi.x > 300


def seldom(tracker: Tracker, image: NDArray[np.uint8], start: float, seconds: float) -> list:
    """Show the same picture for some seconds, five times a second."""
    return [
        tracker.track(scenes.at(start + n / 5, image), StageClock())
        for n in range(round(seconds * 5))
    ]


@pytest.mark.parametrize(("size", "found"), [(85, False), (130, True)])
def test_a_much_smaller_face_in_the_seat_is_not_the_driver_who_left(
    model: LandmarkModel, network: Detector, size: int, found: bool
) -> None:
    """A face printed on the rest of the seat, or another driver with the seat pushed back."""
    tracker = make(model, network, seat=(0.4, 0.2, 1, 1))
    behind, driving = scenes.empty(), scenes.empty()
    scenes.put(behind, CHAIR[0], CHAIR[1] - 30, size, OTHER)
    scenes.put(driving, *CHAIR, LARGE)
    assert all(seldom(tracker, driving, 0, 32))
    alone = seldom(tracker, behind, 32, 30)[2:]
    assert all(alone) if found else not any(alone)
    back = still(tracker, driving, 62, 1)
    assert back[-1] is not None
    assert back[-1].roi.side > 200
    assert found or back[-1].track == 2


def test_the_size_of_a_driver_is_forgotten_after_half_an_hour(
    model: LandmarkModel, network: Detector
) -> None:
    tracker = make(model, network, seat=(0.4, 0.2, 1, 1))
    small, large = scenes.empty(), scenes.empty()
    scenes.put(small, *CHAIR, 85)
    scenes.put(large, *CHAIR, LARGE)
    seldom(tracker, large, 0, 32)
    assert not any(still(tracker, small, 1000, 1))
    assert still(tracker, small, 32 + 1801, 1)[-1] is not None


def test_who_leaves_the_seat_is_let_go(model: LandmarkModel, network: Detector) -> None:
    tracker = make(model, network, seat=(0.5, 0, 1, 1))
    kept = []
    for n in range(90):
        image = scenes.empty()
        scenes.put(image, 480 - 4 * n, 240, 150)
        kept.append(tracker.track(scenes.at(n / 30, image), StageClock()))
    assert kept[30] is not None
    inside = [seen.roi.x / 640 for seen in kept if seen is not None]
    assert min(inside) > 0.5 - 0.3 * 0.5 - 0.05, "gone with the margin"
    assert not any(kept[80:])


def test_two_people_alike_do_not_take_turns(model: LandmarkModel, network: Detector) -> None:
    image = scenes.empty()
    scenes.put(image, 170, 240, 140)
    scenes.put(image, 470, 240, 155)
    tracker = make(model, network)
    seen = still(tracker, image, 0, 4)
    assert all(one is not None for one in seen)
    assert len({round(one.roi.x / 100) for one in seen if one is not None}) == 1
    assert {one.track for one in seen if one is not None} == {1}


def test_a_passing_rival_does_not_take_over(
    model: LandmarkModel, network: Detector, room: dict[str, NDArray[np.uint8]]
) -> None:
    tracker = make(model, network)
    still(tracker, room["photograph"], 0, 1)
    glimpse = still(tracker, room["both"], 1, 0.1)
    after = still(tracker, room["photograph"], 1.1, 1)
    assert all(one is not None and one.roi.x < 300 for one in glimpse + after)
    assert {one.track for one in after} == {1}


@pytest.mark.parametrize(("absence_s", "number"), [(1.0, 1), (4.0, 2)])
def test_whoever_comes_after_an_absence_is_another_person(
    model: LandmarkModel, network: Detector, absence_s: float, number: int
) -> None:
    image = scenes.empty()
    scenes.put(image, 320, 240, 180)
    tracker = make(model, network)
    still(tracker, image, 0, 1)
    assert not any(still(tracker, scenes.empty(), 1, absence_s)[5:])
    seen = still(tracker, image, 1 + absence_s, 1)
    assert seen[-1] is not None
    assert seen[-1].track == number


def test_whoever_is_there_after_minutes_without_frames_may_be_another_person(
    model: LandmarkModel, network: Detector
) -> None:
    image = scenes.empty()
    scenes.put(image, 320, 240, 180)
    tracker = make(model, network)
    still(tracker, image, 0, 0.5)
    seen = still(tracker, image, 300, 0.5)
    assert {one.track for one in seen if one is not None} == {2}


def test_a_jump_is_another_person(model: LandmarkModel, network: Detector) -> None:
    tracker = make(model, network)
    near, far = scenes.empty(), scenes.empty()
    scenes.put(near, 150, 240, 120)
    scenes.put(far, 520, 240, 120)
    still(tracker, near, 0, 1)
    seen = still(tracker, far, 1, 1)
    assert seen[-1] is not None
    assert seen[-1].track == 2


def swapped(share: float) -> NDArray[np.uint8]:
    """Two people who pass each other, from 0 to 1; the one who leaves the seat is nearer."""
    image = scenes.empty()
    scenes.put(image, 170 + 300 * share, 240 - 60 * np.sin(np.pi * share), 135, OTHER)
    scenes.put(image, 470 - 300 * share, 240 + 50 * np.sin(np.pi * share), 150)
    return image


def test_who_takes_the_seat_of_the_last_one_is_another_person(
    model: LandmarkModel, network: Detector
) -> None:
    tracker = make(model, network, seat=(0.5, 0.1, 1, 1))
    seen = [
        tracker.track(scenes.at(n / 30, swapped(min(max(n / 30 - 0.5, 0) / 2, 1))), StageClock())
        for n in range(100)
    ]
    assert seen[0] is not None
    assert seen[0].track == 1
    assert seen[-1] is not None
    assert seen[-1].roi.x > 400
    assert seen[-1].track == 2


def test_who_leans_in_front_of_the_driver_is_not_taken_for_the_driver(
    model: LandmarkModel, network: Detector
) -> None:
    tracker = make(model, network, seat=(0.5, 0.1, 1, 1))
    seen = []
    for n in range(150):
        image = scenes.empty()
        scenes.put(image, 470, 240, 140)
        leaning = min(1.5 * np.sin(np.pi * n / 149), 1)
        scenes.put(image, 100 + 330 * leaning, 250, 170, OTHER)
        seen.append(tracker.track(scenes.at(n / 30, image), StageClock()))
    assert seen[0] is not None
    assert seen[-1] is not None
    larger = 1.1 * seen[0].roi.side
    numbers = {one.track for one in seen if one is not None and one.roi.side > larger}
    assert abs(seen[-1].roi.x - seen[0].roi.x) < 20
    assert numbers, "followed while the driver is hidden"
    assert numbers.isdisjoint({seen[0].track, seen[-1].track})


@pytest.mark.parametrize("seat", [None, (0.55, 0.1, 1, 1)])
def test_a_passenger_behind_is_not_the_driver(
    model: LandmarkModel, network: Detector, seat: tuple[float, ...] | None
) -> None:
    behind = scenes.empty()
    scenes.put(behind, 300, 180, 75, OTHER)
    both = behind.copy()
    scenes.put(both, 470, 260, 160)
    tracker = make(model, network, seat=seat)
    driving = still(tracker, both, 0, 1)
    assert all(one is not None and one.roi.x > 400 for one in driving)
    alone = still(tracker, behind, 1, 4)[5:]
    if seat is None:
        assert {one.track for one in alone if one is not None} == {2}
    else:
        assert not any(alone)
    back = still(tracker, both, 5, 1)
    assert back[-1] is not None
    assert back[-1].roi.x > 400, "taken back within a second"
    assert back[-1].track == (3 if seat is None else 2)


def test_a_face_on_a_telephone_held_up_does_not_take_over(
    model: LandmarkModel, network: Detector
) -> None:
    alone = scenes.empty()
    scenes.put(alone, 450, 260, 160)
    telephone = alone.copy()
    telephone[250:440, 250:350] = 10
    scenes.put(telephone, 300, 330, 80, OTHER)
    tracker = make(model, network)
    seen = still(tracker, alone, 0, 1) + still(tracker, telephone, 1, 2)
    assert all(one is not None and one.roi.x > 400 and one.track == 1 for one in seen)


def test_a_head_that_moves_fast_stays_the_same_person(
    model: LandmarkModel, network: Detector
) -> None:
    tracker = make(model, network)
    seen = []
    for n in range(60):
        image = scenes.empty()
        # Up to 0.3 of its size a frame: 1.2 m/s.
        scenes.put(image, 320 + 170 * np.sin(2 * np.pi * n / 24), 240, 150)
        seen.append(tracker.track(scenes.at(n / 30, image), StageClock()))
    assert sum(one is not None for one in seen) > 50
    assert {one.track for one in seen if one is not None} == {1}


@pytest.mark.parametrize("back_s", [0.01, 0.06, 3600.0])
def test_an_older_frame_shows_the_same_person(
    model: LandmarkModel, detector: ToldDetector, back_s: float
) -> None:
    detector.faces = [Detection(0.9, clip.box(0))]
    tracker = make(model, detector)
    seconds = 4000.0, 4000.1, 4000.1 - back_s
    seen = [tracker.track(at(each, clip.frames()[0].image), StageClock()) for each in seconds]
    assert [one is not None and one.track for one in seen] == [1, 1, 1]


def test_a_camera_mounted_upside_down_is_named_once(
    model: LandmarkModel, network: Detector, caplog: pytest.LogCaptureFixture
) -> None:
    image = np.ascontiguousarray(clip.frames()[FACE].image[::-1, ::-1])
    tracker = make(model, network)
    seen = still(tracker, image, 0, 5)
    assert all(one is not None for one in seen)
    (record,) = caplog.records
    assert "stands on its head" in record.getMessage()
    assert "rotation=180" in record.getMessage()


def test_an_upright_face_warns_of_nothing(
    model: LandmarkModel, network: Detector, caplog: pytest.LogCaptureFixture
) -> None:
    image = clip.frames()[FACE].image
    still(make(model, network), image, 0, 4)
    assert not caplog.records
    # The same time is enough for one on its head.
    still(make(model, network), np.ascontiguousarray(image[::-1, ::-1]), 0, 4)
    assert len(caplog.records) == 1


def test_after_a_reset_pictures_are_read_as_by_a_fresh_tracker(
    model: LandmarkModel, network: Detector
) -> None:
    pictures = [clip.frames()[n].image for n in range(0, len(clip.frames()), 17)]
    pictures[3::4] = [np.ascontiguousarray(np.rot90(image, 2)) for image in pictures[3::4]]
    one = make(model, network)
    for image in pictures:
        one.reset()
        again = one.track(scenes.at(0, image), StageClock())
        fresh = make(model, network).track(scenes.at(0, image), StageClock())
        assert (again is None) == (fresh is None)
        if again is not None and fresh is not None:
            np.testing.assert_array_equal(again.points, fresh.points)
            assert (again.score, again.track) == (fresh.score, fresh.track)


def test_with_nobody_in_the_seat_no_driver_is_said(room: dict[str, NDArray[np.uint8]]) -> None:
    from landmarkd.pipeline import Pipeline
    from landmarkd.settings.config import Configuration

    settings = Configuration.model_validate({"tracker": {"seat": [0.4, 0.2, 1, 1]}})
    pipeline = Pipeline(settings)
    said = []
    for n in range(150):
        image = room["both"] if n < 30 else room["photograph"]
        report = pipeline.process(scenes.at(n / 30, image))
        assert report.driver is not None
        said += [(n, event.kind) for event in report.driver.events]
    pipeline.close()
    assert "no_driver" in {kind for n, kind in said if n > 30}
    assert "no_driver" not in {kind for n, kind in said if n <= 30}
