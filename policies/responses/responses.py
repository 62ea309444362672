"""A model of OpenAI's, asked by its Responses API."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ...journal.records import Reply, Request
from ..endpoint.clients import call_options, new_client
from ..endpoint.endpoint import OPENAI
from ..policy import output_limit
from ..sdk_calls import Sdk, SdkCalls, SdkPolicy
from . import replies
from .requests import RequestForm, encode
from .stream import ResponseStream

if TYPE_CHECKING:
    import httpx2

_PATH = "/responses"
_FEWEST = 16
"""The fewest tokens of output that the server takes as a limit."""


class OpenAIResponses(SdkPolicy):
    """Asks OpenAI's Responses API; one try per call, no retries of its own.

    Args:
        model: the model's name as the server knows it.
        base_url: the server's address up to `/v1`; None means `OPENAI_BASE_URL`, else OpenAI's.
        api_key: None means `OPENAI_API_KEY` for those two servers and `OUTLAY_API_KEY` for others.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing, reasoning included.
        stream: asks for the reply piece by piece, each passed to the request's `on_text`.
        effort: how much the model reasons, such as `"low"`; None leaves it to the server.
        headroom: tokens for reasoning that every call may write beside what is seen of it.
        http_client: an httpx2 client of one's own to send through; closed with the policy.
        name: how prices and reports name it; None means `openai-responses/MODEL`.
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
        effort: str | None = None,
        headroom: int = _FEWEST,
        http_client: httpx2.AsyncClient | None = None,
        name: str | None = None,
    ) -> None:
        self.model = model
        self.name = name or f"openai-responses/{model}"
        self.headroom = max(headroom, _FEWEST)
        self.max_output = max(max_output, self.headroom + 1)
        self.timeout = timeout
        self.stream = stream
        calls = SdkCalls(
            _OPENAI_SDK, name=self.name, model=model, base_url=base_url, api_key=api_key,
            http_client=http_client,
        )  # fmt: skip
        super().__init__(calls)
        self._form = RequestForm(model=model, server=self.server, effort=effort, stream=stream)

    async def reply(self, request: Request) -> Reply:
        """Returns the server's reply to one try of the call."""
        self.check()
        form = replace(self._form, stream=self.stream or request.streams)
        body = encode(request, form, output_limit(self, request))
        read = partial(replies.decode, server=self.server)
        stream = partial(ResponseStream, self.server)
        return await self._exchange(_PATH, body, request, read, stream)


_OPENAI_SDK = Sdk(
    package="openai",
    extra="",
    home=OPENAI,
    url_from="OPENAI_BASE_URL",
    key_from="OPENAI_API_KEY",
    new_client=new_client,
    call_options=call_options,
)
