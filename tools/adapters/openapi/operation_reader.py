"""One operation of a document, read into what a call needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....ledger.errors import ToolError
from .operation import Operation, Parameter, RequestBody, Style
from .references import References
from .request_body import chosen_body, is_media_type
from .request_schema import SchemaReader

_IGNORED_HEADERS = ("accept", "content-type", "authorization")
"""OpenAPI has other places for them."""
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
}
_ANY = "application/json, */*;q=0.5"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class OperationReader:
    """Reads the operations of one document."""

    def __init__(self, references: References, security: Any) -> None:
        self._references = references
        self._security = security

    def read(
        self,
        id: str,
        method: str,
        path: str,
        shared: tuple[Any, Path | None],
        told: tuple[dict[str, Any], Path | None],
    ) -> Operation:
        """Returns an operation.

        Args:
            shared: the parameters of its path, and the file that they lie in.
            told: the operation itself, and its file.

        Raises:
            ToolError: it cannot be called; the text says why.
        """
        schemas = SchemaReader(self._references)
        operation, home = told
        parameters = self._parameters(
            [*_located(*shared), *_located(operation.get("parameters"), home)], schemas
        )
        path = path.partition("#")[0]  # a fragment is never sent; it tells variants apart
        _check_path(path, parameters)
        taken = {parameter.argument for parameter in parameters}
        argument = "request_body" if "body" in taken else "body"
        texts = (operation.get("summary"), operation.get("description"))
        security = operation.get("security", self._security) or ()
        return Operation(
            id=id,
            method=method,
            path=path,
            description="\n".join(dict.fromkeys(str(text) for text in texts if text))
            or f"{method.upper()} {path}",
            parameters=parameters,
            body=self._body(operation.get("requestBody"), home, schemas, argument),
            security=tuple(security),
            accept=self._accept(operation.get("responses"), home),
        )

    def _parameters(
        self, told: list[tuple[Any, Path | None]], schemas: SchemaReader
    ) -> tuple[Parameter, ...]:
        latest: dict[tuple[str, str], tuple[dict[str, Any], Path | None]] = {}
        for part, home in told:
            found = self._references.followed(part, home)
            latest[str(found[0].get("name")), str(found[0].get("in"))] = found
        names = [name for name, _ in latest]
        return tuple(
            _parameter(name, place, names.count(name) > 1, found, home, schemas)
            for (name, place), (found, home) in latest.items()
            if not (place == "header" and name.lower() in _IGNORED_HEADERS)
        )

    def _body(
        self, told: Any, home: Path | None, schemas: SchemaReader, argument: str
    ) -> RequestBody | None:
        if not told:
            return None
        body, home = self._references.followed(told, home)
        required = bool(body.get("required"))
        if not body.get("content"):
            if required:
                raise ToolError("its body has no media type")
            return None

        def read(schema: Any) -> dict[str, Any]:
            found = schemas.read(schema, home)
            if body.get("description"):
                found.setdefault("description", str(body["description"]))
            return found

        return chosen_body(body["content"], read, argument, required)

    def _accept(self, responses: Any, home: Path | None) -> str:
        found: list[str] = []
        for status, told in responses.items() if isinstance(responses, dict) else ():
            if str(status).upper()[:1] == "2" or status == "default":
                try:
                    response, _ = self._references.followed(told, home)
                except ToolError:  # what is not known of answers hinders no call
                    return _ANY
                found += [str(kind).strip() for kind in response.get("content") or {}]
        kinds = [kind for kind in dict.fromkeys(found) if is_media_type(kind.split(";")[0])]
        if not kinds or len(kinds) < len(set(found)):
            return _ANY
        return ", ".join(sorted(kinds, key=lambda kind: "json" not in kind))


def _located(told: Any, home: Path | None) -> list[tuple[Any, Path | None]]:
    return [(part, home) for part in told or ()]


def _parameter(
    name: str,
    place: str,
    ambiguous: bool,
    told: Mapping[str, Any],
    home: Path | None,
    schemas: SchemaReader,
) -> Parameter:
    if place not in _STYLES:
        raise ToolError(f"its parameter {name[:100]!r} is in {place[:100]!r}, which no request has")
    content = next(iter((told.get("content") or {}).items()), None)
    raw = (content[1] or {}).get("schema") if content else told.get("schema")
    schema = schemas.read(raw or {}, home)
    if "description" in told:
        schema.setdefault("description", told["description"])
    return Parameter(
        name=name,
        place=place,
        argument=f"{name}_in_{place}" if ambiguous else name,
        required=bool(told.get("required")) or place == "path",
        schema=schema,
        style=_style(name, place, told, content[0] if content else ""),
    )


def _style(name: str, place: str, told: Mapping[str, Any], media_type: str) -> Style:
    if media_type:
        return Style(kind="json" if "json" in media_type else _STYLES[place][0])
    kind = str(told.get("style") or _STYLES[place][0])
    if kind not in _STYLES[place]:
        raise ToolError(
            f"its parameter {name[:100]!r} has the style {kind[:100]!r}, not known there"
        )
    return Style(
        kind="form" if kind == "cookie" else kind,
        explode=bool(told.get("explode", kind in ("form", "cookie"))),
        reserved=bool(told.get("allowReserved")) and place == "query",
    )


def _check_path(path: str, parameters: tuple[Parameter, ...]) -> None:
    if not path.startswith("/"):
        raise ToolError(f"the path {path[:200]!r} must begin with a slash")
    declared = {parameter.name for parameter in parameters if parameter.place == "path"}
    open_ones = [name for name in _PLACEHOLDER.findall(path) if name not in declared]
    if open_ones:
        raise ToolError(f"no parameter fills {{{open_ones[0][:100]}}} of its path")
