"""Shared by the generators: the enumerations with the sentence after each member."""

import ast
import inspect
import sys
from enum import IntEnum, IntFlag, StrEnum
from itertools import pairwise

from landmarkd.enums import Attention, ClockQuality, EventKind, EventPhase, GazeZone, Lids
from landmarkd.wire.names import PointsFlag, Selection, StatusFlag, numbers

Enumeration = type[IntEnum] | type[IntFlag] | type[StrEnum]

ENUMERATIONS: tuple[Enumeration, ...] = (
    Selection,
    Attention,
    Lids,
    GazeZone,
    EventKind,
    EventPhase,
    ClockQuality,
    StatusFlag,
    PointsFlag,
)


def members(enumeration: Enumeration) -> list[tuple[str, int, str]]:
    """Return name, value and explanation of each member: the string after it."""
    tree = ast.parse(inspect.getsource(sys.modules[enumeration.__module__]))
    body = next(
        n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == enumeration.__name__
    )
    texts: dict[str, str] = {}
    for node, after in pairwise(body):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            texts[node.targets[0].id] = " ".join(str(after.value.value).split())
    if issubclass(enumeration, StrEnum):
        return [
            (m.name, number, texts.get(m.name, "")) for m, number in numbers(enumeration).items()
        ]
    return [
        (name, int(value), texts.get(name, "")) for name, value in enumeration.__members__.items()
    ]


def summary(thing: type) -> str:
    """Return the first sentence or two of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
