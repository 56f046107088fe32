"""The zone of a glance in a car."""

import numpy as np
import pytest
from landmarkd.rotation import angles_from_direction, matrix_from_angles
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.forward import zone_of
from landmarkd.signals.gaze import GazeMeter
from landmarkd.signals.monitor import DriverMonitor
from landmarkd.signals.pose import PoseEstimator
from landmarkd.signals.view import FaceView, FaceViewer, turned_away
from landmarkd.types import EyeReading, HeadPose

from tests.signals.faces import CAMERA, FULL, head, observation, seen


@pytest.mark.parametrize(
    ("aside", "down", "zone"),
    [(60, 12, "mirror_right"), (-60, 12, "mirror_left"), (0, 0, "road"), (0, 40, "lap")],
)
def test_a_glance_falls_in_the_zone_that_lies_there(aside, down, zone):
    # The driver's right is image left: the head turns about the vertical, then about its own side.
    head = matrix_from_angles(aside, 0, 0) @ matrix_from_angles(0, -down, 0)
    yaw, pitch = angles_from_direction(head @ (0.0, 0.0, -1.0))
    assert (yaw, pitch) == pytest.approx((aside, -down))
    assert zone_of(yaw, pitch, (0.0, 0.0), DriverSettings())[0] == zone


FACING = np.eye(3)


def view(*eyes, seen=(1.0, 1.0), at_mm=(0.0, 0.0, 600.0), head=FACING):
    """Return a face with readings of its left and right eye."""
    pose = HeadPose(0.0, 0.0, 0.0, np.eye(3, dtype=np.float32), np.float32(at_mm), "test", 0.0)
    points = np.zeros((FULL.count, 3), np.float32)
    across, down = tuple(head[0]), tuple(head[1])
    away = turned_away(across, down)
    return FaceView(points, None, seen, pose, across, down, 1.0, eyes, (), *away)


def reading(x, y, *, sigma=0.1, closed=0.0, down=0.0, share=0.0):
    return EyeReading(closed, down, 0.6, (x, y), sigma, share)


class TestGazeOfTheEyeModel:
    meter = GazeMeter(FaceViewer(FULL))

    def look(self, *arguments, **names):
        # No eye is open enough to measure the irises; the model's gaze does not need that.
        return self.meter.look(view(*arguments, **names), (False, False))

    def test_eyes_on_the_camera_look_along_the_ray_that_leads_to_it(self):
        ahead = reading(0.0, 0.0), reading(0.0, 0.0)
        found = self.look(*ahead)
        assert (found.yaw, found.pitch) == pytest.approx((0.0, 0.0), abs=0.01)
        found = self.look(*ahead, at_mm=(300.0, 0.0, 600.0))
        assert (found.yaw, found.pitch) == pytest.approx((26.6, 0.0), abs=0.2)

    def test_to_the_right_and_down_in_the_image(self):
        found = self.look(reading(0.5, 0.0), reading(0.5, 0.0))
        assert (found.yaw, found.pitch) == pytest.approx((-30.0, 0.0), abs=0.5)
        found = self.look(reading(0.0, 0.5), reading(0.0, 0.5))
        assert (found.yaw, found.pitch) == pytest.approx((0.0, -30.0), abs=0.5)

    def test_what_the_patch_does_not_tell_the_head_tells(self):
        # The nose 30 degrees to image right and 20 degrees down: half of both is to be added.
        head = matrix_from_angles(-30, 0, 0) @ matrix_from_angles(0, -20, 0)
        ahead = (head @ (0.0, 0.0, -1.0))[:2]
        assert ahead[0] > 0.4
        assert ahead[1] > 0.3
        eye = reading(0.1, 0.05, share=0.5)
        found = self.look(eye, eye, head=head)
        alone = self.look(*[reading(0.1 + 0.5 * ahead[0], 0.05 + 0.5 * ahead[1])] * 2)
        assert (found.yaw, found.pitch) == pytest.approx((alone.yaw, alone.pitch), abs=1e-6)

    def test_the_surer_eye_counts_more(self):
        found = self.look(reading(0.3, 0.0, sigma=0.05), reading(0.0, 0.0, sigma=0.2))
        assert -16.0 < found.yaw < -12.0

    @pytest.mark.parametrize("side", [1, -1])
    @pytest.mark.parametrize("roll", [0, 180])
    def test_an_eye_that_the_turned_head_hides_does_not_count(self, side, roll):
        near, hidden = reading(-0.6 * side, 0.0, sigma=0.2), reading(0.0, 0.0, sigma=0.2)
        # A nose turned to image left hides the right eye, of a head upside down the left one.
        right_first = (side > 0) == (roll == 0)
        eyes = (near, hidden) if right_first else (hidden, near)

        def at(yaw, seen=(1.0, 1.0)):
            return self.look(*eyes, seen=seen, head=matrix_from_angles(side * yaw, 0, roll))

        alone = at(40, (1.0, 0.0) if right_first else (0.0, 1.0))
        assert side * alone.yaw > 30.0
        assert side * at(40).yaw < 20.0, "the mean of both"
        assert at(60) == alone
        assert at(75) is None
        assert at(100) is None, "turned away altogether"

    def test_eyes_of_a_head_far_up_do_not_count(self):
        eye = reading(0.0, -0.2)
        assert self.look(eye, eye, head=matrix_from_angles(0, 35, 0)) is not None
        assert self.look(eye, eye, head=matrix_from_angles(0, 50, 0)) is None
        assert self.look(eye, eye, head=matrix_from_angles(0, -50, 180)) is None
        assert self.look(eye, eye, head=matrix_from_angles(0, -50, 0)) is not None

    def test_two_eyes_are_surer_than_one(self):
        both = self.look(reading(0.0, 0.0), reading(0.0, 0.0))
        one = self.look(reading(0.0, 0.0), reading(0.0, 0.0), seen=(1.0, 0.1))
        assert one.sigma == pytest.approx(np.degrees(0.1) / 2**0.5)
        assert both.sigma < one.sigma

    @pytest.mark.parametrize(
        ("eye", "seen"),
        [
            (reading(0.0, 0.0, closed=0.9), 1.0),
            (reading(0.0, 0.0, sigma=1.0), 1.0),
            (reading(0.0, 0.0), 0.2),
        ],
    )
    def test_shut_doubtful_and_covered_eyes_tell_nothing(self, eye, seen):
        assert self.look(eye, eye, seen=(seen, seen)) is None

    @pytest.mark.parametrize("aside", ["left", "right"])
    def test_an_eye_set_aside_does_not_count(self, aside):
        still, other = reading(0.0, 0.0, sigma=0.05), reading(0.5, 0.0)
        settings = DriverSettings(eye_aside=aside)
        meter = GazeMeter(FaceViewer(FULL), settings.eyes_used)
        eyes = (still, other) if aside == "left" else (other, still)
        assert meter.look(view(*eyes), (True, True)).yaw == pytest.approx(-30.0, abs=4.0)
        assert meter.look(view(*eyes[::-1]), (True, True)).yaw == pytest.approx(0.0, abs=4.0)

    def test_an_impossible_vector_is_cut_to_a_steep_one(self):
        found = self.look(reading(3.0, 0.0), reading(3.0, 0.0))
        assert -80.0 < found.yaw < -65.0

    def test_lowered_lids_do_not_hide_a_look_down(self):
        down = reading(0.0, 0.6, down=0.9)
        assert self.look(down, down).pitch == pytest.approx(-36.9, abs=0.5)


@pytest.mark.parametrize(("aside", "yaw"), [("none", 12.0), ("left", 0.0), ("right", 24.0)])
def test_the_iris_of_an_eye_set_aside_does_not_count(aside, yaw):
    points = head()
    points[FULL.left_iris] = head(gaze=(24.0, 0.0))[FULL.left_iris]
    image = seen(points)
    pose = PoseEstimator(FULL, CAMERA).estimate(image)
    monitor = DriverMonitor(DriverSettings(eye_aside=aside), FULL)
    gaze = monitor.update(observation(image), pose, 0).gaze
    assert gaze.yaw == pytest.approx(yaw, abs=6.0)
