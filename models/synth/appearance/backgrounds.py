"""Backgrounds: a bank of procedural plates; each use has another window, colour and focus.

Where photographs were gathered, `use` takes them for a share of the crops.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.photographs import Album, album
from models.synth.appearance import colour
from models.synth.appearance.colour import Floats
from models.synth.appearance.scenes import car, decoys, places, surfaces
from models.synth.appearance.scenes.drawing import PLATE

PLATES = 768
"""Plates in the bank; each is drawn from its number at its first use, then kept (150 MB in all)."""
_KINDS = (
    # function that draws, plates of every hundred
    (places.room, 18),
    (car.car, 14),
    (places.street, 10),
    (places.objects, 9),
    (decoys.decoy, 6),
    (places.crowd, 6),
    (surfaces.dead_leaves, 8),
    (surfaces.plain, 5),
    (surfaces.clouds, 5),
    (surfaces.leaves, 4),
    (surfaces.fabric, 3),
    (surfaces.bricks, 3),
    (surfaces.poster, 3),
    (places.night, 2),
    (surfaces.writing, 1),
    (surfaces.screen, 1),
    (surfaces.wood, 1),
    (places.sky, 1),
)
KINDS = tuple(drawer.__name__ for drawer, _ in _KINDS)
_BOUNDS = np.cumsum([share for _, share in _KINDS])


PHOTOGRAPHED = 0.6
"""Share of backgrounds that are photographs, where there are some."""

_photographs: list[Album] = []


def use(folder: Path | None) -> None:
    """Take the photographs of a folder from now on in this process; none of them for None.

    Raises:
        ValueError: The folder holds no photograph.
    """
    _photographs[:] = [album(folder)] if folder else []


def kind_of(number: int) -> str:
    """The kind of a plate in the bank."""
    return KINDS[int(np.searchsorted(_BOUNDS, number * 37 % 100, side="right"))]


@lru_cache(maxsize=PLATES)
def plate(number: int) -> NDArray[np.uint8]:
    """One plate of the bank: 8-bit sRGB (PLATE, PLATE, 3), the same in every process.

    Raises:
        ValueError: The bank has no such plate.
    """
    if not 0 <= number < PLATES:
        raise ValueError(f"plate {number} is not in the bank of {PLATES}")
    kept = _store() / f"{number}.npy"
    try:
        image = np.load(kept, allow_pickle=False)
    except (OSError, ValueError):
        image = _draw(number)
        _keep(kept, image)
    image.flags.writeable = False
    return image


def _draw(number: int) -> NDArray[np.uint8]:
    drawer = _KINDS[KINDS.index(kind_of(number))][0]
    return np.ascontiguousarray(drawer(np.random.default_rng([number, 4021])))


@lru_cache(maxsize=1)
def _store() -> Path:
    """Folder of plates that processes share: drawing takes a minute. New code gets a new folder."""
    here = Path(__file__).parent
    sources = [here / name for name in ("backgrounds.py", "colour.py", "noise.py", "prints.py")]
    code = b"".join(
        path.read_bytes() for path in [*sources, *sorted((here / "scenes").glob("*.py"))]
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "landmarkd" / f"plates-{hashlib.sha256(code).hexdigest()[:16]}"


def _keep(path: Path, image: NDArray[np.uint8]) -> None:
    """Store a plate if the disk allows it; atomically, because other processes may be reading."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.save(file, image)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _bright_table() -> Floats:
    """Linear light of sRGB codes; clipped codes (lamps, skies) become up to five times white."""
    table = colour.linear_table().copy()
    table[236:] *= np.linspace(1, 5, 20, dtype=np.float32)
    return table


def _window(
    rng: np.random.Generator, source: NDArray[np.uint8], height: int, width: int
) -> NDArray[np.uint8]:
    """A random part of a plate, mirrored at random, resized to (height, width)."""
    share = float(rng.uniform(0.3, 1.0))
    h, w = (max(int(PLATE * share * n / max(height, width)), 2) for n in (height, width))
    y, x = int(rng.integers(PLATE - h + 1)), int(rng.integers(PLATE - w + 1))
    part = source[y : y + h, x : x + w]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_LINEAR)


def background(
    rng: np.random.Generator, height: int, width: int, *, kind: str | None = None
) -> Floats:
    """A background; about 0.4 ms for 176x176 once its plate is drawn.

    Args:
        rng: Random generator.
        height: Rows.
        width: Columns.
        kind: One of `KINDS` to choose from, or any.

    Returns:
        Linear RGB float32 (height, width, 3); lamps and skies go beyond 1.

    Raises:
        ValueError: There is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"no backgrounds of kind {kind!r}: choose from {', '.join(KINDS)}")
    if _photographs and kind is None and rng.random() < PHOTOGRAPHED:
        image = _photographs[0].window(rng, height, width)
    else:
        number = int(rng.integers(PLATES))
        while kind is not None and kind_of(number) != kind:
            number = (number + 1) % PLATES
        image = _window(rng, plate(number), height, width)
    focus = rng.random()
    if focus < 0.55:
        small = min(height, width)
        reach = rng.uniform(0.003, 0.012) if focus < 0.25 else rng.uniform(0.012, 0.04)
        image = cv2.GaussianBlur(image, (0, 0), float(reach * small))
    table = _bright_table() if rng.random() < 0.5 else colour.linear_table()
    light = cv2.LUT(image, table)
    gains = np.exp(rng.normal(size=3) * 0.12 + rng.normal() * 0.45).astype(np.float32)
    mixing = np.diag(gains)
    if rng.random() < 0.3:
        grey = float(rng.uniform(0.2, 1.0))
        mixing = mixing @ ((1 - grey) * np.eye(3) + grey * colour.LUMA[None]).astype(np.float32)
    return cv2.transform(light, mixing.astype(np.float32))
