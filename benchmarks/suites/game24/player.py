"""A simulated player of the Game of 24 with stated error rates. It is no model.

It lets searches be compared where no model can be run. Facing some numbers it *knows* which
combinations can still lead to 24 (by exact search), or, with probability `error` and always when
none can, it has no idea. Either way it has a ranking of the combinations: the good ones first if
it knows, any order if not. The ranking is fixed by the seed and the numbers that are left, so an
error is a lasting one that more samples do not mend. A sample takes the first of the ranking
with probability `sure` (or `unsure`, where it has no idea), else the second with that probability,
and so on. With `unsure` below `sure` its samples agree less where it has no idea; with both equal
agreement tells nothing about whether the numbers are still good.

Its tokens are estimated by a rule of thumb: four bytes of text are a token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

from ....journal.records import Message, Reply, Request, ToolCall
from ....ledger.errors import ToolError
from ....ledger.usage import Usage
from ....policies.endpoint.wire import message_bytes, tool_bytes
from .board import Board, Move, Values, left_after, moves, solvable
from .world import pair

BYTES_PER_TOKEN = 4

_PLANNING = "# Plan ahead"
_NUMBERS = re.compile(r"^Numbers: ([\d ]+)$", re.MULTILINE)
_STEP = re.compile(r"^\d+\. (\w+) (\{[^}]*\})", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class PlayerErrorRates:
    """How the player errs; probabilities from 0 to 1."""

    error: float = 0.5
    """That it has no idea which combination of some numbers is good."""
    sure: float = 0.6
    """That a sample is what ranks first, where the player knows."""
    unsure: float = 0.25
    """That a sample is what ranks first, where it has no idea."""


STRENGTHS = {"calibrated": PlayerErrorRates(), "overconfident": PlayerErrorRates(unsure=0.6)}
"""Fixed before any search was run on them."""


class Game24Player:
    """The simulated player as a policy.

    Args:
        rates: how it errs.
        seed: fixes its rankings and its samples.
    """

    takes_samples = True

    def __init__(self, rates: PlayerErrorRates = STRENGTHS["calibrated"], *, seed: int = 0) -> None:
        self.name = "simulated/game24"
        self.max_output = 256
        self.timeout = 60.0
        self.rates = rates
        self.seed = seed

    async def reply(self, request: Request) -> Reply:
        """Plans, moves or answers, as the request asks."""
        asked = request.messages[-1].content
        board = _start(request.messages)
        planning = asked.startswith(_PLANNING)
        done = _planned(asked) if planning else _made(request.messages)
        for name, arguments in done:
            board = board.after(name, *pair(arguments))
        path = f"{request.seed}/{done}"
        room = (request.max_tokens or self.max_output) * BYTES_PER_TOKEN
        said = [
            self._plan(board, f"{path}/{sample}", room)
            if planning
            else self._act(board, f"{path}/{sample}", request)
            for sample in range(request.samples)
        ]
        first, *others = said
        usage = Usage(
            input=tokens(*request.messages)
            + sum(_tokens(tool_bytes(spec)) for spec in request.tools),
            output=tokens(*said),
        )
        finish = "tool_calls" if first.tool_calls else "stop"
        return Reply(first, usage, finish, model=self.name, others=tuple(others))

    async def close(self) -> None:
        """Does nothing: there are no connections."""

    def sample(self, values: Values, draw: str) -> Move:
        """Returns one independent sample of the next combination; equal draws are equal."""
        ranking, chance = self.ranking(values)
        random = Random(f"{self.seed}/{values}/{draw}")
        rank = 0
        while random.random() >= chance:
            rank += 1
        return ranking[rank % len(ranking)]

    def ranking(self, values: Values) -> tuple[list[Move], float]:
        """Returns the combinations from what seems best to worst, and how sure it is of that."""
        random = Random(f"{self.seed}/{values}")
        ranked = list(moves(values))
        random.shuffle(ranked)
        if random.random() < self.rates.error or not solvable(values):
            return ranked, self.rates.unsure
        ranked.sort(key=lambda move: not solvable(left_after(values, move)))
        return ranked, self.rates.sure

    def _plan(self, board: Board, draw: str, room: int) -> Message:
        values = board.values
        if len(values) == 1 and not board.solved:
            return Message("assistant", f"These steps leave {values[0]}: no plan completes them.")
        steps: list[dict[str, object]] = []
        while len(values) > 1:
            move = self.ranking(values)[0][0] if steps else self.sample(values, draw)
            steps.append({"tool": move.tool, "arguments": _arguments(move)})
            values = left_after(values, move)
        return Message("assistant", json.dumps({"steps": steps})[:room])

    def _act(self, board: Board, draw: str, request: Request) -> Message:
        if len(board.numbers) == 1 or request.tool_choice == "none":
            return Message("assistant", f"Answer: {board.numbers[-1].text}")
        move = self.sample(board.values, draw)
        id = f"move_{len(request.messages)}"
        return Message("assistant", "", (ToolCall(id, move.tool, json.dumps(_arguments(move))),))


def tokens(*messages: Message) -> int:
    """Returns the tokens of messages by the rule of thumb."""
    return sum(_tokens(message_bytes(message)) for message in messages)


def _tokens(text: bytes) -> int:
    return ceil(len(text) / BYTES_PER_TOKEN)


def _arguments(move: Move) -> dict[str, str]:
    return {"a": str(move.a), "b": str(move.b)}


def _start(messages: Sequence[Message]) -> Board:
    for message in messages:
        found = _NUMBERS.search(message.content)
        if message.role == "user" and found:
            return Board.of([int(number) for number in found[1].split()])
    raise ToolError("the player needs a task with a line such as `Numbers: 4 6 1 1`")


def _planned(question: str) -> list[tuple[str, str]]:
    """Returns the steps, as (tool, arguments), that a question says are planned so far."""
    return _STEP.findall(question.partition("Planned so far:")[2])


def _made(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Returns the calls of a conversation that changed the board."""
    answered = {m.tool_call_id for m in messages if m.content.startswith("Left: ")}
    return [
        (call.name, call.arguments)
        for message in messages
        for call in message.tool_calls
        if call.id in answered
    ]
