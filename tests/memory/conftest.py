"""Trajectories as a policy and its tools would write them, and effects that answer as told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from outlay.journal.effects import Refusal
from outlay.journal.notices import Notice
from outlay.journal.records import Message, Observation, Reply, ToolCall
from outlay.ledger.usage import Usage
from outlay.memory import Memory, Trajectory
from outlay.memory.turns import HEAD

OPENING = (Message("system", "You look things up."), Message("user", "Where is it?"))

Round = tuple[str, list[tuple[str, dict[str, Any], str]]]
"""A reply's text, and its calls: tool, arguments, observation. No call: a message is told."""

TEXTS = st.text("ab é;.\n", max_size=30) | st.sampled_from(
    ["x" * 700, "word " * 60, "é" * 300, "<report>", "<state>found: a; b</state> So."]
)
BLOCKS = st.sampled_from(
    ["", "<report>one. two. three.</report>", f"<report>{'fact. ' * 80}</report>",
     "<report></report>", f"<state>\nfound: {'a; ' * 90}z\nnow: look\n</state>"]
)  # fmt: skip
REFS = st.lists(st.integers(0, 30).map("r{}".format), max_size=3)
CALLS = st.one_of(
    st.tuples(st.just("search"), st.fixed_dictionaries({"query": TEXTS}), TEXTS),
    st.tuples(st.just("note"), st.fixed_dictionaries({"text": TEXTS}), st.just("Noted.")),
    st.tuples(
        st.just("prune"),
        st.fixed_dictionaries({"refs": REFS, "note": st.sampled_from(["", "it is so"])}),
        st.just("Done."),
    ),
    st.tuples(st.just("pin"), st.fixed_dictionaries({"refs": REFS}), st.just("Done.")),
)
ROUNDS = st.lists(
    st.tuples(st.tuples(BLOCKS, TEXTS).map("".join), st.lists(CALLS, max_size=3)), max_size=14
)


def grow(trajectory: Trajectory, number: int, round: Round) -> None:
    """Appends a reply with what its calls brought, or what the policy is told."""
    said, wished = round
    calls = [
        ToolCall(f"c{number}_{place}", name, json.dumps(arguments))
        for place, (name, arguments, _) in enumerate(wished)
    ]
    if not calls:
        trajectory.append(Message("assistant", said), Message("user", "Look again."))
        return
    seen = [
        Observation(call.id, call.name, text)
        for call, (_, _, text) in zip(calls, wished, strict=True)
    ]
    shown = [Message("tool", o.text, tool_call_id=o.call_id) for o in seen]
    trajectory.observed(Message("assistant", said, tuple(calls)), shown, seen)


def grown(rounds: Sequence[Round]) -> Trajectory:
    trajectory = Trajectory(OPENING)
    for number, round in enumerate(rounds):
        grow(trajectory, number, round)
    return trajectory


def search(query: str, text: str, said: str = "") -> Round:
    return said, [("search", {"query": query}, text)]


@dataclass
class ScriptedEffects:
    """Answers policy calls with a script, and keeps what was asked and booked."""

    script: Callable[[tuple[Message, ...]], str | Refusal] = lambda asked: "It is so."
    usage: Usage | None = None
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    booked: list[Any] = field(default_factory=list)

    async def ask(
        self, messages: Sequence[Message], *, tool_choice: str = "auto", purpose: str = "", **_: Any
    ) -> Reply | Refusal:
        self.asked.append(tuple(messages))
        self.choices.append((tool_choice, purpose))
        said = self.script(tuple(messages))
        return said if isinstance(said, Refusal) else Reply(Message("assistant", said), self.usage)

    async def call(self, calls: Sequence[ToolCall]) -> list[Observation]:
        raise AssertionError("memories call no tools")

    async def tell(self, calls: Sequence[ToolCall], notices: Sequence[Notice]) -> list[Observation]:
        raise AssertionError("memories call no tools")

    async def value(self, make: Callable[[], Any], *, told: bool = False) -> Any:
        self.booked.append(make())
        return self.booked[-1]


async def played(memory: Memory, rounds: Sequence[Round], effects: ScriptedEffects) -> Trajectory:
    """Grows a trajectory as a run would: a view before each reply."""
    trajectory = Trajectory(OPENING)
    for number, round in enumerate(rounds):
        await memory.view(trajectory, effects)
        grow(trajectory, number, round)
    return trajectory


def check_transcript(messages: Sequence[Message]) -> None:
    """Fails unless this is a valid chat: the results of all calls right after them."""
    assert messages[:HEAD] == OPENING
    open_calls: list[str] = []
    for message in messages[HEAD:]:
        if message.role == "tool":
            assert message.tool_call_id in open_calls
            open_calls.remove(message.tool_call_id)
        else:
            assert not open_calls
            open_calls = [call.id for call in message.tool_calls]
    assert not open_calls
