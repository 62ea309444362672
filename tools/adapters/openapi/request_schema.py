"""Schemas of OpenAPI 3.0 and 3.1 as JSON schemas of what is sent: references resolved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....ledger.errors import ToolError
from .references import References

MOST_PARTS = 50_000
"""Schemas within one operation: the limit on bytes is reached long before."""

_SCHEMA = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties", "dependentSchemas")
_NOT_SHOWN = (
    "xml", "externalDocs", "discriminator", "$defs", "definitions", "$id", "$schema", "$comment",
    "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef",
)  # fmt: skip
"""Of no use to a policy, or to find parts by, which stand where they are used here."""
_ANNOTATIONS = (
    "title", "description", "default", "deprecated", "example", "examples", "readOnly", "writeOnly",
)  # fmt: skip


class SchemaReader:
    """Reads the schemas of one operation.

    Raises:
        ToolError: a reference leads nowhere, or there is too much of it.
    """

    def __init__(self, references: References) -> None:
        self._references = references
        self._left = MOST_PARTS

    def read(self, schema: Any, home: Path | None) -> dict[str, Any]:
        """Returns a schema in the words of JSON Schema, without what only answers have."""
        return _sent(self._resolved(schema, home, ()), frozenset())

    def _resolved(
        self, schema: Any, home: Path | None, above: tuple[tuple[str, Path | None], ...]
    ) -> dict[str, Any]:
        """Returns a schema without references; one to a schema it is inside of takes anything."""
        self._left -= 1
        if self._left < 0:
            raise ToolError(f"its schema has more than {MOST_PARTS:,} parts")
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if not isinstance(schema, dict):
            raise ToolError(f"a schema is no object: {str(schema)[:100]!r}")
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return _modern(self._inside(schema, home, above))
        beside = {key: schema[key] for key in schema if key != "$ref"}
        beside = self._inside(beside, home, above)
        if (ref, home) in above:
            return _modern(beside)
        target, there = self._references.target(ref, home)
        found = self._resolved(target, there, (*above, (ref, home)))
        return _modern(_joined(found, beside))

    def _inside(
        self,
        schema: Mapping[str, Any],
        home: Path | None,
        above: tuple[tuple[str, Path | None], ...],
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _NOT_SHOWN or str(key).startswith("x-"):
                continue
            if key in _SCHEMA and isinstance(value, dict):
                made[key] = self._resolved(value, home, above)
            elif key in _LISTS and isinstance(value, list):
                made[key] = [self._resolved(each, home, above) for each in value]
            elif key in _BY_NAME and isinstance(value, dict):
                named, there = value, home
                if isinstance(value.get("$ref"), str):  # all of them behind one reference
                    named, there = self._references.followed(value, home)
                made[key] = {
                    str(name): self._resolved(each, there, above) for name, each in named.items()
                }
            else:
                made[key] = value
        return made


def _joined(found: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema with what stands beside a reference to it."""
    told = {key: beside[key] for key in beside if key in (*_ANNOTATIONS, "nullable")}
    more = {key: beside[key] for key in beside if key not in told}
    return {**({"allOf": [found, more]} if more else found), **told}


def _modern(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema of OpenAPI 3.0 in the words of JSON Schema."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return _with_null(schema) if schema.pop("nullable", None) is True else schema


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema that takes null, too."""
    kinds = schema.get("type") or []
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if any(key in schema for key in ("allOf", "anyOf", "oneOf", "not", "const")):
        told = {key: schema[key] for key in schema if key in _ANNOTATIONS}
        rest = {key: schema[key] for key in schema if key not in told}
        return {**told, "anyOf": [rest, {"type": "null"}]}
    if kinds and "null" not in kinds:
        schema["type"] = [*kinds, "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _sent(schema: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """Returns a schema without `readOnly` properties, which `required` asks of answers only."""
    hidden = hidden | _read_only(schema)
    made = dict(schema)
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            made[key] = {
                name: _sent(each, frozenset()) for name, each in value.items() if name not in hidden
            }
        elif key == "required" and isinstance(value, list):
            made[key] = [name for name in value if name not in hidden]
            if not made[key]:
                del made[key]
        elif key in ("allOf", "anyOf", "oneOf") and isinstance(value, list):
            made[key] = [_sent(each, hidden) for each in value]
        elif key in _SCHEMA and isinstance(value, dict):
            made[key] = _sent(value, frozenset())
    return made


def _read_only(schema: Mapping[str, Any]) -> frozenset[str]:
    properties = schema.get("properties")
    names = properties.items() if isinstance(properties, dict) else ()
    found = {name for name, each in names if _is_read_only(each)}
    for each in schema.get("allOf") or ():
        found |= _read_only(each)
    return frozenset(found)


def _is_read_only(schema: Mapping[str, Any]) -> bool:
    if "readOnly" in schema:
        return schema["readOnly"] is True
    return any(_is_read_only(each) for each in schema.get("allOf") or ())
