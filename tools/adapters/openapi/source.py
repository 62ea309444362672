"""The text of an OpenAPI document: from a file or a URL, JSON or YAML, with a bound."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import httpx

from ....ledger.errors import UsageError

LARGEST = 20_000_000
"""Bytes of a document that are read."""

MOST_VALUES = 1_000_000
"""Values of a document, those behind anchors as often as they are named."""


def is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def from_url(url: str) -> Any:
    """Returns the content of a document on a server.

    Raises:
        UsageError: it cannot be fetched, is too large, or neither JSON nor YAML.
    """
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as response:
            response.raise_for_status()
            data = b""
            for piece in response.iter_bytes():
                data += piece
                if len(data) > LARGEST:
                    raise UsageError(f"{url} has more than {LARGEST:,} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise UsageError(f"{url} cannot be fetched: {exc}") from exc
    return _parsed(data, url)


def from_file(path: Path) -> Any:
    """Returns the content of a file.

    Raises:
        UsageError: it cannot be read, is too large, or neither JSON nor YAML.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} has more than {LARGEST:,} bytes")
        return _parsed(path.read_bytes(), str(path))
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc


def _parsed(data: bytes, origin: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        pass
    except RecursionError as exc:
        raise UsageError(f"{origin} is nested too deep") from exc
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as exc:
        raise UsageError(
            f"{origin} is no JSON, and YAML needs an extra: pip install 'outlay[openapi]'"
        ) from exc
    try:
        read = yaml.load(data, Loader=_loader(yaml))
        _check_size(read, origin)
        return read
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        raise UsageError(f"{origin} is neither JSON nor YAML: {str(exc)[:200]}") from exc


def _check_size(read: Any, origin: str) -> None:
    """Raises UsageError where anchors make a small document a huge or endless one."""
    seen, left = 0, [read]
    while left:
        value = left.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise UsageError(f"{origin} has more than {MOST_VALUES:,} values, anchors written out")
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value


def _loader(yaml: Any) -> Any:
    """Returns a safe loader of JSON's own types: a date and a country called `no` stay texts."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    made: Any = type("Loader", (base,), {})
    made.yaml_implicit_resolvers = {
        first: [
            (tag, pattern) for tag, pattern in rules if not tag.endswith((":timestamp", ":bool"))
        ]
        for first, rules in base.yaml_implicit_resolvers.items()
    }
    made.add_implicit_resolver(
        "tag:yaml.org,2002:bool",
        re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
        list("tTfF"),
    )
    return made
