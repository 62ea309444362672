"""An operation of an OpenAPI document, with every reference in it resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a value is written where there is no JSON: `style` and `explode` of a document."""

    kind: str
    """simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject; or json."""
    explode: bool = False
    reserved: bool = False
    """True for `allowReserved`: characters such as `:` and `/` stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: where it goes, and what the policy calls it."""

    name: str
    place: str
    argument: str
    required: bool
    schema: Mapping[str, Any]
    style: Style


@dataclass(frozen=True, kw_only=True)
class Part:
    """How one property of a form is written."""

    media_types: tuple[str, ...] = ()
    style: Style | None = None
    """None: objects as JSON, lists as one part per item."""
    is_file: bool = False


@dataclass(frozen=True, kw_only=True)
class RequestBody:
    """What a request carries: how it is written, and the schema that a policy is shown."""

    media_type: str
    form: Literal["json", "urlencoded", "multipart", "raw"]
    schema: Mapping[str, Any]
    argument: str
    required: bool
    parts: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation that can be called."""

    id: str
    method: str
    path: str
    description: str
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    security: tuple[Mapping[str, Any], ...]
    """Alternatives; each maps the schemes that it takes. Empty: none is needed."""
    accept: str
    """Value of the header Accept: the types that its answers have."""
