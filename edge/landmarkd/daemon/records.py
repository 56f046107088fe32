"""Records from JSON, checked field by field.

For commands that must start fast: the import of pydantic takes longer than they run.
"""

from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


def checked(kind: Any, value: object, name: str = "the record") -> Any:
    """Return a value as its type: tuples for lists, dataclasses for objects.

    Unknown fields of a dataclass are left out, because a later version may have written them.

    Args:
        kind: a dataclass, str, bool, int, float, None, dict[str, T], tuple[T, ...], tuple[T, U] or
            a union of these.
        value: from `json.loads`.
        name: of the value in the error.

    Raises:
        ValueError: wrong type, or a field is missing.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        kind = next(each for each in inner if each is not NoneType)
        return None if value is None and NoneType in inner else checked(kind, value, name)
    if is_dataclass(kind) and isinstance(value, dict):
        return _record(kind, value)
    if origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[1] is ... else list(inner)
        if len(kinds) == len(value):
            return tuple(checked(*pair, name) for pair in zip(kinds, value, strict=True))
    if origin is dict and isinstance(value, dict):
        return {key: checked(inner[1], each, name) for key, each in value.items()}
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(kind, type) or type(value) is not kind:
        raise ValueError(f"{name} is no {getattr(kind, '__name__', kind)}")
    return value


def _record(kind: Any, value: dict[str, object]) -> Any:
    hints = get_type_hints(kind)
    for each in fields(kind):
        if each.name not in value and each.default is each.default_factory is MISSING:
            raise ValueError(f"{each.name} is missing")
    return kind(
        **{name: checked(hint, value[name], name) for name, hint in hints.items() if name in value}
    )
