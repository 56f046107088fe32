import numpy as np
import pytest
from landmarkd.vision.second_view import mirror_points, mirror_weights

from models.train.mirror import EXACT_PAIRS


def a_face(rng: np.random.Generator) -> np.ndarray:
    return (rng.normal(size=(562, 3)) * 20 + [64, 64, 0]).astype(np.float32)


def test_lids_and_irises_change_places_exactly():
    points = a_face(np.random.default_rng(0))
    mirrored = mirror_points(points, 128)
    for right, left in EXACT_PAIRS:
        np.testing.assert_allclose(
            mirrored[right], [127 - points[left, 0], *points[left, 1:]], atol=1e-4
        )


def test_a_picture_mirrored_twice_is_the_picture_as_far_as_the_layout_is_symmetric():
    neighbours, weights = mirror_weights()
    assert neighbours.shape == weights.shape == (562, 8)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-3)


def test_moving_the_face_moves_its_mirror_image_the_other_way():
    points = a_face(np.random.default_rng(1))
    moved = mirror_points(points + np.float32([5, 2, 1]), 128)
    np.testing.assert_allclose(
        moved, mirror_points(points, 128) + np.float32([-5, 2, 1]), atol=0.05
    )


def test_the_fitted_weights_mirror_the_neutral_head():
    head = pytest.importorskip("models.head")
    try:
        model = head.HeadModel()
    except head.AssetError as error:
        pytest.skip(f"needs the head's assets: {error}")
    points = model.landmarks(model.vertices).astype(np.float32)
    mirrored = mirror_points(points, 1.0)  # a picture one unit wide is mirrored about zero
    inner = model.layout.ibug68[17:]
    right_to_left = np.linalg.norm(mirrored[inner][:, None] - points[inner][None], axis=2).min(1)
    assert (
        right_to_left.max() < 0.12
    )  # centimetres: the mirrored features of the face lie on the features again
