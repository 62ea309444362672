"""A tool whose secrets stay with it: they reach neither prompt, nor journal, nor log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

import orjson

from ...journal.notice_form import cleaned
from ...journal.notices import InvalidArguments, Notice
from ...journal.records import Observation, ToolCall, ToolSpec
from ...journal.secrets import Clean, cleaner
from ...ledger.errors import UsageError
from ..context import ToolContext
from ..functions.rendering import cut
from ..functions.tool import MIN_CHARS
from ..invocation import Invocation
from ..outputs import Outputs
from ..protocol import Tool, Wrapper
from .clean_functions import clean_at_the_source, cleaned_error


class _Redacted(Wrapper):
    def __init__(self, inner: Tool, clean: Clean) -> None:
        super().__init__(clean_at_the_source(inner, clean))
        self._clean = clean

    @cached_property
    def spec(self) -> ToolSpec:
        spec = self.inner.spec
        parameters = orjson.loads(self._clean(orjson.dumps(spec.parameters).decode()))
        return replace(spec, description=self._clean(spec.description), parameters=parameters)

    def read(self, call: ToolCall) -> Invocation | InvalidArguments:
        read = self.inner.read(call)
        return cleaned(read, self._clean) if isinstance(read, InvalidArguments) else read

    def cost(self, call: Invocation) -> Decimal | None:
        try:
            return self.inner.cost(call)
        except Exception as error:
            said = (
                str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
            )
            raise UsageError(self._clean(said)) from None

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        try:
            denied = await self.inner.admit(call, context)
        except Exception as error:
            raise _unless_a_question(error, self._clean) from None
        return None if denied is None else cleaned(denied, self._clean)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        kept = _CleanOutputs(context.outputs, self._clean)
        try:
            found = await self.inner.run(call, replace(context, outputs=kept))
        except Exception as error:
            raise _unless_a_question(error, self._clean) from None
        if found.notice is not None:
            found = replace(found, notice=cleaned(found.notice, self._clean))
        if kept.whole is None:
            return replace(found, text=self._clean(found.text))
        text, ref = cut(kept.whole, max(len(found.text), MIN_CHARS), context.outputs)
        return replace(found, text=text, ref=ref)


class _CleanOutputs(Outputs):
    """Keeps texts without their secrets, and the last one at hand to cut it anew."""

    def __init__(self, outputs: Outputs, clean: Clean) -> None:
        super().__init__(outputs.folder, outputs.limit)
        self._clean = clean
        self.whole: str | None = None

    def put(self, text: str) -> str:
        self.whole = self._clean(text)
        return super().put(self.whole)


def _unless_a_question(error: Exception, clean: Clean) -> Exception:
    """Returns what is raised in place of an error: an interrupt of a graph stays what it is."""
    from langgraph.errors import GraphBubbleUp

    return error if isinstance(error, GraphBubbleUp) else cleaned_error(error, clean)


def redacted(tool: Tool, secrets: Iterable[str]) -> Tool:
    """Returns the tool with the secrets blotted out of all that it says.

    Also in their hexadecimal, base64, URL-encoded, JSON- and HTML-escaped forms; in errors and in
    what the policy is told of the tool, too. A tool without a function of its own (your own class)
    may still log what it likes.

    Raises:
        UsageError: a secret is too short to be told from ordinary text.
    """
    return _Redacted(tool, cleaner([secrets] if isinstance(secrets, str) else secrets))
