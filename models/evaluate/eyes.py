"""Accuracy of the eye model: one table over rendered eyes, near-infrared crops and clips.

python -m models.evaluate eyes [--only NAME…] [--out FOLDER]

Real eyes are used for evaluation only, never for training.
"""

from collections.abc import Callable
from pathlib import Path

from landmarkd.vision.eyes import EyeModel
from landmarkd.vision.zoo import open_zoo

from models.evaluate.eye_bench import Bench, Rows
from models.evaluate.eye_clips import clip, lens, mahie, screen, selfie, soniya, talking
from models.evaluate.eye_pictures import near_infrared, rendered

MEASURES: dict[str, Callable[[Bench], Rows]] = {
    "rendered": rendered,
    "infrared": near_infrared,
    "lens": lens,
    "screen": screen,
    "clip": clip,
    "selfie": selfie,
    "soniya": soniya,
    "mahie": mahie,
    "talking": talking,
}


def evaluate(
    zoo: Path | None, real: Path, drawn: list[Path], out: Path | None, only: list[str]
) -> Rows:
    """Return the rows of the requested measures; where pictures are missing, the row says so."""
    bench = Bench(EyeModel(open_zoo(zoo)), zoo, real, drawn, out)
    rows: Rows = []
    for name in only or MEASURES:
        try:
            rows += MEASURES[name](bench)
        except FileNotFoundError as error:
            rows.append((name, f"left out: {error}"))
    return rows
