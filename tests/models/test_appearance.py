"""The painted appearance: the contract of each function, on the real assets where present."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import HeadModel
from models.photographs import Album
from models.synth.appearance import (
    backgrounds,
    camera,
    colour,
    facial_hair,
    mask,
    noise,
    occluders2d,
    skin,
)

pytestmark = pytest.mark.models
ASSETS = Path(
    os.environ.get(
        "LANDMARKD_ASSETS", Path(__file__).resolve().parents[3] / "shared" / "assets" / "head"
    )
)


@pytest.fixture(scope="module")
def kit() -> skin.SkinKit:
    if not (ASSETS / "ict_head.npz").is_file():
        pytest.skip(f"the head's assets are not at {ASSETS}")
    return skin.load_kit(ASSETS)


def face_points() -> np.ndarray:
    turn = np.arange(562)
    spiral = np.stack([np.cos(2.4 * turn), np.sin(2.4 * turn)], 1)
    return np.sqrt(turn / 562)[:, None] * spiral * [38, 50] + 88


def brow_points() -> np.ndarray:
    """The inner eight of the layout's brow points in texels of the M_Face tile, y down."""
    model = HeadModel(ASSETS)
    face = model.quad_material == model.material_names.index("M_Face")
    uv = np.zeros((len(model.vertices), 2))
    uv[model.quads[face].ravel()] = model.uv[model.quads_uv[face].ravel()] % 1.0
    where = model.layout.of(uv)[model.layout.ibug68[[*range(18, 22), *range(22, 26)]]]
    return where * [256, -256] + [-0.5, 255.5]


def grey(value: float = 0.2) -> np.ndarray:
    return np.full((176, 176, 3), value, np.float32)


def is_light(image: np.ndarray) -> bool:
    return image.dtype == np.float32 and bool(np.isfinite(image).all()) and float(image.min()) >= 0


class TestColour:
    def test_encoding_undoes_the_linear_table(self) -> None:
        assert np.array_equal(colour.encode_srgb(colour.linear_table()), np.arange(256))

    @pytest.mark.parametrize(
        ("lab", "srgb"), [((53.24, 80.09, 67.20), (255, 0, 0)), ((100, 0, 0), (255, 255, 255))]
    )
    def test_lab_of_known_colours(self, lab: tuple[float, ...], srgb: tuple[int, ...]) -> None:
        assert (
            np.abs(colour.encode_srgb(colour.from_lab(np.array(lab))).astype(int) - srgb).max() <= 2
        )

    def test_skin_tones_span_the_typology_from_very_light_to_dark(self) -> None:
        rng = np.random.default_rng(0)
        luminance = np.array([colour.skin_tone(rng)[0] @ colour.LUMA for _ in range(400)])
        assert np.quantile(luminance, 0.02) < 0.07
        assert np.quantile(luminance, 0.95) > 0.42
        assert all((tone := colour.skin_tone(rng)[0])[0] > tone[2] > 0 for _ in range(200))

    def test_grey_hair_follows_its_probability(self) -> None:
        rng = np.random.default_rng(0)
        names = [colour.hair_colour(rng, 0.9, grey=1.0)[1] for _ in range(20)]
        assert set(names) == {"grey", "white"}


class TestNoise:
    def test_same_seed_same_noise_and_unit_scale(self) -> None:
        first, second = (noise.white(np.random.default_rng(4), 64, 64) for _ in range(2))
        assert np.array_equal(first, second)
        assert 0.9 < first.std() < 1.1

    def test_more_than_the_bank_holds_is_drawn_afresh(self) -> None:
        large = noise.white(np.random.default_rng(0), 1080, 1920, 3)
        assert large.shape == (1080, 1920, 3)
        assert 0.95 < large[::9, ::9].std() < 1.05

    def test_a_steeper_spectrum_is_smoother(self) -> None:
        rough, smooth = (
            noise.fractal(np.random.default_rng(1), 128, 128, exponent=e, zoom=1.0)
            for e in (0.5, 2.0)
        )
        assert np.abs(np.diff(smooth)).mean() < 0.3 * np.abs(np.diff(rough)).mean()


class TestSkin:
    def test_shapes_ranges_and_reproducibility(self, kit: skin.SkinKit) -> None:
        one, again = (skin.paint(np.random.default_rng(7), kit) for _ in range(2))
        assert one.face.shape == one.back.shape == (256, 256, 3)
        assert one.face.dtype == one.back.dtype == np.float32
        assert np.array_equal(one.face, again.face)
        assert one.attributes == again.attributes
        assert 0 < one.face.min() < one.face.max() < 1
        assert one.hair_colour.shape == (3,)

    def test_painting_leaves_the_kit_as_it_was(self, kit: skin.SkinKit) -> None:
        before = [t.face.copy() for t in kit.textures]
        for seed in range(6):
            skin.paint(np.random.default_rng(seed), kit)
        assert all(np.array_equal(t.face, b) for t, b in zip(kit.textures, before, strict=True))

    def test_skins_follow_their_darkness(self, kit: skin.SkinKit) -> None:
        skins = [skin.paint(np.random.default_rng(seed), kit) for seed in range(40)]
        cheek = [float(s.face[90:115, 60:85].mean()) for s in skins]
        assert np.corrcoef([s.darkness for s in skins], cheek)[0, 1] < -0.7

    def test_the_promised_variety_turns_up(self, kit: skin.SkinKit) -> None:
        seen = set().union(
            *(skin.paint(np.random.default_rng(seed), kit).attributes for seed in range(120))
        )
        assert {
            "beard",
            "stubble",
            "moustache",
            "lipstick",
            "eyeliner",
            "bald",
            "grey_hair",
            "wrinkles",
            "freckles",
        } <= seen

    def test_brows_stay_on_their_landmarks(self, kit: skin.SkinKit) -> None:
        """A brow changes the picture about the layout's brow points only, whatever its shape."""
        uv = brow_points()
        offsets = []
        for seed in range(60):
            face = np.full((3, 256, 256), 0.5, np.float32)
            facial_hair.grow_brows(
                np.random.default_rng(seed), face, kit, np.full(3, 0.02, np.float32)
            )
            dark = np.where(face[1] < 0.45, 0.5 - face[1], 0)
            for x, y in uv:
                column = dark[:, round(x)]
                if column.any():
                    offsets.append((column * np.arange(256)).sum() / column.sum() - y)
        assert abs(np.mean(offsets)) < 2
        assert np.std(offsets) < 4

    def test_missing_assets_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"ict_head\.npz"):
            skin.load_kit(tmp_path)


class TestMask:
    def test_cloth_covers_the_mouth_and_nothing_else_changes_much(self, kit: skin.SkinKit) -> None:
        bare = skin.paint(np.random.default_rng(3), kit)
        worn = [mask.paint(np.random.default_rng(seed), bare, kit) for seed in range(12)]
        proper = next(s for s in worn if "mask_low" not in s.attributes)
        assert proper.covered is not None
        mouth = (kit.uv68[48:60] * 256).astype(int)
        assert proper.covered[mouth[:, 1], mouth[:, 0]].all()
        eye = (kit.uv68[36:48] * 256).astype(int)
        assert not proper.covered[eye[:, 1], eye[:, 0]].any()
        assert np.allclose(proper.face[: 256 // 5], bare.face[: 256 // 5])
        assert "mask" in proper.attributes
        assert bare.covered is None


class TestBackgrounds:
    @pytest.mark.parametrize("kind", backgrounds.KINDS)
    def test_every_kind_is_light(self, kind: str) -> None:
        image = backgrounds.background(np.random.default_rng(2), 96, 128, kind=kind)
        assert image.shape == (96, 128, 3)
        assert is_light(image)

    def test_reproducible_and_varied(self) -> None:
        images = [
            backgrounds.background(np.random.default_rng(s), 64, 64, kind="plain")
            for s in (1, 1, 2)
        ]
        assert np.array_equal(images[0], images[1])
        assert not np.array_equal(images[0], images[2])

    def test_unknown_kinds_and_plates_are_refused(self) -> None:
        with pytest.raises(ValueError, match="choose from"):
            backgrounds.background(np.random.default_rng(0), 8, 8, kind="moon")
        with pytest.raises(ValueError, match="not in the bank"):
            backgrounds.plate(-1)


class TestOccluders:
    @pytest.mark.parametrize("name", occluders2d.NAMES)
    def test_every_occluder_changes_the_picture(self, name: str) -> None:
        changed = 0.0
        for seed in range(3):
            rng, image = np.random.default_rng(seed), grey()
            frame = occluders2d.FaceFrame.of(image, face_points())
            layer = occluders2d.make(rng, name, frame)
            assert layer.mask.shape == (176, 176)
            assert 0 <= layer.mask.min() <= layer.mask.max() <= 1
            assert is_light(np.asarray(layer.albedo, np.float32))
            changed = max(changed, float(layer.mask.max()))
        assert changed > 0.05

    def test_probability_and_the_original_is_kept(self) -> None:
        image = grey()
        same, covered, names = occluders2d.apply(
            np.random.default_rng(0), image, face_points(), probability=0.0
        )
        assert same is image
        assert names == ()
        assert not covered.any()
        hidden = 0
        for seed in range(20):
            out, covered, names = occluders2d.apply(
                np.random.default_rng(seed), image, face_points(), probability=1.0
            )
            assert is_light(out)
            assert set(names) <= set(occluders2d.NAMES)
            assert names
            hidden += bool(covered.any())
        assert np.array_equal(image, grey())
        assert hidden >= 10

    def test_faces_outside_the_frame_are_survived(self) -> None:
        for seed in range(15):
            out, _, _ = occluders2d.apply(
                np.random.default_rng(seed), grey(), face_points() + 400, probability=1.0
            )
            assert is_light(out)

    def test_an_unknown_name_is_refused(self) -> None:
        frame = occluders2d.FaceFrame.of(grey(), face_points())
        with pytest.raises(ValueError, match="choose from"):
            occluders2d.make(np.random.default_rng(0), "elephant", frame)


class TestCamera:
    @pytest.mark.parametrize("night", [False, True])
    def test_pictures_are_8_bit_rgb_and_reproducible(self, night: bool) -> None:
        scene = backgrounds.background(np.random.default_rng(0), 120, 176, kind="room")
        for seed in range(40):
            first, again = (
                camera.develop(np.random.default_rng(seed), scene, night=night) for _ in range(2)
            )
            assert first.shape == (120, 176, 3)
            assert first.dtype == np.uint8
            assert first.flags.c_contiguous
            assert np.array_equal(first, again)

    def test_the_camera_meters_any_scale_of_light(self) -> None:
        scene = backgrounds.background(np.random.default_rng(0), 96, 96, kind="room")
        for seed in range(10):
            dim, bright = (
                camera.develop(np.random.default_rng(seed), scene * s, night=False)
                for s in (0.01, 100.0)
            )
            assert np.abs(dim.astype(int) - bright).mean() < 4

    def test_darkness_is_survived(self) -> None:
        assert camera.develop(np.random.default_rng(0), grey(0.0), night=False).max() <= 255

    def test_night_pictures_are_mostly_colourless(self) -> None:
        scene = grey() * np.float32([1.5, 0.8, 0.5])
        colourless = sum(
            int(
                np.ptp(camera.develop(np.random.default_rng(s), scene, night=True).mean((0, 1)))
                < 12
            )
            for s in range(60)
        )
        assert colourless > 35

    def test_no_effect_moves_the_picture(self) -> None:
        """The centre of a bright spot stays within a third of a pixel, over cameras, on average."""
        y, x = np.mgrid[:96, :96].astype(np.float32)
        spot = 0.05 + np.exp(-((x - 52) ** 2 + (y - 41) ** 2) / 60)[..., None] * np.ones(
            3, np.float32
        )
        found = []
        for seed in range(80):
            picture = camera.develop(np.random.default_rng(seed), spot, night=False)[
                21:62, 32:73
            ].mean(2)
            weight = np.maximum(picture - np.quantile(picture, 0.8), 0)
            if weight.sum() > 0:
                found.append(
                    [(weight * x[21:62, 32:73]).sum(), (weight * y[21:62, 32:73]).sum()]
                    / weight.sum()
                )
        assert np.abs(np.median(found, 0) - [52, 41]).max() < 0.33


def test_photographs_stand_behind_a_share_of_crops_once_they_are_given(tmp_path, monkeypatch):
    for name, grey in (("scenery-1", 70), ("surface-1", 70)):
        cv2.imwrite(str(tmp_path / f"{name}.webp"), np.full((80, 90, 3), grey, np.uint8))
    monkeypatch.setattr(backgrounds, "plate", lambda _: np.full((512, 512, 3), 255, np.uint8))

    def many():
        rng = np.random.default_rng(0)
        for _ in range(200):
            backgrounds.background(rng, 16, 16)

    with pytest.raises(ValueError, match=r"models\.photographs"):
        backgrounds.use(tmp_path / "none")
    windows = []
    monkeypatch.setattr(
        Album, "window", lambda _, rng, h, w: windows.append(1) or np.zeros((h, w, 3), np.uint8)
    )
    backgrounds.use(tmp_path)
    try:
        many()
        assert len(windows) == pytest.approx(200 * backgrounds.PHOTOGRAPHED, abs=25)
        backgrounds.background(np.random.default_rng(0), 16, 16, kind="room")
        first = [backgrounds.background(np.random.default_rng(3), 16, 16) for _ in range(2)]
        np.testing.assert_array_equal(*first)
    finally:
        backgrounds.use(None)
    count = len(windows)
    many()
    assert len(windows) == count
