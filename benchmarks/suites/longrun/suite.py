"""The long tasks as a suite: follow a chain to its end, find all on it, or look back from there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, get_args

from ....ledger.errors import UsageError
from ...suite import Task
from ..almanac.scorer import final_answer
from .world import LongWorld

Kind = Literal["end", "all", "back"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OPEN_PRICE = Decimal("0.0002")
"""USD for one document."""
MAX_LENGTH = 4_096

SYSTEM_PROMPT = """\
You follow a chain of documents about people. `open` shows the document about a person; it says \
by whom that person was taught. End with one line that holds nothing but the answer, names \
separated by commas:
Answer: NAME"""

_QUESTIONS: dict[Kind, str] = {
    "end": "Begin with {start} and go on to the one who taught each person. Who is the last?",
    "all": (
        "Begin with {start} and go on to the one who taught each person, to the last. "
        "Find all on the way who were born in {city}."
    ),
    "back": (
        "Begin with {start} and go on to the one who taught each person. The last one speaks of "
        "a person that you have passed: where was that person born?"
    ),
}


class Longrun:
    """Tasks over one long chain each.

    Args:
        length: documents that have to be read.
        matches: people to be found by a task of the kind `all`.
        kinds: the kinds of tasks, in turn.

    Raises:
        UsageError: the length or a kind makes no sense.
    """

    def __init__(
        self, *, length: int = 64, matches: int = 6, kinds: Sequence[Kind] = KINDS
    ) -> None:
        if not 2 <= length <= MAX_LENGTH:
            raise UsageError(f"longrun knob 'length' must be from 2 to {MAX_LENGTH:,}")
        if not kinds or any(kind not in KINDS for kind in kinds):
            raise UsageError(f"longrun knob 'kinds' must be some of {', '.join(KINDS)}")
        self.name = "longrun"
        self.system_prompt = SYSTEM_PROMPT
        self.scorer = SetScorer()
        self.length = length
        self.matches = matches
        self.kinds = tuple(kinds)

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        return tuple(
            self._task(self.kinds[number % len(self.kinds)], f"{seed}-{number}")
            for number in range(n)
        )

    def world(self, task: Task) -> LongWorld:
        return self._world(task.metadata["world"])

    def _world(self, seed: str) -> LongWorld:
        return LongWorld(seed, length=self.length, matches=self.matches, open_price=OPEN_PRICE)

    def _task(self, kind: Kind, place: str) -> Task:
        name = f"{kind}-{self.length}-{place}"
        world = self._world(name)
        gold = {
            "end": world.people[-1],
            "all": ", ".join(world.matches),
            "back": world.births[world.spoken_of],
        }[kind]
        return Task(
            id=name,
            prompt=_QUESTIONS[kind].format(start=world.people[0], city=world.city),
            kind=kind,
            hops=self.length,
            gold=(gold,),
            gold_cost=OPEN_PRICE * self.length,
            gold_path=tuple(("open", person) for person in world.people),
            metadata={"world": name},
        )


class SetScorer:
    """1 if the answer names exactly the right ones, in whatever order, else 0."""

    def score(self, task: Task, answer: str | None) -> float:
        return float(answer is not None and _names(final_answer(answer)) == _names(task.gold[0]))


def longrun(**knobs: object) -> Longrun:
    """Returns the suite with some knobs set: `length`, `matches`, `kinds`.

    Raises:
        UsageError: a knob is not known, or its value makes no sense.
    """
    for name in knobs:
        if name not in ("length", "matches", "kinds"):
            raise UsageError(f"longrun has no knob {name!r}; known are: length, matches, kinds")
    return Longrun(**knobs)  # type: ignore[arg-type]


def _names(text: str) -> frozenset[str]:
    return frozenset(part.strip().casefold() for part in text.split(",") if part.strip())
