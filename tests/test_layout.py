from collections import Counter

import numpy as np
import pytest
from landmarkd.errors import ModelError
from landmarkd.layout import LAYOUTS, canonical_points, layout_of, mesh_triangles


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_points_of_the_canonical_head_lie_where_a_face_has_them(name: str) -> None:
    layout = layout_of(name)
    head = canonical_points(layout)
    assert head.shape == (layout.count, 3)
    face = head[layout.ibug68]
    right_eye, left_eye, nose, chin = face[36:42].mean(0), face[42:48].mean(0), face[30], face[8]
    assert right_eye[0] < 0 < left_eye[0], "the subject's right eye is at image left"
    assert chin[1] > nose[1] > right_eye[1], "y points down"
    assert nose[2] < right_eye[2], "z points away from the camera"
    assert 55 < np.linalg.norm(left_eye - right_eye) < 75, "millimetres"


def test_lids_and_irises_are_those_of_the_side_they_are_named_after() -> None:
    layout = layout_of("landmarkd-562")
    head = canonical_points(layout)
    for lid, iris, side in (
        (layout.right_lid, layout.right_iris, -1),
        (layout.left_lid, layout.left_iris, 1),
    ):
        assert lid is not None
        assert iris is not None
        assert np.all(np.sign(head[lid, 0]) == side)
        assert abs(head[lid[0], 0]) > abs(head[lid[8], 0]), "outer corner first"
        assert head[lid[1:8], 1].mean() < head[lid[9:16], 1].mean(), "upper lid before lower lid"
        assert np.linalg.norm((head[iris[0]] - head[iris[1:]].mean(0))[:2]) < 0.5, (
            "the pupil is in the limbus' middle"
        )


def test_both_layouts_share_the_dense_points() -> None:
    small, large = layout_of("dense-520"), layout_of("landmarkd-562")
    assert np.array_equal(canonical_points(small), canonical_points(large)[:520])
    assert np.array_equal(small.ibug68, large.ibug68)


def test_mesh_leaves_eyes_and_mouth_open() -> None:
    triangles = mesh_triangles()
    assert triangles.max() < 520
    groups = [
        set(LAYOUTS["dense-520"].ibug68[part])
        for part in (slice(36, 42), slice(42, 48), slice(60, 68))
    ]
    assert not any(set(triangle) <= group for triangle in triangles.tolist() for group in groups)


def test_the_mesh_has_one_hole_between_the_lips_and_no_triangle_across_it() -> None:
    corners = LAYOUTS["dense-520"].ibug68[[60, 64]].tolist()
    upper = set(LAYOUTS["dense-520"].ibug68[61:64].tolist())
    lower = set(LAYOUTS["dense-520"].ibug68[65:68].tolist())
    edges: Counter[frozenset[int]] = Counter()
    for a, b, c in mesh_triangles().tolist():
        assert not ({a, b, c} & upper and {a, b, c} & lower)
        edges.update(map(frozenset, ((a, b), (b, c), (c, a))))
    assert max(edges.values()) == 2
    inner = LAYOUTS["dense-520"].ibug68[60:68].tolist()
    rim = {frozenset(pair) for pair in zip(inner, [*inner[1:], inner[0]], strict=True)}
    assert {edge for edge, count in edges.items() if count == 1 and edge <= set(inner)} == rim
    assert set(corners) <= set().union(*rim)


def test_an_unknown_layout_is_named() -> None:
    with pytest.raises(ModelError, match=r"'mesh-478'.*landmarkd-562"):
        layout_of("mesh-478")
