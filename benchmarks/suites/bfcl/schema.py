"""Function documents of BFCL as JSON schemas that a model API takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..call_world import WorldFunction

_JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array"}
_KEPT = ("description", "enum", "default", "format")


def tool_name(name: str) -> str:
    """Returns a function's name with the dots that model APIs refuse turned to `_`."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64]


def as_function(document: Mapping[str, Any]) -> WorldFunction:
    """Returns a function document of BFCL as a function of a world."""
    return WorldFunction(
        name=tool_name(document["name"]),
        description=document["description"],
        parameters=_schema(document["parameters"]),
    )


def _schema(part: Mapping[str, Any]) -> dict[str, Any]:
    schema = {key: part[key] for key in _KEPT if key in part}
    kind = part.get("type", "any")
    if kind != "any":
        schema["type"] = _JSON_TYPES.get(kind, kind)
    if isinstance(part.get("items"), Mapping):
        schema["items"] = _schema(part["items"])
    if kind == "dict" and isinstance(part.get("properties"), Mapping):
        schema["properties"] = {name: _schema(each) for name, each in part["properties"].items()}
        schema["required"] = list(part.get("required", ()))
    return schema
