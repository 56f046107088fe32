"""Makes training crops: a face or something that is not a face, with its labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.head import Camera, Eyes, HeadModel, openness, rotation_from_angles
from models.synth import driving, expression, lighting
from models.synth.appearance import backgrounds, occluders2d
from models.synth.appearance import camera as cameras
from models.synth.appearance.colour import tone_name
from models.synth.framing import (
    MARGIN,
    NEAR_MARGIN,
    NEAR_SIZE,
    ROOMY_SIZE,
    SEALED,
    SIZE,
    Shot,
    camera_for,
    lit_look,
    surroundings,
    wall,
)
from models.synth.headmesh import HeadMesh
from models.synth.labelled import ATTRIBUTES, Crop
from models.synth.mesh import Mesh
from models.synth.population import PAINTED, Person, Population
from models.synth.props import body, glasses, headwear, objects
from models.synth.scene import Artist, Placement

PEOPLE_PER_SHARD = 125
_SKIN_VERTICES = 11248  # face and scalp come first


class Studio:
    """Everything that is loaded once to make crops."""

    def __init__(self, root: str | None = None):
        self.mesh = HeadMesh(HeadModel(root))
        self.model = self.mesh.model
        self.people = Population(self.mesh)
        self.artist = Artist(self.mesh)
        height = self.model.vertices[:_SKIN_VERTICES, 1]
        self._collar = np.flatnonzero((height > -13.4) & (height < -12.4))

    def person(self, rng: np.random.Generator, *, usual: bool = False) -> Person:
        """A random person for a few crops; see `Population.person`."""
        return self.people.person(rng, usual=usual)

    def crop(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random crop with the person's face."""
        return self._usual_crop(rng, person, expression.pose(rng))[0]

    def crop_with_vertices(
        self, rng: np.random.Generator, person: Person
    ) -> tuple[Crop, np.ndarray]:
        """The same crop, and the head's vertices float32 (26719, 3) in pixels, z as landmarks."""
        crop, vertices = self._usual_crop(rng, person, expression.pose(rng))
        return crop, vertices()

    def _usual_crop(
        self, rng: np.random.Generator, person: Person, pose: expression.Pose
    ) -> tuple[Crop, Callable[[], np.ndarray]]:
        return self._crop(rng, person, pose, Shot(rng.normal(0, 0.035, 2)))

    def turned(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random crop with a face that is turned far to the side."""
        return self._usual_crop(rng, person, expression.turned_pose(rng))[0]

    def driver(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random crop of a driver in a car."""
        shot = Shot(rng.normal(0, 0.035, 2), glasses=0.35, driving=True)
        return self._crop(rng, person, driving.pose(rng), shot)[0]

    def near(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random face that fills the picture, for the models of brows and mouth."""
        size = NEAR_MARGIN / MARGIN
        shot = Shot(rng.normal(0, 0.01, 2), size, pixels=NEAR_SIZE, bare=True)
        pose = expression.pose(rng) if rng.random() < 0.45 else expression.near_pose(rng)
        return self._crop(rng, person, pose, shot)[0]

    def bearded(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random bearded face with space around it."""
        shot = Shot(rng.normal(0, 0.02, 2), pixels=ROOMY_SIZE, bare=True)
        pose = expression.pose(rng) if rng.random() < 0.3 else expression.near_pose(rng)
        return self._crop(rng, person, pose, shot)[0]

    def close_up(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random close crop of the eyes for the eye model: more glasses, more squeezed lids."""
        shot = Shot(
            rng.normal(0, 0.02, 2),
            rng.uniform(0.42, 0.65),
            on_eyes=True,
            strained=0.5,
            glasses=0.45,
        )
        return self._crop(rng, person, expression.near_pose(rng), shot)[0]

    def non_face(self, rng: np.random.Generator, person: Person) -> Crop:
        """A random crop that shows no usable face."""
        kind = rng.random()
        if kind < 0.36:
            return self._nothing(rng)
        if kind < 0.56:  # hands and things
            return self._nothing(rng, person)
        pose = expression.pose(rng)
        if kind < 0.82:  # the back of a head
            pose = replace(pose, yaw=float(rng.uniform(140, 220)))
            offset = rng.normal(0, 0.1, 2)
            return self._crop(rng, person, pose, Shot(offset, rng.uniform(0.6, 1.2), face=False))[0]
        if kind < 0.93:  # a face cut by the edge, its middle outside
            angle = rng.uniform(0, 2 * np.pi)
            offset = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.55, 0.8)
            return self._crop(rng, person, pose, Shot(offset, rng.uniform(0.6, 1.3), face=False))[0]
        offset = rng.uniform(-0.35, 0.35, 2)  # a part of a face, much too near
        return self._crop(rng, person, pose, Shot(offset, rng.uniform(0.16, 0.3), face=False))[0]

    def _nothing(self, rng: np.random.Generator, person: Person | None = None) -> Crop:
        """Background only, or with hands and objects of a person who is not there."""
        image = backgrounds.background(rng, SIZE, SIZE)
        names: set[str] = set()
        if person is not None:
            vertices = self.model.vertices
            ibug = self.model.landmarks(vertices)[self.model.layout.ibug68]
            props, names = self._before_face(rng, person, ibug, force=True)
            camera = Camera(SIZE / rng.uniform(0.3, 1.0), SIZE / 2, SIZE / 2)
            turn = rotation_from_angles(*rng.normal(0, 20, 3))
            placement = Placement(
                turn, vertices[:9409].mean(0), np.array([0, 0, rng.uniform(35, 70)])
            )
            light = lighting.sample(rng, image, 50.0)
            self.artist.draw(
                image,
                vertices,
                Eyes(),
                person.look,
                placement,
                camera,
                light,
                props,
                None,
                with_head=False,
            )
        nan = np.full((562, 3), np.nan, np.float32)
        return Crop(
            cameras.develop(rng, image, night=False), nan, np.zeros(562, bool), False,
            np.full(3, np.nan, np.float32), np.full(2, np.nan, np.float32),
            np.full(2, np.nan, np.float32),
            frozenset(names),
        )  # fmt: skip

    def _worn(
        self, rng: np.random.Generator, vertices: np.ndarray, ibug: np.ndarray, glasses_share: float
    ) -> tuple[list[Mesh], set[str]]:
        """Clothes, glasses, headwear and masks."""
        props, names = self._fitted(vertices, body.torso(rng)), set[str]()
        choices = [
            (glasses_share, lambda: glasses.glasses(rng, ibug)),
            (0.10, lambda: headwear.cap(rng, vertices)),
            (0.05, lambda: headwear.hood(rng, vertices, ibug)),
            (0.04, lambda: headwear.headphones(rng, vertices)),
            (0.06, lambda: self.people.masks.make(rng, vertices, ibug)),
        ]
        for chance, make in choices:
            if rng.random() < chance and not (names & {"cap", "helmet"} and chance == 0.05):
                more, more_names = make()
                props += more
                names |= more_names
        return props, names

    def _fitted(self, vertices: np.ndarray, clothes: list[Mesh]) -> list[Mesh]:
        """Clothes of the neutral head, moved and widened to where the neck of this one ends."""
        neutral, own = self.model.vertices[self._collar], vertices[self._collar]
        wide = np.maximum(own.std(0) / neutral.std(0), 1) * [1, 0, 1] + [0, 1, 0]
        shift = (own.mean(0) - neutral.mean(0)) * [0, 1, 1]
        return [m.moved(np.diag(wide), shift) for m in clothes]

    def _before_face(
        self, rng: np.random.Generator, person: Person, ibug: np.ndarray, *, force: bool = False
    ) -> tuple[list[Mesh], set[str]]:
        """Hands and objects between the face and the camera."""
        skin = person.skin.face[90:150, 70:180].mean((0, 1))
        makers = [
            (0.45, lambda: objects.hand_on_face(rng, ibug, skin)),
            (0.15, lambda: objects.phone_at_ear(rng, ibug, skin)),
            (0.1, lambda: objects.wheel(rng)),
            (0.12, lambda: objects.microphone(rng, ibug)),
            (0.18, lambda: objects.clutter(rng, ibug)),
        ]
        if not force and rng.random() > 0.22:
            return [], set()
        chosen = int(rng.choice(len(makers), p=[share for share, _ in makers]))
        return makers[chosen][1]()

    def _hair(
        self,
        rng: np.random.Generator,
        person: Person,
        vertices: np.ndarray,
        ibug: np.ndarray,
        names: set[str],
    ) -> tuple[Mesh, np.ndarray, np.ndarray] | None:
        """The hair mesh with its textures, unless something that covers it is worn."""
        style = person.style
        if style is None or "hood" in names or (names & {"cap", "helmet"} and rng.random() < 0.6):
            return None
        mesh = self.people.fitter.fit(rng, style, vertices, person.skin.hair_colour)
        if names & {"cap", "helmet"}:  # only what hangs out below the brim
            brim = ibug[17:27, 1].max() + 2.0
            mesh.triangles = np.ascontiguousarray(
                mesh.triangles[mesh.vertices[mesh.triangles, 1].max(1) < brim]
            )
        return mesh, style.alpha, style.strands

    def _crop(
        self, rng: np.random.Generator, person: Person, pose: expression.Pose, shot: Shot
    ) -> tuple[Crop, Callable[[], np.ndarray]]:
        """Draw a head; its vertices are returned only if asked for."""
        eyes = expression.gaze(rng, pose)
        named, closed = expression.face(rng, shot.strained)
        named = driving.mouth(rng, named) if shot.driving else named
        sealed = shot.bare and rng.random() < SEALED
        named = expression.sealed(named) if sealed else named
        vertices = self.people.evaluate(person, named, closed, eyes)
        if sealed:
            vertices = self.people.lips.close(vertices, float(rng.normal(-0.015, 0.02)))
        metric = self.model.landmarks(vertices)
        ibug = metric[self.model.layout.ibug68]
        origin = metric[:520].mean(0)
        placement = Placement(
            rotation_from_angles(pose.pitch, pose.yaw, pose.roll),
            origin,
            np.array([0.0, 0.0, pose.distance]),
        )
        landmarks = placement(metric)
        if person.drawn is not None:
            corners, weights = person.drawn
            drawn = np.einsum("pw,pwk->pk", weights, vertices[corners]).astype(np.float32)
            landmarks[self.model.layout.ibug68[PAINTED]] = placement(drawn)
        camera = camera_for(rng, landmarks, shot)
        image, light = surroundings(rng, shot, pose.distance)
        names = (
            set(light.names)
            | (set(person.skin.attributes) & set(ATTRIBUTES))
            | {tone_name(person.skin.darkness)}
        )
        props, more = self._worn(rng, vertices, ibug, shot.glasses)
        names |= more
        if person.skin.thick is not None and "mask" not in names:
            props.append(
                self.people.beards.make(rng, vertices, person.skin.thick, person.look.roughness)
            )
        clear = shot.bare and rng.random() < 0.6
        more_props, more = ([], set[str]()) if clear else self._before_face(rng, person, ibug)
        hair = self._hair(rng, person, vertices, ibug, names | more)
        look, changed = lit_look(rng, person, named, light, self.people.kit)
        names |= changed | more | {"hair" if hair else "bald"}
        drawing = self.artist.draw(
            image, vertices, eyes, look, placement, camera, light, props + more_props, hair
        )
        if "flash" in light.names and not shot.bare:
            wall(rng, image, drawing.index >= 0)
        points = camera.landmarks(landmarks)
        visible = drawing.visible(landmarks, points[:, :2])
        image, covered, occluders = occluders2d.apply(
            rng, image, points, probability=0.06 if shot.bare else 0.15
        )
        if occluders:
            names.add("occluded")
            inside = np.clip(np.rint(points[:, :2]).astype(int), 0, shot.pixels - 1)
            visible &= ~covered[inside[:, 1], inside[:, 0]]
        visible &= ((points[:, :2] > -0.5) & (points[:, :2] < shot.pixels - 0.5)).all(1)
        if person.child:
            names.add("child")
        if camera.k1:
            names.add("distorted")
        shown = points if shot.face else np.full_like(points, np.nan)
        taken = (
            cameras.metered(image)
            if shot.bare
            else cameras.develop(rng, image, night=light.infrared)
        )
        crop = Crop(
            taken, shown, visible & shot.face,
            shot.face,
            np.array([pose.pitch, pose.yaw, pose.roll], np.float32), openness(metric),
            np.array([eyes.pitch, eyes.yaw], np.float32), frozenset(names & set(ATTRIBUTES)),
        )  # fmt: skip
        depth = landmarks[:520, 2].mean()
        return crop, lambda: camera.with_depth(placement(vertices), depth)
