"""Expressions: the estimate agrees with the head, for persons not used in the fit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landmarkd.rotation import matrix_from_angles
from landmarkd.signals.blendshapes import Blendshapes
from landmarkd.types import FaceReport, Gaze

from tests.wire.builders import PERIOD_NS, face

HEAD = Path(__file__).parents[3] / "shared" / "assets" / "head"


class Person:
    """Landmarks of the ICT head, read by numpy alone: neutral, or with an expression."""

    def __init__(self, seed: int) -> None:
        if not (HEAD / "ict_head.npz").exists():
            pytest.skip("needs the head of ../shared/assets")
        points = json.loads((HEAD / "landmarks.json").read_text())["points"]
        corners = np.array([each["vertices"] for each in points])
        weights = np.array([each["weights"] for each in points])

        def landmarks(vertices: np.ndarray) -> np.ndarray:
            picked = vertices[..., corners, :].astype(np.float64)
            return np.einsum("pw,...pwk->...pk", weights, picked) * (10, -10, -10)

        with np.load(HEAD / "ict_head.npz") as data:
            self.names = [str(name) for name in data["expression_names"]]
            identity = np.random.default_rng(seed).normal(0, 1, 100)
            self.neutral = landmarks(data["vertices"]) + np.einsum(
                "i,ipk->pk", identity, landmarks(data["identity"])
            )
            self.shapes = landmarks(data["expression"])

    def face(self, angles: tuple[float, float, float] = (0, 0, 0), **weights: float) -> FaceReport:
        """Return the face as seen by a distant camera, at 1.7 pixels a millimetre."""
        points = self.neutral.copy()
        for name, weight in weights.items():
            points += weight * self.shapes[self.names.index(name)]
        rotation = matrix_from_angles(*angles)
        points = 1.7 * points @ rotation.T * (1, 1, -1) + (320, 240, 0)
        known = face(0)
        pose = replace(known.pose, rotation=rotation.astype(np.float32))
        return replace(known, points=points.astype(np.float32), pose=pose, gaze=None)


@pytest.fixture(scope="module", params=[101, 102, 103])
def person(request: pytest.FixtureRequest) -> Person:
    return Person(request.param)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("jawOpen", ("jawOpen",)),
        ("mouthSmileLeft", ("mouthSmile_L",)),
        ("mouthSmileRight", ("mouthSmile_R",)),
        ("browInnerUp", ("browInnerUp_L", "browInnerUp_R")),
        ("browDownLeft", ("browDown_L",)),
        ("browDownRight", ("browDown_R",)),
        ("browOuterUpLeft", ("browOuterUp_L",)),
        ("mouthPucker", ("mouthPucker",)),
        ("mouthRight", ("mouthRight",)),
    ],
)
@pytest.mark.parametrize("angles", [(0, 0, 0), (25, -10, 8)])
def test_an_expression_is_told_and_no_other(person: Person, name, shapes, angles) -> None:
    shown = Blendshapes()
    for i in range(60):
        rest = shown.update(person.face(angles), i * PERIOD_NS)
    assert all(value < 0.05 for key, value in rest.items() if not key.startswith("eye"))
    told = shown.update(person.face(angles, **dict.fromkeys(shapes, 1.0)), 60 * PERIOD_NS)
    assert told[name] > 0.6
    others = {k: v for k, v in told.items() if k != name and not k.startswith("eye")}
    assert max(others.values()) < 0.4, others


def test_a_turn_of_the_head_is_no_expression(person: Person) -> None:
    shown = Blendshapes()
    shown.update(person.face(), 0)
    for i, angles in enumerate([(30, 0, 0), (0, 20, 0), (0, 0, 30), (-25, -15, 10)], 1):
        told = shown.update(person.face(angles), i * PERIOD_NS)
        assert all(value < 0.05 for key, value in told.items() if not key.startswith("eye"))


def test_another_person_begins_anew() -> None:
    shown = Blendshapes()
    first, second = Person(101).face(), Person(102).face()
    shown.update(first, 0)
    second = replace(second, observation=replace(second.observation, track=2))
    told = shown.update(second, PERIOD_NS)
    assert all(value < 0.05 for key, value in told.items() if not key.startswith("eye"))


@pytest.mark.parametrize(
    ("gaze", "wanted"),
    [
        (Gaze(0, 0), {}),
        (Gaze(20, 0), {"eyeLookInLeft", "eyeLookOutRight"}),
        (Gaze(-20, 0), {"eyeLookOutLeft", "eyeLookInRight"}),
        (Gaze(0, 20), {"eyeLookUpLeft", "eyeLookUpRight"}),
        (Gaze(0, -20), {"eyeLookDownLeft", "eyeLookDownRight"}),
    ],
)
def test_looks_are_within_the_head(gaze: Gaze, wanted: set[str]) -> None:
    """Gaze is in the camera's frame; if the head turns with the gaze, the eyes are at rest in the
    head."""
    straight = replace(face(0), gaze=gaze)
    straight = replace(straight, pose=replace(straight.pose, rotation=np.eye(3, dtype=np.float32)))
    told = Blendshapes().update(straight, 0)
    looks = {name: value for name, value in told.items() if name.startswith("eyeLook")}
    assert {name for name, value in looks.items() if value > 0.01} == set(wanted)
    assert all(looks[name] == pytest.approx(20 / 35, abs=1e-3) for name in wanted)
    rotation = matrix_from_angles(gaze.yaw, gaze.pitch, 0).astype(np.float32)
    turned = replace(straight, pose=replace(straight.pose, rotation=rotation))
    told = Blendshapes().update(turned, 0)
    assert all(value < 1e-3 for name, value in told.items() if name.startswith("eyeLook"))


def test_what_is_not_known_is_left_out() -> None:
    known = face(0)
    nothing = replace(
        known, points=known.points[:0], gaze=None, left=replace(known.left, openness=None)
    )
    assert Blendshapes().update(nothing, 0).keys() == {"eyeBlinkRight"}
    broken = replace(known, points=np.full_like(known.points, np.nan))
    assert "jawOpen" not in Blendshapes().update(broken, 0)
    flat = replace(known, points=np.zeros_like(known.points))
    told = Blendshapes().update(flat, 0)
    assert all(np.isfinite(value) for value in told.values())
