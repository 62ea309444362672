"""Opening nodes: what is tried out, what it costs, and how a search ends early."""

from __future__ import annotations

from collections.abc import Sequence

from outlay.journal.effects import Refusal
from outlay.ledger.errors import ToolError
from outlay.planners.toolchain import (
    FINISH,
    Action,
    ForkLookahead,
    Plans,
    Proposal,
    ScoreWeights,
    SearchTree,
    search,
    search_named,
)
from outlay.planners.toolchain.actions import LookaheadResult, PlanStep
from outlay.planners.toolchain.search_loop import LIMIT


class DoorWorld:
    """A corridor of doors: `push` opens the next one but `pull` breaks it."""

    def __init__(self, opened: int = 0, broken: bool = False) -> None:
        self.opened = opened
        self.broken = broken

    @property
    def solved(self) -> bool:
        return self.opened == 3

    @property
    def stuck(self) -> bool:
        return self.broken

    def fork(self) -> DoorWorld:
        return DoorWorld(self.opened, self.broken)

    def act(self, name: str, arguments: str) -> str:
        if name == "fly":
            raise ToolError("nobody can fly")
        if name == "pull":
            self.broken = True
            return "broken"
        self.opened += 1
        return f"{self.opened} open"


class Guesses:
    """Proposes every way to handle a door, the wrong ones first, until it may not any more."""

    def __init__(self, allowed: int = 99) -> None:
        self.allowed = allowed
        self.paths: list[list[str | None]] = []

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal] | Refusal:
        if len(self.paths) == self.allowed:
            return Refusal("usd", "the money is out")
        self.paths.append([step.sight.text if step.sight else None for step in path])
        return [Proposal(Action(name), 2 - len(path)) for name in ("fly", "pull", "push")]


def tree() -> SearchTree:
    return SearchTree(Plans(), ScoreWeights(), depth=3)


async def test_what_fails_or_succeeds_in_a_fork_costs_no_expansion() -> None:
    grown, guesses, world = tree(), Guesses(), DoorWorld()
    dfs = search_named("dfs", width=1)
    ended = await search(grown, dfs, guesses, k=3, expansions=9, lookahead=ForkLookahead(world))
    assert ended is None
    assert grown.goal is not None
    assert [step.action.name for step in grown.plan(grown.goal)] == ["push"] * 3
    assert grown.expansions == 3
    assert guesses.paths == [[], ["1 open"], ["1 open", "2 open"]]
    assert (world.opened, world.broken) == (0, False)
    fates = [grown.fate(node) for node in grown.nodes]
    assert fates.count("dead") == 6


async def test_a_refusal_ends_the_search_with_its_best_plan() -> None:
    grown = tree()
    dfs = search_named("dfs", width=1)
    ended = await search(
        grown, dfs, Guesses(2), k=3, expansions=9, lookahead=ForkLookahead(DoorWorld())
    )
    assert ended == Refusal("usd", "the money is out")
    assert grown.goal is None
    assert grown.best().depth == 2


async def test_the_limit_is_told_from_the_money() -> None:
    grown = tree()
    ended = await search(grown, search_named("bfs", width=1), Guesses(), k=3, expansions=2)
    assert ended is not None
    assert ended.resource == LIMIT


class OnlyReads:
    """Tries out `look` and nothing else."""

    def __init__(self) -> None:
        self.looked: list[list[str]] = []

    async def look(self, path: Sequence[Action]) -> LookaheadResult | None:
        names = [action.name for action in path]
        if names[-1] != "look":
            return None
        self.looked.append(names)
        return LookaheadResult("seen", real=True)


class Fixed:
    """Proposes one plan."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal] | Refusal:
        rest = self.names[len(path) :]
        return [Proposal(Action(rest[0]) if rest else FINISH, max(len(rest) - 1, 0))]


async def test_nothing_is_tried_out_after_a_step_that_was_only_planned() -> None:
    """What it reads then may be another thing than what it will read."""
    reads = OnlyReads()
    grown = SearchTree(Plans(), ScoreWeights(), depth=4)
    plan = Fixed("look", "look", "write", "look")
    astar = search_named("astar", width=1)
    await search(grown, astar, plan, k=1, expansions=9, lookahead=reads)
    assert grown.goal is not None
    assert reads.looked == [["look"], ["look", "look"]]
    seen = [step.sight.told if step.sight else None for step in grown.plan(grown.goal)]
    assert seen == ["seen", "seen", None, None]
