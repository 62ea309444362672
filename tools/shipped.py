"""The tools that ship with outlay. What a tool needs is imported when it is made."""

from __future__ import annotations

from ..ledger.errors import UsageError
from .builtin.calculator import calculator
from .builtin.recall import recall
from .offer import Approve, ToolOffer
from .protocol import Tool

FILE_TOOLS = ("list_files", "read_file", "write_file", "edit_file")


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


ASK_HUMAN = ToolOffer(
    "ask_human", "", "asks a person at the terminal; attention has a price", _ask_human
)
CALCULATOR = ToolOffer("calculator", "", "exact arithmetic", lambda _, approve: (calculator,))
FETCH = ToolOffer("fetch", "[HOST,…]", "reads a public web page; HOSTs are allowed beside", _fetch)
FILES = ToolOffer("files", "DIR", f"{', '.join(FILE_TOOLS)} in one folder; each also alone", _files)
PYTHON = ToolOffer("python", "", "runs Python in a sandbox; variables stay for the run", _python)
RECALL = ToolOffer("recall", "", "reads on in an output that was cut", lambda _, approve: (recall,))
SHELL = ToolOffer("shell", "DIR", "runs commands in a folder, each with your approval", _shell)
SQL = ToolOffer("sql", "FILE,…", "queries CSV, Parquet and DuckDB files", _sql)
THINK = ToolOffer("think", "", "free scratch", _think)
WEB_SEARCH = ToolOffer(
    "web_search", "PROVIDER", "tavily, brave, serper by key; SearXNG by URL", _web_search
)
