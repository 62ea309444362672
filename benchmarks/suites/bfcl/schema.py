"""Function documents of BFCL as JSON schemas that a model API takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..call_world import WorldFunction
from .literals import PLAIN_TYPES, Language

MIXED = "mixed"
"""The type of the items of a list that may be of any type, each of its own."""

_JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array"}
_KEPT = ("description", "enum", "default", "format")


def tool_name(name: str) -> str:
    """Returns a function's name with the dots that model APIs refuse turned to `_`."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64]


def as_function(document: Mapping[str, Any], language: Language | None = None) -> WorldFunction:
    """Returns a function document of BFCL as a function of a world.

    Args:
        language: in which its arguments are written, as texts; None takes them as JSON.
    """
    parameters = document["parameters"]
    if language is not None:
        described = parameters.get("properties", {}).items()
        texts = {name: _as_text(part, language) for name, part in described}
        parameters = {**parameters, "properties": texts}
    return WorldFunction(
        name=tool_name(document["name"]),
        description=document["description"],
        parameters=_schema(parameters),
    )


def plain_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a document of Java or JavaScript with the types of BFCL's other categories."""
    parameters = document["parameters"]
    described = parameters.get("properties", {}).items()
    plain = {name: _plain(part) for name, part in described}
    return {**document, "parameters": {**parameters, "properties": plain}}


def item_type(part: Mapping[str, Any]) -> str | None:
    """Returns the declared type of the items of a list, or None."""
    items = part.get("items")
    return items.get("type") if isinstance(items, Mapping) else None


def _plain(part: Mapping[str, Any]) -> dict[str, Any]:
    kind, item = part.get("type", "any"), item_type(part)
    told = {**part, "type": PLAIN_TYPES.get(kind, kind)}
    if item is not None:
        told["items"] = {"type": MIXED if item == "any" else PLAIN_TYPES.get(item, item)}
    return told


def _as_text(part: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Returns a parameter as the text that it is written as."""
    kind, item = part.get("type", "any"), item_type(part)
    of = f" of {item}" if item else ""
    held = f" with the properties {json.dumps(part['properties'])}" if "properties" in part else ""
    told = f"Written as in {language}: a literal of type {kind}{of}{held}, or a variable's name."
    return {"type": "string", "description": f"{part.get('description', '')} {told}".strip()}


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
