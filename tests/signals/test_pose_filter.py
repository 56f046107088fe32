from dataclasses import replace

import numpy as np
import pytest
from landmarkd.rotation import angle_between, matrix_from_angles
from landmarkd.signals.pose_filter import PoseFilter
from landmarkd.types import HeadPose


def pose_of(yaw, at=(0.0, 0.0, 600.0)):
    rotation = matrix_from_angles(yaw, 0.0, 0.0).astype(np.float32)
    return HeadPose(yaw, 0.0, 0.0, rotation, np.array(at, np.float32), "guess:60deg", 0.01)


class TestPoseFilter:
    def test_first_pose_and_pose_after_a_gap_come_back_unchanged(self):
        smooth = PoseFilter(0.5, 50.0, 120.0)
        assert smooth.filter(pose_of(10), 0) is not None
        assert smooth.filter(pose_of(40), 900_000_000).yaw == 40

    def test_a_resting_head_gets_calm_and_a_turning_one_is_followed(self):
        rng = np.random.default_rng(1)
        smooth = PoseFilter(0.5, 50.0, 120.0)
        rest = [
            smooth.filter(pose_of(rng.normal(0, 1.0)), index * 33_333_333).yaw
            for index in range(200)
        ]
        assert np.diff(rest[50:]).std() < 0.5 * np.sqrt(2)
        smooth.reset()
        turn = [smooth.filter(pose_of(index * 3.0), index * 33_333_333).yaw for index in range(25)]
        assert 0.0 <= 72.0 - turn[-1] < 4.0  # 90 degrees a second

    def test_stays_a_rotation_and_knows_no_seam(self):
        smooth = PoseFilter(0.5, 50.0, 120.0)
        last = None
        for index in range(200):
            roll = 170.0 + index * 0.5  # passes 180, where angles jump to -180
            rotation = matrix_from_angles(0.0, 0.0, roll).astype(np.float32)
            pose = replace(pose_of(0), rotation=rotation)
            now = smooth.filter(pose, index * 33_333_333)
            if last is not None:
                assert angle_between(now.rotation, last.rotation) < 1.0
            last = now
            np.testing.assert_allclose(now.rotation @ now.rotation.T, np.eye(3), atol=1e-5)

    def test_angles_belong_to_the_rotation(self):
        smooth = PoseFilter(0.5, 50.0, 120.0)
        smooth.filter(pose_of(0), 0)
        out = smooth.filter(pose_of(20), 33_333_333)
        np.testing.assert_allclose(
            out.rotation, matrix_from_angles(out.yaw, out.pitch, out.roll), atol=1e-5
        )

    def test_a_head_that_moves_is_followed_and_one_that_rests_gets_calm(self):
        rng = np.random.default_rng(1)
        smooth = PoseFilter(0.5, 50.0, 120.0)
        rest = [
            smooth.filter(pose_of(0, (0, 0, 600 + rng.normal(0, 1.0))), n * 33_333_333)
            for n in range(200)
        ]
        assert np.diff([pose.translation_mm[2] for pose in rest[50:]]).std() < 0.5 * np.sqrt(2)
        smooth.reset()
        # 150 mm a second for a second
        move = [
            smooth.filter(pose_of(0, (n * 5.0, 0, 600)), n * 33_333_333).translation_mm[0]
            for n in range(31)
        ]
        assert 0.0 <= 150.0 - move[-1] < 4.0

    def test_what_lags_is_the_angle_alone_and_the_rest_of_the_pose_is_kept(self):
        smooth = PoseFilter(0.5, 50.0, 120.0)
        smooth.filter(pose_of(0), 0)
        out = smooth.filter(replace(pose_of(0), residual=0.04, camera="preset:x"), 33_333_333)
        assert (out.residual, out.camera) == (0.04, "preset:x")

    @pytest.mark.parametrize("numbers", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0)])
    def test_numbers_that_make_no_filter_are_refused(self, numbers):
        with pytest.raises(ValueError, match="positive"):
            PoseFilter(*numbers)
