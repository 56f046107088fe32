"""The shape of a face: another person's is noticed, and the same person's never."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from landmarkd.signals.person_shape import PersonShape
from landmarkd.signals.pose import PoseEstimator

from tests.signals.faces import CAMERA, FULL, head, observation, seen

ME, OTHER = np.ones(3), np.array([1.1, 0.97, 1.03])
"""Widths, heights and depths of two heads, of the mean head's."""


class Seat:
    """Plays frames of a face to the shape watch; `said` has the seconds when it said another."""

    def __init__(self, fps: float = 30.0) -> None:
        self.shape, self.estimator = PersonShape(), PoseEstimator(FULL, CAMERA)
        self.rng, self.fps = np.random.default_rng(3), fps
        self.now, self.track, self.said = 0.0, 1, list[float]()

    def sit(
        self,
        seconds: float,
        person: np.ndarray = ME,
        *,
        yaw: Callable[[float], float] = lambda s: 3 * np.sin(s),
        at_mm: tuple[float, float, float] = (0.0, 0.0, 600.0),
        sigma: float = 1.0,
        numbered: bool = True,
    ) -> "Seat":
        """Show a person; a sigma other than 1 is that of the nose."""
        sigmas = np.ones(FULL.count, np.float32)
        sigmas[FULL.ibug68[27:36]] = sigma
        for _ in range(round(seconds * self.fps)):
            points = seen(head() * person, yaw=yaw(self.now), pitch=-2.0, at_mm=at_mm)
            points += self.rng.normal(0, 0.3, points.shape).astype(np.float32)
            face = observation(points, sigma=sigmas, track=self.track)
            pose = self.estimator.estimate(points, sigmas)
            if self.shape.changed(face, pose, self.estimator, round(self.now * 1e9)):
                self.said.append(self.now)
                self.track += numbered
            self.now += 1 / self.fps
        return self


def test_the_same_person_stays_near_and_far_turned_and_aside() -> None:
    seat = Seat().sit(10)
    seat.sit(6, at_mm=(0.0, 0.0, 400.0)).sit(6, at_mm=(0.0, 0.0, 1100.0))
    seat.sit(6, at_mm=(-220.0, 60.0, 700.0), yaw=lambda s: -17.0)
    seat.sit(6, yaw=lambda s: 16.0).sit(6, yaw=lambda s: -16.0).sit(
        6, yaw=lambda s: 50.0 * np.sin(s)
    )
    assert seat.said == []


@pytest.mark.parametrize("fps", [6.0, 15.0, 30.0, 60.0])
def test_another_shape_is_another_person_after_two_measurements(fps: float) -> None:
    seat = Seat(fps).sit(20).sit(15, OTHER)
    (noticed,) = seat.said
    measurement = 20 * math.ceil(0.1 * fps) / fps
    assert 20 + measurement < noticed < 20 + 3.2 * measurement
    assert seat.sit(20, OTHER).said == [noticed], "the new person is learnt"
    assert len(seat.sit(15, ME).said) == 2, "and the first one is another person then"


def test_a_measurement_that_none_confirms_changes_nothing() -> None:
    seat = Seat().sit(20)
    for _ in range(5):
        seat.sit(1.9, OTHER).sit(4.1)
    assert seat.said == []


def test_hands_on_the_face_are_nobody_else() -> None:
    assert Seat().sit(20).sit(20, OTHER, sigma=2.0).said == []


def test_a_face_that_looks_past_the_camera_is_not_measured() -> None:
    assert Seat().sit(20).sit(20, OTHER, yaw=lambda s: 35.0).said == []


@pytest.mark.parametrize(("yaw", "noticed"), [(23.0, 1), (-10.0, 0)])
def test_what_counts_is_the_turn_from_the_camera_wherever_the_face_is(
    yaw: float, noticed: int
) -> None:
    """The camera sees a head 250 mm beside its axis, 600 mm away, from 23 degrees aside."""
    seat = Seat().sit(20).sit(10, OTHER, yaw=lambda s: yaw, at_mm=(250.0, 0.0, 600.0))
    assert len(seat.said) == noticed


def test_who_has_a_new_number_is_learnt_anew() -> None:
    seat = Seat().sit(20)
    seat.track += 1
    assert seat.sit(20, OTHER).said == []


def test_seldom_frontal_faces_begin_again() -> None:
    """A tenth of the frames is frontal: twenty would take longer than a measurement may."""
    seat = Seat().sit(20)
    assert seat.sit(60, OTHER, yaw=lambda s: 0.0 if s % 2 < 0.2 else 40.0).said == []


def test_slow_growth_is_followed() -> None:
    seat = Seat().sit(20)
    for share in np.linspace(0, 1, 30):
        seat.sit(4, ME + share * (OTHER - ME))
    assert seat.said == []
