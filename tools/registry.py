"""The tools that ship with outlay, by what a person types: `NAME` or `NAME:ARGUMENT`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..ledger.errors import UsageError
from .builtin.calculator import calculator
from .builtin.recall import recall
from .protocol import Tool

Approve = Callable[[str], bool | Awaitable[bool]]
"""From the text of a command to whether it may run."""


@dataclass(frozen=True)
class BuiltIn:
    """One entry of `outlay tools list`."""

    name: str
    argument: str
    """What follows the colon, empty where nothing does."""
    does: str
    make: Callable[[str, Approve | None], tuple[Tool, ...]]
    group: tuple[str, ...] = ()
    """Names of its tools where it makes several; each can be had by itself."""


def _python(_: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .builtin.python import python

    return (python(),)


def _sql(argument: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .builtin.sql import sql

    return (sql(argument.split(",")),)


def _files(argument: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .builtin.files import files

    return files(argument)


def _shell(argument: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .builtin.shell import shell

    return (shell(argument, approve=approve),)


def _fetch(argument: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .web import fetch

    return (fetch(allow=tuple(filter(None, argument.split(",")))),)


def _web_search(argument: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .web import web_search

    if argument.startswith(("http://", "https://")):
        return (web_search("searxng", base_url=argument),)
    if argument == "searxng":
        raise UsageError("SearXNG is your own server: write web_search:http://HOST:PORT")
    return (web_search(argument),)


def _ask_human(_: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .builtin.human import ask_human

    return (ask_human(),)


def _think(_: str, approve: Approve | None) -> tuple[Tool, ...]:
    from .builtin.human import think

    return (think,)


_FILES = ("list_files", "read_file", "write_file", "edit_file")

BUILTIN_TOOLS = (
    BuiltIn("ask_human", "", "asks a person at the terminal; attention has a price", _ask_human),
    BuiltIn("calculator", "", "exact arithmetic", lambda _, approve: (calculator,)),
    BuiltIn("fetch", "[HOST,…]", "reads a public web page; HOSTs are allowed beside", _fetch),
    BuiltIn("files", "DIR", f"{', '.join(_FILES)} in one folder; each also alone", _files, _FILES),
    BuiltIn("python", "", "runs Python in a sandbox; variables stay for the run", _python),
    BuiltIn("recall", "", "reads on in an output that was cut", lambda _, approve: (recall,)),
    BuiltIn("shell", "DIR", "runs commands in a folder, each with your approval", _shell),
    BuiltIn("sql", "FILE,…", "queries CSV, Parquet and DuckDB files", _sql),
    BuiltIn("think", "", "free scratch", _think),
    BuiltIn("web_search", "PROVIDER", "tavily, brave, serper by key; SearXNG by URL", _web_search),
)


def builtin_tools(spec: str, *, approve: Approve | None = None) -> tuple[Tool, ...]:
    """Returns the tools that `NAME` or `NAME:ARGUMENT` stands for.

    Args:
        spec: as listed by `outlay tools list`; of a group, `read_file:DIR` is one tool alone.
        approve: asked before each shell command; None refuses them all.

    Raises:
        UsageError: there is no such tool, it lacks its argument, or an extra is not installed.
    """
    name, _, argument = spec.partition(":")
    if name in ("open", "search"):
        raise UsageError(f"tool {name!r} needs a folder of documents: give one with --docs DIR")
    for entry in BUILTIN_TOOLS:
        if name != entry.name and name not in entry.group:
            continue
        if entry.argument and not argument and not entry.argument.startswith("["):
            raise UsageError(f"tool {name!r} needs an argument: {name}:{entry.argument}")
        if argument and not entry.argument:
            raise UsageError(f"tool {name!r} takes no argument: write {name}, not {spec}")
        made = entry.make(argument, approve)
        return tuple(each for each in made if name in (entry.name, each.spec.name))
    known = ", ".join(sorted([*(entry.name for entry in BUILTIN_TOOLS), "open", "search"]))
    raise UsageError(f"no tool {name!r} ships with outlay; these do: {known}")
