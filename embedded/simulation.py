"""A simulated policy: the reader of the Almanac with stated error rates. It is no model.

It lets planners be compared where no model can be run. Whatever it decides, it decides like the
rule-following reader, and then errs with these probabilities, each draw fixed by the seed of the
request and by how far the conversation is:

- `plan`: where it would go on looking, it stops and answers with what it has, or `unknown`;
- `act`: it calls a tool with another name than it meant, or answers with another name;
- `verify`: it turns a verdict round: accepts what it would reject, or rejects what it would accept.

The rates were fixed before any planner was run on it. What comes out says how the planners'
machinery bears such errors, not how a hosted model would do.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ..benchmarks.suites.almanac.grammar import NAME, UNKNOWN
from ..journal.records import Message, Request, ToolCall
from ..ledger.errors import UsageError
from ..policies import Policy
from ..policies.in_process import in_process_policy
from ..policies.registry import PolicyKind
from .reader.reader import AlmanacReader

PREFIX = "simulated:"


@dataclass(frozen=True)
class ErrorRates:
    """Error rates, from 0 to 1."""

    plan: float
    """Per turn in which tools should be called: it gives up instead."""
    act: float
    """Per tool call: a wrong argument. Per answer: a wrong name."""
    verify: float
    """Per verdict: the opposite of what it should be."""


STRENGTHS: Mapping[str, ErrorRates] = {
    "strong": ErrorRates(plan=0.03, act=0.05, verify=0.08),
    "weak": ErrorRates(plan=0.12, act=0.15, verify=0.20),
}


def simulated(spec: str, **options: Any) -> Policy:
    """Returns a simulated policy: `simulated:strong`, or `simulated:plan=0.1,act=0.1,verify=0.2`.

    Args:
        options: of `in_process_policy`.

    Raises:
        UsageError: the text names no strength and no rates.
    """
    name = spec.removeprefix(PREFIX)
    rates = STRENGTHS.get(name) or _rates(name)
    named = {"name": f"simulated/{name}", **options}
    return in_process_policy(SimulatedPolicy(rates).reply, **named)


SIMULATED = PolicyKind(forms=(f"{PREFIX}strong", f"{PREFIX}weak"), make=simulated)


def _rates(text: str) -> ErrorRates:
    known = [field.name for field in fields(ErrorRates)]
    try:
        given = {k: float(v) for k, v in (part.split("=") for part in text.split(","))}
        if sorted(given) == sorted(known) and all(0 <= rate <= 1 for rate in given.values()):
            return ErrorRates(**given)
    except ValueError:
        pass
    names = ", ".join(f"{PREFIX}{name}" for name in STRENGTHS)
    raise UsageError(
        f"the simulated policy {text!r} is not known: write {names}, or rates from 0 to 1 such as "
        f"{PREFIX}plan=0.1,act=0.1,verify=0.2"
    )


class SimulatedPolicy:
    """Speaks like the reader, and errs."""

    def __init__(self, rates: ErrorRates) -> None:
        self._rates = rates
        self._reader = AlmanacReader()

    def reply(self, request: Request) -> tuple[Message, str]:
        """Returns the assistant's message and its finish reason."""
        message, finish = self._reader.reply(request)
        draw, text = _draw(request), message.content
        if _is_verdict(text) or _is_score(text):
            if draw.random() < self._rates.verify:
                message = replace(message, content=_opposite(text))
        elif message.tool_calls:
            if draw.random() < self._rates.plan:
                return Message("assistant", _gives_up(text)), "stop"
            calls = tuple(self._slip(call, request, draw) for call in message.tool_calls)
            message = replace(message, tool_calls=calls)
        elif "Answer:" in text and draw.random() < self._rates.act:
            message = replace(message, content=_misread(text, _names(request), draw))
        return message, finish

    def _slip(self, call: ToolCall, request: Request, draw: random.Random) -> ToolCall:
        if draw.random() >= self._rates.act:
            return call
        meant = re.findall(NAME, call.arguments)
        others = [name for name in _names(request) if name not in meant]
        if not meant or not others:
            return call
        return replace(call, arguments=call.arguments.replace(meant[0], draw.choice(others)))


def _draw(request: Request) -> random.Random:
    """Returns a generator that the request's seed, question and length of conversation fix."""
    messages = request.messages
    question = messages[1].content.split("\n")[0] if len(messages) > 1 else ""
    return random.Random(f"{request.seed}/{question}/{len(messages)}")


def _is_verdict(text: str) -> bool:
    return text.startswith("{") and '"checks"' in text


def _is_score(text: str) -> bool:
    return text.startswith('{"score"')


def _opposite(text: str) -> str:
    verdict = json.loads(text)
    if "score" in verdict:
        return json.dumps({"score": 11 - verdict["score"]})
    if verdict["decision"] == "success":
        return json.dumps({**verdict, "decision": "pivot", "why": "the answer does not convince"})
    checks = [{**check, "state": "satisfied"} for check in verdict["checks"]]
    return json.dumps({**verdict, "checks": checks, "decision": "success"})


def _gives_up(thought: str) -> str:
    found = re.findall(NAME, thought)
    return f"{thought}\nAnswer: {found[-1] if found else UNKNOWN}"


def _misread(text: str, names: Sequence[str], draw: random.Random) -> str:
    head, _, answer = text.rpartition("Answer:")
    others = [name for name in names if name != answer.strip()]
    return f"{head}Answer: {draw.choice(others) if others else UNKNOWN}"


def _names(request: Request) -> list[str]:
    """Returns the names in the conversation after the system message, in order, each once."""
    texts = (message.content for message in request.messages[1:])
    return list(dict.fromkeys(name for text in texts for name in re.findall(NAME, text)))
