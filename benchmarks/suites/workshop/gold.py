"""The optimal toolpath of an order, known by exact search over what every tool will do today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ....planners.toolpath import NoPath, PathWeights, ToolAbility, ToolGraph, cheapest_path
from .physics import CARES, Care, Day
from .shop import Machine

WEIGHTS = PathWeights()
"""What counts in the optimal path: the planner's own weights."""


@dataclass(frozen=True, kw_only=True)
class Gold:
    """The optimal path of an order, with hindsight."""

    calls: tuple[tuple[str, Care], ...]
    """Tools in order, each with its care."""
    usd: Decimal
    cost: float
    """What counts, weighted, in USD."""
    handles: Mapping[str, str]
    """Of all that is at hand afterwards, by type."""


def ways(machines: Iterable[Machine], day: Day) -> dict[tuple[str, Care], ToolAbility]:
    """Returns the ways of calling tools that succeed today, as they will turn out."""
    found: dict[tuple[str, Care], ToolAbility] = {}
    for machine in machines:
        for care in CARES:
            outcome = day.outcome(machine, care)
            if outcome.ok:
                found[machine.name, care] = ToolAbility(
                    takes=machine.takes, gives=machine.gives, usd=outcome.usd,
                    seconds=outcome.seconds, quality=outcome.quality, arguments={"care": care},
                )  # fmt: skip
    return found


def best_ways(machines: Iterable[Machine], day: Day) -> dict[str, ToolAbility]:
    """Returns, by tool, the best way of calling it today; tools that fail are left out."""
    best: dict[str, ToolAbility] = {}
    for (tool, _), ability in ways(machines, day).items():
        if tool not in best or _cost(ability) < _cost(best[tool]):
            best[tool] = ability
    return best


def optimal(
    machines: Sequence[Machine], day: Day, have: Mapping[str, str], want: Sequence[str]
) -> Gold | None:
    """Returns the optimal path to all that is wanted together, or None if there is none today."""
    graph = ToolGraph({f"{tool} {care}": way for (tool, care), way in ways(machines, day).items()})
    path = cheapest_path(graph, have, want, WEIGHTS)
    if isinstance(path, NoPath):
        return None
    by_name = {machine.name: machine for machine in machines}
    handles = dict(have)
    calls: list[tuple[str, Care]] = []
    usd = Decimal(0)
    for step in path.tools:
        name, _, written = step.partition(" ")
        care: Care = "careful" if written == "careful" else "normal"
        machine = by_name[name]
        outcome, made = day.make(machine, [handles[take] for take in machine.takes], care)
        handles |= made
        usd += outcome.usd
        calls.append((name, care))
    return Gold(calls=tuple(calls), usd=usd, cost=path.cost, handles=handles)


def _cost(ability: ToolAbility) -> float:
    graph = ToolGraph({"": ability})
    return graph.weighted(WEIGHTS)[0]
