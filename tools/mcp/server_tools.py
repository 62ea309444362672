"""The tools of one MCP server, as they were when it was first asked."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, overload

import orjson

from ...journal.notices import FailedCall, InvalidArguments, Notice
from ...ledger.errors import ToolError, UsageError
from ...ledger.forks import fork_safe, told_of_forks
from ..adapters.json_schema import checker, fit_for_use
from ..adapters.left_out import by_reason, some
from ..adapters.naming import PatternPrices, matches, sanitised, unique
from ..adapters.schema_tool import foreign_tool
from ..context import ToolContext
from ..invocation import Invocation
from ..protocol import Tool, Wrapper
from .address import McpAddress
from .loop_thread import LoopThread
from .server_info import McpLink, McpToolSpec

_LOG = logging.getLogger(__name__)

_LONGEST = 2_000
"""Characters in which it is told what is left out."""


class McpTools(Sequence[Tool]):
    """The tools of one server while it is open: `with`, `async with`, or `open` and `close`.

    The list never changes during its life: a tool that the server withdraws answers that it is
    gone, one whose schema changes is checked against the new schema and shows it.
    """

    def __init__(
        self,
        address: McpAddress,
        prices: PatternPrices,
        *,
        prefix: str,
        taken: Iterable[str],
        timeout: float,
        connect_timeout: float,
        keep: Callable[[str], bool],
        read_only: Iterable[str],
    ) -> None:
        self.label = address.label
        self.left_out: dict[str, str] = {}
        """Why a tool that the server offers is not here, by its name there."""
        self._address = address
        self._prices = prices
        self._prefix = prefix
        self._taken = frozenset(taken)
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._keep = keep
        self._read_only = tuple(read_only)
        self._tools: list[Tool] = []
        self._thread: LoopThread | None = None
        self._link: McpLink | None = None
        self._lock = fork_safe(threading.RLock())
        self._is_of_parent = False
        self._left_to_parent: list[object] = []
        """What a forked child must neither use nor take down: it has the parent's sockets."""
        told_of_forks(self)

    def open(self) -> McpTools:
        """Starts or reaches the server and asks for its tools.

        Raises:
            UsageError: it does not come up, or a price names none of its tools.
        """
        if self._thread is not None or self._is_of_parent:
            raise UsageError(f"the MCP server {self.label} is open already")
        try:
            self._connect()
            assert self._link is not None
            assert self._thread is not None
            offers = self._thread.wait_for(self._link.listing())
            self.left_out.update(self._link.left_out)
            self._tools = list(self._made(offers))
            self._prices.check_used(tool.spec.name for tool in self._tools)
            self._tell_left_out()
        except ToolError as exc:
            self.close()
            raise UsageError(str(exc)) from exc
        except BaseException:
            self.close()
            raise
        return self

    def _tell_left_out(self) -> None:
        found = by_reason(self.left_out)
        if found:
            told = "; ".join(f"{some(names)}: {reason}" for reason, names in found.items())
            _LOG.warning("left out of the MCP server %s: %s", self.label, told[:_LONGEST])

    def close(self) -> None:
        """Ends the connection; a server that is a process is stopped."""
        with self._lock:
            thread, self._thread = self._thread, None
            link, self._link = self._link, None
            self._is_of_parent = False
        atexit.unregister(self.close)
        if thread is not None:
            if link is not None:
                thread.wait_for(link.close())
            thread.close()

    def after_fork(self) -> None:
        """Leaves the connection to the parent; the next call starts or reaches the server anew."""
        if self._thread is not None:
            self._left_to_parent += [self._thread, self._link]
            self._thread = self._link = None
            self._is_of_parent = True

    def _connect(self) -> None:
        self._link = _link(self._address, self._connect_timeout)
        self._thread = LoopThread()
        atexit.register(self.close)

    def _made(self, offers: Iterable[McpToolSpec]) -> Iterator[Tool]:
        names = set(self._taken)
        for offer in offers:
            if not self._keep(offer.name):
                continue
            wanted = f"{self._prefix}_{offer.name}" if self._prefix else offer.name
            name = unique(wanted, names, self.label)
            if name != sanitised(wanted):
                _LOG.warning(
                    "%s of the MCP server %s is called %s: another tool has its name",
                    sanitised(wanted), self.label, name,
                )  # fmt: skip
            try:
                tool = self._tool(name, offer)
            except ToolError as exc:
                self.left_out[offer.name[:100]] = str(exc)
                continue
            names.add(name)
            yield tool

    def _tool(self, name: str, offer: McpToolSpec) -> Tool:
        parameters = fit_for_use(offer.schema)
        checker(offer.schema, name)
        read_only = matches(self._read_only, name, offer.name)

        async def call(arguments: dict[str, Any], context: ToolContext) -> Any:
            link, thread = self._live()
            return await thread.run(link.call(offer, arguments, read_only=read_only))

        tool = foreign_tool(
            name, offer.description or name, parameters, call,
            price=self._prices.of(name, offer.name), read_only=read_only,
            timeout=self._timeout,
        )  # fmt: skip
        return McpTool(tool, lambda: self._offered(offer.name))

    async def _offered(self, name: str) -> McpToolSpec | None:
        link, thread = self._live()
        return await thread.run(link.offered(name))

    def _live(self) -> tuple[McpLink, LoopThread]:
        with self._lock:
            if self._is_of_parent:
                self._is_of_parent = False
                self._connect()
            if self._thread is None or self._link is None:
                raise ToolError(f"the connection to the MCP server {self.label} is closed")
            return self._link, self._thread

    # -- as a sequence and a context -----------------------------------------------------------

    def __len__(self) -> int:
        return len(self._tools)

    @overload
    def __getitem__(self, place: int) -> Tool: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Tool]: ...

    def __getitem__(self, place: int | slice) -> Tool | Sequence[Tool]:
        return self._tools[place]

    def __enter__(self) -> McpTools:
        return self.open()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> McpTools:
        return await asyncio.to_thread(self.open)

    async def __aexit__(
        self, *_: type[BaseException] | BaseException | TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)


class McpTool(Wrapper):
    """A tool of a server, checked before money is held against what the server wants by now."""

    def __init__(self, inner: Tool, offered: Callable[[], Awaitable[McpToolSpec | None]]) -> None:
        super().__init__(inner)
        self._offered = offered

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        name = self.spec.name
        try:
            offer = await self._offered()
            if offer is None:
                why = f"the MCP server does not offer {name} any more."
                return FailedCall(tool=name, why=why)
            schema = fit_for_use(offer.schema)
            fault = await asyncio.to_thread(_fault, offer.schema, name, call.values)
        except ToolError as exc:
            return FailedCall(tool=name, why=str(exc))
        if fault is None:
            return None
        if schema != self.spec.parameters:
            wanted = orjson.dumps(schema).decode()
            fault = f"{fault}; the server changed what it takes: {wanted}"
        return InvalidArguments(tool=name, why=fault)


def _fault(schema: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> str | None:
    return checker(schema, name)(values)


def _link(address: McpAddress, connect_timeout: float) -> McpLink:
    try:
        from .restart import ReconnectingLink
    except ImportError as exc:
        raise UsageError("MCP needs its extra: pip install 'outlay[mcp]'") from exc
    return ReconnectingLink(address, connect_timeout)
