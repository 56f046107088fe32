"""Target values of the measurements."""

import math
from dataclasses import dataclass

from models.evaluate.clips import CLOSED_BELOW, JITTER_CLIP
from models.evaluate.ruler import SHAPES
from models.evaluate.tables import Table


@dataclass(frozen=True, slots=True)
class Target:
    """A target value.

    Attributes:
        name: what it is.
        where: title, row and column in the tables.
        must, aim: values to reach.
        more_is_better: False for errors.
        least: lower limit, for numbers that must be between two limits.
    """

    name: str
    where: tuple[str, str, str]
    must: float
    aim: float
    more_is_better: bool = False
    least: float = -math.inf


_RULER, _PEOPLE = "Ruler, NME %", "people-labelled 2D"
_FGNET, _TURNED = (_RULER, "FG-NET", "ruler 51"), ("Synthetic by yaw, NME %", "68 points", "60-90")
_BLINKS = ("Blinks by threshold", f"{CLOSED_BELOW:.1f}")
_REJECTED = ("Presence", "all crops")
_TREMBLE, _RENDERED, _STILL = "Jitter of the error", "rendered clip", "stillest tenth"
UNCERTAINTY = "Uncertainty after the ruler, all real faces"
BEARDED = "Beards across the lips, mouth, NME %"
_SLOPES = dict(zip(SHAPES, (0.9, 0.92, 0.92, 0.6, 0.75), strict=True))

TARGETS = (
    Target("AFLW2000-3D, 68 points, raw", (_RULER, "AFLW2000-3D", "raw 68"), 3.0, 2.8),
    Target("AFLW2000-3D, 68 points, ruler", (_RULER, "AFLW2000-3D", "ruler 68"), 2.7, 2.4),
    Target("FG-NET, labelled points among the 51, raw", (_RULER, "FG-NET", "raw 51"), 2.35, 2.2),
    Target("FG-NET, labelled points among the 51, ruler", _FGNET, 1.9, 1.75),
    Target("people-labelled 2D, 51 points, raw", (_RULER, _PEOPLE, "raw 51"), 2.45, 2.1),
    Target("people-labelled 2D, 51 points, ruler", (_RULER, _PEOPLE, "ruler 51"), 2.1, 1.95),
    Target(
        "synthetic, yaw 0–30, 68 points",
        ("Synthetic by yaw, NME %", "68 points", "0-30"),
        2.4,
        1.9,
    ),
    Target("synthetic, yaw 60–90, 68 points", _TURNED, 3.8, 3.3),
    Target(
        "beards across the lips, mouth, over that without the mouth's model",
        (BEARDED, "mouth", "ratio"),
        0.5,
        0.5,
    ),
    *(
        Target(f"slope of {name}, {group}", (f"Local shape, {group}", name, "slope"), goal, goal,
               more_is_better=True)
        for group in ("FG-NET", "synthetic")
        for name, goal in _SLOPES.items()
    ),
    *(
        Target(f"{title} of the error, rendered clip, % of IOD", (_TREMBLE, _RENDERED, key), *goals)
        for title, key, goals in (
            ("jitter", "mean", (0.15, 0.15)),
            ("smoothed jitter", "mean smoothed", (0.05, 0.05)),
        )
    ),
    *(
        Target(f"{title}, stillest tenth of a real clip, % of IOD", (_TREMBLE, _STILL, key), *goals)
        for title, key, goals in (
            ("jitter", "mean", (0.15, 0.15)),
            ("smoothed jitter", "mean smoothed", (0.05, 0.05)),
        )
    ),
    *(
        Target(
            f"uncertainty of the {name}, rms of errors over it, all real faces",
            (UNCERTAINTY, name, "rms over sqrt 2"),
            1.2,
            1.2,
            least=0.9,
        )
        for name in ("jaw", "brows", "nose", "eyes", "mouth")
    ),
    Target(
        "jitter, % of the inter-ocular distance",
        ("Jitter", JITTER_CLIP, "second difference, % of IOD"),
        0.6,
        0.3,
    ),
    Target("blinks found, of 27", (*_BLINKS, "found"), 27, 27, more_is_better=True),
    Target("false blinks", (*_BLINKS, "false"), 2, 0),
    *(
        Target(
            f"faceless crops rejected, {kind}, %",
            (*_REJECTED, f"{kind}: rejected, %"),
            98,
            99.5,
            more_is_better=True,
        )
        for kind in ("clean", "hard")
    ),
)  # fmt: skip

SMALL_TARGETS = (
    Target("FG-NET, labelled points among the 51, ruler", _FGNET, 2.2, 2.0),
    Target("synthetic, yaw 60–90, 68 points", _TURNED, 5.0, 4.5),
)
"""Targets of a small landmark model; they replace those at the same place above."""


def target_table(
    all_tables: dict[str, Table], *, small: bool = False
) -> list[tuple[Target, float]]:
    """Return the targets that were measured with their values.

    Args:
        all_tables: by title.
        small: whether the model is of the small size.
    """
    instead = {target.where: target for target in SMALL_TARGETS} if small else {}
    found = []
    for target in TARGETS:
        title, row, key = target.where
        value = all_tables.get(title, {}).get(row, {}).get(key, math.nan)
        if math.isfinite(value):
            found.append((instead.get(target.where, target), value))
    return found


def verdict(target: Target, value: float) -> str:
    """Return in a word whether a value meets its target."""
    sign = 1 if target.more_is_better else -1
    if value < target.least:
        return "short"
    if sign * value >= sign * target.aim:
        return "aim"
    return "must" if sign * value >= sign * target.must else "short"
