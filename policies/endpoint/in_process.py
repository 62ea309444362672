"""An endpoint inside the process: the same client over a transport without a network."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from .endpoint import Endpoint

if TYPE_CHECKING:
    import httpx2

    from .chat_app import Speak

Answer = tuple[int, dict[str, Any]]


class CompletionApp(Protocol):
    """Answers chat-completion requests; all that wait come in one call, to be decoded together."""

    def complete_many(self, bodies: Sequence[dict[str, Any]]) -> list[Answer]:
        """Returns (status, response) for each body."""


def in_process_policy(speak: Speak, *, name: str, **options: Any) -> Endpoint:
    """Returns a model that answers in this process as an endpoint.

    Args:
        speak: the model.
        name: how prices and reports name it.
        options: of `Endpoint`.
    """
    from .chat_app import ChatApp

    return endpoint(ChatApp(speak, name), name, **options)


def endpoint(app: CompletionApp, name: str, **options: Any) -> Endpoint:
    """Returns an endpoint whose server is `app`."""
    import httpx2

    class Transport(httpx2.AsyncBaseTransport):
        """Carries requests to the worker, honouring the read timeout and cancellation."""

        def __init__(self) -> None:
            self._worker = AppWorker(app)

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            body = orjson.loads(await request.aread())
            seconds = request.extensions.get("timeout", {}).get("read")
            try:
                async with asyncio.timeout(seconds):
                    status, answer = await asyncio.wrap_future(self._worker.ask(body))
            except TimeoutError as exc:
                raise httpx2.ReadTimeout(f"no reply within {seconds} s", request=request) from exc
            if status == 200 and body.get("stream"):
                headers = {"content-type": "text/event-stream"}
                return httpx2.Response(200, headers=headers, content=_events(answer))
            headers = {"content-type": "application/json"}
            return httpx2.Response(status, headers=headers, content=orjson.dumps(answer))

        async def aclose(self) -> None:
            self._worker.close()

    client = httpx2.AsyncClient(transport=Transport(), trust_env=False)
    options = {"base_url": "http://embedded/v1", "name": name, **options}
    made = Endpoint(name, http_client=client, **options)
    made.takes_samples = False
    return made


class AppWorker:
    """One thread that runs an app on all requests that wait, together."""

    def __init__(self, app: CompletionApp) -> None:
        self._app = app
        self._waiting: deque[tuple[dict[str, Any], Future[Answer]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedded")

    def ask(self, body: dict[str, Any]) -> Future[Answer]:
        """Returns the future answer; cancelling it before its turn saves the work."""
        future: Future[Answer] = Future()
        self._waiting.append((body, future))
        self._thread.submit(self._answer_waiting)
        return future

    def close(self) -> None:
        """Lets the thread end once its present work is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer_waiting(self) -> None:
        batch: list[tuple[dict[str, Any], Future[Answer]]] = []
        while self._waiting:
            body, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                batch.append((body, future))
        if not batch:
            return
        try:
            answers = self._app.complete_many([body for body, _ in batch])
        except Exception as exc:
            failure = {"error": {"message": f"{type(exc).__name__}: {exc}"}}
            answers = [(500, failure)] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)


async def _events(answer: dict[str, Any]) -> AsyncIterator[bytes]:
    from .chat_app import chunks

    for chunk in chunks(answer):
        yield chunk
        await asyncio.sleep(0)
