"""An OpenAPI 3 document, read into operations that stand on their own."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from ...ledger.errors import UsageError

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
MOST_PARTS = 50_000
"""Parts of one operation that are read; beyond it, references lead to nothing."""
LARGEST = 20_000_000
"""Bytes of a document that are read."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: where it goes, and what the policy calls it."""

    name: str
    place: str
    argument: str
    required: bool
    schema: Mapping[str, Any]
    explode: bool
    deep: bool
    """True for `deepObject`: `filter[city]=…`."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation. Every reference in it is resolved."""

    id: str
    method: str
    path: str
    description: str
    parameters: tuple[Parameter, ...]
    body: Mapping[str, Any] | None
    """Schema of the JSON body, or None: the operation takes none."""
    body_type: str
    body_argument: str
    body_required: bool
    security: tuple[Mapping[str, Any], ...]
    """Alternatives; each maps the schemes that it takes. Empty: none is needed."""


class OpenApiDocument:
    """A document and where it came from.

    Raises:
        UsageError: it is no OpenAPI document of version 3.
    """

    def __init__(self, content: Any, origin: str = "") -> None:
        if not isinstance(content, dict) or not str(content.get("openapi", "")).startswith("3."):
            raise UsageError(f"{origin or 'the document'} is no OpenAPI document of version 3")
        self._content: dict[str, Any] = content
        self._origin = origin
        self._parts_left = MOST_PARTS

    @classmethod
    def read(cls, source: Path | str | Mapping[str, Any]) -> OpenApiDocument:
        """Reads a file, a URL or a dictionary.

        Raises:
            UsageError: it cannot be read.
        """
        if isinstance(source, Mapping):
            return cls(dict(source))
        text = str(source)
        if text.startswith(("http://", "https://")):
            return cls(_parsed(_fetched(text), text), text)
        try:
            return cls(_parsed(Path(source).read_bytes(), text), text)
        except OSError as exc:
            raise UsageError(f"{text} cannot be read: {exc.strerror}") from exc

    def server(self, base_url: str | None) -> str:
        """Returns the URL that paths are added to.

        Raises:
            UsageError: the document names no server that can be used, and no `base_url` is given.
        """
        servers = self._content.get("servers") or [{}]
        first = servers[0] if isinstance(servers, list) and isinstance(servers[0], dict) else {}
        url = base_url or _filled_in(first)
        if self._origin.startswith(("http://", "https://")):
            url = urljoin(self._origin, url or "/")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"the document names no server to call ({url!r}): give base_url=…")
        return url.rstrip("/")

    def is_named(self, server: str, base_url: str | None) -> bool:
        """True if the owner has named the server: as `base_url`, or as where the document is."""
        return bool(base_url) or same_origin(server, self._origin)

    def schemes(self) -> dict[str, Mapping[str, Any]]:
        """Returns the security schemes by name."""
        found = self._content.get("components", {}).get("securitySchemes", {})
        return {name: self._resolved(scheme) for name, scheme in found.items()}

    def operations(self) -> Iterator[Operation]:
        """Yields the operations in the document's order."""
        for path, shared in (self._content.get("paths") or {}).items():
            item = self._resolved(shared, inside=False)
            for method in METHODS:
                if isinstance(item.get(method), dict):
                    if not str(path).startswith("/"):
                        raise UsageError(f"the path {str(path)[:200]!r} must begin with a slash")
                    yield self._operation(str(path), method, item)

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        self._parts_left = MOST_PARTS
        told = item[method]
        parameters = self._parameters(
            [*(item.get("parameters") or ()), *(told.get("parameters") or ())]
        )
        body_type, body, required = self._body(told.get("requestBody"))
        taken = {parameter.argument for parameter in parameters}
        texts = (told.get("summary"), told.get("description"))
        security = told.get("security", self._content.get("security")) or ()
        return Operation(
            id=str(told.get("operationId") or f"{method}{path}"),
            method=method,
            path=path,
            description="\n".join(dict.fromkeys(str(text) for text in texts if text)),
            parameters=parameters,
            body=body,
            body_type=body_type,
            body_argument="request_body" if "body" in taken else "body",
            body_required=required,
            security=tuple(security),
        )

    def _parameters(self, told: list[Any]) -> tuple[Parameter, ...]:
        resolved = [self._resolved(each) for each in told]
        latest = {(each["name"], each["in"]): each for each in resolved}
        names = [name for name, _ in latest]
        found = []
        for (name, place), each in latest.items():
            if place == "header" and name.lower() in ("accept", "content-type", "authorization"):
                continue
            content: Mapping[str, Any] = next(iter((each.get("content") or {}).values()), {})
            schema = dict(each.get("schema") or content.get("schema") or {})
            if "description" in each:
                schema.setdefault("description", each["description"])
            style = each.get("style", "form" if place in ("query", "cookie") else "simple")
            found.append(
                Parameter(
                    name=name,
                    place=place,
                    argument=name if names.count(name) == 1 else f"{name}_in_{place}",
                    required=bool(each.get("required")) or place == "path",
                    schema=schema,
                    explode=bool(each.get("explode", style == "form")),
                    deep=style == "deepObject",
                )
            )
        return tuple(found)

    def _body(self, told: Any) -> tuple[str, Mapping[str, Any] | None, bool]:
        if not told:
            return "", None, False
        body = self._resolved(told)
        for kind, content in (body.get("content") or {}).items():
            plain = kind.split(";")[0].strip()
            if plain == "application/json" or plain.endswith("+json"):
                return plain, content.get("schema") or {}, bool(body.get("required"))
        kinds = ", ".join(body.get("content") or ()) or "nothing"
        return kinds, None, bool(body.get("required"))

    def _resolved(self, part: Any, *, inside: bool = True, above: tuple[str, ...] = ()) -> Any:
        """Returns a part with its references replaced by what they point to.

        A reference to a part that it is inside of becomes a schema that takes anything.
        """
        self._parts_left -= 1
        if isinstance(part, list):
            return [self._resolved(each, inside=inside, above=above) for each in part]
        if not isinstance(part, dict):
            return part
        ref = part.get("$ref")
        if isinstance(ref, str):
            if ref in above or self._parts_left < 0:
                return {}
            return self._resolved(self._target(ref), inside=inside, above=(*above, ref))
        if not inside:
            return part
        return _modern({key: self._resolved(each, above=above) for key, each in part.items()})

    def _target(self, ref: str) -> Any:
        if not ref.startswith("#/"):
            raise UsageError(f"the reference {ref!r} leads out of the document: bundle it first")
        found: Any = self._content
        for key in ref[2:].split("/"):
            key = unquote(key).replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise UsageError(f"the reference {ref!r} points to nothing in the document")
            found = found[key]
        return found


def same_origin(url: str, other: str) -> bool:
    """True if two URLs lead to one scheme, host and port."""
    try:
        return _origin(url) == _origin(other)
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or standard


def _filled_in(server: Mapping[str, Any]) -> str:
    """Returns the URL of a server of the document with its variables at their defaults."""
    url = str(server.get("url", ""))
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url


def _modern(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema of OpenAPI 3.0 in the words of JSON Schema."""
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return schema


def _fetched(url: str) -> bytes:
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as response:
            response.raise_for_status()
            data = b""
            for piece in response.iter_bytes():
                data += piece
                if len(data) > LARGEST:
                    raise UsageError(f"{url} has more than {LARGEST:,} bytes")
            return data
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise UsageError(f"{url} cannot be fetched: {exc}") from exc


def _parsed(data: bytes, origin: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        pass
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as exc:
        raise UsageError(
            f"{origin} is no JSON, and YAML needs an extra: pip install 'outlay[openapi]'"
        ) from exc
    try:
        # JSON's own types only: a date stays the text that it is.
        return yaml.load(data, Loader=_loader(yaml))
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise UsageError(f"{origin} is neither JSON nor YAML: {str(exc)[:200]}") from exc


def _loader(yaml: Any) -> Any:
    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """A safe loader that leaves dates alone."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader
