"""Camera intrinsics: from a calibration file, from a preset, or guessed from the field of view."""

import json
import logging
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landmarkd.camera.paths import user_path
from landmarkd.errors import ConfigurationError
from landmarkd.files import read_bounded, reading
from landmarkd.types import Intrinsics

log = logging.getLogger(__name__)

DEFAULT_CHOICE = "guess:60deg"
"""60 degrees across the longer side: webcams have about 50 to 75."""
MAX_BYTES = 1 << 20
FORMAT = "landmarkd-intrinsics"
LONGEST_SIDE = 1 << 16
"""Pixels; more than any sensor has."""
LARGEST_DISTORTION = 1e4
"""Of a lens in the model of OpenCV; telephoto lenses have hundreds in k3."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A lens and a sensor by the data of the maker; single units differ by a few percent.

    Attributes:
        title: name of the product.
        focal_mm: focal length, millimetres.
        pixel_um: pitch of the pixels, micrometres.
        width, height: of the sensor, pixels.
    """

    title: str
    focal_mm: float
    pixel_um: float
    width: int
    height: int


# Raspberry Pi documentation, "Camera hardware specification" and, for the 6 mm lens, its product
# brief.
PRESETS = {
    "module-2": Preset("Camera Module 2 (IMX219)", 3.04, 1.12, 3280, 2464),
    "module-3": Preset("Camera Module 3 (IMX708)", 4.74, 1.40, 4608, 2592),
    "module-3-wide": Preset("Camera Module 3 Wide (IMX708)", 2.75, 1.40, 4608, 2592),
    "hq-6mm": Preset("High Quality Camera (IMX477) with the 6 mm CS lens", 6.0, 1.55, 4056, 3040),
    "gs-6mm": Preset("Global Shutter Camera (IMX296) with the 6 mm CS lens", 6.0, 3.45, 1456, 1088),
}


def intrinsics_for(
    width: int,
    height: int,
    choice: str = DEFAULT_CHOICE,
    *,
    rotation: int = 0,
    quiet: bool = False,
) -> Intrinsics:
    """Return the intrinsics for pictures of `width` x `height`; `origin` says their source.

    Args:
        width: of the pictures, pixels.
        height: of the pictures, pixels.
        choice: a preset's name (see `PRESETS`), the path of a calibration file, or a guess like
            "guess:60deg", the angle across the longer side.
        rotation: degrees by which the source has turned the pictures of the sensor, a multiple of
            90. Calibration files are of pictures that were turned already.
        quiet: do not warn if the calibration is for another aspect ratio.

    Raises:
        ConfigurationError: none of these, or the file is not a calibration.
        AccessError: the file may not be read.
    """
    kind, _, rest = choice.partition(":")
    if kind == "guess":
        return _guess(width, height, rest or "60deg")
    name = rest if kind == "preset" else choice
    if name in PRESETS:
        return from_preset(width, height, name, rotation)
    path = rest if kind == "calibrated" else choice
    if kind == "preset" or not (path.endswith(".json") or "/" in path):
        raise ConfigurationError(
            f"camera is {choice!r}; use a preset ({', '.join(PRESETS)}), the path of a calibration "
            "file (from landmarkd calibrate camera), or a guess like guess:60deg."
        )
    return scaled(load_intrinsics(user_path(path)), width, height, quiet=quiet)


def from_preset(width: int, height: int, name: str, rotation: int = 0) -> Intrinsics:
    """Return the intrinsics of a preset, see `intrinsics_for` (`KeyError`: unknown name)."""
    preset = PRESETS[name]
    focal = preset.focal_mm * 1000.0 / preset.pixel_um
    centre = (preset.width - 1) / 2, (preset.height - 1) / 2
    size = preset.width, preset.height
    if rotation % 180 == 90:
        centre, size = centre[::-1], size[::-1]
    whole = Intrinsics(focal, focal, *centre, *size, f"preset:{name}")
    return scaled(whole, width, height, quiet=True)


def scaled(intrinsics: Intrinsics, width: int, height: int, *, quiet: bool = False) -> Intrinsics:
    """Return intrinsics for another picture size of the same camera.

    With another aspect ratio, the picture is taken as cropped around its centre, as camera hardware
    does.
    """
    if (width, height) == (intrinsics.width, intrinsics.height):
        return intrinsics
    factor = max(width / intrinsics.width, height / intrinsics.height)
    if not quiet and not _alike(width, height, intrinsics.width, intrinsics.height):
        lying = _alike(height, width, intrinsics.width, intrinsics.height)
        log.warning(
            "%s was calibrated at %dx%d, pictures are %dx%d: taken as cropped around the centre%s.",
            *(intrinsics.origin, intrinsics.width, intrinsics.height, width, height),
            "; if they are turned (rotation=), calibrate with the same rotation" if lying else "",
        )
    return Intrinsics(
        fx=intrinsics.fx * factor,
        fy=intrinsics.fy * factor,
        # Pixel centres are at integers: the middle of a picture is at half its width minus 0.5.
        cx=(intrinsics.cx - (intrinsics.width - 1) / 2) * factor + (width - 1) / 2,
        cy=(intrinsics.cy - (intrinsics.height - 1) / 2) * factor + (height - 1) / 2,
        width=width,
        height=height,
        origin=intrinsics.origin,
        distortion=intrinsics.distortion,
    )


def _alike(width: int, height: int, other_width: int, other_height: int) -> bool:
    """Return whether two sizes have the same aspect ratio."""
    return abs(width * other_height / (height * other_width) - 1) <= 0.01


def _guess(width: int, height: int, text: str) -> Intrinsics:
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)(?:deg)?", text)
    degrees = float(match[1]) if match else 0.0
    if not 10.0 <= degrees <= 150.0:
        raise ConfigurationError(
            f"camera is 'guess:{text}'; the field of view is from 10 to 150 degrees."
        )
    focal = max(width, height) / 2 / math.tan(math.radians(degrees) / 2)
    return Intrinsics(
        focal, focal, (width - 1) / 2, (height - 1) / 2, width, height, f"guess:{degrees:g}deg"
    )


def load_intrinsics(path: Path) -> Intrinsics:
    """Read a calibration file.

    Raises:
        ConfigurationError: no such file, or not a calibration; says what is wrong.
        AccessError: it may not be read.
    """
    remedy = f"make a calibration with: landmarkd calibrate camera --out {path}"
    with reading(path, ConfigurationError, remedy):
        content = read_bounded(path, MAX_BYTES)
    try:
        return _parse(json.loads(content), path.stem)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigurationError(
            f"{path} is not a camera calibration: {what}; make a new one."
        ) from error


def _parse(data: Any, name: str) -> Intrinsics:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f'it lacks "format": "{FORMAT}"')
    numbers = {key: float(data[key]) for key in ("fx", "fy", "cx", "cy")}
    width, height = int(data["width"]), int(data["height"])
    k1, k2, p1, p2, k3 = (float(value) for value in data["distortion"])
    if not all(math.isfinite(value) for value in (*numbers.values(), k1, k2, p1, p2, k3)):
        raise ValueError("a number is not finite")
    longest = max(width, height)
    if not 0 < longest <= LONGEST_SIDE or min(width, height) <= 0:
        raise ValueError("its size is impossible")
    if not all(0.1 < numbers[key] / longest < 100 for key in ("fx", "fy")):
        raise ValueError("its focal length is impossible")
    if not all(abs(numbers[key]) < 2 * longest for key in ("cx", "cy")):
        raise ValueError("its centre lies far outside the picture")
    if not all(abs(value) < LARGEST_DISTORTION for value in (k1, k2, p1, p2, k3)):
        raise ValueError("its distortion is impossible")
    return Intrinsics(
        **numbers,
        width=width,
        height=height,
        origin=f"calibrated:{name}",
        distortion=(k1, k2, p1, p2, k3),
    )
