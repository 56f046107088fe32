"""Lips and brows as painted, and the labels that follow them."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.synth import build
from models.synth.appearance import lips
from models.synth.appearance.regions import SIZE
from models.synth.crop import Studio
from models.synth.framing import NEAR_SIZE
from models.synth.population import PAINTED

pytestmark = pytest.mark.models


def test_the_outline_is_where_the_paint_ends(studio: Studio) -> None:
    kit = studio.people.kit
    for seed in range(12):
        face = np.zeros((3, SIZE, SIZE), np.float32)
        own, border = lips.paint(np.random.default_rng(seed), face, kit, 0.3, 0.0)
        mask = own.regions["lips"]
        at = border[[9, 3]]
        inner = kit.uv68[[66, 62]]
        inside, outside = (at + step * (inner - at) for step in (0.5, -0.6))
        inside, outside = (
            mask[tuple(np.clip((uv * SIZE).astype(int), 0, SIZE - 1).T[::-1])]
            for uv in (inside, outside)
        )
        assert (inside > 0.6).all()
        assert (outside < 0.4).all()


def test_most_lips_can_be_told_from_skin(studio: Studio) -> None:
    kit, clear = studio.people.kit, 0
    for seed in range(40):
        face = np.zeros((3, SIZE, SIZE), np.float32)
        own, _ = lips.paint(np.random.default_rng(seed), face, kit, 0.2, 0.0)
        lip = own.regions["lips"] > 0.9
        clear += abs(face[1][lip].mean()) > 0.15
    assert clear > 25


def test_lips_of_a_neutral_head_can_be_closed(studio: Studio) -> None:
    seal, rng = studio.people.lips, np.random.default_rng(4)
    for _ in range(5):
        head = build.shape(rng, studio.model.identity(rng.normal(size=100)), 0.0, old=False)
        np.testing.assert_allclose(seal.gaps(seal.close(head, 0.0)), 0.0, atol=0.03)
        far = np.abs(head[:, 1] - head[seal._vertices, 1].mean()) > 3
        np.testing.assert_array_equal(seal.close(head, 0.0)[far], head[far])


def test_places_on_the_skin_are_found_again(studio: Studio) -> None:
    uv = studio.people.kit.uv68[PAINTED]
    vertices, weights = studio.mesh.place(uv)
    found = np.einsum(
        "pw,pwk->pk", weights, studio.mesh.face_uv(vertices.ravel()).reshape(-1, 3, 2)
    )
    np.testing.assert_allclose(found * [1, -1] + [0, 1], uv, atol=2e-3)


def test_faces_that_fill_the_picture_are_labelled_where_paint_is(studio: Studio) -> None:
    person = studio.person(np.random.default_rng(3))
    crop = studio.near(np.random.default_rng(5), person)
    assert crop.image.shape == (NEAR_SIZE, NEAR_SIZE, 3)
    assert crop.face
    points = crop.points[studio.model.layout.ibug68]
    assert np.isfinite(points).all()
    assert person.drawn is not None
    high = points[27:36, 1].mean()
    assert points[17:27, 1].mean() < high < points[48:68, 1].mean() or abs(crop.pose[2]) > 40


@pytest.mark.parametrize("kind", ["crop", "turned", "driver", "near", "bearded"])
def test_labels_of_every_kind_follow_the_paint(studio: Studio, kind: str) -> None:
    person, make = studio.person(np.random.default_rng(3)), getattr(studio, kind)
    drawn = make(np.random.default_rng(5), person)
    skin = make(np.random.default_rng(5), replace(person, drawn=None))
    painted = studio.model.layout.ibug68[PAINTED]
    others = np.delete(np.arange(562), painted)
    # The two crops may differ a little in scale and shift.
    given = np.column_stack([skin.points[:, :2], np.ones(562)])
    frame, *_ = np.linalg.lstsq(given[others], drawn.points[others, :2])
    moved = np.linalg.norm(drawn.points[:, :2] - given @ frame, axis=1)
    assert moved[others].max() < 0.05
    assert (moved[painted] > 0.1).mean() > 0.7
