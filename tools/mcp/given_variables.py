"""Which variables of the environment an MCP server gets: by name only, each for one server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...ledger.errors import UsageError
from .address import McpAddress


def given_variables(
    servers: Sequence[str], env: Iterable[str] = (), headers: Iterable[str] = ()
) -> list[McpAddress]:
    """Returns the addresses of servers with their variables and headers.

    Args:
        servers: command lines and URLs.
        env: `NAME` or `SERVER:NAME`, variables of this environment for a command line.
        headers: `HEADER=NAME` or `SERVER:HEADER=NAME`, for a URL.

    Raises:
        UsageError: a variable is not set, or it is not clear which server gets it.
    """
    addresses = [McpAddress.of(server) for server in servers]
    commands = [n for n, address in enumerate(addresses) if address.command]
    urls = [n for n, address in enumerate(addresses) if address.url]
    variables: dict[int, dict[str, str]] = {n: {} for n in range(len(addresses))}
    for text in env:
        label, _, name = text.rpartition(":")
        place = _only(addresses, commands, label, f"--mcp-env {text}", "command line")
        variables[place][name] = _value(name, f"--mcp-env {text}")
    for text in headers:
        asked, equals, name = text.partition("=")
        label, _, header = asked.rpartition(":")
        if not (equals and header and name):
            raise UsageError(f"--mcp-header {asked} names no variable: write HEADER=NAME")
        place = _only(addresses, urls, label, f"--mcp-header {asked}", "URL")
        variables[place][header] = _value(name, f"--mcp-header {asked}")
    return list(_with(addresses, variables))


def _only(
    addresses: Sequence[McpAddress], places: Sequence[int], label: str, option: str, kind: str
) -> int:
    """Returns the place of the one server that is meant."""
    found = [n for n in places if not label or addresses[n].label == label]
    if len(found) == 1:
        return found[0]
    known = ", ".join(addresses[n].label for n in places) or "none"
    raise UsageError(
        f"{option} fits {len(found)} MCP servers with a {kind}: write SERVER: before it, "
        f"with one of these names: {known}"
    )


def _value(name: str, option: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise UsageError(f"the variable of {option} is not set: it takes the name of one, no value")
    return value


def _with(
    addresses: Iterable[McpAddress], variables: Mapping[int, dict[str, str]]
) -> Iterator[McpAddress]:
    for place, address in enumerate(addresses):
        given = variables[place]
        if address.url:
            yield McpAddress.of(address.url, headers=given)
        else:
            yield replace(address, env=given)
