"""An expert at the Almanac that speaks the transformer's dialect.

It knows nothing but what the tools have answered, so that whatever it does can be imitated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from ...benchmarks.suites.almanac.grammar import (
    ALIAS,
    RELATIONS,
    UNKNOWN,
    ParsedQuestion,
    RelationPath,
    Statement,
    read_statements,
)
from ...journal.notices import Notice, RefusedCall, WithdrawnTools
from ..reader.lookups import LookUp
from ..reader.transcript import AGREED_ON
from ..transformer.dialect import DialectTurn, named

Call = tuple[str, str]
UNITS = {"search": 1, "open": 3}
"""What a call costs, in prices of a search."""


@dataclass(frozen=True, kw_only=True)
class ExpertHabits:
    """How an expert wastes money: shares of the occasions. An efficient one does none of it."""

    opens_first: float = 0.0
    """Opens a document before it searches."""
    checks: float = 0.0
    """Opens the document of a fact that a search has told and that is not old."""
    searches_bare: float = 0.0
    """Searches for a name without what it wants to know."""


EFFICIENT = ExpertHabits()
WASTEFUL = ExpertHabits(opens_first=0.3, checks=0.3, searches_bare=0.1)
SPENDTHRIFT = ExpertHabits(opens_first=0.5, checks=0.8, searches_bare=0.2)
"""Makes sure of nearly everything: half as dear again as an efficient one."""


@dataclass
class _PathPosition:
    """Where a route stands."""

    at: str
    left: tuple[str, ...]

    @classmethod
    def on(cls, route: RelationPath) -> _PathPosition:
        return cls(route.start, route.relations)


@dataclass
class Expert:
    """Plays one question, turn by turn."""

    question: ParsedQuestion
    habits: ExpertHabits
    random: Random
    _facts: dict[tuple[str, str], Statement] = field(default_factory=dict, init=False)
    _seen: str = field(default="", init=False)
    _tried: set[Call] = field(default_factory=set, init=False)
    _believed: set[tuple[str, str]] = field(default_factory=set, init=False)
    _walkers: list[_PathPosition] = field(default_factory=list, init=False)
    _is_poor: bool = field(default=False, init=False)
    """Whether it has seen that it cannot pay for a document any more."""
    _agreed: str = field(default="", init=False)
    """The answer that notes of earlier drafts agree on, or ""."""
    _lost: int = field(default=0, init=False)
    """Routes that are given up: only of a `which` question the other one is then tried."""

    def __post_init__(self) -> None:
        self._walkers = [_PathPosition.on(route) for route in self.question.routes]

    def see(self, text: str, notice: Notice | None = None) -> None:
        """Takes in what a tool answered, or what notes of earlier attempts tell."""
        self._seen += f"\n{text}"
        self._is_poor = self._is_poor or isinstance(notice, RefusedCall | WithdrawnTools)
        for fact in read_statements(text):
            key = (fact.subject, fact.relation)
            if key not in self._facts or self._facts[key].old or not fact.old:
                self._facts[key] = fact

        for agreed in AGREED_ON.findall(text):
            self._agreed = named(agreed.strip(" ."))

    def see_only(self, facts: Mapping[tuple[str, str], Statement]) -> None:
        """Takes in what is in view, and forgets whatever else it knew."""
        self._facts = dict(facts)

    def again(self) -> None:
        """Begins at the start once more, in doubt of all that it has believed."""
        self._walkers = [_PathPosition.on(route) for route in self.question.routes]
        self._believed.clear()
        self._lost = 0

    def turn(self, units: int | None, may_call: bool = True) -> DialectTurn:
        """Returns the next turn, with `units` left (None: not told)."""
        if self._agreed:
            return DialectTurn(answer=self._agreed)
        lines: list[str] = []
        if self._is_poor:
            units = min(UNITS["open"] - 1 if units is None else units, UNITS["open"] - 1)
        while True:
            walker = self._current()
            if walker is None:
                return DialectTurn(thought=" ".join(lines), answer=self._verdict())
            doubted = self._advance(walker, lines, units if may_call else 0)
            if not walker.left and doubted is None:
                if self.question.form == "which":
                    return DialectTurn(thought=" ".join(lines), answer=self._verdict())
                continue
            call = self._choose(walker, units, doubted is not None) if may_call else None
            if call:
                self._tried.add(call)
                return DialectTurn(thought=" ".join(lines), calls=(call,))
            if doubted is not None:
                self._believed.add(doubted)
                lines.pop()
                continue
            if self.question.form == "which" and self._lost == 0:
                self._lost = 1
                continue
            return DialectTurn(thought=" ".join(lines), answer=self._guess())

    def _current(self) -> _PathPosition | None:
        if self.question.form == "which":
            return self._walkers[self._lost]
        return next((walker for walker in self._walkers if walker.left), None)

    def _advance(
        self, walker: _PathPosition, lines: list[str], units: int | None
    ) -> tuple[str, str] | None:
        """Follows what is known, a line for each look-up; returns the fact to be checked."""
        while walker.left:
            asked = walker.left[0]
            key = (walker.at, asked)
            alias, fact = self._facts.get((walker.at, ALIAS)), self._facts.get(key)
            lines.append(str(self._look_up(walker, alias or fact)))
            if alias:
                walker.at = alias.object
                continue
            if fact is None:
                return None
            if self._doubts(key, fact, units):
                return key
            walker.at, walker.left = fact.object, walker.left[1:]
        return None

    def _look_up(self, walker: _PathPosition, found: Statement | None) -> LookUp:
        """Returns the next step of a way.

        It is compared with the end of the first route, or with the target of a `which` question.
        """
        is_second = self.question.form == "same" and walker is self._walkers[1]
        compared = self._walkers[0].at if is_second else self.question.target
        return LookUp(
            name=walker.at, relation=walker.left[0], rest=walker.left[1:], compared=compared,
            found=found,
        )  # fmt: skip

    def _doubts(self, key: tuple[str, str], fact: Statement, units: int | None) -> bool:
        if key in self._believed or ("open", self._title(*key)) in self._tried:
            return False
        if units is not None and units < UNITS["open"] + self._hops() - 1:
            return False
        if fact.old:
            return True
        doubts = self.random.random() < self.habits.checks
        self._believed.add(key)
        return doubts

    def _hops(self) -> int:
        """Returns how many facts are still to be found."""
        if self.question.form == "which":
            return 1
        return sum(len(walker.left) for walker in self._walkers)

    def _title(self, name: str, relation: str) -> str:
        title = f"{name} ({RELATIONS[relation].subject})"
        return title if title in self._seen else name

    def _choose(self, walker: _PathPosition, units: int | None, doubted: bool) -> Call | None:
        hops = self._hops()
        if units is not None and units < hops - 1:
            return None
        for call in self._ideas(walker, units, doubted):
            rest = 0 if call[0] == "search" else hops - 1
            if call not in self._tried and (units is None or units >= UNITS[call[0]] + rest):
                return call
        return None

    def _ideas(self, walker: _PathPosition, units: int | None, doubted: bool) -> Iterator[Call]:
        name, relation = walker.at, walker.left[0]
        opening = ("open", self._title(name, relation))
        pointed = ("search", f"{name} {relation}")
        if doubted:
            yield opening
            return
        if self.random.random() < self.habits.opens_first or (units == 3 and self._hops() == 1):
            yield from (opening, pointed)
            return
        if pointed not in self._tried and self.random.random() < self.habits.searches_bare:
            yield ("search", name)
        yield from (pointed, opening)

    def _verdict(self) -> str:
        first, *others = self._walkers
        if self.question.form == "chain":
            return first.at
        if self.question.form == "same":
            return "yes" if first.at == others[0].at else "no"
        walker, starts = self._walkers[self._lost], [r.start for r in self.question.routes]
        is_right = not walker.left and walker.at == self.question.target
        return starts[self._lost if is_right else 1 - self._lost]

    def _guess(self) -> str:
        guesses = {"chain": UNKNOWN, "same": "no", "which": self.question.routes[0].start}
        return guesses[self.question.form]
