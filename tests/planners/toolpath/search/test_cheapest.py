"""Exact search: as cheap as any path, whatever the graph; clear answers where there is no path."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.planners.toolpath import (
    NoPath,
    PathWeights,
    SearchLimits,
    ToolAbility,
    ToolGraph,
    Toolpath,
    cheapest_path,
    pareto_paths,
)

TYPES = "abcdef"
USD = PathWeights(usd=1, seconds=0, quality=0)

types = st.sets(st.sampled_from(TYPES), max_size=2).map(lambda names: tuple(sorted(names)))
abilities = st.builds(
    ToolAbility,
    takes=types,
    gives=types.filter(bool),
    usd=st.integers(0, 9).map(Decimal),
    seconds=st.integers(0, 3).map(float),
    success=st.sampled_from([0.5, 1.0]),
    quality=st.sampled_from([0.5, 0.8, 1.0]),
)
graphs = st.lists(abilities, max_size=8).map(
    lambda drawn: {f"tool{number}": ability for number, ability in enumerate(drawn)}
)
goals = st.sets(st.sampled_from(TYPES), min_size=1, max_size=3)


def forward(
    tools: Mapping[str, ToolAbility], have: Iterable[str], want: Iterable[str], weights: PathWeights
) -> float:
    """The least cost, found the plain way: by trying every set of types that can be reached."""
    costs = dict(zip(tools, ToolGraph(tools).weighted(weights), strict=True))
    queue = [(0.0, tuple(sorted(have)))]
    seen: set[tuple[str, ...]] = set()
    while queue:
        cost, state = heapq.heappop(queue)
        if set(want) <= set(state):
            return cost
        if state in seen:
            continue
        seen.add(state)
        for name, ability in tools.items():
            if set(ability.takes) <= set(state):
                after = tuple(sorted({*state, *ability.gives}))
                heapq.heappush(queue, (cost + costs[name], after))
    return math.inf


def made(tools: Mapping[str, ToolAbility], path: Toolpath, have: Iterable[str]) -> set[str]:
    """What a path makes; fails if one of its tools lacks something."""
    at_hand = set(have)
    for name in path.tools:
        assert set(tools[name].takes) <= at_hand
        at_hand |= set(tools[name].gives)
    return at_hand


@settings(max_examples=150, deadline=None)
@given(graphs, goals, st.sets(st.sampled_from(TYPES), max_size=2))
def test_no_path_is_cheaper(tools: dict[str, ToolAbility], want: set[str], have: set[str]) -> None:
    graph, weights = ToolGraph(tools), PathWeights(usd=1, seconds=0.3, quality=2)
    best = forward(tools, have, want, weights)
    for informed in (True, False):
        found = cheapest_path(graph, have, want, weights, informed=informed)
        if isinstance(found, NoPath):
            assert (found.reason, best) == ("unreachable", math.inf)
        else:
            assert found.cost == pytest.approx(best)
            assert want <= made(tools, found, have)


@settings(max_examples=60, deadline=None)
@given(graphs, st.sets(st.sampled_from(TYPES), max_size=2))
def test_the_lower_bound_never_overestimates(tools: dict[str, ToolAbility], have: set[str]) -> None:
    graph = ToolGraph(tools)
    floors = graph.floors(graph.weighted(USD), graph.mask(have))
    for name, floor in zip(graph.types, floors, strict=True):
        assert floor <= forward(tools, have, {name}, USD) + 1e-9


@settings(max_examples=60, deadline=None)
@given(graphs, goals)
def test_the_heuristic_spares_work(tools: dict[str, ToolAbility], want: set[str]) -> None:
    graph = ToolGraph(tools)
    informed, blind = (cheapest_path(graph, "a", want, USD, informed=i) for i in (True, False))
    if isinstance(informed, Toolpath) and isinstance(blind, Toolpath):
        assert informed.expansions <= blind.expansions + len(graph.types)


def vectors(tools: Mapping[str, ToolAbility], want: set[str]) -> set[tuple[float, float, float]]:
    """The costs of every sequence of different tools that makes what is wanted."""
    found = set()
    graph = ToolGraph(tools)
    costs = dict(zip(graph.tools, graph.costs, strict=True))
    for length in range(len(tools) + 1):
        for order in itertools.permutations(tools, length):
            at_hand = {"a"}
            for name in order:
                if not set(tools[name].takes) <= at_hand:
                    break
                at_hand |= set(tools[name].gives)
            else:
                if want <= at_hand:
                    columns = zip(*(costs[name] for name in order), strict=True)
                    total = tuple(math.fsum(column) for column in columns) or (0.0, 0.0, 0.0)
                    found.add((round(total[0], 9), round(total[1], 9), round(total[2], 9)))
    return found


small = st.lists(abilities, max_size=4).map(lambda drawn: dict(zip("vwxyz", drawn, strict=False)))


@settings(max_examples=60, deadline=None)
@given(small, goals)
def test_the_front_holds_every_path_that_none_beats(
    tools: dict[str, ToolAbility], want: set[str]
) -> None:
    every = vectors(tools, want)
    best = {
        one for one in every
        if not any(other != one and all(map(float.__le__, other, one)) for other in every)
    }  # fmt: skip
    found = pareto_paths(ToolGraph(tools), "a", want)
    if isinstance(found, NoPath):
        assert not best
        return
    front = {(p.usd, p.seconds, -math.log(p.quality)) for p in found}
    assert sorted(front) == [pytest.approx(vector, abs=1e-8) for vector in sorted(best)]
    assert [path.usd for path in found] == sorted(path.usd for path in found)


def line(**changes: object) -> dict[str, ToolAbility]:
    first = {"takes": ("a",), "gives": ("b",), "usd": Decimal(1), **changes}
    return {
        "first": ToolAbility(**first),  # type: ignore[arg-type]
        "back": ToolAbility(takes=("b",), gives=("a",), usd=Decimal(0)),
        "second": ToolAbility(takes=("b",), gives=("c",), usd=Decimal(1)),
    }


def test_a_cycle_is_no_trap() -> None:
    found = cheapest_path(ToolGraph(line()), "a", "c")
    assert isinstance(found, Toolpath)
    assert found.tools == ("first", "second")


def test_a_product_that_two_tools_need_is_made_once() -> None:
    tools = {
        "base": ToolAbility(takes=("a",), gives=("b",), usd=Decimal(5)),
        "left": ToolAbility(takes=("b",), gives=("c",), usd=Decimal(1)),
        "right": ToolAbility(takes=("b",), gives=("d",), usd=Decimal(1)),
        "join": ToolAbility(takes=("c", "d"), gives=("e",), usd=Decimal(1)),
    }
    found = cheapest_path(ToolGraph(tools), "a", "e", USD)
    assert isinstance(found, Toolpath)
    assert (found.cost, sorted(found.tools)) == (8.0, ["base", "join", "left", "right"])


def test_the_weights_decide() -> None:
    tools = {
        "cheap": ToolAbility(takes=("a",), gives=("b",), usd=Decimal(1), seconds=9, quality=0.5),
        "good": ToolAbility(takes=("a",), gives=("b",), usd=Decimal(2), seconds=9, quality=0.9),
        "quick": ToolAbility(takes=("a",), gives=("b",), usd=Decimal(3), seconds=1, quality=0.4),
    }
    graph = ToolGraph(tools)

    def best(**weights: float) -> tuple[str, ...]:
        found = cheapest_path(graph, "a", "b", PathWeights(**weights))
        assert isinstance(found, Toolpath)
        return found.tools

    assert best() == ("cheap",)
    assert best(quality=5) == ("good",)
    assert best(seconds=1) == ("quick",)


@pytest.mark.parametrize(
    ("have", "want", "why"),
    [
        ("a", "z", "no tool gives 'z'"),
        ("", "c", "'c' is given by second, and b cannot be had for it"),
    ],
)
def test_what_cannot_be_made_is_named(have: str, want: str, why: str) -> None:
    found = cheapest_path(ToolGraph(line()), have, want)
    assert isinstance(found, NoPath)
    assert (found.reason, found.why, found.missing) == ("unreachable", why, (want,))


def test_without_tools_only_what_is_at_hand_can_be_had() -> None:
    graph = ToolGraph({})
    assert isinstance(cheapest_path(graph, "a", "b"), NoPath)
    found = cheapest_path(graph, "ab", "b")
    assert isinstance(found, Toolpath)
    assert (found.tools, found.cost, found.quality, found.expansions) == ((), 0.0, 1.0, 0)


def test_a_tool_of_no_quality_is_no_way() -> None:
    found = cheapest_path(ToolGraph(line(quality=0.0)), "a", "c")
    assert isinstance(found, NoPath)
    assert isinstance(cheapest_path(ToolGraph(line(quality=0.0)), "a", "c", USD), Toolpath)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"usd": Decimal(-1)}, "costs -1 USD"),
        ({"usd": Decimal("NaN")}, "costs NaN USD"),
        ({"seconds": -1.0}, "takes -1.0 seconds"),
        ({"seconds": math.inf}, "takes inf seconds"),
        ({"quality": 1.5}, "quality 1.5"),
        ({"success": 0.0}, "success 0.0"),
        ({"gives": ()}, "gives nothing"),
    ],
)
def test_an_ability_that_makes_no_sense_is_refused(change: dict[str, object], fault: str) -> None:
    with pytest.raises(UsageError, match="tool 'first'") as refused:
        ToolGraph(line(**change))
    assert fault in str(refused.value)


def test_a_missing_price_is_refused_where_prices_count() -> None:
    graph = ToolGraph(line(usd=None))
    with pytest.raises(UsageError, match="'first' has no price"):
        cheapest_path(graph, "a", "c")
    assert isinstance(cheapest_path(graph, "a", "c", PathWeights(usd=0, seconds=1)), Toolpath)


@pytest.mark.parametrize("weights", [{"usd": -1.0}, {"quality": math.nan}, {"seconds": math.inf}])
def test_a_weight_is_a_number_from_0(weights: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be 0 or more"):
        PathWeights(**weights)


@pytest.mark.parametrize("limits", [SearchLimits(expansions=3), SearchLimits(labels=3)])
def test_limits_end_a_search(limits: SearchLimits) -> None:
    tools = {
        f"{a}{b}": ToolAbility(takes=(a,), gives=(b,), usd=Decimal(1))
        for a, b in itertools.permutations(TYPES, 2)
    }
    graph = ToolGraph(tools)
    for found in (
        cheapest_path(graph, "a", "bcdef", USD, limits, informed=False),
        pareto_paths(graph, "a", "bcdef", USD, limits),
    ):
        assert isinstance(found, NoPath)
        assert (found.reason, found.expansions <= 4) == ("limit", True)
    with pytest.raises(UsageError, match="at least 1"):
        SearchLimits(expansions=0)
