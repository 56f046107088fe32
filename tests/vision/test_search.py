"""The search for a face: proposals, acceptance, and the cost while nobody is there."""

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest
from landmarkd.stages import StageClock
from landmarkd.types import Detection
from landmarkd.vision.belief import belief
from landmarkd.vision.detector import Detector, make_detector
from landmarkd.vision.geometry import box_overlap, extent_of
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.ranking import Ranking
from landmarkd.vision.search import FaceSearch
from landmarkd.vision.tracker import Tracker, TrackerSettings
from landmarkd.vision.zoo import open_zoo

from tests import clip
from tests.vision import scenes

NOISE = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)


class CountingModel(LandmarkModel):
    """Counts its looks."""

    looks = 0

    def locate(self, image, roi, clock):
        self.looks += 1
        return super().locate(image, roi, clock)


class Proposing(Detector):
    """A detector with given proposals."""

    def __init__(self, *faces: Detection) -> None:
        self.faces, self.looks, self.turned_looks = list(faces), 0, 0
        self.near, self.looks_near = 0.9, 0

    def detect(self, image):
        return [face for face in self.faces if face.score >= 0.5]

    def propose(self, image, least=0.5, roll=0):
        self.looks += 1
        self.turned_looks += roll != 0
        return [] if roll else [face for face in self.faces if face.score >= least]

    def confirm(self, image, extent):
        self.looks_near += 1
        return self.near


@pytest.fixture(scope="module")
def model() -> Iterator[CountingModel]:
    model = CountingModel(open_zoo())
    yield model
    model.close()


@pytest.fixture(scope="module")
def detector() -> Iterator[Detector]:
    detector = make_detector("network")
    yield detector
    detector.close()


def search(model: LandmarkModel, detector: Detector) -> FaceSearch:
    return FaceSearch(model, detector, Ranking(None, 20), 0.5)


@pytest.mark.parametrize("score", [0.2, 0.35, 0.9])
def test_a_face_is_believed_however_much_the_detector_doubts(model, score):
    face = Detection(score, clip.box(scenes.FACE))
    seen = search(model, Proposing(face)).at_once(clip.frames()[scenes.FACE].image, StageClock())
    assert seen is not None
    assert clip.nme(seen.points, scenes.FACE) < 5


@pytest.mark.parametrize("score", [0.2, 0.9])
def test_what_is_no_face_is_not_believed(model, score):
    detector = Proposing(Detection(score, (200, 100, 400, 300)))
    assert search(model, detector).at_once(NOISE, StageClock()) is None
    assert detector.looks_near == 0, "a refused proposal costs no further reading"


def test_a_doubtful_face_is_believed_only_if_the_detector_sees_it_near(model):
    detector = Proposing(Detection(0.2, clip.box(scenes.FACE)))
    image = cv2.GaussianBlur(clip.frames()[scenes.FACE].image, (0, 0), 19)
    assert search(model, detector).at_once(image, StageClock()) is not None
    detector.near = 0.02
    assert search(model, detector).at_once(image, StageClock()) is None
    assert detector.looks_near == 2


@pytest.mark.parametrize("size", [13, 18, 30])
def test_a_small_face_in_a_small_picture_is_found(model, detector, size):
    image = scenes.empty(100, 100)
    box = scenes.put(image, 50, 45, size)
    usual = TrackerSettings()
    ranking = Ranking(usual.seat, usual.smallest_px)
    seen = FaceSearch(model, detector, ranking, usual.presence).at_once(image, StageClock())
    assert seen is not None
    assert box_overlap(model.extent(seen).box, box) > 0.5


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1080, 1920), (3840, 2160)])
def test_a_face_is_found_by_its_share_of_the_frame(model, detector, size):
    """1/24 of the longer side, as docs/camera-and-light.md says."""
    width, height = size
    search = FaceSearch(model, detector, Ranking(None, 12), 0.5)
    for number, index in enumerate((5, 40, 90)):
        image = scenes.empty(height, width)
        box = scenes.put(image, width * (0.3 + 0.15 * number), height / 2, max(size) / 24, index)
        seen = search.at_once(image, StageClock())
        assert seen is not None
        assert box_overlap(extent_of(seen.points, clip.IBUG68).box, box) > 0.6


@pytest.mark.parametrize("name", ["landmarks-562", "landmarks-562-small"])
def test_the_same_reading_is_believed_less_the_less_sure_detector_and_points_are(name):
    model = LandmarkModel(open_zoo(), name)
    seen = model.locate(
        clip.frames()[scenes.FACE].image, model.first_roi(clip.box(scenes.FACE)), StageClock()
    )
    contract = model.card.belief
    assert contract is not None
    assert belief(seen, 0.2, contract) < belief(seen, 0.8, contract)
    far, near = (belief(seen, 0.2, contract, near=score) for score in (0.1, 0.6))
    assert far < near if contract.near else far == near
    assert belief(seen, 0.2, contract) == belief(seen, 0.2, contract, near=0.2)
    blurred = type(seen)(seen.score, seen.roi, seen.points, seen.sigma * 8)
    assert belief(blurred, 0.2, contract) < belief(seen, 0.2, contract)
    assert belief(seen, 0.2, None) == seen.score
    model.close()


def test_a_large_face_in_doubt_is_wanted_more_than_a_small_sure_one(model):
    image = scenes.empty()
    small = scenes.put(image, 80, 80, 60)
    large = scenes.put(image, 420, 260, 200)
    found = search(model, Proposing(Detection(0.95, small), Detection(0.3, large)))
    seen = found.at_once(image, StageClock())
    assert seen is not None
    assert seen.roi.x > 300


@pytest.mark.parametrize("rate", [6, 15, 30])
def test_second_looks_are_spread_over_frames(model, rate):
    boxes = [(40 + 180 * n, 60, 180 + 180 * n, 220) for n in range(3)]
    detector = Proposing(*(Detection(0.4, box) for box in boxes))
    tracker = Tracker(model, detector, TrackerSettings())
    costs = []
    for n in range(5 * rate):
        before = model.looks, detector.looks
        assert tracker.track(scenes.at(n / rate, NOISE), StageClock()) is None
        costs.append((model.looks - before[0], detector.looks - before[1]))
    after = costs[1:]
    assert max(looks for looks, _ in after) <= 3, "one proposal a frame"
    assert max(looks for _, looks in after) == 1
    second = [bool(looks) for looks, _ in after]
    assert sum(second) >= 3
    assert not any(a and b for a, b in pairwise(second))


def test_every_place_in_doubt_is_looked_at_before_one_is_again(model):
    boxes = [(40 + 180 * n, 60, 180 + 180 * n, 220) for n in range(3)]
    tracker = Tracker(model, Proposing(*(Detection(0.4, box) for box in boxes)), TrackerSettings())
    tracker.track(scenes.at(0, NOISE), StageClock())
    image = NOISE.copy()
    scenes.put(image, 470, 140, 150)  # where the last of them is
    waited = next(
        n for n in range(1, 60) if tracker.track(scenes.at(n / 30, image), StageClock()) is not None
    )
    assert waited <= 30, "within a second"


def test_a_turned_frame_is_looked_at_now_and_then_while_nobody_is_there(model):
    detector = Proposing()
    tracker = Tracker(model, detector, TrackerSettings())
    for n in range(1, 301):
        tracker.track(scenes.at(n / 30, scenes.empty()), StageClock())
    # At once, and then at most every second.
    assert 7 + 6 <= detector.turned_looks <= 7 + 10


RATES = (2, 4, 5, 8, 12, 20, 30)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("degrees", [90, 180])
def test_a_turned_face_is_found_at_every_frame_rate(model, detector, degrees, rate):
    tracker = Tracker(model, detector, TrackerSettings())
    image = np.ascontiguousarray(np.rot90(clip.frames()[scenes.FACE].image, -degrees // 90))
    frames = range(1, 3 * max(rate, 4) + 3 * rate)  # three looks, a second or four frames apart
    tracker.track(scenes.at(0, np.full_like(image, 90)), StageClock())
    assert any(tracker.track(scenes.at(n / rate, image), StageClock()) for n in frames)


@pytest.mark.parametrize("rate", RATES)
def test_turned_looks_cost_no_second_look_and_few_upright_ones(model, rate):
    detector, image = Proposing(), scenes.empty()
    tracker = Tracker(model, detector, TrackerSettings())
    tracker.track(scenes.at(0, image), StageClock())
    counts = []
    for n in range(1, 20 * rate):
        before = detector.looks, detector.turned_looks
        tracker.track(scenes.at(n / rate, image), StageClock())
        counts.append((detector.looks - before[0], detector.turned_looks - before[1]))
    looks, turned = (sum(column) for column in zip(*counts, strict=True))
    assert max(each for each, _ in counts) == 1
    assert 20 * min(1, rate / 4) * 0.75 - 1 <= turned <= 20 * min(1, rate / 4)
    upright = min(rate, 1 / TrackerSettings().longest_retry_s)
    assert looks <= 20 * max(rate, upright + 1) + 3, "pauses are shorter at first"
    assert not any(a and b for (_, a), (_, b) in pairwise(counts))


@pytest.mark.parametrize("rate", RATES)
def test_an_upright_face_waits_for_a_turned_look_for_one_frame_at_most(model, rate):
    face = Detection(0.9, clip.box(scenes.FACE))
    longest = TrackerSettings().longest_retry_s
    for empty in range(2 * rate, 3 * rate + 4):
        detector = Proposing()
        tracker = Tracker(model, detector, TrackerSettings())
        for n in range(empty):
            tracker.track(scenes.at(n / rate, NOISE), StageClock())
        detector.faces = [face]
        image = clip.frames()[scenes.FACE].image
        frames = range(empty, empty + 2 * rate + 2)
        found = next(n for n in frames if tracker.track(scenes.at(n / rate, image), StageClock()))
        assert found - empty <= max(1, np.ceil(longest * rate) - 1)


@pytest.mark.parametrize("rate", [5, 8, 30])
def test_places_in_doubt_do_not_keep_a_turned_look_away(model, rate):
    boxes = [(40 + 180 * n, 60, 180 + 180 * n, 220) for n in range(3)]
    detector = Proposing(*(Detection(0.4, box) for box in boxes))
    tracker = Tracker(model, detector, TrackerSettings())
    for n in range(10 * rate):
        tracker.track(scenes.at(n / rate, NOISE), StageClock())
    assert detector.turned_looks >= 7 + 6, "all at once, and then about every second"


@pytest.mark.parametrize("turned", [False, True])
def test_what_waited_when_a_face_was_found_is_not_looked_at_after_it_is_lost(model, turned):
    face, other = Detection(0.9, clip.box(scenes.FACE)), Detection(0.9, (10, 10, 90, 90))
    detector = Proposing(face, other)
    detector.propose = lambda image, least, roll=0: [face, other] if bool(roll) is turned else []
    found = search(model, detector)
    for second in (0.0, 1.0):  # the first turned look comes after a second
        image = clip.frames()[scenes.FACE].image
        seen = found.step(image, round(second * 1e9), StageClock(), whole=not turned)
    assert seen is not None
    before = model.looks
    assert found.step(scenes.empty(), round(1.5e9), StageClock(), whole=False) is None
    assert model.looks == before


@pytest.mark.parametrize("degrees", [0, 20, -20, 45, -45, 90, -90, 180, 160])
def test_a_turned_face_is_read_as_it_lies(model, detector, degrees):
    image, points = scenes.turned(
        clip.frames()[scenes.FACE].image, clip.truth().points68[scenes.FACE], degrees
    )
    seen = search(model, detector).at_once(image, StageClock())
    assert seen is not None
    read = seen.points.take(model.layout.ibug68, axis=0)[:, :2]
    size = max(clip.box(scenes.FACE)[3] - clip.box(scenes.FACE)[1], 1)
    assert np.linalg.norm(read - points, axis=1).mean() < 0.08 * size
    off = extent_of(seen.points, model.layout.ibug68).roll - degrees
    assert abs((off + 180) % 360 - 180) < 20


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_look_answers_in_the_pixels_of_the_image(detector, quarters):
    image = clip.frames()[scenes.FACE].image
    (upright, *_) = detector.propose(image)
    turned = np.ascontiguousarray(np.rot90(image, -quarters))
    (found, *_) = detector.propose(turned, 0.5, 90 * quarters)
    x0, y0, x1, y1 = upright.box
    for _ in range(quarters):  # clockwise, as the image was turned
        height = image.shape[0] if _ % 2 == 0 else image.shape[1]
        x0, y0, x1, y1 = height - 1 - y1, x0, height - 1 - y0, x1
    assert found.box == pytest.approx((x0, y0, x1, y1), abs=6)
    assert abs((found.angle - upright.angle - 90 * quarters + 180) % 360 - 180) < 8


def test_a_model_that_was_not_taught_whom_to_believe_is_asked_about_sure_faces_only(detector):
    model = LandmarkModel(open_zoo(), "landmarks-562-small")
    model.card = model.card.model_copy(update={"belief": None})
    image = clip.frames()[scenes.FACE].image
    doubtful = Proposing(Detection(0.3, clip.box(scenes.FACE)))
    assert search(model, doubtful).at_once(image, StageClock()) is None
    assert doubtful.looks == 1
    assert search(model, detector).at_once(image, StageClock()) is not None
    model.close()
