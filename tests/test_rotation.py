import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.rotation import (
    angle_between,
    angles_from_direction,
    angles_from_matrix,
    direction_from_angles,
    matrix_from_angles,
    matrix_from_quaternion,
    product,
    quaternion_from_matrix,
    quaternion_from_vector,
    rows_to_ray,
    vector_from_quaternion,
)

ANGLE = st.floats(-170, 170)


def opentrack_rmat(yaw, pitch, roll):
    """Return the rotation that opentrack composes from its angles (compat/euler.cpp).

    About its third axis by -yaw, then about its own second by -pitch, then about its own first by
    -roll. A face that looks into the camera has these axes out of the face, to image right and up.
    """
    c1, c2, c3 = np.cos(np.radians([-yaw, -pitch, -roll]))
    s1, s2, s3 = np.sin(np.radians([-yaw, -pitch, -roll]))
    about_third = np.array([[c1, -s1, 0], [s1, c1, 0], [0, 0, 1]])
    about_second = np.array([[c2, 0, s2], [0, 1, 0], [-s2, 0, c2]])
    about_first = np.array([[1, 0, 0], [0, c3, -s3], [0, s3, c3]])
    return about_third @ about_second @ about_first


# Columns: opentrack's first, second and third axis in our camera frame.
OPENTRACK_AXES = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])


def about(axis, degrees):
    """Return the rotation by an angle about an axis of the frame."""
    vector = np.radians(degrees) * np.array(axis, float)
    return matrix_from_quaternion(quaternion_from_vector(vector))


def turn_then_nod(turn, nod):
    """Return a head that turns about the vertical to image left and then nods downwards."""
    return about((0, 1, 0), turn) @ about((1, 0, 0), nod)


@settings(max_examples=60, deadline=None)
@given(ANGLE, st.floats(-89, 89), ANGLE)
def test_angles_are_those_of_opentrack(yaw, pitch, roll):
    rotation = matrix_from_angles(yaw, pitch, roll)
    theirs = OPENTRACK_AXES @ opentrack_rmat(yaw, pitch, roll) @ OPENTRACK_AXES.T
    np.testing.assert_allclose(rotation, theirs, atol=1e-12)
    np.testing.assert_allclose(angles_from_matrix(rotation), (yaw, pitch, roll), atol=1e-6)


@pytest.mark.parametrize(
    ("turn", "nod", "angles"),
    [
        (30, 20, (30, -20, 0)),
        (60, 20, (60, -20, 0)),
        (-60, -20, (-60, 20, 0)),
        (90, 20, (90, -20, 0)),
        (100, 30, (100, -30, 0)),
    ],
)
def test_a_turned_head_that_nods_reads_as_turned_and_nodding(turn, nod, angles):
    found = angles_from_matrix(turn_then_nod(turn, nod))
    np.testing.assert_allclose(found, angles, atol=1e-9)


@pytest.mark.parametrize("pitch", [-40.0, -12.0, 0.0, 25.0])
@pytest.mark.parametrize("roll", [-30.0, 0.0, 15.0])
def test_a_head_that_turns_from_side_to_side_never_jumps(pitch, roll):
    angles = [
        angles_from_matrix(matrix_from_angles(yaw, pitch, roll))
        for yaw in np.arange(-100.0, 100.5, 0.5)
    ]
    assert np.abs(np.diff(angles, axis=0)).max() < 0.51


@settings(max_examples=200, deadline=None)
@given(ANGLE, st.floats(-90, 90), ANGLE)
def test_a_quaternion_is_of_unit_length_and_gives_its_rotation_back(yaw, pitch, roll):
    rotation = matrix_from_angles(yaw, pitch, roll)
    quaternion = quaternion_from_matrix(rotation)
    assert quaternion[0] >= 0
    assert math.hypot(*quaternion) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(matrix_from_quaternion(quaternion), rotation, atol=1e-9)


def test_the_angle_between_two_rotations_is_that_of_the_turn_between_them():
    first = matrix_from_angles(70, 30, -20)
    assert angle_between(first, first @ about((0, 0, 1), 25)) == pytest.approx(25.0)


def test_signs_are_those_of_a_face_in_an_image():
    nose, crown = np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0])
    assert (matrix_from_angles(30, 0, 0) @ nose)[0] < 0  # to image left
    assert (matrix_from_angles(0, 30, 0) @ nose)[1] < 0  # up
    assert (matrix_from_angles(0, 0, 30) @ crown)[0] > 0  # clockwise: the crown goes to image right


@settings(max_examples=60, deadline=None)
@given(ANGLE, st.floats(-89, 89))
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
    quaternion = quaternion_from_vector(vector)
    np.testing.assert_allclose(vector_from_quaternion(quaternion), vector, atol=1e-9)
    reversed_signs = tuple(-value for value in quaternion)
    np.testing.assert_allclose(vector_from_quaternion(reversed_signs), vector, atol=1e-9)


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_have_a_logarithm(axis):
    vector = vector_from_quaternion(quaternion_from_vector(axis * math.pi))
    np.testing.assert_allclose(np.abs(vector), axis * math.pi, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[ANGLE] * 3), st.tuples(*[ANGLE] * 3))
def test_the_product_of_quaternions_is_that_of_their_rotations(one, other):
    second, first = matrix_from_angles(*one), matrix_from_angles(*other)
    both = product(quaternion_from_matrix(second), quaternion_from_matrix(first))
    np.testing.assert_allclose(matrix_from_quaternion(both), second @ first, atol=1e-9)


@pytest.mark.parametrize("ray", [(0, 0, 1), (3, -2, 5), (1, 0, 0), (0, 0, -1)])
def test_the_rotation_to_a_ray_puts_the_axis_there_without_roll(ray):
    rotation = np.array(rows_to_ray(*ray))
    np.testing.assert_allclose(rotation @ [0, 0, 1], np.array(ray) / np.linalg.norm(ray), atol=1e-9)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
