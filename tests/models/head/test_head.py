"""The parametric head on the real assets."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import (
    AssetError,
    Camera,
    Eyes,
    HeadModel,
    angles_from_rotation,
    assets_root,
    openness,
    rotation_from_angles,
    to_camera,
)
from models.head.model import IRIS_TRAVEL

pytestmark = pytest.mark.models


def test_missing_assets_are_named(tmp_path: Path) -> None:
    (tmp_path / "landmarks.json").write_text("{}")
    with pytest.raises(AssetError, match=r"ict_head\.npz missing in .*LANDMARKD_ASSETS"):
        assets_root(tmp_path)


def test_nothing_moves_without_weights(head: HeadModel) -> None:
    person = head.identity(np.zeros(100))
    np.testing.assert_array_equal(head.evaluate(person, head.weights({})), head.vertices)


def test_identity_is_linear_and_checked(head: HeadModel) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 100))
    both = head.identity(a) + head.identity(b) - head.vertices
    np.testing.assert_allclose(head.identity(a + b), both, atol=1e-3)
    with pytest.raises(ValueError, match="at most 100"):
        head.identity(np.zeros(101))


def test_evaluation_leaves_the_person_alone(head: HeadModel) -> None:
    person = head.identity(np.ones(10))
    before = person.copy()
    head.evaluate(person, head.weights({"jawOpen": 1.0}), Eyes(10, 10))
    np.testing.assert_array_equal(person, before)


def test_shapes_add_up_as_in_the_basis(head: HeadModel) -> None:
    basis = head.shape_basis()
    weights = head.weights({"jawOpen": 0.5, "mouthSmile_L": 0.25})
    dense = head.vertices + np.tensordot(weights, basis[101:], 1)
    np.testing.assert_allclose(head.evaluate(head.vertices, weights), dense, atol=2e-3)


def test_unknown_shape_is_an_error(head: HeadModel) -> None:
    with pytest.raises(KeyError):
        head.weights({"jawOpne": 1.0})


def test_blink_closes_its_own_eye(head: HeadModel) -> None:
    rest = openness(head.landmarks(head.vertices))
    shut = openness(head.landmarks(head.evaluate(head.vertices, head.weights({"eyeBlink_R": 1.0}))))
    assert rest.min() > 0.3
    assert shut[0] < 0.1
    assert shut[1] == pytest.approx(rest[1])


@pytest.mark.parametrize(("eyes", "axis", "sign"), [(Eyes(yaw=20), 0, -1), (Eyes(pitch=20), 1, 1)])
def test_gaze_turns_the_pupils_as_the_pose_turns_the_nose(
    head: HeadModel, eyes: Eyes, axis: int, sign: int
) -> None:
    person = head.vertices
    still = head.landmarks(head.evaluate(person, head.weights({}), Eyes()))
    turned = head.landmarks(head.evaluate(person, head.weights({}), eyes))
    moved = turned - still
    # 17.7 mm from the eyeball's centre to the cornea; the mesh's eyes turn by less than people's.
    travel = IRIS_TRAVEL * 1.77 * np.sin(np.radians(20))
    for pupil in (552, 557):
        assert sign * moved[pupil, axis] == pytest.approx(travel, abs=0.06)
    assert np.abs(moved[:552]).max() == 0
    centres = head.eyeball_centres(person)
    for centre, pupil in zip(centres, (552, 557), strict=True):
        distance = [np.linalg.norm(points[pupil] - centre) for points in (still, turned)]
        assert distance[0] == pytest.approx(distance[1], rel=1e-4)


def test_vergence_turns_both_eyes_inward(head: HeadModel) -> None:
    moved = head.landmarks(
        head.evaluate(head.vertices, head.weights({}), Eyes(vergence=8))
    ) - head.landmarks(head.vertices)
    assert moved[552, 0] > 0.1  # the right eye is at negative x
    assert moved[557, 0] < -0.1


def test_lids_follow_the_gaze(head: HeadModel) -> None:
    down = Eyes(pitch=-20)
    followed = head.evaluate(head.vertices, head.weights(head.lid_weights(down)), down)
    assert (
        openness(head.landmarks(followed)).max()
        < openness(head.landmarks(head.vertices)).min() - 0.05
    )


def test_rotation_signs() -> None:
    nose, right = np.array([0.0, 0, 1]), np.array([1.0, 0, 0])
    assert (rotation_from_angles(0, 30, 0) @ nose)[0] == pytest.approx(-0.5)  # to image left
    assert (rotation_from_angles(30, 0, 0) @ nose)[1] == pytest.approx(0.5)  # up
    assert (rotation_from_angles(0, 0, 30) @ right)[1] == pytest.approx(-0.5)  # clockwise
    np.testing.assert_allclose(
        angles_from_rotation(rotation_from_angles(12, -34, 56)), [12, -34, 56]
    )


def test_projection_is_opencvs_pinhole() -> None:
    points = to_camera(np.array([[1.0, 2.0, 3.0]]), np.eye(3), np.zeros(3), np.array([0, 0, 50.0]))
    np.testing.assert_allclose(points, [[1, -2, 47]])
    camera = Camera(100.0, 10.0, 20.0)
    np.testing.assert_allclose(camera.project(points), [[10 + 100 / 47, 20 - 200 / 47]], rtol=1e-6)
    with pytest.raises(ValueError, match="focal"):
        Camera(0.0, 0, 0)


def test_landmark_depth_is_nearer_larger_and_centred(head: HeadModel) -> None:
    points = to_camera(
        head.landmarks(head.vertices), np.eye(3), np.zeros(3), np.array([0, 0, 80.0])
    )
    landmarks = Camera(500.0, 100, 100).landmarks(points)
    assert landmarks[:520, 2].mean() == pytest.approx(0, abs=1e-3)
    nose, ear = head.layout.ibug68[[30, 0]]
    assert landmarks[nose, 2] > 0 > landmarks[ear, 2]
