"""A model of Anthropic's, asked by its Messages API."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...journal.records import Reply, Request
from ...ledger.errors import UsageError
from ..endpoint.bounded import bounded
from ..endpoint.clients import ServerKey, new_http_client, timeouts
from ..policy import output_limit
from ..sdk_calls import Sdk, SdkCalls, SdkPolicy
from . import replies
from .requests import CacheTime, Form, Thinking, encode
from .stream import MessageStream

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic

_PATH = "/v1/messages"
_LEAST_THINKING = 1024


class AnthropicMessages(SdkPolicy):
    """Asks Anthropic's Messages API; one try per call, no retries of its own.

    Args:
        model: the model's name as Anthropic knows it.
        base_url: the server's address; None means `ANTHROPIC_BASE_URL`, else Anthropic's.
        api_key: None means `ANTHROPIC_API_KEY` for those two servers and `OUTLAY_API_KEY` for
            others.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing, thinking included;
            None means 4,096 beside the budget of `thinking`.
        stream: asks for the reply piece by piece, each passed to the request's `on_text`.
        thinking: tokens that the model may think before it replies, at least 1,024; `"adaptive"`
            where it is to decide itself; None asks for none.
        cache: how long the server keeps the prompt for the next turns: `"5m"`, `"1h"`, or None
            for not at all.
        http_client: an httpx2 client of one's own to send through; closed with the policy.
        name: how prices and reports name it; None means `anthropic/MODEL`.

    Raises:
        UsageError: `thinking` is too small, or leaves no room for a reply.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        max_output: int | None = None,
        stream: bool = False,
        thinking: Thinking = None,
        cache: CacheTime = "5m",
        http_client: httpx2.AsyncClient | None = None,
        name: str | None = None,
    ) -> None:
        self.model = model
        self.name = name or f"anthropic/{model}"
        self.headroom = thinking if isinstance(thinking, int) else 0
        self.max_output = 4096 + self.headroom if max_output is None else max_output
        self.timeout = timeout
        self.stream = stream
        if thinking is not None and thinking != "adaptive" and self.headroom < _LEAST_THINKING:
            raise UsageError(
                f"{self.name} cannot think in {thinking} tokens: the least is {_LEAST_THINKING}"
            )
        if self.headroom >= self.max_output:
            raise UsageError(
                f"{self.name} may think for {self.headroom} tokens and write {self.max_output} in "
                "all: make max_output larger than thinking"
            )
        calls = SdkCalls(
            ANTHROPIC, name=self.name, model=model, base_url=base_url, api_key=api_key,
            http_client=http_client,
        )  # fmt: skip
        super().__init__(calls)
        self._form = Form(
            model=model, server=self.server, thinking=thinking, cache=cache, stream=stream
        )

    async def reply(self, request: Request) -> Reply:
        """Returns the server's reply to one try of the call."""
        self.check()
        form = replace(self._form, stream=self.stream or request.streams)
        body = encode(request, form, output_limit(self, request))
        read = partial(replies.decode, server=self.server)
        stream = partial(MessageStream, self.server)
        return await self._exchange(_PATH, body, request, read, stream)


def _new_client(place: ServerKey, http_client: httpx2.AsyncClient | None) -> AsyncAnthropic:
    from anthropic import AsyncAnthropic, DefaultAioHttpClient

    return AsyncAnthropic(
        base_url=place.base_url,
        api_key=place.key or "none",
        max_retries=0,
        http_client=bounded(http_client or new_http_client(DefaultAioHttpClient)),
    )


def _call_options(place: ServerKey, timeout: float) -> Any:
    from anthropic import Omit

    options: dict[str, Any] = {
        "timeout": timeouts(timeout),
        "follow_redirects": False,
        "headers": {"content-type": "application/json"},
    }
    if place.key is None:
        options["headers"] |= dict.fromkeys(("Authorization", "X-Api-Key"), Omit())
    return options


ANTHROPIC = Sdk(
    package="anthropic",
    extra="anthropic",
    home="https://api.anthropic.com",
    url_from="ANTHROPIC_BASE_URL",
    key_from="ANTHROPIC_API_KEY",
    new_client=_new_client,
    call_options=_call_options,
)
