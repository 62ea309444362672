"""What a request says to the reader of the Almanac."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ...benchmarks.suites.almanac.grammar import (
    ALIAS,
    OPEN_PRICE,
    SEARCH_PRICE,
    ParsedQuestion,
    Statement,
    read_question,
    read_statements,
)
from ...journal.arguments import MalformedArguments, read_arguments
from ...journal.notices import FAILURES, notices_of
from ...journal.records import Message, Request, ToolCall, ToolSpec

_PRICES = {"search": SEARCH_PRICE, "open": OPEN_PRICE}
_PARAMETERS = {"search": "query", "open": "name"}
_MAX_TRIES = 2
"""How often a call is made that fails."""
_LOW = Decimal("0.3")

_BLOCK = re.compile(r"<budget>(.*?)(?:</budget>|\Z)", re.DOTALL | re.IGNORECASE)
_LINE = re.compile(
    r"^\W*([\w. ]+?)\s*:(?:.*?\bused\b\D{0,3}([\d.]+))?.*?\b(?:free|remaining)\b\D{0,3}([\d.]+)"
    r"(?:\D{0,3}([\d.]+) kept back)?",
    re.MULTILINE | re.IGNORECASE,
)
_HEADING = re.compile(r"# (.+)")
SENT_ON = ("Your answer was checked.", "You still have budget.")
"""Begin what tells the policy to look further than it would by itself."""
AGREED = "All drafts agree on this answer:"
AGREED_ON = re.compile(rf"{AGREED} (.+)")


@dataclass(frozen=True)
class ParsedBudget:
    """The last budget block: what remains of each resource, by its label in the block."""

    remaining: Mapping[str, Decimal]
    low: bool
    """Whether less than 30 % of some resource remains."""

    def calls_left(self, tool: str) -> int | None:
        """Returns how many calls of a tool can be paid; None is no limit."""
        price = _PRICES.get(tool, Decimal(0))
        limits = [int(self.remaining[r]) for r in (tool, "tool_calls") if r in self.remaining]
        for resource in ("usd", f"usd for {tool}"):
            if resource in self.remaining and price:
                limits.append(int(self.remaining[resource] / price))
        return min(limits, default=None)

    def after(self, tool: str) -> ParsedBudget:
        """Returns what remains once a tool was called."""
        price = _PRICES.get(tool, Decimal(0))
        costs = {tool: Decimal(1), "tool_calls": Decimal(1), "usd": price, f"usd for {tool}": price}
        remaining = {r: left - costs.get(r, 0) for r, left in self.remaining.items()}
        return ParsedBudget(remaining, self.low)

    @property
    def is_last_turn(self) -> bool:
        """Whether no further reply can be paid after this one."""
        return self.remaining.get("model_calls", Decimal(2)) < 2


@dataclass(frozen=True)
class Transcript:
    """A conversation so far, as far as the reader understands it."""

    question: ParsedQuestion | None
    statements: tuple[Statement, ...]
    text: str
    """Everything that the tools have answered."""
    tried: tuple[tuple[str, str], ...]
    """Calls that need not be made again, each once: (tool, argument in lower case)."""
    tools: Mapping[str, str]
    """The parameter of each tool that may be called now; empty if none may."""
    purse: ParsedBudget | None
    turn: int
    """Number of replies before this one."""
    max_words: int | None
    """Words that the reply may have, or None."""
    phase: str
    """The heading of what the last message asks for, such as `Verify the answer`, or ""."""
    asked: str
    """The last message to the policy."""
    said: str
    """The policy's last words, or ""."""
    sent_on: bool
    """Whether it was told to look further than it would by itself."""
    agreed: str | None
    """The answer that notes of earlier drafts agree on, or None."""

    @cached_property
    def facts(self) -> dict[tuple[str, str], Statement]:
        """What is known, by subject and relation; a current statement counts above an old one."""
        facts: dict[tuple[str, str], Statement] = {}
        for statement in self.statements:
            key = (statement.subject, statement.relation)
            if key not in facts or facts[key].old or not statement.old:
                facts[key] = statement
        return facts

    def real_name(self, name: str) -> str:
        """Returns what a name is another name for, or the name itself."""
        seen = set()
        while (name, ALIAS) in self.facts and name not in seen:
            seen.add(name)
            name = self.facts[name, ALIAS].object
        return name

    def has_tried(self, tool: str, argument: str) -> bool:
        return (tool, _plain(argument)) in self.tried

    def affords(self, tool: str) -> bool:
        """Says whether a tool is offered and, as far as is known, paid for."""
        if tool not in self.tools:
            return False
        left = self.purse.calls_left(tool) if self.purse else None
        return left is None or left > 0


def read_transcript(request: Request) -> Transcript:
    """Reads a request. What cannot be understood is passed over."""
    messages = request.messages
    asked = [m.content for m in messages if m.role == "user"]
    seen = [m.content for m in messages if m.role in ("tool", "user")]
    told = [m.content for m in messages if m.role == "tool"]
    purse = read_purse("\n".join(seen))
    questions = (read_question(text) for text in asked)
    heading = _HEADING.match(asked[-1] if asked else "")
    may_call = (heading or request.tool_choice != "none") and not (purse and purse.is_last_turn)
    return Transcript(
        question=next((question for question in questions if question), None),
        statements=tuple(s for text in seen for s in read_statements(text)),
        text="\n".join(told),
        tried=_tried(messages),
        tools=_parameters(request.tools) if may_call else {},
        purse=purse,
        turn=sum(1 for m in messages if m.role == "assistant"),
        max_words=request.max_tokens,
        phase=heading[1].strip() if heading else "",
        asked=asked[-1] if asked else "",
        said=next((m.content for m in reversed(messages) if m.role == "assistant"), ""),
        sent_on=any(mark in text for mark in (*SENT_ON, "Advice:") for text in asked),
        agreed=agreed[-1] if (agreed := AGREED_ON.findall("\n".join(asked))) else None,
    )


def read_purse(text: str) -> ParsedBudget | None:
    """Returns what the last budget block of a text says, or None where there is none."""
    blocks = _BLOCK.findall(text)
    if not blocks:
        return None
    remaining, low = {}, False
    for label, used, free, kept in _LINE.findall(blocks[-1]):
        amount = _number(free)
        if amount is not None:
            amount += _number(kept) or 0  # tokens cost it nothing: what is kept back is left over
            remaining[label.strip().casefold().removeprefix("tool_calls.")] = amount
            total = amount + (_number(used) or 0)
            low = low or (bool(used) and amount < total * _LOW)
    return ParsedBudget(remaining, low) if remaining else None


def _number(text: str) -> Decimal | None:
    clean = text.rstrip(".")
    return Decimal(clean) if re.fullmatch(r"\d+(\.\d+)?", clean) else None


def _plain(argument: str) -> str:
    return " ".join(argument.split()).casefold()


def _tried(messages: Iterable[Message]) -> tuple[tuple[str, str], ...]:
    calls: dict[str, tuple[str, str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    done: set[tuple[str, str]] = set()
    for message in messages:
        for call in message.tool_calls:
            argument = _argument(call)
            if argument is not None:
                calls[call.id] = (call.name, argument)
                counts[calls[call.id]] += 1
        answered = calls.get(message.tool_call_id or "")
        if answered and not _has_failed(message):
            done.add(answered)
    return tuple(call for call in counts if call in done or counts[call] >= _MAX_TRIES)


def _has_failed(message: Message) -> bool:
    return any(isinstance(part, FAILURES) for part in notices_of(message.notice))


def _argument(call: ToolCall) -> str | None:
    """Returns the first text among a call's arguments, or None where there is none."""
    try:
        arguments = read_arguments(call.arguments)
        return next(_plain(value) for value in arguments.values() if isinstance(value, str))
    except (MalformedArguments, StopIteration):
        return None


def _parameters(tools: Iterable[ToolSpec]) -> dict[str, str]:
    parameters = {}
    for tool in tools:
        usual = _PARAMETERS.get(tool.name)
        if usual is None:
            continue
        properties = tool.parameters.get("properties")
        known = list(properties) if isinstance(properties, Mapping) else []
        parameters[tool.name] = str(known[0]) if known and usual not in known else usual
    return parameters
