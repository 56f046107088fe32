import math

import numpy as np
import pytest
from landmarkd.rotation import angles_from_matrix, matrix_from_angles
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.eyes import Eyes
from landmarkd.signals.lids import GapMeter, OpenBaseline
from landmarkd.signals.pose import PoseEstimator
from landmarkd.signals.view import FaceViewer

from tests.signals.faces import CAMERA, DENSE_ONLY, FULL, head, observation, rings, seen

SHUTTING = DriverSettings(closed_share=0.0, prior_aperture=0.2855)


VIEWER = FaceViewer(FULL)


def view(points, viewer=VIEWER, sigma=None):
    return viewer.view(
        observation(points, sigma=sigma), PoseEstimator(viewer.layout, CAMERA).estimate(points)
    )


class TestAperture:
    @pytest.mark.parametrize("layout", [FULL, DENSE_ONLY])
    @pytest.mark.parametrize("side", ["left", "right"])
    @pytest.mark.parametrize("openness", [0.0, 0.3, 1.0])
    def test_pose_and_place_change_it_little(self, layout, side, openness):
        viewer = FaceViewer(layout)
        meter = GapMeter(rings(layout)[side], viewer)
        face = head(layout, left=openness, right=openness)
        frontal = meter.aperture(view(seen(face), viewer))
        for yaw, pitch, roll, at in [
            (0, 0, 40, (0, 0, 600)),
            (0, 30, 0, (0, 0, 600)),
            (0, -30, 0, (0, 0, 600)),
            (25, 0, 0, (0, 0, 600)),
            (-25, 10, 10, (0, 0, 600)),
            (0, 0, 0, (200, 100, 500)),
            (10, -10, 0, (-200, 0, 1200)),
        ]:
            points = seen(face, yaw=yaw, pitch=pitch, roll=roll, at_mm=at)
            assert meter.aperture(view(points, viewer)) == pytest.approx(frontal, abs=0.02)

    def test_is_proportional_to_the_gap(self):
        meter = GapMeter(rings(FULL)["left"], VIEWER)
        gaps = [
            meter.aperture(view(seen(head(left=openness)))) for openness in (0.0, 0.25, 0.5, 1.0)
        ]
        assert gaps == pytest.approx([0.0, gaps[3] / 4, gaps[3] / 2, gaps[3]], abs=0.005)

    def test_of_the_mouth_is_its_gap_over_its_width(self):
        meter = GapMeter(FULL.ibug68[60:68], VIEWER, along=(0.0, 1.0, 0.0))
        shut, wide = (meter.aperture(view(seen(head(mouth=mouth)))) for mouth in (0.0, 0.6))
        assert shut == pytest.approx(0.0, abs=0.1)
        assert wide - shut == pytest.approx(
            0.6, abs=0.06
        )  # lips are nearer to the camera than the eyes


class TestBaseline:
    def test_becomes_the_persons_own_aperture(self):
        baseline = OpenBaseline(SHUTTING)
        assert baseline.openness(SHUTTING.prior_aperture) == pytest.approx(1.0)
        for _ in range(600):
            baseline.learn(0.18, 1 / 30)
        assert baseline.open == pytest.approx(0.18, abs=0.01)
        assert baseline.trusted

    @pytest.mark.parametrize("fps", [6, 30, 60])
    def test_blinks_do_not_move_it_at_any_frame_rate(self, fps):
        baseline = OpenBaseline(SHUTTING)
        for index in range(60 * fps):
            blinking = (index / fps) % 3.0 < 0.3
            baseline.learn(0.02 if blinking else 0.3, 1 / fps)
        assert baseline.open == pytest.approx(0.3, abs=0.01)

    @pytest.mark.parametrize("fps", [10, 30, 60])
    @pytest.mark.parametrize("own", [0.19, 0.24, 0.36])
    def test_an_own_open_eye_takes_over_once_it_was_seen_for_longer_than_a_blink(self, fps, own):
        baseline = OpenBaseline(SHUTTING)
        for _ in range(round(0.7 * fps)):
            baseline.learn(own, 1 / fps)
        assert baseline.openness(own) == pytest.approx(1.0, abs=0.05)

    def test_a_wink_soon_after_the_start_leaves_the_other_eye_open(self):
        winking, other = OpenBaseline(SHUTTING), OpenBaseline(SHUTTING)
        for _ in range(20):
            winking.learn(0.22, 1 / 30)
            other.learn(0.19, 1 / 30)
        for _ in range(25):  # squeezed along a little
            winking.learn(0.0, 1 / 30)
            other.learn(0.14, 1 / 30)
            assert winking.openness(0.0) < 0.1
            assert other.openness(0.14) > 0.65

    @pytest.mark.parametrize("seconds", [0.4, 5.0])
    def test_eyes_that_are_shut_at_the_start_stay_shut(self, seconds):
        baseline = OpenBaseline(SHUTTING)
        for _ in range(round(seconds * 30)):
            baseline.learn(0.02, 1 / 30)
            assert baseline.openness(0.02) < 0.15

    def test_is_not_trusted_before_its_time(self):
        baseline = OpenBaseline(SHUTTING)
        for _ in range(30):
            baseline.learn(0.3, SHUTTING.eyes_trusted_s / 31)
        assert not baseline.trusted
        baseline.learn(0.3, 1.0)
        assert baseline.trusted

    def test_of_before_is_trusted_at_once(self):
        baseline = OpenBaseline(SHUTTING, 0.22)
        assert baseline.trusted
        assert baseline.openness(0.22) == pytest.approx(1.0)

    def test_lids_that_never_meet_in_the_points_are_still_shut(self):
        baseline = OpenBaseline(DriverSettings(closed_share=0.3), 0.3)
        assert baseline.openness(0.09) == pytest.approx(0.0, abs=1e-6)
        assert baseline.openness(0.3) == pytest.approx(1.0)

    def test_follows_glasses_that_halve_it(self):
        baseline = OpenBaseline(SHUTTING, 0.3)
        for _ in range(30 * 60 * 3):
            baseline.learn(0.15, 1 / 30)
        assert baseline.openness(0.15) == pytest.approx(1.0, abs=0.1)


class TestEyes:
    def test_each_eye_is_told_apart(self):
        left, right = Eyes(SHUTTING, VIEWER).update(view(seen(head(left=0.0))), 0)
        assert left.closed
        assert left.openness == pytest.approx(0.0, abs=0.02)
        assert not right.closed
        assert right.openness == pytest.approx(1.0, abs=0.02)

    def test_closing_and_opening_have_hysteresis(self):
        eyes = Eyes(SHUTTING, VIEWER)
        path = [1.0, 0.25, 0.15, 0.25, 0.35, 0.25]
        closed = [
            eyes.update(view(seen(head(left=openness))), index * 33_000_000)[0].closed
            for index, openness in enumerate(path)
        ]
        assert closed == [False, False, True, True, False, False]

    @pytest.mark.parametrize("roll", [0.0, 90.0, -90.0, 180.0])
    @pytest.mark.parametrize(("own_yaw", "hidden"), [(40.0, "right"), (-40.0, "left")])
    def test_the_eye_behind_the_nose_is_unknown_however_the_camera_is_mounted(
        self, roll, own_yaw, hidden
    ):
        turn = matrix_from_angles(0.0, 0.0, roll) @ matrix_from_angles(own_yaw, 0.0, 0.0)
        yaw, pitch, roll = angles_from_matrix(turn)
        face = view(seen(head(), yaw=yaw, pitch=pitch, roll=roll))
        assert (face.yaw, face.pitch) == pytest.approx((own_yaw, 0.0), abs=2.0)
        states = dict(zip(("left", "right"), Eyes(SHUTTING, VIEWER).update(face, 0), strict=True))
        assert states.pop(hidden).openness is None
        (near,) = states.values()
        assert near.openness == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize(
        ("across_mm", "yaw", "known"),
        [
            (250.0, 45.0, (True, True)),
            (250.0, -15.0, (False, True)),
            (-250.0, -45.0, (True, True)),
            (-250.0, 15.0, (True, False)),
        ],
    )
    def test_what_counts_is_how_far_the_face_is_turned_from_the_camera(self, across_mm, yaw, known):
        """The camera sees a head 250 mm beside its axis, 600 mm away, from 23 degrees aside."""
        face = view(seen(head(), yaw=yaw, at_mm=(across_mm, 0.0, 600.0)))
        assert face.yaw == pytest.approx(yaw - math.degrees(math.atan2(across_mm, 600)), abs=2.0)
        eyes = Eyes(SHUTTING, VIEWER).update(face, 0)
        assert tuple(eye.openness is not None for eye in eyes) == known

    def test_both_are_unknown_in_profile_and_far_up(self):
        for turn in ({"yaw": 70.0}, {"pitch": 45.0}):
            for eye in Eyes(SHUTTING, VIEWER).update(view(seen(head(), **turn)), 0):
                assert eye.openness is None
                assert eye.closed is None

    def test_an_uncertain_eye_is_unknown_and_covered(self):
        sigma = np.full(562, 0.5, np.float32)
        sigma[520:] = 15.0
        eyes = Eyes(SHUTTING, VIEWER)
        assert [eye.closed for eye in eyes.update(view(seen(head()), sigma=sigma), 0)] == [
            None,
            None,
        ]
        assert eyes.covered

    @pytest.mark.parametrize(
        ("aside", "covered"), [("none", False), ("left", False), ("right", True)]
    )
    def test_only_eyes_that_count_can_be_covered(self, aside, covered):
        sigma = np.full(562, 0.5, np.float32)
        sigma[FULL.left_lid] = 15.0
        eyes = Eyes(SHUTTING.model_copy(update={"eye_aside": aside}), VIEWER)
        eyes.update(view(seen(head()), sigma=sigma), 0)
        assert eyes.covered is covered

    def test_points_without_extent_make_no_view(self):
        assert view(np.full((562, 3), 5.0, np.float32)) is None

    def test_frames_long_after_one_another_teach_nothing(self):
        eyes = Eyes(SHUTTING, VIEWER)
        face = view(seen(head(left=0.5, right=0.5)))
        for index in range(20):
            eyes.update(face, index * 5_000_000_000)
        assert eyes.left.baseline.open == pytest.approx(SHUTTING.prior_aperture)
        assert not eyes.trusted
        assert math.isclose(eyes.right.baseline.open, SHUTTING.prior_aperture)
