"""Another person in the seat, from pictures to the report: noticed by the shape of the face."""

from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from landmarkd.enums import EventKind
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.types import Report
from numpy.typing import NDArray

from tests import clip
from tests.vision import scenes

Image = NDArray[np.uint8]
AHEAD = (*range(26), *range(24, 0, -1))
"""Frames of the clip in which the driver looks ahead, there and back."""
WIDE = 1.12
"""How many times as wide another person's face is."""


class Camera:
    """Shows pictures to a pipeline, ten a second."""

    def __init__(self, **tracker: object) -> None:
        self.pipeline = Pipeline(Configuration.model_validate({"tracker": tracker}))
        self.now = 0.0
        self.reports: list[Report] = []

    def show(self, images: Iterable[Image], fps: float = 10.0) -> list[Report]:
        """Return the reports of some pictures."""
        new = []
        for image in images:
            new.append(self.pipeline.process(scenes.at(self.now, image)))
            self.now += 1 / fps
        self.reports += new
        return new

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the persons so far, without repetitions."""
        found = [report.face.observation.track for report in self.reports if report.face]
        return [number for n, number in enumerate(found) if n == 0 or number != found[n - 1]]


def driver(seconds: float, *, wide: float = 1.0, size: float = 1.0, light: float = 1.0) -> list:
    """Return pictures of the driver of the clip, changed: wider, nearer or darker."""
    shown = []
    for n in range(round(10 * seconds)):
        image = clip.frames()[AHEAD[n % len(AHEAD)]].image
        turn = np.array([[wide * size, 0, 0], [0, size, 0]], np.float32)
        turn[:, 2] = (320, 240) - turn[:, :2] @ (320, 240)
        moved = cv2.warpAffine(image, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        shown.append(cv2.convertScaleAbs(moved, alpha=light))
    return shown


@pytest.fixture
def camera() -> Iterable[Camera]:
    camera = Camera()
    yield camera
    camera.pipeline.close()


def test_a_face_of_another_shape_is_another_person_and_what_was_learnt_is_dropped(
    camera: Camera,
) -> None:
    camera.show(driver(45))
    assert camera.numbers == [1]
    assert camera.pipeline.baseline is not None
    after = camera.show(driver(8, wide=WIDE))
    assert camera.numbers == [1, 2]
    noticed = next(n for n, r in enumerate(after) if r.face and r.face.observation.track == 2)
    assert noticed <= 65, "two measurements, and the one under way"
    assert camera.pipeline.baseline is None
    states = [report.driver for report in after]
    assert all(state is not None and not state.calibrating for state in states[:noticed])
    assert all(state is not None and state.calibrating for state in states[noticed:])


def test_a_stored_baseline_is_not_overwritten_with_another_persons() -> None:
    camera = Camera()
    camera.show(driver(45))
    known = camera.pipeline.baseline
    camera.pipeline.close()
    camera.pipeline = Pipeline(baseline=known)
    camera.show(driver(10))
    assert camera.pipeline.baseline is not None
    camera.show(driver(45, wide=WIDE))
    assert camera.pipeline.baseline is None
    camera.pipeline.close()


def test_the_same_person_nearer_farther_and_in_the_dark_stays(camera: Camera) -> None:
    camera.show(driver(6))
    camera.show(driver(6, size=1.25))
    camera.show(driver(6, size=0.9))
    camera.show(driver(6, size=0.6))
    camera.show(driver(6, light=0.3))
    camera.show(clip.frames()[n].image for n in range(225))
    assert camera.numbers == [1]


@pytest.mark.parametrize("passing_s", [0.3, 0.6, 1.2])
def test_who_takes_the_seat_within_a_moment_is_noticed(passing_s: float) -> None:
    camera = Camera(seat=(0.3, 0.1, 0.7, 1.0))

    def places(share: float) -> Image:
        image = scenes.empty()
        scenes.put(image, 350 + 220 * share, 240 + 40 * np.sin(np.pi * share), 150)
        scenes.put(image, 570 - 220 * share, 240, 150 * 1.05, wide=WIDE)
        return image

    camera.show([places(0.0)] * 50)
    frames = round(30 * passing_s)
    camera.show((places(n / frames) for n in range(frames)), fps=30)
    after = camera.show([places(1.0)] * 70)
    face = after[-1].face
    assert face is not None
    assert face.observation.track > 1
    camera.pipeline.close()


def test_a_photograph_is_no_driver_after_two_minutes(camera: Camera) -> None:
    wall = scenes.empty()
    scenes.put(wall, 320, 240, 170)
    rng = np.random.default_rng(4)
    grainy = [
        np.clip(wall + rng.normal(0, 3, wall.shape), 0, 255).astype(np.uint8) for _ in range(20)
    ]
    still = (grainy[n % len(grainy)] for n in range(700))
    said = [
        (round(n / 5), event.phase.name)
        for n, report in enumerate(camera.show(still, fps=5))
        if report.driver is not None
        for event in report.driver.events
        if event.kind is EventKind.NO_DRIVER
    ]
    ((second, phase),) = said
    assert phase == "BEGIN"
    assert 122 <= second <= 136
    back = camera.show(driver(6))
    assert any(
        event.kind is EventKind.NO_DRIVER and event.phase.name == "END"
        for report in back
        if report.driver is not None
        for event in report.driver.events
    )
