"""The order of the angles in labels and tables."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.benchmark import pose_from_rotation, rotation_from_pose

ANGLE = st.floats(-170, 170)


def pose_para(pitch, yaw, roll):
    """AFLW2000-3D's convention written out with y up, turned into a frame with y down, z away."""
    p, y, r = np.radians([pitch, yaw, roll])
    rx = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    ry = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    flip = np.diag([1.0, -1.0, -1.0])
    return flip @ rx @ ry @ rz @ flip


@settings(max_examples=60, deadline=None)
@given(ANGLE, st.floats(-89, 89), ANGLE)
def test_angles_are_those_of_aflw2000(pitch, yaw, roll):
    rotation = rotation_from_pose(pitch, yaw, roll)
    np.testing.assert_allclose(rotation, pose_para(pitch, yaw, roll), atol=1e-12)
    np.testing.assert_allclose(pose_from_rotation(rotation), (pitch, yaw, roll), atol=1e-6)
