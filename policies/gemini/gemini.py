"""Gemini behind the seam of policies."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...journal.records import Reply, Request
from ...ledger.errors import UsageError
from ..endpoint import clients
from ..policy import output_limit
from ..sdk_calls import Sdk, SdkCalls, SdkPolicy
from . import errors, wire
from .stream import StreamedResponse, decode

if TYPE_CHECKING:
    import httpx2
    from openai._types import RequestOptions

GOOGLE = "https://generativelanguage.googleapis.com"

_VERSION = "v1"
"""Of the API, as in Google's own SDK."""
_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""Where the key comes from: the first that is set, as in Google's own SDK."""


class Gemini(SdkPolicy):
    """Asks Google's Gemini API in its own format; one try per call, no retries of its own.

    Args:
        model: the model's name, e.g. `gemini-3-flash`.
        base_url: the server's address, with the version of the API (`…/v1beta`) where it shall
            not be v1; None means `GOOGLE_GEMINI_BASE_URL`, else Google's.
        api_key: None means `GOOGLE_API_KEY`, else `GEMINI_API_KEY`, for those two servers, and
            `OUTLAY_API_KEY` for others.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing, thoughts included.
        stream: asks for the reply piece by piece, each passed to the request's `on_text`.
        thinking_budget: tokens for thoughts, 0 for none; every call may write more than these.
            None leaves it to the model.
        thinking_level: `low`, `medium` or `high`, for models that take that instead.
        http_client: an httpx2 client of one's own to send through; closed with the policy.
        name: how prices and reports name it; None means `google/` and the model's name.

    Raises:
        UsageError: the thinking budget leaves no room for an answer.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        max_output: int = 4096,
        stream: bool = False,
        thinking_budget: int | None = None,
        thinking_level: str | None = None,
        http_client: httpx2.AsyncClient | None = None,
        name: str | None = None,
    ) -> None:
        self.model = model.removeprefix("models/")
        self.name = name or f"google/{self.model}"
        self.timeout = timeout
        self.max_output = max_output
        self.stream = stream
        self.headroom = max(thinking_budget or 0, 0)
        if self.headroom >= max_output:
            raise UsageError(
                f"{self.name}: thinking_budget={thinking_budget} leaves no room for an answer: "
                f"it must be below max_output={max_output}"
            )
        self._thinking: Mapping[str, Any] | None = None
        if thinking_level is not None:
            self._thinking = {"thinkingLevel": thinking_level.upper()}
        elif thinking_budget is not None:
            self._thinking = {"thinkingBudget": thinking_budget}
        calls = SdkCalls(
            _over_openai(), name=self.name, model=self.model, base_url=base_url, api_key=api_key,
            http_client=http_client,
        )  # fmt: skip
        super().__init__(calls)

    async def reply(self, request: Request) -> Reply:
        """Returns the model's reply to one try of the call."""
        self.check()
        body = wire.encode(request, self.model, output_limit(self, request), self._thinking)
        path = self._path(streams=self.stream or request.streams)
        return await self._exchange(path, body, request, decode, StreamedResponse)

    def _path(self, *, streams: bool) -> str:
        verb = "streamGenerateContent?alt=sse" if streams else "generateContent"
        versioned = re.search(r"/v\d\w*$", self._calls.url) is not None
        return f"{'' if versioned else f'/{_VERSION}'}/models/{self.model}:{verb}"


def _over_openai() -> Sdk:
    """Returns how calls leave: over the client that outlay has anyway, with Google's key."""
    return Sdk(
        package="openai",
        extra="",
        home=GOOGLE,
        url_from="GOOGLE_GEMINI_BASE_URL",
        key_from=next((name for name in _KEYS if os.environ.get(name)), _KEYS[-1]),
        new_client=clients.new_client,
        call_options=_call_options,
        refusal=errors.refusal,
    )


def _call_options(place: clients.ServerKey, timeout: float) -> RequestOptions:
    options = clients.call_options(clients.ServerKey(place.base_url, None), timeout)
    options["headers"] = {
        **options["headers"], "x-goog-api-key": place.key or "", "User-Agent": "outlay",
    }  # fmt: skip
    return options
