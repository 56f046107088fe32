"""Synthesis through its public faces: crops, labels, shards."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import Camera, Eyes, openness, rotation_from_angles
from models.synth import build, expression, lighting, raster, shards
from models.synth.appearance import thick_hair, wrinkles
from models.synth.appearance.colour import TONES
from models.synth.crop import Studio
from models.synth.framing import SIZE
from models.synth.headmesh import MATERIALS, Surface
from models.synth.labelled import ATTRIBUTES, Crop
from models.synth.population import Person
from models.synth.props import glasses, headwear, objects
from models.synth.scene import Placement

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def person(studio: Studio) -> Person:
    return studio.person(np.random.default_rng(3))


@pytest.fixture(scope="module")
def crops(studio: Studio, person: Person) -> list[Crop]:
    return [studio.crop(np.random.default_rng(k), person) for k in range(24)]


def draw(studio: Studio, person: Person, yaw: float, closed: float = 0.0) -> tuple[np.ndarray, ...]:
    """A bare head in even light over black: linear picture, landmarks (562, 3), visibility."""
    vertices = studio.people.evaluate(person, {}, (closed, closed), Eyes())
    metric = studio.model.landmarks(vertices)
    placement = Placement(
        rotation_from_angles(0, yaw, 0), metric[:520].mean(0), np.array([0, 0, 80.0])
    )
    camera = Camera(500, (SIZE - 1) / 2, (SIZE - 1) / 2)
    image = np.zeros((SIZE, SIZE, 3), np.float32)
    sh = np.zeros((9, 3), np.float32)
    sh[0] = 0.5
    light = lighting.Lighting(
        sh, np.eye(3, dtype=np.float32), np.zeros((3, 3), np.float32), np.zeros(3, np.float32),
        np.ones(2, np.float32), (False, False), np.zeros((0, 8), np.float32), False, False,
        frozenset(),
    )  # fmt: skip
    drawing = studio.artist.draw(
        image, vertices, Eyes(), person.look, placement, camera, light, [], None
    )
    landmarks = placement(metric)
    points = camera.landmarks(landmarks)
    return image, points, drawing.visible(landmarks, points[:, :2])


def test_crops_are_framed_as_promised(crops: list[Crop]) -> None:
    for crop in crops:
        assert crop.image.shape == (SIZE, SIZE, 3)
        assert crop.image.dtype == np.uint8
        assert crop.face
        low, high = crop.points[:520, :2].min(0), crop.points[:520, :2].max(0)
        assert 1.6 < SIZE / (high - low).max() < 1.95
        assert np.abs((low + high) / 2 - (SIZE - 1) / 2).max() < 0.16 * SIZE
        assert crop.points[:520, 2].mean() == pytest.approx(0, abs=1e-2)
        assert crop.attributes <= set(ATTRIBUTES)
        assert len(crop.attributes & set(TONES)) == 1
        assert 0 < crop.openness.min() <= crop.openness.max() < 0.7


def test_the_same_seed_makes_the_same_crop(
    studio: Studio, person: Person, crops: list[Crop]
) -> None:
    again = studio.crop(np.random.default_rng(5), person)
    np.testing.assert_array_equal(again.image, crops[5].image)
    np.testing.assert_array_equal(again.points, crops[5].points)


def test_landmarks_lie_on_what_is_drawn(studio: Studio, person: Person) -> None:
    image, points, visible = draw(studio, person, 0)
    shown = image.sum(-1) > 0
    grown = cv2.dilate(shown.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    at = np.rint(points[:, :2]).astype(int)
    assert grown[at[:, 1], at[:, 0]].all()
    assert visible.mean() > 0.9


def test_points_stay_on_the_skin_of_every_build(studio: Studio) -> None:
    for k in range(6):
        someone = replace(studio.person(np.random.default_rng([12, k])), child=float(k % 2))
        image, points, visible = draw(studio, someone, 20)
        grown = cv2.dilate((image.sum(-1) > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        at = np.rint(points[visible, :2]).astype(int)
        assert grown[at[:, 1], at[:, 0]].all()
        assert visible[:520].mean() > 0.6


def test_builds_move_the_neutral_head_smoothly(studio: Studio) -> None:
    vertices, quads = studio.model.vertices, studio.mesh.face_triangles
    edges = np.linalg.norm(vertices[quads[:, 0]] - vertices[quads[:, 1]], axis=1)
    for k in range(8):
        built = build.shape(np.random.default_rng(k), vertices, float(k % 2), old=k > 3)
        np.testing.assert_array_equal(
            built, build.shape(np.random.default_rng(k), vertices, float(k % 2), old=k > 3)
        )
        moved = np.linalg.norm(built - vertices, axis=1)
        assert 0.1 < moved.max() < 5
        ratio = np.linalg.norm(built[quads[:, 0]] - built[quads[:, 1]], axis=1) / np.maximum(
            edges, 1e-3
        )
        assert np.percentile(ratio, 0.5) > 0.3
        assert np.percentile(ratio, 99.5) < 2.5


def test_thick_beards_stand_off_the_skin_and_hide_the_lip(studio: Studio) -> None:
    vertices = studio.people.evaluate(
        studio.person(np.random.default_rng(3)), {}, (0.0, 0.0), Eyes()
    )
    kinds = set()
    for k in range(12):
        face = np.full((3, 256, 256), 0.4, np.float32)
        rng = np.random.default_rng(k)
        thick, name = thick_hair.grow(rng, face, studio.people.kit, np.float32([0.02, 0.015, 0.01]))
        kinds.add(name)
        shell = studio.people.beards.make(rng, vertices, thick, 0.5)
        assert len(shell.triangles) > 20
        used = shell.vertices[np.unique(shell.triangles)]
        assert used[:, 1].max() < 1.5  # below the nose's bridge
        nearest = np.sqrt(((used[:, None] - vertices[None, :9409:3]) ** 2).sum(-1)).min(1)
        assert 0.05 < nearest.max() < 7
        assert face[:, 128, 128].min() == pytest.approx(0.4) or thick.cover[128, 128] > 0
    assert kinds == {"moustache", "beard"}


def test_an_open_mouth_keeps_its_teeth(studio: Studio) -> None:
    """Triangles that are left out because they are hidden must not show as gaps."""
    person = studio.person(np.random.default_rng(3), usual=True)
    named = {
        name + s: 0.8
        for name in ("mouthSmile", "mouthUpperUp", "mouthLowerDown")
        for s in ("_L", "_R")
    }
    vertices = studio.people.evaluate(person, named | {"jawOpen": 0.4}, (0.0, 0.0), Eyes())
    kept = studio.mesh.surface(studio.model.landmarks(vertices))
    for yaw in (0, 35):
        index = [
            _mouth_pixels(studio, surface, vertices, yaw) for surface in (kept, studio.mesh.whole)
        ]
        assert index[1].sum() > 150
        assert (index[0] != index[1]).sum() < 0.02 * index[1].sum()


def _mouth_pixels(studio: Studio, surface: Surface, vertices: np.ndarray, yaw: float) -> np.ndarray:
    """Where the teeth show, bool (512, 512)."""
    turned = (vertices - vertices[:9409].mean(0)) @ rotation_from_angles(0, yaw, 0).T.astype(
        np.float32
    )
    screen = np.empty_like(turned)
    screen[:, :2] = (turned[:, :2] * [1, -1] / 12 + 1) * 256
    screen[:, 2] = 1 / (100 - turned[:, 2])
    depth, index = np.zeros((512, 512), np.float32), np.full((512, 512), -1, np.int32)
    raster.rasterise(
        np.ascontiguousarray(screen[surface.corner]), surface.uv, surface.triangles,
        surface.part, studio.mesh.kinds,
        np.ones((1, 1), np.float32), np.float32(0), 0, depth, depth, index,
    )  # fmt: skip
    return (index >= 0) & (surface.part[index] == MATERIALS.index("M_Teeth"))


def test_some_faces_laugh_and_few_do_nothing() -> None:
    faces = [expression.expression(np.random.default_rng([3, k])) for k in range(600)]
    laughs = [
        f for f in faces if f.get("mouthSmile_L", 0) > 0.4 and f.get("mouthUpperUp_L", 0) > 0.15
    ]
    assert 0.08 < len(laughs) / len(faces) < 0.3
    assert all(0 <= weight <= 1 for face in faces for weight in face.values())
    assert 0.03 < np.mean([not any(face.values()) for face in faces]) < 0.15


def test_a_flash_leaves_the_face_lit_and_the_room_dim(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = lighting.sample

    def flashed(
        rng: np.random.Generator, background: np.ndarray, distance: float
    ) -> lighting.Lighting:
        while "flash" not in (light := plain(rng, background, distance)).names:
            pass
        return light

    monkeypatch.setattr(lighting, "sample", flashed)
    brighter = 0
    for k in range(8):
        person = studio.person(np.random.default_rng([14, k]), usual=True)
        crop = studio.crop(np.random.default_rng([15, k]), person)
        assert crop.attributes <= set(ATTRIBUTES)
        at = np.clip(np.rint(crop.points[:520, :2]).astype(int), 0, SIZE - 1)[crop.visible[:520]]
        brighter += crop.image[at[:, 1], at[:, 0]].mean() > crop.image[:20].mean()
    assert brighter >= 4


def test_the_usual_person_is_the_same_but_for_what_is_rare(studio: Studio) -> None:
    usual = [studio.person(np.random.default_rng([13, k]), usual=True) for k in range(2)]
    after = [np.random.default_rng([13, 0]) for _ in range(2)]
    studio.person(after[0], usual=True)
    someone = studio.person(after[1])
    if not someone.child:
        np.testing.assert_array_equal(someone.look.iris, usual[0].look.iris)
        assert after[0].random() == after[1].random()


def test_the_pupil_is_the_darkest_of_its_eye(studio: Studio, person: Person) -> None:
    image, points, visible = draw(studio, person, 0)
    grey = cv2.GaussianBlur(image.mean(-1), (0, 0), 0.6)
    for pupil, ring in ((552, slice(553, 557)), (557, slice(558, 562))):
        assert visible[pupil]
        x, y = np.rint(points[pupil, :2]).astype(int)
        sides = np.rint(points[ring, :2]).astype(int)[[0, 2]]
        assert grey[y, x] < grey[sides[:, 1], sides[:, 0]].min()


def test_the_far_side_of_a_turned_face_is_hidden(studio: Studio, person: Person) -> None:
    _, _, visible = draw(
        studio, person, 80
    )  # the nose to image left: the subject's right side is away
    assert not visible[520:536].any()
    assert visible[536:552].mean() > 0.6


def test_shut_lids_hide_the_irises(studio: Studio, person: Person) -> None:
    _, _, open_ = draw(studio, person, 0)
    _, _, shut = draw(studio, person, 0, closed=1.0)
    assert open_[552:562].mean() > 0.6
    assert not shut[[552, 557]].any()
    assert (
        shut[552:562].sum() <= 1
    )  # the lowest point of a limbus may be on the line where the lids meet


def test_blink_weight_fits_every_person(studio: Studio) -> None:
    for k in range(4):
        someone = studio.person(np.random.default_rng([9, k]))
        vertices = studio.people.evaluate(someone, {}, (1.0, 0.0), Eyes())
        right, left = openness(studio.model.landmarks(vertices))
        assert right < 0.09
        assert left > right + 0.1


def test_squeezed_lids_meet_and_do_not_cross(studio: Studio) -> None:
    """Raised cheeks must not fold the upper lid over the lower: both ends of a gap would swap."""
    names = ("eyeSquint", "cheekSquint", "browDown", "noseSneer", "mouthSmile")
    squeezed = {name + side: 0.6 for name in names for side in ("_R", "_L")}
    for k in range(4):
        someone = studio.person(np.random.default_rng([9, k]))
        neutral = studio.model.landmarks(studio.people.evaluate(someone, {}, (0.0, 0.0), Eyes()))
        squinting = studio.model.landmarks(
            studio.people.evaluate(someone, squeezed, (0.0, 0.0), Eyes())
        )
        shut = studio.model.landmarks(studio.people.evaluate(someone, squeezed, (1.0, 1.0), Eyes()))
        assert (openness(squinting) < 0.8 * openness(neutral)).all()
        for first in (520, 536):
            upper, lower = (neutral[first + k] for k in (4, 12))
            width, up = np.linalg.norm(neutral[first] - neutral[first + 8]), upper - lower
            gaps = (
                (shut[first + 1 : first + 8] - shut[first + 15 : first + 8 : -1])
                @ up
                / np.linalg.norm(up)
                / width
            )
            assert np.abs(gaps.mean()) < 0.03
            assert np.abs(gaps).max() < 0.08


def test_eyeballs_lie_in_the_dark_of_a_slit(studio: Studio, person: Person) -> None:
    shares = []
    for closed in (0.0, 0.7):
        vertices = studio.people.evaluate(person, {}, (closed, 0.0), Eyes())
        right, left = (
            studio.mesh.eye_shadow(vertices)[ball].mean() for ball in studio.model.eyeball_vertices
        )
        shares.append(right / left)
    assert shares[1] < 0.8 * shares[0]


def test_folds_darken_the_side_that_is_squeezed(person: Person) -> None:
    skin = person.skin.face
    folded = wrinkles.squeeze(np.random.default_rng(2), skin, 1.0, 0.0)
    change = np.abs(folded / skin - 1).mean(-1)
    right, left = np.split(change, 2, axis=1)
    assert right[40:110].max() > 0.2
    assert left[40:110].max() < 0.01


def test_lids_have_dark_edges(studio: Studio, person: Person) -> None:
    skin = np.full_like(person.look.face, 0.4)
    line = wrinkles.lid_line(np.random.default_rng(3), skin, studio.people.kit, 1.0, 0.0)
    half = skin.shape[1] // 2
    np.testing.assert_array_equal(line[:, half:], skin[:, half:])
    assert line[:, :half].min() < 0.1  # at its darkest
    assert (line[:, :half] < 0.3).any(-1).mean() < 0.03  # a line, no patch


def test_close_ups_show_the_eyes_large(studio: Studio, person: Person) -> None:
    widths = []
    for k in range(12):
        crop = studio.close_up(np.random.default_rng([2, k]), person)
        assert crop.face
        lids = crop.points[520:552, :2]
        assert np.abs((lids.min(0) + lids.max(0)) / 2 - (SIZE - 1) / 2).max() < 0.12 * SIZE
        widths.append((np.ptp(crop.points[:520, :2], axis=0)).max())
    assert min(widths) > 0.85 * SIZE


def test_glasses_lie_before_the_eyes(studio: Studio, person: Person) -> None:
    ibug = studio.model.landmarks(person.shape)[studio.model.layout.ibug68]
    meshes, names = glasses.glasses(np.random.default_rng(0), ibug)
    assert "glasses" in names
    assert max(m.vertices[:, 2].max() for m in meshes) > ibug[36:48, 2].max()


@pytest.mark.parametrize("seed", range(6))
def test_props_are_sound(studio: Studio, person: Person, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vertices = studio.people.evaluate(person, {}, (0.0, 0.0), Eyes())
    ibug = studio.model.landmarks(vertices)[studio.model.layout.ibug68]
    skin = np.array([0.4, 0.3, 0.2])
    made = [
        glasses.glasses(rng, ibug), headwear.cap(rng, vertices), headwear.hood(rng, vertices, ibug),
        headwear.headphones(rng, vertices), studio.people.masks.make(rng, vertices, ibug),
        objects.hand_on_face(rng, ibug, skin), objects.phone_at_ear(rng, ibug, skin),
        objects.wheel(rng),
        objects.microphone(rng, ibug), objects.clutter(rng, ibug),
    ]  # fmt: skip
    for meshes, names in made:
        assert names <= set(ATTRIBUTES)
        for mesh in meshes:
            assert np.isfinite(mesh.vertices).all()
            assert np.abs(mesh.vertices).max() < 120


def test_non_faces_have_no_labels(studio: Studio, person: Person) -> None:
    for k in range(12):
        crop = studio.non_face(np.random.default_rng([1, k]), person)
        assert not crop.face
        assert not crop.visible.any()
        assert np.isnan(crop.points).all()


def test_distributions_cover_what_they_should() -> None:
    rng = np.random.default_rng(0)
    poses = [expression.pose(rng) for _ in range(3000)]
    yaw = np.abs([p.yaw for p in poses])
    assert yaw.max() <= 100
    for low, high in ((0, 30), (30, 60), (60, 90)):
        assert ((yaw >= low) & (yaw < high)).mean() > 0.15
    assert max(abs(p.pitch) for p in poses) <= 45
    closed = np.array([expression.closure(rng) for _ in range(3000)])
    assert 0.15 < (closed.max(1) > 0.5).mean() < 0.35
    assert ((closed >= 0) & (closed <= 1)).all()
    for _ in range(300):
        named = expression.expression(rng)
        assert all(0 <= w <= 1 for w in named.values())
        assert "mouthClose" not in named or named["jawOpen"] > named["mouthClose"]
    strained = [expression.face(rng, 1.0) for _ in range(300)]
    assert all(0 <= w <= 1 for named, _ in strained for w in named.values())
    lids = np.array([closed for _, closed in strained])
    assert 0.2 < ((lids.max(1) > 0.9) & (lids.min(1) < 0.5)).mean() < 0.6  # winks
    harder = [np.sign(named["cheekSquint_R"] - named["cheekSquint_L"]) for named, _ in strained]
    assert (harder == np.sign(lids[:, 0] - lids[:, 1])).mean() > 0.5


def test_close_up_shards_are_their_own(studio: Studio, tmp_path: Path) -> None:
    usual, near = (shards.jobs(tmp_path, 3, 11, kind=kind) for kind in ("usual", "close-up"))
    with (
        np.load(io.BytesIO(shards.render(near[0]))) as eyes,
        np.load(io.BytesIO(shards.render(usual[0]))) as faces,
    ):
        assert set(eyes) == set(faces)
        assert eyes["face"].all()
        assert not np.array_equal(eyes["points"], faces["points"])


def test_shards_of_turned_faces_hold_nothing_else(studio: Studio, tmp_path: Path) -> None:
    (job,) = shards.jobs(tmp_path, 12, 11, kind="turned")
    with np.load(io.BytesIO(shards.render(job))) as turned:
        assert turned["face"].all()
        yaw = turned["pose_deg"][:, 1]
    assert (np.abs(yaw) >= 55).all()
    assert {-1.0, 1.0} == set(np.sign(yaw))


def test_shards_of_beards_hide_some_of_the_upper_lip(studio: Studio, tmp_path: Path) -> None:
    people = [studio.people.bearded(np.random.default_rng(k)) for k in range(4)]
    assert all(person.skin.thick is not None and person.skin.thick.over_lip for person in people)
    (job,) = shards.jobs(tmp_path, 8, 11, kind="bearded")
    with np.load(io.BytesIO(shards.render(job))) as made:
        assert made["face"].all()
        upper = studio.model.layout.ibug68[49:54]
        seen, turn = made["visible"][:, upper], np.abs(made["pose_deg"][:, 1])
    assert not seen[turn < 40].all()


def test_shards_resume_and_repeat(studio: Studio, tmp_path: Path) -> None:
    jobs = [shards.Job(tmp_path / name, 3, 11, 4) for name in ("a", "b")]
    first, second = map(shards.write, jobs)
    assert first.name == "shard-00003.npz"
    assert [p.name for p in (tmp_path / "a").iterdir()] == [first.name]
    with np.load(first) as one, np.load(second) as two:
        assert set(one) == {
            "jpeg", "offsets", "points", "visible", "face", "pose_deg", "openness", "gaze_deg",
            "attributes",
            "attribute_names", "seed",
        }  # fmt: skip
        for key in one:
            np.testing.assert_array_equal(one[key], two[key])
        assert one["points"].shape == (4, 562, 3)
        assert one["offsets"][-1] == len(one["jpeg"])
        picture = cv2.imdecode(one["jpeg"][one["offsets"][1] : one["offsets"][2]], cv2.IMREAD_COLOR)
        assert picture.shape == (SIZE, SIZE, 3)
    stamp = first.stat().st_mtime_ns
    assert shards.write(jobs[0]) == first
    assert first.stat().st_mtime_ns == stamp


def test_jobs_split_the_count(tmp_path: Path) -> None:
    jobs = shards.jobs(tmp_path, 2500, 1, first=7)
    assert [(j.number, j.count) for j in jobs] == [(7, 1000), (8, 1000), (9, 500)]
    with pytest.raises(ValueError, match="at least one"):
        shards.jobs(tmp_path, 0, 1)


def test_sheet_has_a_cell_for_every_crop(crops: list[Crop]) -> None:
    assert shards.sheet(crops[:5], columns=3).shape == (2 * SIZE, 3 * SIZE, 3)
