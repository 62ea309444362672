"""Models that answer in this process: requests and replies as they are, no server in between."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal, Protocol

from ..journal.records import Reply, Request, Sampled
from ..ledger.errors import CallRefused, CallTimedOut, OutcomeUnknown, PolicyError
from ..ledger.forks import told_of_forks
from . import reasoning, text_protocol
from .word_bills import Speak, SpokenModel

Answer = Reply | PolicyError
"""A reply, or the error that stands for it."""


class LocalModel(Protocol):
    """Answers requests; all that wait come in one call, to be decoded together."""

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """Returns one answer for each request, in order. Each has its `max_tokens`."""


def in_process_policy(speak: Speak, *, name: str, **options: Any) -> InProcessPolicy:
    """Returns what speaks in this process as a policy that bills its words.

    Args:
        speak: from a request to a message and why it ends.
        name: how prices and reports name it.
        options: of `InProcessPolicy`.
    """
    return InProcessPolicy(SpokenModel(speak, name), name=name, **options)


class InProcessPolicy:
    """A local model behind the seam of policies: it decodes in a thread, together what waits.

    Args:
        model: what answers.
        name: how prices and reports name it.
        max_output: tokens of output where the request sets nothing.
        timeout: seconds after which a call is given up.
        stream: tells the request's `on_text` each word, and `on_call` each call.
        tokenizer: the name under which sampled tokens are recorded; None leaves them out.
        tool_protocol: `"text"` for models that know no tools, as for `Endpoint`.
    """

    takes_samples = False

    def __init__(
        self,
        model: LocalModel,
        *,
        name: str,
        max_output: int = 4096,
        timeout: float = 120.0,
        stream: bool = False,
        tokenizer: str | None = None,
        tool_protocol: Literal["native", "text"] = "native",
    ) -> None:
        self.name = name
        self.max_output = max_output
        self.timeout = timeout
        self.stream = stream
        self.tokenizer = tokenizer
        self.tool_protocol = tool_protocol
        self._worker = ModelWorker(model)

    async def reply(self, request: Request) -> Reply:
        """Returns the model's reply to one call."""
        if not request.messages:
            raise CallRefused(f"{self.name} refused the call: the request has no messages")
        limit = self.timeout if request.timeout is None else min(self.timeout, request.timeout)
        asked = text_protocol.render(request) if self.tool_protocol == "text" else request
        most = self.max_output if asked.max_tokens is None else asked.max_tokens
        began = time.monotonic()
        try:
            async with asyncio.timeout(limit):
                future = self._worker.ask(replace(asked, max_tokens=most))
                answer = await asyncio.wrap_future(future)
        except TimeoutError as error:
            text = f"{self.name} did not reply within {limit:g} s"
            raise CallTimedOut(text) from error
        if isinstance(answer, PolicyError):
            raise answer
        reply = replace(answer, model=self.name, sampled=self._sampled(answer))
        if reply.sampled is None:  # sampled tokens belong to the whole text
            reply = reasoning.without(reply)
        if self.stream:
            await _tell(reply, request, calls=self.tool_protocol == "native")
        if self.tool_protocol == "text":
            reply = text_protocol.read(reply, request)
        return replace(reply, seconds=time.monotonic() - began)

    async def close(self) -> None:
        """Lets the thread end once its present work is done."""
        self._worker.close()

    def _sampled(self, reply: Reply) -> Sampled | None:
        if self.tokenizer is None or reply.sampled is None:
            return None
        return replace(reply.sampled, tokenizer=self.tokenizer)


async def _tell(reply: Reply, request: Request, *, calls: bool) -> None:
    """Tells a reply piece by piece: its text by words, then its calls."""
    if request.on_text is not None:
        for word in re.findall(r"\s*\S+|\s+\Z", reply.message.content):
            request.on_text(word)
            await asyncio.sleep(0)
    if request.on_call is not None and calls:
        for place, call in enumerate(reply.message.tool_calls):
            request.on_call(place, call)
            await asyncio.sleep(0)


class ModelWorker:
    """One thread that runs a model on all requests that wait, together."""

    def __init__(self, model: LocalModel) -> None:
        self._model = model
        self._waiting: deque[tuple[Request, Future[Answer]]] = deque()
        self._thread = _thread()
        told_of_forks(self)

    def after_fork(self) -> None:
        """Starts a thread of its own; what waits, waits in the parent."""
        self._waiting = deque()
        self._thread = _thread()

    def ask(self, request: Request) -> Future[Answer]:
        """Returns the future answer; cancelling it before its turn saves the work."""
        future: Future[Answer] = Future()
        self._waiting.append((request, future))
        self._thread.submit(self._answer_waiting)
        return future

    def close(self) -> None:
        """Lets the thread end once its present work is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer_waiting(self) -> None:
        batch: list[tuple[Request, Future[Answer]]] = []
        while self._waiting:
            request, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                batch.append((request, future))
        if not batch:
            return
        answers: Sequence[Answer]
        try:
            answers = self._model.answers([request for request, _ in batch])
        except Exception as error:
            failed = f"the model failed: {type(error).__name__}: {error}"
            answers = [OutcomeUnknown(failed, retryable=True) for _ in batch]
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="local-model")


def too_long(name: str, room: int, tokens: int) -> CallRefused:
    """Returns the refusal of a prompt that a model cannot read."""
    return CallRefused(
        f"the prompt is longer than {name} can read: use a memory that shortens it: "
        f"its context has {room} tokens; the prompt has {tokens}"
    )
