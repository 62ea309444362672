"""Checks arguments against a JSON schema that somebody else wrote, maybe in bad faith."""

from __future__ import annotations

import contextvars
import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson

from ...ledger.errors import ToolError, UsageError
from .schema_tool import Checker

LARGEST = 32_000
"""Bytes of a schema: more would be paid for in every prompt."""

REFERENCES = 2_000
"""References followed in one check; a schema that needs more is not checked against."""

STEPS = 20_000
"""Keywords of a schema that one check applies; a schema that needs more is not checked against."""

_UNIQUE = 1_000
"""Items that are compared with each other."""

_SHOWN_ERRORS = 3
_APPLIED: contextvars.ContextVar[list[int]] = contextvars.ContextVar("applied")
_FOLLOWED: contextvars.ContextVar[list[int]] = contextvars.ContextVar("followed")


class _TooMany(Exception):
    """The schema refers to itself too often, or takes too many steps."""


def fit_for_use(schema: Any) -> dict[str, Any]:
    """Returns a schema that a policy can be shown: of type `object`, with properties.

    Raises:
        ToolError: it is no schema of an object, or too large.
    """
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        raise ToolError("its input schema does not describe an object")
    made = {"type": "object", **schema}
    made.setdefault("properties", {})
    try:
        made = {name: _within_64_bits(part) for name, part in made.items()}
        size = len(orjson.dumps(made))
    except (TypeError, RecursionError) as exc:
        raise ToolError("its input schema is no JSON") from exc
    if size > LARGEST:
        raise ToolError(f"its input schema has {size:,} bytes; {LARGEST:,} are the limit")
    return made


def _within_64_bits(value: Any) -> Any:
    """Returns JSON with larger integers as floats, which every writer and reader of JSON takes.

    A policy is shown these; arguments are checked against the integers.
    """
    if isinstance(value, dict):
        return {name: _within_64_bits(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_within_64_bits(part) for part in value]
    is_large = isinstance(value, int) and not -(2**63) <= value < 2**64
    return float(value) if is_large else value


def checker(schema: Mapping[str, Any], tool: str) -> Checker:
    """Returns a function that checks arguments against the schema.

    It is read by the rules of the draft that its `$schema` names, else by those of 2020-12. Regular
    expressions in it are not run (one can take for ever), references lead nowhere outside the
    schema, unknown keywords are tolerated.

    Raises:
        UsageError: the package jsonschema is missing.
        ToolError: the schema is not valid.
    """
    validator_class = _validator_class(schema)
    try:
        validator_class.check_schema(schema)
    except Exception as exc:
        said = str(getattr(exc, "message", exc))[:200]
        raise ToolError(f"its input schema is not valid: {said}") from exc
    registry = importlib.import_module("referencing").Registry()
    validator = validator_class(schema, registry=registry)

    def check(arguments: Mapping[str, Any]) -> str | None:
        token, steps = _FOLLOWED.set([0]), _APPLIED.set([0])
        try:
            errors = [_said(error) for error in _first(validator.iter_errors(arguments))]
        except Exception:  # a schema that cannot be followed: its owner judges the call
            return None
        finally:
            _FOLLOWED.reset(token)
            _APPLIED.reset(steps)
        return f"wrong arguments for {tool}: {'; '.join(errors)}" if errors else None

    return check


def _first(errors: Iterator[Any]) -> list[Any]:
    return [error for error, _ in zip(errors, range(_SHOWN_ERRORS), strict=False)]


def _said(error: Any) -> str:
    where = ".".join(str(part) for part in error.absolute_path)[:100]
    said = str(error.message)
    said = said if len(said) <= 200 else f"{said[:200]}…"
    return f"{where!r}: {said}" if where else said


def _validator_class(schema: Mapping[str, Any]) -> Any:
    try:
        validators = importlib.import_module("jsonschema.validators")
    except ImportError as exc:
        raise UsageError(
            "tools with a foreign schema need jsonschema: pip install 'outlay[mcp]'"
        ) from exc
    newest = validators.Draft202012Validator
    return _guarded_class(validators.validator_for(schema, default=newest))


@cache
def _guarded_class(base: Any) -> Any:
    validators = importlib.import_module("jsonschema.validators")
    extra = base.VALIDATORS["additionalProperties"]

    def skip(*_: Any) -> Iterator[Any]:
        return iter(())

    def additional(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if "patternProperties" in schema:
            return iter(())
        return extra(validator, value, instance, schema)

    def unique(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if isinstance(instance, list) and len(instance) > _UNIQUE:
            raise _TooMany
        return base.VALIDATORS["uniqueItems"](validator, value, instance, schema)

    def applied(keyword: Any) -> Any:
        def apply_counted(*arguments: Any) -> Any:
            steps = _APPLIED.get([0])
            steps[0] += 1
            if steps[0] > STEPS:
                raise _TooMany
            return keyword(*arguments)

        return apply_counted

    def counted(follow: Any) -> Any:
        def follow_counted(*arguments: Any) -> Any:
            followed = _FOLLOWED.get([0])
            followed[0] += 1
            if followed[0] > REFERENCES:
                raise _TooMany
            return follow(*arguments)

        return follow_counted

    guarded = {
        **base.VALIDATORS,
        "uniqueItems": unique,
        "pattern": skip,
        "patternProperties": skip,
        "unevaluatedProperties": skip,
        "unevaluatedItems": skip,
        "additionalProperties": additional,
        **{
            name: counted(base.VALIDATORS[name])
            for name in ("$ref", "$dynamicRef", "$recursiveRef")
            if name in base.VALIDATORS
        },
    }
    return validators.extend(base, {name: applied(guarded[name]) for name in guarded})
