"""Close drawings of pairs of eyes for the eye model: the area around the eyes, sharp, no noise.

The effects of a camera (blur, noise, few pixels, glare) are added in training, so that one drawing
gives many samples.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from landmarkd.vision.eye_patch import WIDTH, WIDTH_SHARE
from landmarkd.vision.geometry import extent_of

from models.head import Camera, Eyes, HeadModel, rotation_from_angles
from models.synth import expression, lighting
from models.synth.appearance import occluders2d, wrinkles
from models.synth.crop import Studio
from models.synth.eye_build import Build
from models.synth.eye_file import BRIGHT_PUPIL, DETAIL, GLASSES, INFRARED, SUNGLASSES
from models.synth.eye_labels import LAYOUT, Shots, labelled
from models.synth.framing import folded
from models.synth.headmesh import HeadMesh
from models.synth.population import Person
from models.synth.props import glasses
from models.synth.raster import EYE, LASH
from models.synth.scene import Artist, Look, Placement
from models.synth.shards import store

PAIRS_PER_PERSON, PAIRS_PER_SHARD = 8, 480
_IMAGE = (116, 264)


class EyeStudio:
    """What is needed to draw eyes, loaded once."""

    def __init__(self, root: str | None = None):
        self.room = Studio(root)
        self.model: HeadModel = self.room.model
        mesh = self.room.mesh
        near = _about_eyes(self.model, mesh)
        mesh.closed_mouth = mesh.open_mouth = mesh.whole.only(near)
        self._artist = Artist(mesh)

    def person(self, rng: np.random.Generator) -> tuple[Person, Build]:
        """A random person with a random shape of eyes."""
        person = self.room.person(rng)
        build = Build.random(rng)
        return replace(person, shape=build.shape(person.shape, self.model)), build

    def pair(self, rng: np.random.Generator, person: Person, build: Build) -> dict[str, np.ndarray]:
        """Draw both eyes of a person: the fields of `Shots`, two rows each, the left eye first."""
        pose = _pose(rng)
        eyes, closed, named = _eyes(rng, pose, build)
        vertices = self.room.people.evaluate(person, named, closed, eyes, min(build.travel, 1.0))
        metric = _with_drawn_pupils(self.model, vertices)
        placement = Placement(
            rotation_from_angles(pose.pitch, pose.yaw, pose.roll),
            metric[:520].mean(0),
            np.array([0.0, 0.0, pose.distance]),
        )
        landmarks = placement(metric)
        camera = _framing(landmarks)
        points = camera.landmarks(landmarks)
        image = _backdrop(rng)
        light = _light(rng, image, pose.distance)
        props, tags = [], INFRARED * light.infrared
        ibug = metric[LAYOUT.ibug68]
        if rng.random() < 0.42:
            props, names = glasses.glasses(rng, ibug)
            tags += GLASSES + SUNGLASSES * ("sunglasses" in names)
        look = self._look(rng, person, named, light)
        bright = light.infrared and rng.random() < 0.35
        if bright:
            look = replace(look, pupil_colour=np.full(3, rng.uniform(0.3, 1.2)))
            tags += BRIGHT_PUPIL
        drawing = self._artist.draw(
            image, vertices, eyes, look, placement, camera, light, props, None
        )
        visible = drawing.visible(landmarks, points[:, :2])
        image, covered, _ = occluders2d.apply(rng, image, points, probability=0.07)
        inside = np.rint(points[:, :2]).astype(int)
        inside = np.clip(inside, 0, [image.shape[1] - 1, image.shape[0] - 1])
        visible &= ~covered[inside[:, 1], inside[:, 0]]
        grey = image @ np.array([0.3, 0.59, 0.11], np.float32)
        return labelled(
            grey, drawing, metric, placement, camera, points, visible, eyes, closed, tags, pose
        )

    def _look(
        self,
        rng: np.random.Generator,
        person: Person,
        named: dict[str, float],
        light: lighting.Lighting,
    ) -> Look:
        skin = folded(rng, person.look.face, named)
        strength = rng.uniform(0.2, 1.0) + rng.uniform(0, 0.1, 2)
        if rng.random() < 0.75:
            skin = wrinkles.lid_line(rng, skin, self.room.people.kit, *strength)
        pupil = person.look.pupil * (1.35 if light.night else 1.0) * rng.uniform(0.75, 1.2)
        return replace(person.look, face=skin, pupil=float(np.clip(pupil, 0.11, 0.44)))


def _about_eyes(model: HeadModel, mesh: HeadMesh) -> np.ndarray:
    """Which triangles of the whole surface are around the eyes: bool (T,)."""
    whole = mesh.whole
    corners = model.vertices[whole.vertex_triangles].mean(1)
    box = (np.abs(corners[:, 1] - 3.6) < 4.6) & (corners[:, 2] > 1.5)
    skin = whole.part == 0
    return (skin & box) | np.isin(mesh.kinds[whole.part], (EYE, LASH))


def _with_drawn_pupils(model: HeadModel, vertices: np.ndarray) -> np.ndarray:
    """Metric landmarks (562, 3) with the pupils where they appear through the cornea."""
    metric = model.landmarks(vertices)
    for pupil in (552, 557):
        limbus = metric[pupil + 1 : pupil + 5].mean(0)
        # On the axis: the cornea's top is 3.5 mm before the limbus, the pupil is seen 1.1 mm
        # before.
        metric[pupil] = limbus + 0.31 * (metric[pupil] - limbus)
    return metric


def _pose(rng: np.random.Generator) -> expression.Pose:
    yaw = rng.normal(0, 18) if rng.random() < 0.7 else rng.uniform(-55, 55)
    pitch = rng.normal(0, 13) if rng.random() < 0.7 else rng.uniform(-38, 32)
    return expression.Pose(
        float(np.clip(pitch, -38, 34)), float(np.clip(yaw, -55, 55)), float(rng.normal(0, 5)),
        float(np.exp(rng.uniform(np.log(25), np.log(140)))),
    )  # fmt: skip


def _eyes(
    rng: np.random.Generator, head: expression.Pose, build: Build
) -> tuple[Eyes, tuple[float, float], dict[str, float]]:
    """Random gaze, closing of the lids, and expression."""
    kind = rng.random()
    if kind < 0.28:
        yaw, pitch = -head.yaw + rng.normal(0, 4), -head.pitch + rng.normal(0, 4)
    elif kind < 0.57:
        yaw, pitch = rng.normal(0, 16), rng.normal(-3, 11)
    else:
        yaw, pitch = rng.normal(0, 14), rng.uniform(-44, -10)
    eyes = Eyes(
        float(np.clip(pitch, -44, 26)), float(np.clip(yaw, -38, 38)),
        float(rng.choice([0.0, rng.uniform(0, 8)])),
    )  # fmt: skip
    named = expression.expression(rng)
    named = {name: value for name, value in named.items() if not name.startswith(("jaw", "mouth"))}
    if rng.random() < 0.2:
        closed = expression._strained(rng, named)
    elif (lids := rng.random()) < 0.16:
        both = rng.uniform(0.96, 1.03)
        closed = both, both + rng.normal(0, 0.015)
    elif lids < 0.32:
        both = rng.uniform(0.2, 0.95) if lids < 0.26 else rng.uniform(0.65, 0.92)
        closed = both, float(np.clip(both + rng.normal(0, 0.06), 0, 1))
    else:
        both = rng.beta(1, 11)
        closed = both, float(np.clip(both + rng.normal(0, 0.02), 0, 1))
    for side in ("_L", "_R"):
        named["eyeSquint" + side] = max(named.get("eyeSquint" + side, 0), build.squint)
        named["eyeWide" + side] = max(named.get("eyeWide" + side, 0), build.wide)
    return eyes, build.lids(rng, eyes, (float(closed[0]), float(closed[1]))), named


def _light(rng: np.random.Generator, image: np.ndarray, distance: float) -> lighting.Lighting:
    if rng.random() < 0.28:
        return lighting._infrared(rng, distance)
    return lighting.sample(rng, image, distance)


def _framing(landmarks: np.ndarray) -> Camera:
    """The camera that shows a patch DETAIL times as large as the network sees it."""
    rows, columns = _IMAGE
    plane = landmarks / landmarks[:, 2:]
    dense = np.concatenate([plane[:, :2], landmarks[:, 2:]], 1)[:520]
    side = extent_of(dense * 1000, LAYOUT.ibug68).side / 1000
    focal = DETAIL * WIDTH / (WIDTH_SHARE * side)
    middle = plane[LAYOUT.ibug68[[36, 39, 42, 45]], :2].mean(0) * focal
    return Camera(
        float(focal), float((columns - 1) / 2 - middle[0]), float((rows - 1) / 2 - middle[1])
    )


def _backdrop(rng: np.random.Generator) -> np.ndarray:
    """A blurred random background (rows, columns, 3), linear."""
    small = np.exp(rng.normal(-1.5, 0.9, (3, 5, 1)) + rng.normal(0, 0.2, (3, 5, 3)))
    return cv2.resize(small.astype(np.float32), _IMAGE[::-1], interpolation=cv2.INTER_LINEAR)


def write(folder: Path, number: int, seed: int, count: int, studio: EyeStudio) -> Path:
    """Write `shots` as one file unless it is there."""
    path = folder / f"eyes-{number:05d}.npz"
    if not path.is_file():
        file = io.BytesIO()
        np.savez(file, **vars(shots(seed, number, count, studio)))
        store(path, file.getvalue())
    return path


def shots(seed: int, number: int, count: int, studio: EyeStudio) -> Shots:
    """Return `count` pairs of eyes; each depends only on the seed, the number and its index."""
    found: list[dict[str, np.ndarray]] = []
    for i in range(count):
        if i % PAIRS_PER_PERSON == 0:
            person, build = studio.person(np.random.default_rng([seed, number, 1, i]))
        found.append(studio.pair(np.random.default_rng([seed, number, 2, i]), person, build))
    return Shots(**{name: np.concatenate([row[name] for row in found]) for name in found[0]})
