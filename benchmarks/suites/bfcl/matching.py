"""Whether function calls are the accepted ones: the AST check of BFCL (Patil et al. 2025).

Written from its description. A possible answer names a function and, for each argument, the values
that are accepted; `""` among them means that the argument may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..call_world import FunctionCall
from .literals import Language, read_literal
from .schema import MIXED, item_type, plain_document, tool_name

Possible = Mapping[str, Mapping[str, Sequence[Any]]]
"""One accepted call: accepted values by argument by function name."""

LEFT_OUT = ""
"""Stands among the accepted values of an argument that may be left out."""

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
_IGNORED = re.compile(r"[ ,./\-_*^]")


def all_match(
    calls: Sequence[FunctionCall],
    possible: Sequence[Possible],
    documents: Sequence[Mapping[str, Any]],
) -> bool:
    """Says whether the calls are the accepted ones, each once, in any order.

    Each possible answer takes the first of the calls left over that it accepts.
    """
    if len(calls) != len(possible):
        return False
    left = list(calls)
    for each in possible:
        found = next((n for n, call in enumerate(left) if matches(call, each, documents)), None)
        if found is None:
            return False
        del left[found]
    return True


def read_calls(
    calls: Sequence[FunctionCall], documents: Sequence[Mapping[str, Any]], language: Language
) -> list[FunctionCall] | None:
    """Returns calls with the values that their arguments say in a language; None: one is no text.

    They are to be matched against the plain documents.
    """
    known = {
        tool_name(each["name"]): each["parameters"].get("properties", {}) for each in documents
    }
    if any(not isinstance(each, str) for call in calls for each in call.arguments.values()):
        return None
    return [
        FunctionCall(call.name, {
            name: _read(value, known.get(call.name, {}).get(name, {}), language)
            for name, value in call.arguments.items()
        })
        for call in calls
    ]  # fmt: skip


def all_match_in(
    language: Language,
    calls: Sequence[FunctionCall],
    possible: Sequence[Possible],
    documents: Sequence[Mapping[str, Any]],
) -> bool:
    """Does what `all_match` does, for arguments that are texts in a language."""
    read = read_calls(calls, documents, language)
    return read is not None and all_match(read, possible, [*map(plain_document, documents)])


def _read(text: str, part: Mapping[str, Any], language: Language) -> Any:
    return read_literal(text, part.get("type", "any"), item_type(part), language)


def matches(call: FunctionCall, possible: Possible, documents: Sequence[Mapping[str, Any]]) -> bool:
    """Says whether a call is an accepted one."""
    (name, accepted), *_ = possible.items()
    document = next(each for each in documents if each["name"] == name)
    parameters = document["parameters"]
    known = parameters.get("properties", {})
    given = call.arguments
    if call.name != tool_name(name):
        return False
    if any(required not in given for required in parameters.get("required", ())):
        return False
    if any(argument not in known or argument not in accepted for argument in given):
        return False
    if any(LEFT_OUT not in values for name, values in accepted.items() if name not in given):
        return False
    return all(_accepts(known[name], value, accepted[name]) for name, value in given.items())


def _accepts(schema: Mapping[str, Any], value: Any, accepted: Sequence[Any]) -> bool:
    """Says whether an argument's value has the right type and is among the accepted ones.

    Where the accepted values have another type than the schema, they name a variable: then a value
    of either type has to be exactly the same.
    """
    kind = _TYPES.get(schema.get("type", "any"), str)
    if kind is float and type(value) is int:
        value = float(value)
    fits = type(value) is kind
    if fits and not _items_fit(_item_type(schema), value, accepted):
        return False
    if not fits and type(value) is not _type_of(accepted):
        return False
    if _type_of(accepted) not in (None, kind):
        return value in accepted
    if kind is dict:
        return _dict_accepted(value, accepted)
    if kind is list and _item_type(schema) is dict:
        return _dicts_accepted(value, accepted)
    if kind is list:
        accepted = [[] if each == LEFT_OUT else each for each in accepted]
    return _plain(value) in [_plain(each) for each in accepted]


def _type_of(accepted: Sequence[Any]) -> type | None:
    """Returns the type of the first value that is accepted, or None where there is none."""
    return next((type(each) for each in accepted if each != LEFT_OUT), None)


def _item_type(schema: Mapping[str, Any]) -> type | None:
    """Returns the type of the items of a list, or None for anything else."""
    if schema.get("type") not in ("array", "tuple"):
        return None
    kind = schema.get("items", {}).get("type", "any")
    return None if kind == MIXED else _TYPES.get(kind, str)


def _items_fit(kind: type | None, value: Any, accepted: Sequence[Any]) -> bool:
    """Says whether the items of a list have the right type, or that of an accepted list's."""
    return kind is None or any(
        not isinstance(gold, list) or all(type(item) in (kind, _type_of(gold)) for item in value)
        for gold in accepted
    )


def _dict_accepted(value: Mapping[str, Any], accepted: Sequence[Any]) -> bool:
    return any(
        isinstance(each, dict)
        and all(key in each and _among(item, each[key]) for key, item in value.items())
        and all(LEFT_OUT in values for key, values in each.items() if key not in value)
        for each in accepted
    )


def _dicts_accepted(value: Sequence[Any], accepted: Sequence[Any]) -> bool:
    return any(
        len(each) == len(value)
        and all(_dict_accepted(item, [gold]) for item, gold in zip(value, each, strict=True))
        for each in accepted
    )


def _among(value: Any, accepted: Sequence[Any]) -> bool:
    return _bare(value) in [_bare(each) for each in accepted]


def _plain(value: Any) -> Any:
    """Returns a text, or a list with the texts in it, as they are compared."""
    return [_bare(item) for item in value] if isinstance(value, list) else _bare(value)


def _bare(value: Any) -> Any:
    """Returns a text in lower case, without blanks and `,./-_*^`; anything else as it is."""
    if not isinstance(value, str):
        return value
    return _IGNORED.sub("", value).lower().replace("'", '"')
