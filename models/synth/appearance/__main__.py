"""Draw or time the appearance: `python -m models.synth.appearance SHEET.png` or `--bench`."""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import backgrounds, camera, colour, mask, occluders2d, skin
from models.synth.appearance.colour import Floats

_CROP, _COLUMNS = 176, 10
Picture = NDArray[np.uint8]


def _assets() -> Path:
    beside = Path(__file__).resolve().parents[4] / "shared" / "assets" / "head"
    return Path(os.environ.get("LANDMARKD_ASSETS", beside))


def _disc_face(kit: skin.SkinKit) -> tuple[Floats, NDArray[np.float64]]:
    """A grey disc for a face with made-up landmarks: a spiral, lids, irises and lips."""
    turn = np.arange(562)
    points = (
        np.sqrt(turn / 562)[:, None]
        * np.stack([np.cos(2.4 * turn), np.sin(2.4 * turn)], 1)
        * [38, 50]
        + 88
    )
    points[520:536], points[536:552] = (70, 78), (106, 78)
    points[[394, 360, 348, 353, 349, 361, 397, 417, 426, 425, 424, 414]] = kit.uv68[48:60] * 110 + [
        33,
        55,
    ]
    image = np.full((_CROP, _CROP, 3), 0.12, np.float32)
    cv2.ellipse(image, (88, 88), (38, 50), 0, 0, 360, (0.4, 0.36, 0.33), -1, cv2.LINE_AA)
    return image, points


def _rows(pictures: list[Picture]) -> list[Picture]:
    cells = [cv2.resize(p, (_CROP, _CROP), interpolation=cv2.INTER_AREA) for p in pictures]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % _COLUMNS)
    return [np.hstack(cells[i : i + _COLUMNS]) for i in range(0, len(cells), _COLUMNS)]


def sheet(rng: np.random.Generator, kit: skin.SkinKit) -> Picture:
    """Rows of skins, masked skins, backgrounds, occluders, day and night pictures; RGB."""
    face, points = _disc_face(kit)
    skins = [skin.paint(rng, kit) for _ in range(30)]
    masked = [mask.paint(rng, s, kit) for s in skins[:10]]
    light = cv2.resize(skins[0].face, (_CROP, _CROP))
    rows = _rows(
        [colour.encode_srgb(s.face) for s in skins + masked]
        + [colour.encode_srgb(s.back) for s in skins[:10]]
    )
    rows += _rows(
        [colour.encode_srgb(backgrounds.background(rng, _CROP, _CROP)) for _ in range(30)]
    )
    rows += _rows(
        [
            colour.encode_srgb(occluders2d.apply(rng, face, points, probability=1.0)[0])
            for _ in range(30)
        ]
    )
    rows += _rows([camera.develop(rng, light, night=i >= 30) for i in range(40)])
    return np.vstack(rows)


def bench(rng: np.random.Generator, kit: skin.SkinKit, rounds: int) -> None:
    """Print processor milliseconds per call on one thread, with full banks."""
    face, points = _disc_face(kit)
    one = skin.paint(rng, kit)
    for number in range(backgrounds.PLATES):
        backgrounds.plate(number)
    jobs: dict[str, Callable[[], object]] = {
        "skin.paint": lambda: skin.paint(rng, kit),
        "mask.paint": lambda: mask.paint(rng, one, kit),
        "background 176x176": lambda: backgrounds.background(rng, _CROP, _CROP),
        "occluders2d.apply, always": lambda: occluders2d.apply(rng, face, points, probability=1.0),
        "camera.develop by day": lambda: camera.develop(rng, face, night=False),
        "camera.develop by night": lambda: camera.develop(rng, face, night=True),
    }
    for name, job in jobs.items():
        for _ in range(20):
            job()
        start = time.process_time()
        for _ in range(rounds):
            job()
        print(f"{name:28s} {(time.process_time() - start) / rounds * 1e3:6.2f} ms")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.synth.appearance", description=__doc__)
    parser.add_argument("sheet", nargs="?", type=Path, help="PNG to write")
    parser.add_argument(
        "--assets", type=Path, default=_assets(), help="folder of the head's assets"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--bench", type=int, nargs="?", const=300, metavar="ROUNDS", help="time every function"
    )
    options = parser.parse_args()
    if options.sheet is None and options.bench is None:
        parser.error("give a PNG to write, or --bench")
    cv2.setNumThreads(1)
    kit, rng = skin.load_kit(options.assets), np.random.default_rng(options.seed)
    if options.sheet is not None:
        cv2.imwrite(str(options.sheet), cv2.cvtColor(sheet(rng, kit), cv2.COLOR_RGB2BGR))
    if options.bench is not None:
        bench(rng, kit, options.bench)


if __name__ == "__main__":
    main()
