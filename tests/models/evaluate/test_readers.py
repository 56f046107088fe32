import json

import cv2
import numpy as np
import pytest

from models.evaluate import readers


def _points(seed=0):
    return np.random.default_rng(seed).uniform(20, 80, (68, 2))


def _picture(path, size=100):
    cv2.imwrite(str(path), np.full((size, size, 3), 90, np.uint8))


def test_aflw2000_points_and_pose_come_back(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    points = _points()
    pose = np.radians([[5.0, -40.0, 12.0, 0, 0, 0, 0]])
    stored = np.vstack([points.T, np.zeros(68)])
    scipy_io.savemat(tmp_path / "image00001.mat", {"pt3d_68": stored, "Pose_Para": pose})
    _picture(tmp_path / "image00001.jpg")
    (face,) = readers.read_aflw2000(tmp_path)
    np.testing.assert_allclose(face.points, points)
    assert face.pose_deg == pytest.approx((5.0, -40.0, 12.0))
    assert face.read().shape == (100, 100, 3)


def test_another_mat_file_is_refused(tmp_path):
    pytest.importorskip("scipy.io").savemat(tmp_path / "x.mat", {"other": np.zeros(3)})
    with pytest.raises(ValueError, match="AFLW2000"):
        readers.read_aflw2000(tmp_path)


def test_pts_count_from_one(tmp_path):
    points = _points()
    lines = "\n".join(f"{x:.6f} {y:.6f}" for x, y in points + 1)
    (tmp_path / "a.pts").write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")
    _picture(tmp_path / "a.png")
    (face,) = readers.read_pts_folder(tmp_path)
    np.testing.assert_allclose(face.points, points, atol=1e-5)


@pytest.mark.parametrize(
    "text",
    ["", "{\n1 2\n}\n", "{\n" + "1 x\n" * 68 + "}\n", "{\n" + "nan 1\n" * 68 + "}\n", "1 2\n" * 68],
)
def test_a_malformed_pts_is_refused(tmp_path, text):
    path = tmp_path / "a.pts"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"a\.pts"):
        readers.read_pts(path)


def test_labels_with_all_and_with_some_points(tmp_path):
    points = _points()
    records = [
        {
            "image": "a.png",
            "points68": points.tolist(),
            "pose_deg": {"pitch": 1, "yaw": 2, "roll": 3},
        },
        {
            "image": "a.png",
            "points_partial": {"8": [50, 90], "36": [20, 30], "45": [80, 35]},
            "eye_open_ratio_img_left": 0.3,
            "eye_open_ratio_img_right": 0.1,
        },
    ]
    (tmp_path / "labels.json").write_text(json.dumps(records))
    _picture(tmp_path / "a.png")
    whole, partial = readers.read_labels(tmp_path)
    np.testing.assert_allclose(whole.points, points)
    assert whole.pose_deg == (1.0, 2.0, 3.0)
    assert partial.box == (20.0, 30.0, 80.0, 90.0)
    assert partial.size == pytest.approx(60.0)
    assert partial.openness == (0.3, 0.1)
    assert np.isfinite(partial.points[:, 0]).sum() == 3


def write_shard(path, count=6):
    """Write a shard of squares whose landmarks are random and whose last crop shows no face."""
    rng = np.random.default_rng(0)
    jpeg = [
        cv2.imencode(".jpg", rng.integers(0, 255, (176, 176, 3), np.uint8))[1].ravel()
        for _ in range(count)
    ]
    face = np.arange(count) < count - 1
    points = rng.uniform(30, 146, (count, 562, 3)).astype(np.float32)
    points[~face] = np.nan
    np.savez(
        path,
        jpeg=np.concatenate(jpeg),
        offsets=np.cumsum([0, *map(len, jpeg)]).astype(np.int64),
        points=points,
        visible=np.ones((count, 562), bool),
        face=face,
        pose_deg=np.linspace(-80, 80, count * 3).reshape(count, 3).astype(np.float32),
        openness=np.full((count, 2), 0.3, np.float32),
        gaze_deg=np.zeros((count, 2), np.float32),
        attributes=np.arange(count).astype(np.uint32),
        attribute_names=np.array(["glasses", "mask", "cap"]),
        seed=np.arange(count),
    )
    return points


@pytest.mark.parametrize(
    ("share", "tag"),
    [
        (0.0, "0 to 10 % seen"),
        (0.1, "0 to 10 % seen"),
        (0.2, "10 to 30 % seen"),
        (1.0, "60 to 100 % seen"),
    ],
)
def test_faces_are_told_apart_by_what_is_seen_of_them(share, tag):
    assert readers.seen_tag(share) == tag


def test_shards_yield_their_faces_with_tags(tmp_path):
    points = write_shard(tmp_path / "shard-00000.npz")
    faces = list(readers.read_shards(tmp_path))
    assert len(faces) == 5
    from landmarkd.layout import LAYOUTS

    np.testing.assert_allclose(
        faces[2].points, points[2, LAYOUTS["landmarkd-562"].ibug68, :2], rtol=1e-6
    )
    assert faces[3].tags == {"glasses", "mask", "60 to 100 % seen"}
    assert faces[3].read().shape == (176, 176, 3)
    assert len(list(readers.read_shards(tmp_path, limit=2))) == 2
    assert len(list(readers.shard_backgrounds(tmp_path))) == 1
