"""Where an MCP server is: a command line to start, or a URL to reach."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import urlsplit

from ...ledger.errors import UsageError


@dataclass(frozen=True)
class McpAddress:
    """One server. Exactly one of `command` and `url` is set."""

    command: tuple[str, ...] = ()
    url: str = ""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables for the command, beside PATH, HOME and the like: it inherits no others."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers of every request to the URL."""

    @classmethod
    def of(
        cls,
        text: str,
        env: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> McpAddress:
        """Reads an address: what starts with `http://` or `https://` is a URL.

        Raises:
            UsageError: it is empty or cannot be split, or env or headers do not go with it.
        """
        is_url = text.startswith(("http://", "https://"))
        if is_url and env:
            raise UsageError("env goes with the command line of an MCP server, not with a URL")
        if headers and not is_url:
            raise UsageError("headers go with the URL of an MCP server, not with a command line")
        if is_url:
            if not urlsplit(text).hostname:
                raise UsageError(f"{text!r} is no URL of an MCP server: it names no host")
            return cls(url=text, headers=dict(headers or {}))
        try:
            command = tuple(shlex.split(text))
        except ValueError as exc:
            raise UsageError(f"the MCP command line {text!r} cannot be split: {exc}") from exc
        if not command:
            raise UsageError("an MCP server is a command line or a URL, not an empty text")
        return cls(command=command, env=dict(env or {}))

    @property
    def label(self) -> str:
        """A short name that holds no secret: the host, or the last plain word of the command."""
        if self.url:
            return urlsplit(self.url).hostname or "server"
        plain = [word for word in self.command if not word.startswith("-")]
        return PurePath(plain[-1] if len(plain) <= 2 else plain[1]).stem or "server"
