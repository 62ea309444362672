"""`recall`: shows again what the policy no longer sees: cut outputs and earlier observations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ...ledger.errors import ToolError
from ..context import AttemptHistory, ToolContext
from ..documents.corpus import Document
from ..documents.full_text_index import DocumentIndex
from ..functions.tool import Price, tool
from ..paging import page
from ..protocol import Tool

NAME = "recall"
FOUND = 5
"""Observations that a search shows."""
SHOWN = 600
"""Characters shown of an observation that a search has found."""


@dataclass(frozen=True)
class RecalledObservation:
    """An observation of the run as the tool gave it, with the call that brought it."""

    ref: str
    call: str
    text: str


def recall_at(price: Price) -> Tool:
    """Returns the tool `recall` at a price: USD per call, or a function of `ref`, `query`, `start`.

    It reads the run's own record: what a memory has dropped can be had again.
    """

    @tool(price=price, read_only=True, name=NAME)
    def recall(context: ToolContext, ref: str = "", query: str = "", start: int = 0) -> str:
        """Shows an earlier tool output again, or searches all of them for words.

        Args:
            ref: the ref of an observation (r12), or the one given where an output was cut.
            query: words to look for in all earlier observations, instead of a ref.
            start: the first character to read, with a ref.
        """
        if bool(ref) == bool(query):
            raise ToolError("give either the ref of an output or a query")
        if query:
            return _search(records(context.past()), query)
        again = f'recall(ref="{ref}"'
        found = next((each for each in records(context.past()) if each.ref == ref), None)
        if found is not None:
            return page(found.text, start, again)
        if ref[:1] == "r":
            raise ToolError(f"no observation has the ref {ref[:80]!r}")
        return page(context.outputs.get(ref, length=None), start, again)

    return recall


recall = recall_at(Decimal(0))


def records(past: Sequence[AttemptHistory]) -> Iterator[RecalledObservation]:
    """Yields the observations of a run, those of the present attempt first.

    What `recall` itself has shown is none.
    """
    for attempt in reversed(past):
        calls: dict[str, str] = {}
        for place, message in enumerate(attempt.messages):
            calls |= {call.id: f"{call.name} {call.arguments}" for call in message.tool_calls}
            if message.role == "tool":
                call = calls.get(message.tool_call_id or "", "")
                if call.partition(" ")[0] != NAME:
                    yield RecalledObservation(attempt.ref(place), call, attempt.whole(place))


def _search(past: Iterator[RecalledObservation], query: str) -> str:
    """Returns the observations that fit best, by BM25; of equal ones the first."""
    known: dict[tuple[str, str], RecalledObservation] = {}
    for record in past:
        known.setdefault((record.call, record.text), record)
    by_ref = {record.ref: record for record in known.values()}
    index = DocumentIndex(Document(r.ref, r.call, r.text) for r in by_ref.values())
    found = [(by_ref[hit.name], hit.snippet) for hit in index.find(query, FOUND)]
    if not found:
        return f"No earlier observation holds any of these words: {query[:200]}"
    return "\n\n".join(
        f"[{record.ref}] {record.call[:200]}\n{_extract(record.text, snippet)}"
        for record, snippet in found
    )


def _extract(text: str, snippet: str) -> str:
    return text if len(text) <= SHOWN else f"… {snippet} …"
