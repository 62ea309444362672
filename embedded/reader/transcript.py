"""What the body of a chat-completion request says to the reader of the Almanac."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from ...benchmarks.suites.almanac.grammar import (
    ALIAS,
    OPEN_PRICE,
    SEARCH_PRICE,
    ParsedQuestion,
    Statement,
    read_question,
    read_statements,
)
from ...journal.notices import FAILURES
from ..wire_notices import notices_in

_PRICES = {"search": SEARCH_PRICE, "open": OPEN_PRICE}
_PARAMETERS = {"search": "query", "open": "name"}
_MAX_TRIES = 2
"""How often a call is made that fails."""
_LOW = Decimal("0.3")

_BLOCK = re.compile(r"<budget>(.*?)(?:</budget>|\Z)", re.DOTALL | re.IGNORECASE)
_LINE = re.compile(
    r"^\W*([\w. ]+?)\s*:(?:.*?\bused\b\D{0,3}([\d.]+))?.*?\bremaining\b\D{0,3}([\d.]+)",
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


def read_transcript(body: Mapping[str, Any]) -> Transcript:
    """Reads a request's body. What cannot be understood is passed over."""
    messages = [m for m in body.get("messages") or () if isinstance(m, Mapping)]
    asked = [_text(m) for m in messages if m.get("role") == "user"]
    seen = [_text(m) for m in messages if m.get("role") in ("tool", "user")]
    told = [_text(m) for m in messages if m.get("role") == "tool"]
    purse = read_purse("\n".join(seen))
    questions = (read_question(text) for text in asked)
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    heading = _HEADING.match(asked[-1] if asked else "")
    may_call = (heading or body.get("tool_choice") != "none") and not (purse and purse.is_last_turn)
    return Transcript(
        question=next((question for question in questions if question), None),
        statements=tuple(s for text in seen for s in read_statements(text)),
        text="\n".join(told),
        tried=_tried(messages),
        tools=_parameters(body.get("tools")) if may_call else {},
        purse=purse,
        turn=sum(1 for m in messages if m.get("role") == "assistant"),
        max_words=limit if isinstance(limit, int) else None,
        phase=heading[1].strip() if heading else "",
        asked=asked[-1] if asked else "",
        said=next((_text(m) for m in reversed(messages) if m.get("role") == "assistant"), ""),
        sent_on=any(mark in text for mark in (*SENT_ON, "Advice:") for text in asked),
        agreed=agreed[-1] if (agreed := AGREED_ON.findall("\n".join(asked))) else None,
    )


def read_purse(text: str) -> ParsedBudget | None:
    """Returns what the last budget block of a text says, or None where there is none."""
    blocks = _BLOCK.findall(text)
    if not blocks:
        return None
    remaining, low = {}, False
    for label, used, left in _LINE.findall(blocks[-1]):
        amount = _number(left)
        if amount is not None:
            remaining[label.strip().casefold().removeprefix("tool_calls.")] = amount
            total = amount + (_number(used) or 0)
            low = low or (bool(used) and amount < total * _LOW)
    return ParsedBudget(remaining, low) if remaining else None


def _number(text: str) -> Decimal | None:
    clean = text.rstrip(".")
    return Decimal(clean) if re.fullmatch(r"\d+(\.\d+)?", clean) else None


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))


def _plain(argument: str) -> str:
    return " ".join(argument.split()).casefold()


def _tried(messages: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    calls: dict[str, tuple[str, str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    done: set[tuple[str, str]] = set()
    for message in messages:
        for call_id, call in _calls(message):
            calls[call_id] = call
            counts[call] += 1
        answered = calls.get(str(message.get("tool_call_id")))
        failed = any(isinstance(notice, FAILURES) for notice in notices_in(_text(message)))
        if answered and not failed:
            done.add(answered)
    return tuple(call for call in counts if call in done or counts[call] >= _MAX_TRIES)


def _calls(message: Mapping[str, Any]) -> list[tuple[str, tuple[str, str]]]:
    found = []
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        try:
            function = call["function"]
            arguments = json.loads(function["arguments"])
            argument = next(v for v in arguments.values() if isinstance(v, str))
            found.append((str(call["id"]), (str(function["name"]), _plain(argument))))
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            continue
    return found


def _parameters(tools: object) -> dict[str, str]:
    parameters = {}
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, Mapping) else None
        name = str(function.get("name")) if isinstance(function, Mapping) else ""
        if isinstance(function, Mapping) and name in _PARAMETERS:
            schema = function.get("parameters")
            properties = schema.get("properties") if isinstance(schema, Mapping) else None
            known = list(properties) if isinstance(properties, Mapping) else []
            usual = _PARAMETERS[name]
            parameters[name] = str(known[0]) if known and usual not in known else usual
    return parameters
