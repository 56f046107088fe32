"""What the generators share: the enumerations with the sentence that stands behind each member."""

import ast
import inspect
from enum import IntEnum, IntFlag
from itertools import pairwise

from landmarkd.wire import names
from landmarkd.wire.names import Attention, Phase, PointsFlag, Selection, StatusFlag, Zone

ENUMERATIONS: tuple[type[IntEnum] | type[IntFlag], ...] = (
    Selection,
    Attention,
    Phase,
    Zone,
    StatusFlag,
    PointsFlag,
)


def members(enumeration: type[IntEnum] | type[IntFlag]) -> list[tuple[str, int, str]]:
    """Return name, value and explanation of each member; the explanation is the string behind it, or empty."""
    tree = ast.parse(inspect.getsource(names))
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
    return [
        (name, int(value), texts.get(name, "")) for name, value in enumeration.__members__.items()
    ]


def summary(thing: type) -> str:
    """Return the first sentence or two of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
