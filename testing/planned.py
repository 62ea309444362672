"""What the conformance suite wants a server to do, in words that fit every provider."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..journal.records import ToolCall
from ..ledger.usage import Usage
from .answers import ScriptedAnswer
from .server import LoopbackServer


@dataclass(frozen=True, kw_only=True)
class PlannedReply:
    """One answer of a server. Whoever builds it writes it in the provider's own format."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    """Tools that the model calls; the server may give them other ids."""
    usage: Usage = field(default_factory=lambda: Usage(input=10, output=5))
    ending: str = "stop"
    """`stop`, `tool_calls`, `length` or `content_filter`."""
    status: int = 200
    """From 400 on there is no reply, but an error that says `error`."""
    error: str = "as planned"
    headers: Mapping[str, str] | None = None
    wait: float = 0.0
    """Seconds before anything is sent."""
    cut: bool = False
    """The connection breaks in the middle of the reply."""
    garbage: bytes | None = None
    """Sent in place of a reply, with status 200."""
    opaque: bool = False
    """The reply carries what only its provider understands, where the provider has such a thing."""


class PlannedServer(Protocol):
    """A provider's server on loopback that answers as planned, in order of the calls."""

    def plan(self, *replies: PlannedReply) -> None:
        """Plans the next answers."""

    @property
    def bodies(self) -> list[Any]:
        """The requests that came, oldest first."""

    def most_output(self, body: Any) -> int:
        """Returns the limit on output that a request names."""

    def opaque_parts(self, body: Any) -> list[Any]:
        """Returns the opaque parts that a request gives back, as they stand in it."""

    def sent_opaque_parts(self) -> list[Any]:
        """Returns the opaque parts of all replies that were sent."""


class PlannedLoopback:
    """`LoopbackServer` as a planned server, for policies that speak OpenAI's format."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self._opaque: list[Any] = []

    @property
    def bodies(self) -> list[Any]:
        return list(self.server.bodies)

    def plan(self, *replies: PlannedReply) -> None:
        """Plans the next answers."""
        self.server.steps(*map(self._answer, replies))

    def most_output(self, body: Any) -> int:
        """Returns the limit on output that a request names."""
        return int(body.get("max_tokens", body.get("max_completion_tokens", 0)))

    def opaque_parts(self, body: Any) -> list[Any]:
        """Returns the reasoning that a request gives back."""
        said = (message.get("reasoning_content") for message in body["messages"])
        return [part for part in said if part]

    def sent_opaque_parts(self) -> list[Any]:
        """Returns the reasoning of all replies that were sent."""
        return self._opaque

    def _answer(self, reply: PlannedReply) -> ScriptedAnswer:
        usage, fault = reply.usage, "cut" if reply.cut else None
        added = {}
        if reply.opaque:
            added["reasoning_content"] = f"thought {len(self._opaque)}"
            self._opaque.append(added["reasoning_content"])
        return ScriptedAnswer(
            content=reply.text,
            tool_calls=tuple({"name": c.name, "arguments": c.arguments} for c in reply.calls),
            added=added,
            usage={
                "prompt_tokens": usage.input_tokens,
                "completion_tokens": usage.output_tokens,
                "total_tokens": usage.input_tokens + usage.output_tokens,
                "prompt_tokens_details": {
                    "cached_tokens": usage.cache_read,
                    "cache_write_tokens": usage.cache_write,
                },
                "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
            },
            finish_reason=reply.ending if reply.ending != "tool_calls" else None,
            wait=reply.wait,
            status=reply.status,
            headers=reply.headers or {},
            error={"message": reply.error},
            fault="html" if reply.garbage is not None else fault,  # type: ignore[arg-type]
        )


@contextmanager
def planned_loopback() -> Iterator[PlannedLoopback]:
    """Serves OpenAI's format; `planned.server.url` is the address."""
    with LoopbackServer(lambda body: ScriptedAnswer("fine")) as server:
        yield PlannedLoopback(server)


def in_order(plan: deque[PlannedReply]) -> PlannedReply:
    """Returns the next planned answer, a short text where none is left."""
    return plan.popleft() if plan else PlannedReply(text="fine")
