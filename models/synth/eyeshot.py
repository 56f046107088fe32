"""Pairs of eyes from near, for the eye model: only what lies about the eyes, sharp, without noise.

What a camera does to them (blur, noise, few pixels, glare) is added in training, so that one
drawing serves many samples.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from landmarkd.layout import layout_of
from landmarkd.vision.eye_patch import HEIGHT, WIDTH, WIDTH_SHARE, image_from_patch, to_patch
from landmarkd.vision.geometry import roi_from_points, roll_of

from models.head import Camera, Eyes, HeadModel, rotation_from_angles
from models.head.model import eye_directions
from models.synth import expression, lighting
from models.synth.appearance import occluders2d, wrinkles
from models.synth.crop import Studio, _folded
from models.synth.eye_build import Build
from models.synth.eye_file import (
    BRIGHT_PUPIL,
    DETAIL,
    GLASSES,
    INFRARED,
    MARGIN,
    STORED,
    SUNGLASSES,
    kinds,
)
from models.synth.headmesh import HeadMesh
from models.synth.population import Person
from models.synth.props import glasses
from models.synth.raster import EYE, LASH
from models.synth.scene import Artist, Drawing, Look, Placement
from models.synth.shards import store

PAIRS_PER_PERSON, PAIRS_PER_SHARD = 8, 480
LAYOUT = layout_of("landmarkd-562")
_MIRRORED_IRIS = LAYOUT.right_iris[[0, 3, 2, 1, 4]]
SIDES = (
    (np.concatenate([LAYOUT.left_lid, LAYOUT.left_iris]), 1.0, 1),
    (np.concatenate([LAYOUT.right_lid, _MIRRORED_IRIS]), -1.0, 0),
)
"""Points, sign of x and row in arrays of the head (right first) of the left and the right eye."""
_IMAGE = (116, 264)


@dataclass(frozen=True)
class Shots:
    """Eyes as the network shall read them, the right ones mirrored; n of them.

    Attributes:
        patch: uint8 (n, *STORED) grey, gamma 2.2.
        points: float32 (n, 21, 2) pixels of the network's patch.
        openness: float32 (n,) gap of the lids over the width in 3D.
        share: float32 (n,) of the iris that is not covered by lids.
        seen: float32 (n,) share of lids' surroundings and lids that nothing hides.
        kind: uint8 (n,) NEITHER, SHUT or DOWN.
        gaze: float32 (n, 2) x (to the patch's right) and y (down) of the unit vector of the gaze in
            the frame of the ray to the eye.
        rotation: float32 (n, 3, 3) of the head in that frame, y down.
        scale: float32 (n,) pixels of the patch for each millimetre at the eye.
        eyes: float32 (n, 2) pitch and yaw of the gaze in the head, degrees, mirrored.
        closed: float32 (n,) how far the lids were closed.
        tags: uint8 (n,) bits of `models.synth.eye_file`.
        pose: float32 (n, 3) pitch, yaw, roll.
    """

    patch: np.ndarray
    points: np.ndarray
    openness: np.ndarray
    share: np.ndarray
    seen: np.ndarray
    kind: np.ndarray
    gaze: np.ndarray
    rotation: np.ndarray
    scale: np.ndarray
    eyes: np.ndarray
    closed: np.ndarray
    tags: np.ndarray
    pose: np.ndarray


class EyeStudio:
    """What is loaded once to draw eyes."""

    def __init__(self, root: str | None = None):
        self.room = Studio(root)
        self.model: HeadModel = self.room.model
        mesh = self.room.mesh
        near = _about_eyes(self.model, mesh)
        mesh.closed_mouth = mesh.open_mouth = mesh.whole.only(near)
        self._artist = Artist(mesh)

    def person(self, rng: np.random.Generator) -> tuple[Person, Build]:
        """Someone with eyes of their own."""
        person = self.room.person(rng)
        build = Build.random(rng)
        return replace(person, shape=build.shape(person.shape, self.model)), build

    def pair(self, rng: np.random.Generator, person: Person, build: Build) -> dict[str, np.ndarray]:
        """Draw both eyes of someone; the fields of `Shots`, two rows each, the left eye first."""
        pose = _pose(rng)
        eyes, closed, named = _eyes(rng, pose, build)
        vertices = self.room.people.evaluate(person, named, closed, eyes)
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
        return self._labels(
            grey, drawing, metric, placement, camera, points, visible, eyes, closed, tags, pose
        )

    def _look(
        self,
        rng: np.random.Generator,
        person: Person,
        named: dict[str, float],
        light: lighting.Lighting,
    ) -> Look:
        skin = _folded(rng, person.look.face, named)
        strength = rng.uniform(0.2, 1.0) + rng.uniform(0, 0.1, 2)
        if rng.random() < 0.75:
            skin = wrinkles.lid_line(rng, skin, self.room.people.kit, *strength)
        pupil = person.look.pupil * (1.35 if light.night else 1.0) * rng.uniform(0.75, 1.2)
        return replace(person.look, face=skin, pupil=float(np.clip(pupil, 0.11, 0.44)))

    def _labels(
        self, grey, drawing: Drawing, metric, placement, camera, points, visible, eyes, closed,
        tags, pose,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        gazes = eye_directions(eyes) @ placement.camera_from_head().T
        rows = []
        for (chosen, sign, row), affine, around in zip(
            SIDES, image_from_patch(points, LAYOUT.ibug68), _AROUND, strict=True
        ):
            at = to_patch(points[chosen, :2], affine).astype(np.float32)
            centre = placement(metric[chosen[:16]]).mean(0)
            to_ray = _ray_frame(centre, affine, sign)
            share = iris_share(at)
            opened = _openness(metric[chosen[:16]])
            kind = kinds(*np.array([opened, closed[row], share, eyes.pitch]))
            dark = (drawing.lens_index >= 0) & (
                drawing.parts[drawing.part[np.maximum(drawing.lens_index, 0)], 12] < 0.3
            )
            x, y = np.rint(points[chosen[:16], :2].mean(0)).astype(int) * 2
            lens = bool(dark[np.clip(y, 0, len(dark) - 1), np.clip(x, 0, dark.shape[1] - 1)])
            # One lid hides points of the other where they meet: the skin about them tells.
            seen = visible[around].mean() * (0.2 if lens else 1.0)
            patch = _stored(grey, affine)
            rows.append(
                {
                    "patch": patch, "points": at, "openness": np.float32(opened),
                    "share": np.float32(share), "seen": np.float32(seen), "kind": np.uint8(kind),
                    "gaze": (to_ray @ gazes[row])[:2].astype(np.float32),
                    "rotation": (
                        to_ray @ placement.camera_from_head() @ np.diag([sign, -1.0, -1.0])
                    ).astype(np.float32),
                    "scale": np.float32(
                        camera.focal / (centre[2] * 10) / np.hypot(affine[0, 0], affine[1, 0])
                    ),
                    "eyes": np.array([eyes.pitch, eyes.yaw * sign], np.float32),
                    "closed": np.float32(closed[row]),
                    "tags": np.uint8(tags),
                    "pose": np.array([pose.pitch, pose.yaw * sign, pose.roll], np.float32),
                }
            )  # fmt: skip
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _about_eyes(model: HeadModel, mesh: HeadMesh) -> np.ndarray:
    """Which triangles of the whole surface lie about the eyes: bool (T,)."""
    whole = mesh.whole
    corners = model.vertices[whole.vertex_triangles].mean(1)
    box = (np.abs(corners[:, 1] - 3.6) < 4.6) & (corners[:, 2] > 1.5)
    skin = whole.part == 0
    return (skin & box) | np.isin(mesh.kinds[whole.part], (EYE, LASH))


def _ring() -> tuple[np.ndarray, np.ndarray]:
    from landmarkd.layout import DENSE, canonical_points

    head = canonical_points(LAYOUT)
    found = []
    for chosen, _, _ in SIDES:
        distance = np.linalg.norm(head[:DENSE] - head[chosen[:16]].mean(0), axis=1)
        found.append(np.flatnonzero((distance > 8.0) & (distance < 24.0)))
    return found[0], found[1]


_AROUND = _ring()


def _with_drawn_pupils(model: HeadModel, vertices: np.ndarray) -> np.ndarray:
    """Metric landmarks (562, 3) whose pupils lie where they are seen, behind the cornea."""
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
    """A gaze, how far the lids are closed, and an expression."""
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
    elif lids < 0.28:
        both = rng.uniform(0.2, 0.95)
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
    side = roi_from_points(dense * 1000, 1.0, roll_of(dense * 1000, LAYOUT.ibug68)).side / 1000
    focal = DETAIL * WIDTH / (WIDTH_SHARE * side)
    middle = plane[LAYOUT.ibug68[[36, 39, 42, 45]], :2].mean(0) * focal
    return Camera(
        float(focal), float((columns - 1) / 2 - middle[0]), float((rows - 1) / 2 - middle[1])
    )


def _backdrop(rng: np.random.Generator) -> np.ndarray:
    """A blurred something (rows, columns, 3), linear."""
    small = np.exp(rng.normal(-1.5, 0.9, (3, 5, 1)) + rng.normal(0, 0.2, (3, 5, 3)))
    return cv2.resize(small.astype(np.float32), _IMAGE[::-1], interpolation=cv2.INTER_LINEAR)


def _stored(grey: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Cut a patch with its margin from a linear picture, metered by its own brightness."""
    wide = affine.copy()
    wide[:, :2] /= DETAIL
    # The first stored pixel, in pixels of the patch.
    corner = (0.5 / DETAIL - 0.5) - np.array(MARGIN) / DETAIL
    wide[:, 2] += affine[:, :2] @ corner
    cut = cv2.warpAffine(
        grey, wide, STORED[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    gain = 0.17 / max(float(np.minimum(cut, 4 * np.median(cut)).mean()), 1e-5)
    return (255 * np.clip(cut * gain, 0, 1) ** (1 / 2.2) + 0.5).astype(np.uint8)


def _ray_frame(centre: np.ndarray, affine: np.ndarray, sign: float) -> np.ndarray:
    """Rotation (3, 3), perhaps with a mirror, from the camera's frame to a patch's."""
    away = centre / np.linalg.norm(centre)
    right = np.array([affine[0, 0], affine[1, 0], 0.0])
    right -= away * (right @ away)
    right /= np.linalg.norm(right)
    down = np.cross(away, right * sign)
    return np.stack([right, down, away])


def _openness(lid: np.ndarray) -> float:
    """As `models.head.openness`, but lids that cross have a negative gap."""
    width = np.linalg.norm(lid[0] - lid[8])
    gaps = [lid[k] - lid[16 - k] for k in (3, 4, 5)]
    sign = np.sign(np.mean([gap[1] for gap in gaps]))
    return float(sign * np.mean([np.linalg.norm(gap) for gap in gaps]) / width)


def iris_share(points: np.ndarray) -> float:
    """Share of the iris's disc (points 16 to 20 of an eye) that lies between its lids (0 to 15)."""
    limbus = points[17:21]
    a, b = (limbus[0] - limbus[2]) / 2, (limbus[1] - limbus[3]) / 2
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
    disc = limbus.mean(0) + np.cos(angle) * a + np.sin(angle) * b
    zoom, size = 4, (HEIGHT * 4, WIDTH * 4)
    masks = []
    for outline in (disc, points[:16]):
        mask = np.zeros(size, np.uint8)
        cv2.fillPoly(mask, [np.rint(outline * zoom).astype(np.int32)], 1)
        masks.append(mask)
    whole = int(masks[0].sum())
    return float((masks[0] & masks[1]).sum() / whole) if whole else 0.0


def write(folder: Path, number: int, seed: int, count: int, studio: EyeStudio) -> Path:
    """Write `shots` as one file unless it is there."""
    path = folder / f"eyes-{number:05d}.npz"
    if not path.is_file():
        file = io.BytesIO()
        np.savez(file, **vars(shots(seed, number, count, studio)))
        store(path, file.getvalue())
    return path


def shots(seed: int, number: int, count: int, studio: EyeStudio) -> Shots:
    """`count` pairs of eyes; each depends only on the seed, the number and its place."""
    found: list[dict[str, np.ndarray]] = []
    for i in range(count):
        if i % PAIRS_PER_PERSON == 0:
            person, build = studio.person(np.random.default_rng([seed, number, 1, i]))
        found.append(studio.pair(np.random.default_rng([seed, number, 2, i]), person, build))
    return Shots(**{name: np.concatenate([row[name] for row in found]) for name in found[0]})
