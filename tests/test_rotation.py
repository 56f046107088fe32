import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.rotation import (
    angles_from_direction,
    angles_from_matrix,
    direction_from_angles,
    matrix_from_angles,
    rotation_from_vector,
    rotation_to_ray,
    rotation_vector,
)

ANGLE = st.floats(-170, 170)


def pose_para(yaw, pitch, roll):
    """AFLW2000-3D's convention written out with y up, turned into a frame with y down and z away."""
    y, p, r = np.radians([yaw, pitch, roll])
    rx = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    ry = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    flip = np.diag([1.0, -1.0, -1.0])
    return flip @ rx @ ry @ rz @ flip


@settings(max_examples=60, deadline=None)
@given(st.floats(-89, 89), ANGLE, ANGLE)
def test_angles_are_those_of_aflw2000(yaw, pitch, roll):
    rotation = matrix_from_angles(yaw, pitch, roll)
    np.testing.assert_allclose(rotation, pose_para(yaw, pitch, roll), atol=1e-12)
    np.testing.assert_allclose(angles_from_matrix(rotation), (yaw, pitch, roll), atol=1e-6)


def test_signs_are_those_of_a_face_in_an_image():
    nose, crown = np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0])
    assert (matrix_from_angles(30, 0, 0) @ nose)[0] < 0  # to image left
    assert (matrix_from_angles(0, 30, 0) @ nose)[1] < 0  # up
    assert (matrix_from_angles(0, 0, 30) @ crown)[0] > 0  # clockwise: the crown goes to image right


@settings(max_examples=60, deadline=None)
@given(st.floats(-89, 89), ANGLE)
def test_direction_and_angles_are_inverse_and_agree_with_the_head(yaw, pitch):
    direction = direction_from_angles(yaw, pitch)
    assert math.isclose(float(np.linalg.norm(direction)), 1.0)
    np.testing.assert_allclose(angles_from_direction(direction), (yaw, pitch), atol=1e-6)
    np.testing.assert_allclose(
        matrix_from_angles(yaw, pitch, 20.0) @ [0, 0, -1], direction, atol=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.floats(-1.8, 1.8)] * 3))
def test_vector_and_rotation_are_inverse(vector):
    np.testing.assert_allclose(
        rotation_vector(rotation_from_vector(np.array(vector))), vector, atol=1e-7
    )


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_have_a_logarithm(axis):
    vector = rotation_vector(rotation_from_vector(axis * math.pi))
    np.testing.assert_allclose(np.abs(vector), axis * math.pi, atol=1e-6)


@pytest.mark.parametrize("ray", [(0, 0, 1), (3, -2, 5), (1, 0, 0), (0, 0, -1)])
def test_rotation_to_ray_puts_the_axis_there_without_roll(ray):
    rotation = rotation_to_ray(np.array(ray, float))
    np.testing.assert_allclose(rotation @ [0, 0, 1], np.array(ray) / np.linalg.norm(ray), atol=1e-9)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
