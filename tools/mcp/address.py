"""Where an MCP server is: a command line to start, or a URL to reach."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from ...journal.plain_http import check_encrypted
from ...journal.secrets import Clean, cleaner_of
from ...ledger.errors import UsageError
from .recorded_address import LEFT_OUT, values_in

_LAUNCHERS = {"bunx", "deno", "node", "npx", "pipx", "python", "python3", "uv", "uvx"}
_LAUNCHER_WORDS = {"-m", "-y", "--yes", "run", "tool"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_PACKAGE = re.compile(r"@?[A-Za-z][\w.@/-]{0,63}")


@dataclass(frozen=True)
class McpAddress:
    """One server. Exactly one of `command` and `url` is set."""

    command: tuple[str, ...] = field(default=(), repr=False)
    url: str = field(default="", repr=False)
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
        if LEFT_OUT in text:
            raise UsageError(
                "an MCP server cannot be started from its record, which leaves out what may be a "
                f"secret ({text}): give its variables with --mcp-env or --mcp-header at the start"
            )
        is_url = text.startswith(("http://", "https://"))
        if is_url and env:
            raise UsageError("env goes with the command line of an MCP server, not with a URL")
        if headers and not is_url:
            raise UsageError("headers go with the URL of an MCP server, not with a command line")
        if is_url:
            try:
                host = urlsplit(text).hostname
            except ValueError:
                host = None
            if not host:
                raise UsageError("the URL of an MCP server names no host: write http://HOST/mcp")
            if headers or "@" in urlsplit(text).netloc:
                check_encrypted(text, f"the MCP server at {host}")
            return cls(url=text, headers=dict(headers or {}))
        try:
            command = tuple(shlex.split(text))
        except ValueError as exc:
            raise UsageError(f"the command line of an MCP server cannot be split: {exc}") from exc
        if not command:
            raise UsageError("an MCP server is a command line or a URL, not an empty text")
        return cls(command=command, env=dict(env or {}))

    @property
    def label(self) -> str:
        """A short name that holds no secret: the host, or the program that is started."""
        if self.url:
            return urlsplit(self.url).hostname or "server"
        words = [*self.command]
        while words and (_ASSIGNMENT.match(words[0]) or PurePath(words[0]).name == "env"):
            del words[0]
        if not words or words[0].startswith("-"):  # options of `env`, whose values may be secret
            return "server"
        program = PurePath(words[0]).name
        if re.fullmatch(r"python3\.\d+", program):
            program = "python3"
        if program in _LAUNCHERS:
            rest = words[1:]
            while rest and rest[0] in _LAUNCHER_WORDS:
                del rest[0]
            if rest and not values_in(shlex.join(words)) and _is_script(rest[0]):
                return PurePath(rest[0]).stem
        return PurePath(program).stem or "server"

    def cleaner(self) -> Clean:
        """Returns what takes the secrets of the address out of what the server says."""
        found = values_in(self.url or shlex.join(self.command))
        values = {*self.env.values(), *self.headers.values(), *found, *map(unquote, found)}
        parts = {part for value in values for part in re.split(r"[\s:&=]+", value)}
        return cleaner_of(part for part in values | parts if len(part) >= _LIKELY_SECRET)


_LIKELY_SECRET = 8
"""Characters of a variable's value that is kept out of what a server says; `1` or `prod` is not."""


def _is_script(word: str) -> bool:
    return word.startswith(("/", "./", "../")) or _PACKAGE.fullmatch(word) is not None
