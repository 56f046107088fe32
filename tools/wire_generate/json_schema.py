"""The JSON schema of a line, from the classes of `tools.wire_generate.line`."""

import inspect
import json
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

from tools.wire_generate.line import Key, ReportLine

_NAMES: dict[Any, str] = {int: "integer", float: "number", bool: "boolean", str: "string"}


def _object(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        "type": "object",
        "description": " ".join((inspect.getdoc(kind) or "").split()),
        "properties": {name: _schema(hint) for name, hint in hints.items()},
        "required": list(hints),
        "additionalProperties": False,
    }


def _schema(  # noqa: PLR0911  # one return for each kind of type
    hint: Any, key: Key | None = None
) -> dict[str, Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _schema(parts[0], parts[1]) | {"description": parts[1].doc}
    if origin is UnionType:
        (some,) = (part for part in parts if part is not NoneType)
        schema = _schema(some, key)
        return schema | {"type": [schema["type"], "null"]}
    if origin is list:
        schema = {"type": "array", "items": _schema(parts[0])}
        if key is not None and key.count is not None:
            schema |= {"minItems": key.count, "maxItems": key.count}
        return schema
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(parts[1])}
    if is_typeddict(hint):
        return _object(hint)
    if issubclass(hint, StrEnum):
        return {"type": "string", "enum": [member.value for member in hint]}
    schema = {"type": _NAMES[hint]}
    if key is not None:
        limits = {"minimum": key.low, "maximum": key.high}
        schema |= {name: value for name, value in limits.items() if value is not None}
    return schema


def schema() -> str:
    """Return report.schema.json."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "landmarkd report",
    }
    return json.dumps(head | _object(ReportLine), indent=2) + "\n"
