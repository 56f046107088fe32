import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.photographs import Album, album
from models.photographs.__main__ import LONGEST, decoded, scaled
from models.photographs.packages import PACKAGES


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for n, kind in enumerate(["scenery", "scenery", "surface", "cutout"]):
        picture = rng.integers(0, 255, (120, 200 + n, 4 if kind == "cutout" else 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{kind}-{n}.webp"), picture)
    return tmp_path


def test_a_folder_is_read_once_and_by_kind(folder):
    photographs = album(folder)
    assert photographs is album(folder)
    assert (len(photographs.scenery), len(photographs.surfaces), len(photographs.cut_outs)) == (
        2,
        1,
        1,
    )
    picture, alpha = photographs.cut_outs[0]
    assert picture.shape == (120, 203, 3)
    assert alpha.shape == (120, 203)


def test_without_photographs_it_says_how_to_gather_some(tmp_path):
    with pytest.raises(ValueError, match=r"models\.photographs --out"):
        Album.read(tmp_path)


@pytest.mark.parametrize(("height", "width"), [(90, 160), (160, 160), (160, 99), (20, 300)])
def test_windows_have_the_size_asked_for_and_follow_the_seed(folder, height, width):
    photographs = Album.read(folder)
    first, second = (
        [photographs.window(rng, height, width) for _ in range(20)]
        for rng in map(np.random.default_rng, (3, 3))
    )
    for one, other in zip(first, second, strict=True):
        assert one.shape == (height, width, 3)
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)
    assert len({one.tobytes() for one in first}) == 20


def test_the_list_names_known_packages_and_kinds():
    with Path("models/photographs/chosen.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) > 300
    assert {row["package"] for row in rows} == set(PACKAGES)
    assert {row["kind"] for row in rows} == set(LONGEST)


def test_every_package_is_credited():
    notice = Path("NOTICE").read_text(encoding="utf-8")
    for name in PACKAGES:
        assert name.removesuffix("-16.04").removesuffix("-20.04") in notice


def test_a_cut_out_on_white_keeps_what_is_to_be_seen():
    picture = np.full((100, 300, 3), 255, np.uint8)
    picture[20:60, 50:250] = 80
    kept = scaled(picture, "cutout")
    assert kept.shape == (40, 200, 4)
    assert (kept[..., 3] == 255).all()


def test_light_is_exposed_and_sixteen_bits_become_eight(tmp_path):
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.full((8, 8), 40000, np.uint16))
    assert decoded(path).tolist() == np.full((8, 8, 3), 156).tolist()
    assert decoded(tmp_path / "none.png") is None
