"""A LangChain chat model behind the seam of policies."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...journal.plain_http import check_encrypted
from ...journal.records import Message, Reply, Request, ToolChoice
from ...journal.secrets import Clean, cleaner_of
from ...ledger.errors import CallTimedOut, UsageError
from .. import reasoning
from ..endpoint.stated_costs import stated_cost
from ..endpoint.wire import chat_tool
from ..policy import output_limit
from . import bills, chat_models, errors, messages
from .one_loop import on_one_loop
from .pieces import StreamedPieces

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

_OPENAI_STYLE = {
    "BaseChatOpenAI", "ChatGroq", "ChatMistralAI", "ChatGoogleGenerativeAI", "ChatVertexAI",
    "ChatFireworks", "ChatLiteLLM",
}  # fmt: skip
_ANTHROPIC_STYLE = {"ChatAnthropic", "ChatAnthropicVertex", "ChatAnthropicBedrock"}


@dataclass(frozen=True)
class _AskedModel:
    """A chat model that is ready to be asked, and what is known of its class."""

    model: BaseChatModel
    most: str
    """The field that bounds a reply."""
    key_from: str
    clean: Clean


class LangChainPolicy:
    """Asks any LangChain chat model; one try per call, no retries of its own.

    Args:
        model: a chat model that was made with `max_retries=0`, or the name of one as
            `PROVIDER/MODEL`, which is made with `init_chat_model` at the first call.
        name: how prices and reports name it, `langchain:PROVIDER/MODEL`; a model that is an
            object needs one.
        timeout: seconds after which a call is given up.
        max_output: tokens of output asked for where the request sets nothing.
        stream: asks for the reply piece by piece, each passed to the request's `on_text`.
        max_output_field: the field of the class that bounds a reply, where outlay knows none.
        fields: further fields of the class, e.g. `region_name` or `thinking`.

    Raises:
        UsageError: the model is no chat model, has no name, or its thoughts leave no room for an
            answer.
    """

    is_hosted = True

    def __init__(
        self,
        model: BaseChatModel | str,
        *,
        name: str | None = None,
        timeout: float = 120.0,
        max_output: int = 4096,
        stream: bool = False,
        max_output_field: str | None = None,
        **fields: Any,
    ) -> None:
        if isinstance(model, str):
            name = name or f"langchain:{model}"
        elif not hasattr(model, "ainvoke") or not hasattr(type(model), "model_fields"):
            raise UsageError(f"{type(model).__name__} is no LangChain chat model")
        elif name is None:
            raise UsageError(
                f"a {type(model).__name__} needs a name, under which its price is found: "
                "give name='langchain:PROVIDER/MODEL'"
            )
        self.name = name
        self.timeout = timeout
        self.max_output = max_output
        self.stream = stream
        self.headroom = chat_models.thinking_budget(fields if isinstance(model, str) else model)
        if self.headroom >= max_output:
            raise UsageError(
                f"{name}: its {self.headroom} tokens for thoughts leave no room for an answer: "
                f"they must be fewer than max_output={max_output}"
            )
        self._model = model
        self._fields = fields
        self._max_output_field = max_output_field
        self._provider = name.partition("/")[0]
        self._asked: _AskedModel | None = None

    def check(self) -> None:
        """Raises UsageError where no call could be made: for want of a package or a key, say."""
        self._ready()

    async def prepare(self) -> None:
        """Makes the chat model; raises UsageError as `check` does."""
        self._ready()

    async def reply(self, request: Request) -> Reply:
        """Returns the model's reply to one try of the call."""
        asked = self._ready()
        limit = self.timeout if request.timeout is None else min(self.timeout, request.timeout)
        most = output_limit(self, request)
        said: AIMessage | None
        on_text, on_call = (request.on_text, request.on_call) if self.stream else (None, None)
        spoken = None if on_text is None else reasoning.SpokenText(on_text)
        pieces = StreamedPieces(_here(spoken.add if spoken else None), _here(on_call))
        streams = self.stream or request.streams
        began = time.monotonic()
        try:
            runnable = _runnable(asked, request, most, stream=streams)
            written = messages.to_langchain(request.messages, self._provider)
            ask = _streamed if streams else _whole
            async with asyncio.timeout(limit):
                said = await on_one_loop(ask(runnable, written, pieces))
        except TimeoutError as error:
            said = pieces.billed()
            if said is None and request.streams and (left := pieces.text.strip()):
                seconds = time.monotonic() - began
                return Reply(Message("assistant", left), finish_reason="timeout", seconds=seconds)
            if said is None:
                text = f"{self.name} did not reply within {limit:g} s"
                raise CallTimedOut(text) from error
        except Exception as error:
            said = pieces.billed()
            if said is None:
                raise errors.policy_error(
                    error, name=self.name, model=self.name.partition("/")[2],
                    key_from=asked.key_from, clean=asked.clean, limit=limit,
                ) from error  # fmt: skip
        if spoken is not None:
            spoken.end()
        return self._read(said, pieces.metadata, request, time.monotonic() - began)

    async def close(self) -> None:
        """Does nothing: LangChain shares its connections between models."""

    def _ready(self) -> _AskedModel:
        if self._asked is None:
            self._asked = self._made()
        return self._asked

    def _made(self) -> _AskedModel:
        provider = self._provider.removeprefix("langchain:")
        model = self._model
        if isinstance(model, str):
            _, _, model_name = model.partition("/")
            model = chat_models.build(provider, model_name, self.timeout, self._fields)
        elif self._fields:
            raise UsageError(
                f"{self.name}: set {next(iter(self._fields))} on the chat model itself"
            )
        chat_models.check_single_try(model, provider)
        key_from = chat_models.key_source(model, provider)
        chat_models.check_keys(model, self.name, key_from)
        if keys := chat_models.secrets_of(model):
            for url in chat_models.plain_addresses(model):
                check_encrypted(url, self.name)
        return _AskedModel(
            model,
            self._max_output_field or chat_models.max_output_field(model),
            key_from,
            cleaner_of(keys),
        )

    def _read(
        self, said: AIMessage, metadata: dict[str, Any], request: Request, seconds: float
    ) -> Reply:
        message = messages.from_langchain(said, metadata, self._provider)
        if request.tool_choice == "none" and message.tool_calls:
            message = Message("assistant", message.content)  # some classes cannot forbid calls
        reply = Reply(
            message,
            bills.usage(said.usage_metadata),
            bills.finish_reason(metadata, calls=bool(message.tool_calls)),
            model=str(metadata.get("model_name") or metadata.get("model") or ""),
            response_id=str(metadata.get("id") or _own_id(said.id)),
            seconds=seconds,
            stated_usd=stated_cost({}, metadata.get("token_usage")),
            reasoning=messages.reasoning_of(said),
        )
        return reasoning.without(reply)


def _runnable(asked: _AskedModel, request: Request, most: int, *, stream: bool) -> Any:
    """Returns the model with the limits of one call and its tools."""
    fields = type(asked.model).model_fields
    wanted: dict[str, Any] = {asked.most: most, "cache": False}
    if request.temperature is not None:
        wanted["temperature"] = request.temperature
    if request.seed is not None:
        wanted["seed"] = request.seed
    if stream:
        wanted["stream_usage"] = True
    model = asked.model.model_copy(
        update={name: value for name, value in wanted.items() if name in fields}
    )
    if not request.tools:
        return model
    choice = {} if request.tool_choice == "auto" else _choice(model, request.tool_choice)
    return model.bind_tools([chat_tool(tool) for tool in request.tools], **choice)


def _choice(model: BaseChatModel, wanted: ToolChoice) -> dict[str, Any]:
    """Returns how a class is told that no tool may be called, or one has to be; nothing where it
    cannot be told."""
    kinds = {kind.__name__ for kind in type(model).__mro__}
    if kinds & _OPENAI_STYLE:
        return {"tool_choice": wanted}
    words = {"none": "none", "required": "any"}
    return {"tool_choice": {"type": words[wanted]}} if kinds & _ANTHROPIC_STYLE else {}


async def _whole(runnable: Any, written: list[BaseMessage], pieces: StreamedPieces) -> AIMessage:
    said: AIMessage = await runnable.ainvoke(written)
    pieces.metadata.update(said.response_metadata)
    return said


async def _streamed(runnable: Any, written: list[BaseMessage], pieces: StreamedPieces) -> AIMessage:
    async for piece in runnable.astream(written):
        pieces.add(piece)
    return pieces.message()


def _here(tell: Callable[..., None] | None) -> Callable[..., None] | None:
    """Returns the callback so that it is called on the caller's loop, whoever calls."""
    if tell is None:
        return None
    loop = asyncio.get_running_loop()

    def told(*what: Any) -> None:
        loop.call_soon_threadsafe(tell, *what)

    return told


def _own_id(id: str | None) -> str:
    """Returns the provider's id of a reply; LangChain's own ids name nothing at the provider."""
    return "" if id is None or re.match(r"(run-|lc_)", id) else id
