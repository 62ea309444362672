"""JSON schemas of the replies that planners ask for. Pure functions.

They are written in the part of JSON Schema that servers and their grammars have in common: no
references, no words for people, every list with an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from ..journal.records import ReplySchema, ToolSpec

MOST_ITEMS = 8
"""Entries of a list where nothing else is said: a model that repeats itself comes to an end."""
_MOST_BYTES = 16_000
"""A longer schema of calls names the tools alone: it is paid with each request."""
_MOST_DEPTH = 16
_ANYTHING: dict[str, Any] = {"type": "object"}
_KEPT = frozenset(
    (
        "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minItems", "maxItems",
    )
)  # fmt: skip
_UNIONS = ("anyOf", "oneOf")
_UNKNOWN = frozenset(("allOf", "not", "if", "patternProperties", "prefixItems", "$dynamicRef"))


class _NotPortable(ValueError):
    """A schema says something that not every server understands."""


@cache
def schema_of(form: type[BaseModel]) -> ReplySchema:
    """Returns the schema of a form.

    All that it may have it has to have, as the prompt shows it. Patterns are written without
    classes such as `\\d`, which llama.cpp does not know.
    """
    root = form.model_json_schema()
    return _named(form.__name__, _portable(root, root, is_ours=True))


def narrowed(form: ReplySchema, **values: Sequence[Any]) -> ReplySchema:
    """Returns the schema with only these values for properties of its object."""
    properties = {**form.schema["properties"]}
    for name, known in values.items():
        properties[name] = {"type": properties[name]["type"], "enum": list(known)}
    return _named(form.name, {**form.schema, "properties": properties})


def schema_of_plan(tools: Sequence[ToolSpec], *, most: int) -> ReplySchema:
    """Returns the schema of `{"steps": [{"tool": …, "arguments": …}]}`.

    Each step names one of the tools, with arguments as the tool declares them; an empty list is a
    plan too.
    """
    calls = [_call([tool.name], _arguments(tool)) for tool in tools]
    made = _plan({"anyOf": calls} if len(calls) > 1 else calls[0], most) if calls else None
    if made is None or len(made.text) > _MOST_BYTES:
        names = [tool.name for tool in tools]
        made = _plan(_call(names, _ANYTHING) if names else _call(None, _ANYTHING), most)
    return made


def _plan(step: Mapping[str, Any], most: int) -> ReplySchema:
    steps = {"type": "array", "items": step, "maxItems": most}
    return _named("RemainingPlan", _object({"steps": steps}))


def _call(names: Sequence[str] | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    tool = {"type": "string", **({} if names is None else {"enum": list(names)})}
    return _object({"tool": tool, "arguments": arguments})


def _arguments(tool: ToolSpec) -> Mapping[str, Any]:
    """Returns the schema of a tool's arguments; any object where it cannot be told to everyone."""
    try:
        found = _portable(tool.parameters, tool.parameters, is_ours=False)
    except (_NotPortable, RecursionError):
        return _ANYTHING
    return found if found.get("type") == "object" else _ANYTHING


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _named(name: str, schema: Mapping[str, Any]) -> ReplySchema:
    return ReplySchema(name=name, schema=schema, is_closed=_is_closed(schema))


def _portable(
    schema: Any, root: Mapping[str, Any], *, is_ours: bool, depth: int = 0
) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or depth > _MOST_DEPTH or _UNKNOWN & schema.keys():
        raise _NotPortable

    def inner(part: Any) -> dict[str, Any]:
        return _portable(part, root, is_ours=is_ours, depth=depth + 1)

    if "$ref" in schema:
        return inner(_referred(schema["$ref"], root))
    for union in _UNIONS:
        if union in schema:
            return {"anyOf": [inner(part) for part in schema[union]]}
    found = {name: value for name, value in schema.items() if name in _KEPT}
    if is_ours and "pattern" in schema:  # those of others may be in any dialect
        found["pattern"] = schema["pattern"]
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if isinstance(found.get("type"), list):
        types = found.pop("type")
        return {"anyOf": [inner({**schema, "type": kind}) for kind in types]}
    if found.get("type") == "array":
        found.setdefault("maxItems", max(MOST_ITEMS, found.get("minItems", 0)))
        if "items" in schema:
            found["items"] = inner(schema["items"])
    if found.get("type") != "object" or schema.get("additionalProperties"):
        return found
    properties = schema.get("properties")
    if properties is None and "additionalProperties" not in schema:
        return found
    parts = {name: inner(part) for name, part in (properties or {}).items()}
    needed = parts if is_ours else schema.get("required") or ()
    return {**_object(parts), "required": [name for name in parts if name in needed]}


def _referred(reference: Any, root: Mapping[str, Any]) -> Any:
    found: Any = root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise _NotPortable
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            raise _NotPortable
        found = found[name]
    return found


def _is_closed(schema: Mapping[str, Any]) -> bool:
    """Says whether every object names all that it has, and every value what sort it is of."""
    if "anyOf" in schema:
        return all(map(_is_closed, schema["anyOf"]))
    if schema.get("type") == "object":
        properties = schema.get("properties")
        if properties is None or set(schema["required"]) != set(properties):
            return False
        return all(map(_is_closed, properties.values()))
    if schema.get("type") == "array":
        return "items" in schema and _is_closed(schema["items"])
    return "type" in schema or "enum" in schema
