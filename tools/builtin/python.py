"""`python`: a policy's code in a sandbox without files, network or processes."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...journal.private_files import private_file, private_folder
from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..functions.tool import MAX_CHARS, Price, tool
from ..protocol import Tool

SECONDS = 5.0
"""Seconds of computing that one call may take."""

MEMORY = 64 * 1024 * 1024
"""Bytes of values that a run may hold."""

DEPTH = 300
"""Function calls inside one another."""

PRINTED = 1_000_000
"""Characters that one call may print; more is dropped."""

STATE = 16 * 1024 * 1024
"""Bytes of variables that are kept from one call to the next."""

KEPT_RUNS = 1_000
"""Runs whose variables are kept on disk; the one used longest ago goes first."""


_BACK = "the variables are as they were before this call"


def python(
    *,
    price: Price = Decimal(0),
    seconds: float = SECONDS,
    memory: int = MEMORY,
    depth: int = DEPTH,
    max_chars: int = MAX_CHARS,
) -> Tool:
    """Returns the tool `python`: a sandbox (pydantic-monty) whose variables last for one run.

    They are kept on disk after each call, so that a resumed run finds them as they were.

    Args:
        price: USD per call.
        seconds: seconds of computing that one call may take; waiting takes none.
        memory: bytes of values that a run may hold.
        depth: function calls inside one another.
        max_chars: characters of an output that the policy sees.

    Raises:
        UsageError: pydantic-monty is not installed.
    """
    if importlib.util.find_spec("pydantic_monty") is None:
        raise UsageError("the tool python needs a sandbox: pip install 'outlay[python]'")
    sandbox = _Sandbox(seconds, memory, depth)

    @tool(price=price, timeout=seconds + 10, max_chars=max_chars)
    def python(code: str, context: ToolContext) -> str:
        """Runs Python code and shows what it prints and the value of its last expression.

        Variables and functions are kept for later calls. There are no files, no network and no
        packages; of the standard library only a part is there (math, json, re, datetime, random).

        Args:
            code: the code, as in a notebook cell.
        """
        return sandbox.run(code, _state(context))

    return dataclasses.replace(python, concurrency=1)


@dataclasses.dataclass(frozen=True)
class _Sandbox:
    """Runs each piece of code in a new worker process, from the variables kept before."""

    seconds: float
    memory: int
    depth: int

    def run(self, code: str, state: Path) -> str:
        """Returns what the code printed and its value.

        Raises:
            ToolError: it failed; the text holds what it printed until then.
        """
        import pydantic_monty as monty

        printed = _Printed()
        try:
            with self._session() as session:
                _restore(session, state)
                try:
                    value = session.feed_run(_rendered(code), print_callback=printed.add)
                except monty.MontyRuntimeError as exc:
                    if isinstance(exc.exception(), TimeoutError | MemoryError):
                        raise ToolError(f"{printed}{exc}; {_BACK}") from exc
                    lost = _keep(session.dump(), state)
                    raise ToolError(f"{printed}{exc.display()}{lost}") from exc
                lost = _keep(session.dump(), state)
        except monty.MontyCrashedError as exc:
            raise ToolError(f"{printed}the sandbox was ended; {_BACK}") from exc
        except monty.MontyError as exc:
            raise ToolError(f"{printed}{exc}") from exc
        return f"{printed}{'' if value in (None, 'None') else value}{lost}" or "(no output)"

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        import pydantic_monty as monty

        limits: monty.ResourceLimits = {
            "max_feed_duration_secs": self.seconds,
            "max_memory": self.memory,
            "max_recursion_depth": self.depth,
        }
        pool = monty.Monty(max_processes=1, request_timeout=self.seconds + 2)
        with pool, pool.checkout(limits=limits, os_policy={"sleep": "zero"}) as session:
            yield session


def _rendered(code: str) -> str:
    """Returns the code so that the text of its last expression is its value.

    A value itself could be small in there and huge out here: a list that holds one twice, which
    holds one twice, ….
    """
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return f"{code}\nNone"  # what is wrong with it, the sandbox says
    if not body or not isinstance(body[-1], ast.Expr):
        return code
    lines = code.encode().splitlines(keepends=True)
    last = body[-1].value
    begin = sum(map(len, lines[: last.lineno - 1])) + last.col_offset
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    end = sum(map(len, lines[: last.end_lineno - 1])) + last.end_col_offset
    whole = code.encode()
    return (whole[:begin] + b"repr((" + whole[begin:end] + b"))" + whole[end:]).decode()


class _Printed:
    """What the code printed, up to a limit."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = PRINTED
        self._dropped = 0

    def add(self, stream: str, text: str) -> None:
        kept = text[: self._room]
        self._parts.append(kept)
        self._room -= len(kept)
        self._dropped += len(text) - len(kept)

    def __str__(self) -> str:
        text = "".join(self._parts)
        if self._dropped:
            text += f"\n[{self._dropped:,} more characters were printed and dropped]"
        return text if not text or text.endswith("\n") else f"{text}\n"


def _state(context: ToolContext) -> Path:
    name = hashlib.blake2b(context.run.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return context.outputs.folder / "python" / f"{name}.state"


def _restore(session: Any, state: Path) -> None:
    import pydantic_monty as monty

    if not state.exists():
        return
    try:
        session.load_session(state.read_bytes())
    except monty.MontyError as exc:
        state.unlink()
        raise ToolError("the variables of earlier calls are lost: begin again") from exc


def _keep(dump: bytes, state: Path) -> str:
    """Writes the variables, whole or not at all; returns a note if they are too large."""
    if len(dump) > STATE:
        return f"\n[the variables hold more than {STATE:,} bytes; {_BACK}]"
    private_folder(state.parent)
    if not state.exists():
        with contextlib.suppress(FileNotFoundError):  # another process is dropping them too
            _drop_oldest(state.parent)
    new = state.with_suffix(".new")
    with private_file(new) as file:
        file.write(dump)
    os.replace(new, state)
    return ""


def _drop_oldest(folder: Path) -> None:
    used = sorted((each.stat().st_mtime, each) for each in folder.glob("*.state"))
    for _, each in used[: len(used) - KEPT_RUNS + 1]:
        each.unlink(missing_ok=True)
