"""What a server offers, and the link to it, apart from the SDK: importing this costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class McpToolSpec:
    """A tool as its server describes it. Nothing in it is trusted."""

    name: str
    description: str
    schema: Any


class McpLink(Protocol):
    """A connection that comes back to life. Its coroutines belong to one event loop."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Why a tool was left out of the listing, by its name."""

    async def listing(self) -> list[McpToolSpec]:
        """Connects where needed and returns what the server offers now, each name once.

        Raises:
            ToolError: the server is dead and does not come up again, or answers nonsense.
        """

    async def offered(self, name: str) -> McpToolSpec | None:
        """Returns what a tool is now, or None where the server offers it no more."""

    async def call(self, offer: McpToolSpec, arguments: dict[str, Any], *, read_only: bool) -> Any:
        """Calls a tool and returns what a policy can be shown.

        Args:
            read_only: whether the owner says that calling it twice does no harm.

        Raises:
            ToolError: it went wrong; where the server died, the text says what is known.
        """

    async def close(self) -> None:
        """Ends the connection; a server that is a process is stopped."""
