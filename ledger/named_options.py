"""Options as text, `NAME:OPTION=VALUE:…`, for everything that is named that way."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from decimal import InvalidOperation
from typing import Any, Literal

from .errors import UsageError


def split_name(text: str) -> tuple[str, list[str]]:
    """Returns the name and the options, each still a text."""
    name, *options = (part.strip() for part in text.split(":"))
    return name, options


def option_types(make: Callable[..., Any]) -> dict[str, Any]:
    """Returns the parameters of what makes a thing, with their types."""
    hints = typing.get_type_hints(make)
    return {name: hints[name] for name in inspect.signature(make).parameters}


def read_options(
    kind: str, name: str, texts: list[str], known: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns options by name, those that are text read as their type.

    Args:
        kind: what is named, for errors: `planner` or `memory`.
        texts: options as text.
        known: the types of the options that there are.
        given: options that are values; they stand above the texts.

    Raises:
        UsageError: there is no such option, or its value makes no sense.
    """
    read = {**dict(_read(kind, name, text, known) for text in texts), **given}
    for option in read:
        if option not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"{kind} {name} has no option {option!r}: {there}")
    return read


def full_name(name: str, options: Mapping[str, Any]) -> str:
    """Returns the name with its options, as it is recorded."""
    return ":".join((name, *(f"{option}={_show(value)}" for option, value in options.items())))


def _read(kind: str, name: str, text: str, known: Mapping[str, Any]) -> tuple[str, Any]:
    option, equals, value = text.partition("=")
    if not equals:
        example = f"{name}:{next(iter(known), 'OPTION')}=…"
        raise UsageError(f"{kind} option {text!r} is not OPTION=VALUE: write e.g. {example}")
    wanted, of_type = _reader(known.get(option, str))
    try:
        return option, of_type(value)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise UsageError(f"{kind} option {option}={value}: {wanted} is needed") from error


def _reader(of_type: Any) -> tuple[str, Callable[[str], Any]]:
    """Returns what is wanted of a value, in words, and what reads it."""
    if of_type is bool:
        return "true or false", lambda text: {"true": True, "false": False}[text.lower()]
    if isinstance(of_type, types.UnionType):
        return _reader(
            next(part for part in typing.get_args(of_type) if part is not types.NoneType)
        )
    if typing.get_origin(of_type) is Literal:
        choices = typing.get_args(of_type)
        return " or ".join(choices), lambda text: {choice: choice for choice in choices}[text]
    return f"a value of type {of_type.__name__}", of_type


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
