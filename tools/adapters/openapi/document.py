"""An OpenAPI 3 document: its operations, its servers and its security schemes."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from ....ledger.errors import ToolError, UsageError
from .operation import Operation
from .operation_reader import OperationReader
from .references import References
from .source import from_file, from_url, is_url

METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An operation of a document, not yet read."""

    id: str
    method: str
    path: str
    item: Mapping[str, Any]
    """What stands at its path."""
    told: Mapping[str, Any]
    home: tuple[Path | None, Path | None] = (None, None)
    """The files that its path and it lie in."""
    fault: str = ""
    """Why it cannot be read at all."""

    @property
    def servers(self) -> Any:
        """The servers that it, or its path, has for itself."""
        return self.told.get("servers") or self.item.get("servers")


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
        file = Path(origin) if origin and not is_url(origin) else None
        self._references = References(content, file)
        self._reader = OperationReader(self._references, content.get("security"))

    @classmethod
    def read(cls, source: Path | str | Mapping[str, Any]) -> OpenApiDocument:
        """Reads a file, a URL or a dictionary.

        Raises:
            UsageError: it cannot be read.
        """
        if isinstance(source, Mapping):
            return cls(dict(source))
        text = str(source)
        return cls(from_url(text) if is_url(text) else from_file(Path(source)), text)

    def server(self, base_url: str | None, own: Any = None) -> str:
        """Returns the URL that paths are added to.

        Args:
            base_url: the owner's word, which goes before all others.
            own: servers of an operation or a path, which go before the document's.

        Raises:
            UsageError: the document names no server that can be used, and no `base_url` is given.
        """
        url = base_url or _first(own) or _first(self._content.get("servers"))
        if is_url(self._origin):
            url = urljoin(self._origin, url or "/")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc:
            raise UsageError(f"the document names no server to call ({url!r}): give base_url=…")
        return url.rstrip("/")

    def is_named(self, server: str, base_url: str | None) -> bool:
        """True if the owner has named the server: as `base_url`, or as where the document is."""
        return bool(base_url) or same_origin(server, self._origin)

    def is_first_server(self, url: str) -> bool:
        """True for the server that the document names for all operations."""
        try:
            return same_origin(url, self.server(None))
        except UsageError:
            return False

    @functools.cached_property
    def schemes(self) -> dict[str, Mapping[str, Any]]:
        """The security schemes by name."""
        components = self._content.get("components") or {}
        found: dict[str, Mapping[str, Any]] = {}
        for name, scheme in (components.get("securitySchemes") or {}).items():
            try:
                found[str(name)] = self._references.followed(scheme, self._references.home)[0]
            except ToolError as exc:
                found[str(name)] = {"type": f"({exc})"}
        return found

    def entries(self) -> Iterator[Entry]:
        """Yields what the document has of operations, in its order."""
        paths = self._content.get("paths")
        for path, told in paths.items() if isinstance(paths, dict) else ():
            if not str(path).startswith("x-"):
                yield from self._entries(str(path), told)

    def _entries(self, path: str, told: Any) -> Iterator[Entry]:
        try:
            item, home = self._references.followed(told, self._references.home)
        except ToolError as exc:
            yield Entry(id=path, method="", path=path, item={}, told={}, fault=str(exc))
            return
        for method in METHODS:
            if method not in item:
                continue
            id = f"{method}{path}"
            try:
                operation, there = self._references.followed(item[method], home)
            except ToolError as exc:
                yield Entry(id=id, method=method, path=path, item=item, told={}, fault=str(exc))
                continue
            yield Entry(
                id=str(operation.get("operationId") or id), method=method, path=path, item=item,
                told=operation, home=(home, there),
            )  # fmt: skip

    def operation(self, entry: Entry) -> Operation:
        """Returns an operation, read.

        Raises:
            ToolError: it cannot be called; the text says why.
        """
        if entry.fault:
            raise ToolError(entry.fault)
        try:
            return self._reader.read(
                entry.id, entry.method, entry.path,
                (entry.item.get("parameters"), entry.home[0]), (dict(entry.told), entry.home[1]),
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise ToolError(f"it is malformed ({type(exc).__name__}: {exc})"[:300]) from exc


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


def _first(servers: Any) -> str:
    """Returns the URL of the first server with its variables at their defaults."""
    server = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(server, dict):
        return ""
    url = str(server.get("url", ""))
    for name, variable in (server.get("variables") or {}).items():
        default = variable.get("default", "") if isinstance(variable, dict) else ""
        url = url.replace(f"{{{name}}}", str(default))
    return url
