"""A GGUF model on this machine as a policy."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from ...journal.records import Reply, Request
from ..endpoint.dialect import Dialect
from ..endpoint.endpoint import Endpoint
from ..rate_limits import RateLimiter
from .model_file import ModelFile
from .server import served

_LLAMA_CPP = Dialect(stops=True)


class GgufModel:
    """Asks llama.cpp's server for the model, which is started once and shared by all runs.

    Args:
        model: which file is served, and how.
        name: how prices and reports name it; None means `gguf/` and the file's name. It is free
            where the prices file does not say otherwise.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing.
        options: further ones of `Endpoint`.
    """

    def __init__(
        self,
        model: ModelFile,
        *,
        name: str | None = None,
        timeout: float = 600.0,
        max_output: int | None = None,
        **options: Any,
    ) -> None:
        self.name = name or model.name
        self.timeout = timeout
        self.max_output = min(4096, model.context // 2) if max_output is None else max_output
        self._server = served(model)
        self._options = options
        self._url = "http://127.0.0.1/v1"
        self._endpoint = self._asking(self._url)  # says what is wrong with options

    @property
    def rate(self) -> RateLimiter:
        """What calls wait for before money is held: a free slot."""
        return self._server.rate

    @property
    def takes_samples(self) -> bool:
        """Whether a request for several samples is answered in one call."""
        return self._endpoint.takes_samples

    def check(self) -> None:
        """Raises UsageError where the model cannot be served: no such file, no llama.cpp."""
        self._server.check()

    async def prepare(self) -> None:
        """Starts the server where it does not run, so that no call's time-out covers that.

        Raises:
            UsageError: as for `check`, or llama.cpp cannot load the model.
        """
        url = await asyncio.to_thread(self._server.url)
        if url != self._url:
            self._url, self._endpoint = url, self._asking(url)
        await self._endpoint.prepare()

    async def reply(self, request: Request) -> Reply:
        """Returns the model's reply to one try of the call."""
        await self.prepare()
        reply = await self._endpoint.reply(request)
        return replace(reply, model=self.name)

    async def close(self) -> None:
        """Does nothing: other runs may ask the server, which ends with this process."""

    def _asking(self, url: str) -> Endpoint:
        return Endpoint(
            self._server.model.file.stem, base_url=url, api_key="none", name=self.name,
            timeout=self.timeout, max_output=self.max_output,
            **{"dialect": _LLAMA_CPP, **self._options},
        )  # fmt: skip
