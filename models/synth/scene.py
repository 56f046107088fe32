"""Assemble a head with its props and draw it over a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.head import Camera, Eyes, to_camera
from models.head.model import eye_rotations
from models.synth import raster
from models.synth.headmesh import MATERIALS, HeadMesh
from models.synth.lighting import Lighting
from models.synth.mesh import Mesh, part_row
from models.synth.shade import KIND, shade
from models.synth.shadows import Body, shadow_maps

SUPERSAMPLING = 2
_NEAR_CM = 4.0
_TOLERANCE_CM = np.full(562, 0.17, np.float32)
_TOLERANCE_CM[520:] = 0.12  # lids and irises lie close to what may hide them


@dataclass(frozen=True)
class Look:
    """Surfaces of one person.

    Attributes:
        face: float32 (h, w, 3) linear albedo of the M_Face tile.
        back: float32 (h, w, 3) of the M_BackHead tile.
        iris: float32 (n, n, 3).
        pupil: Radius, centimetres.
        pupil_colour: (3,).
        sclera: Albedo (3,).
        veins: 0 to 1.
        specular: Of the skin.
        roughness: Of the skin.
        lashes: Opacity at their roots.
        lash_colour: (3,).
        teeth: Albedo (3,).
    """

    face: np.ndarray
    back: np.ndarray
    iris: np.ndarray
    pupil: float
    pupil_colour: np.ndarray
    sclera: np.ndarray
    veins: float
    specular: float
    roughness: float
    lashes: float
    lash_colour: np.ndarray
    teeth: np.ndarray


@dataclass(frozen=True)
class Placement:
    """A head's place: rotation (3, 3), y up; its pivot in the head's and in the camera's frame."""

    rotation: np.ndarray
    origin: np.ndarray
    position: np.ndarray

    def camera_from_head(self) -> np.ndarray:
        """Rotation (3, 3) from the head's to the camera's frame."""
        return self.rotation * np.array([[1.0], [-1.0], [-1.0]])

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Camera-frame float32 (N, 3) of head-frame points."""
        return to_camera(points, self.rotation, self.origin, self.position).astype(np.float32)


@dataclass
class Drawing:
    """What was drawn: the visibility buffers, to ask what can be seen."""

    depth: np.ndarray
    index: np.ndarray
    lens_index: np.ndarray
    part: np.ndarray
    parts: np.ndarray

    def visible(self, landmarks: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Which landmarks (562, 3), camera frame, at pixels (562, 2), can be seen: bool (562,)."""
        depth = landmarks[:, 2].copy()
        depth[552:] += raster.EYE_RECESS_CM
        points = _buffer_points(pixels, depth)
        seen = raster.visible_points(points, _TOLERANCE_CM, self.depth)
        height, width = self.depth.shape
        column = np.clip(points[:, 0].astype(int), 0, width - 1)
        row = np.clip(points[:, 1].astype(int), 0, height - 1)
        lens = self.lens_index[row, column]
        dark = (lens >= 0) & (self.parts[self.part[lens], 12] < 0.3)
        return seen & ~dark


def _buffer_points(pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Buffer coordinates and 1/z, float32 (N, 3); 1/z is 0 behind the near plane."""
    result = np.empty((len(pixels), 3), np.float32)
    result[:, :2] = (pixels + 0.5) * SUPERSAMPLING
    result[:, 2] = np.where(depth > _NEAR_CM, 1 / np.maximum(depth, _NEAR_CM), 0)
    return result


class Artist:
    """Draws heads; keeps what does not change from picture to picture."""

    def __init__(self, mesh: HeadMesh):
        self.mesh = mesh
        model = mesh.model
        self._eye_side = np.full(len(model.vertices), -1, np.int32)
        self._eye_axis: list[np.ndarray] = []
        self._aux = model.vertices.copy()
        centres = model.eyeball_centres(model.vertices)
        pupils = model.landmarks(model.vertices)[[552, 557]]
        for side, index in enumerate(model.eyeball_vertices):
            align = _toward_z(pupils[side] - centres[side])
            self._eye_axis.append(align)
            self._eye_side[index] = side
            self._aux[index] = (model.vertices[index] - centres[side]) @ align.T

    def head_parts(self, look: Look) -> np.ndarray:
        """Part rows (len(MATERIALS), PART_COLUMNS) of the head itself."""
        rows = []
        for kind, material in zip(self.mesh.kinds, MATERIALS, strict=True):
            k = int(kind)
            if k in (raster.FACE, raster.BACK):
                rows.append(part_row(k, specular=look.specular, roughness=look.roughness))
            elif k == raster.EYE:
                rows.append(part_row(k, specular=1.6, roughness=0.16, side=int("Left" in material)))
            elif k == raster.LASH:
                rows.append(part_row(k, look.lash_colour, specular=0.0))
            elif material == "M_Teeth":
                rows.append(part_row(k, look.teeth, specular=1.2, roughness=0.25))
            else:
                rows.append(
                    part_row(
                        k, look.teeth * np.array([0.62, 0.2, 0.2]), specular=1.2, roughness=0.3
                    )
                )
        return np.stack(rows)

    def draw(
        self,
        image: np.ndarray,
        vertices: np.ndarray,
        eyes: Eyes,
        look: Look,
        placement: Placement,
        camera: Camera,
        light: Lighting,
        props: list[Mesh],
        hair: tuple[Mesh, np.ndarray, np.ndarray] | None,
        *,
        with_head: bool = True,
    ) -> Drawing:
        """Draw over `image` (H, W, 3) float32 linear, in place.

        Args:
            image: The background.
            vertices: (26719, 3) evaluated head, head frame.
            eyes: The gaze with which it was evaluated.
            look: Its surfaces.
            placement: Where it is.
            camera: Pixels of `image`.
            light: The light.
            props: Meshes in the head frame.
            hair: The mesh of the hair with its opacity and strands (S, S), or None.
            with_head: False draws only the props.
        """
        alpha = hair[1] if hair else np.ones((1, 1), np.float32)
        strands = hair[2] if hair else np.ones((1, 1), np.float32)
        extra = ([hair[0]] if hair else []) + props
        body = self._gather(vertices, look, placement, extra, with_head=with_head)
        screen = raster.project(
            body.world, camera.focal, camera.cx, camera.cy, camera.k1, SUPERSAMPLING, _NEAR_CM
        )
        data = np.empty((len(screen), 16), np.float32)
        raster.pack(screen, body.world, body.normals, body.uv, body.occlusion, body.aux, data)
        uv_all, triangles_all, part_all, parts = body.uv, body.triangles, body.part, body.parts
        kinds = parts[:, KIND].astype(np.int32)
        size = (image.shape[0] * SUPERSAMPLING, image.shape[1] * SUPERSAMPLING)
        depth, index = np.zeros(size, np.float32), np.full(size, -1, np.int32)
        lens_depth, lens_index = np.zeros(size, np.float32), np.full(size, -1, np.int32)
        geometry = (screen, uv_all, triangles_all, part_all, kinds, alpha, np.float32(look.lashes))
        raster.rasterise(*geometry, 0, depth, depth, index)
        seen_depth = depth.copy()
        raster.rasterise(*geometry, 1, depth, depth, index)
        if (kinds == raster.LENS).any():
            raster.rasterise(*geometry, 2, depth, lens_depth, lens_index)
        shadows, matrices, spread = shadow_maps(light, body, kinds, alpha, placement)
        eye = np.concatenate([[look.pupil, look.veins], look.pupil_colour, look.sclera]).astype(
            np.float32
        )
        paint = (look.face, look.back, strands, look.iris, self._eye_frames(placement, eyes), eye)
        lamps = (
            light.sh,
            light.directions,
            light.colours,
            light.near,
            shadows,
            matrices,
            spread,
            light.infrared,
        )
        shade(
            depth,
            index,
            lens_index,
            data,
            triangles_all,
            part_all,
            parts,
            paint,
            lamps,
            light.glare,
            image,
        )
        return Drawing(seen_depth, index, lens_index, part_all, parts)

    def _gather(
        self,
        vertices: np.ndarray,
        look: Look,
        placement: Placement,
        things: list[Mesh],
        *,
        with_head: bool,
    ) -> Body:
        """The head and everything with it as one body in the camera frame."""
        pieces, rows = [], []
        if with_head:
            surface = self.mesh.surface(self.mesh.model.landmarks(vertices))
            world = placement(vertices)
            corner = surface.corner
            normals = raster.vertex_normals(world, surface.vertex_triangles)[corner]
            occlusion = self.mesh.eye_shadow(vertices)[corner]
            rows += list(self.head_parts(look))
            pieces.append(
                (
                    world[corner],
                    normals,
                    surface.uv,
                    occlusion,
                    self._aux[corner],
                    surface.triangles,
                    surface.part,
                )
            )
        count = sum(len(piece[0]) for piece in pieces)
        for thing in things:
            world = placement(thing.vertices)
            normals = raster.vertex_normals(world, thing.triangles)
            own = np.full(len(thing.triangles), len(rows), np.int32)
            rows.append(thing.part)
            open_ = np.ones(len(world), np.float32)
            pieces.append(
                (world, normals, thing.uv, open_, thing.aux, thing.triangles + np.int32(count), own)
            )
            count += len(world)
        return Body(
            *(np.concatenate(column) for column in zip(*pieces, strict=True)), np.stack(rows)
        )

    def _eye_frames(self, placement: Placement, eyes: Eyes) -> np.ndarray:
        """Rotations float32 (2, 3, 3) from the camera frame to each eye's own."""
        head_from_camera = placement.camera_from_head().T
        turns = eye_rotations(eyes)
        return np.stack(
            [
                align @ turn.T @ head_from_camera
                for align, turn in zip(self._eye_axis, turns, strict=True)
            ]
        ).astype(np.float32)


def _toward_z(axis: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that turns `axis` to +z."""
    a = axis / np.linalg.norm(axis)
    v = np.array([a[1], -a[0], 0.0])  # a x z
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return (np.eye(3) + k + k @ k / (1 + a[2])).astype(np.float32)
