"""How far an order has got: what is at hand, what is planned, what has been tried. Unchanging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from .ability import ToolAbility
from .product import Product
from .search.cheapest import Toolpath
from .subroutines.subroutine import Subroutine, ToolStep
from .trace import SEARCH, SubtaskTrace, TraceStep

DEARER = 1.25
"""A step that costs more than so many times what was booked for it makes a new plan worth while."""


@dataclass(frozen=True, kw_only=True)
class PlannedToolStep:
    """A move, with what the plan knows about it."""

    move: ToolStep
    booked: float | None = None
    """USD that the plan reckons with; None: nothing is known."""


@dataclass(frozen=True, kw_only=True)
class OrderProgress:
    """The state of an order. Subtasks are done one after the other."""

    have: Mapping[str, str]
    """Handles of all that is at hand, by type."""
    goal: int = 0
    """Subtasks that are done."""
    plan: tuple[PlannedToolStep, ...] = ()
    """What is to be done next for the present subtask."""
    by: str = ""
    """What its first plan came from; "": it has none yet."""
    failed: tuple[str, ...] = ()
    """Moves that failed in it, by their keys."""
    steps: tuple[TraceStep, ...] = ()
    """What was done for it."""
    earlier: tuple[TraceStep, ...] = ()
    """What was done for the subtasks before it."""
    searches: int = 0
    expansions: int = 0
    planning: Decimal = Decimal(0)
    """USD that looks into the catalogue cost."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OrderProgress:
        return _WORK.validate_python(data)

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON form, which a graph's state can hold."""
        data: dict[str, Any] = _WORK.dump_python(self, mode="json")
        return data

    # -- planning ------------------------------------------------------------------------------

    def following(self, subroutine: Subroutine) -> OrderProgress:
        """Returns the work with a subroutine as its plan."""
        plan = tuple(PlannedToolStep(move=move) for move in subroutine.moves)
        return replace(self, by=subroutine.name, plan=plan)

    def looked(self, price: Decimal) -> OrderProgress:
        """Returns the work after a look into the catalogue, and so into a search."""
        return replace(
            self, by=self.by or SEARCH, searches=self.searches + 1, planning=self.planning + price
        )

    def usable(
        self, abilities: Mapping[str, ToolAbility], *, retry: bool
    ) -> dict[str, ToolAbility]:
        """Returns the tools that have not failed in every way in which they can be called."""
        return {
            tool: ability
            for tool, ability in abilities.items()
            if self._ways(tool, ability, retry=retry)
        }

    def planned(
        self,
        path: Toolpath,
        abilities: Mapping[str, ToolAbility],
        booked: Iterable[float],
        *,
        retry: bool,
    ) -> OrderProgress:
        """Returns the work with a path as its plan.

        Args:
            abilities: what is declared of the tools.
            booked: USD that each step is expected to cost.
        """
        plan = []
        for tool, usd in zip(path.tools, booked, strict=True):
            ways = self._ways(tool, abilities[tool], retry=retry)
            plan.append(PlannedToolStep(move=ways[0], booked=usd))
        return replace(self, plan=tuple(plan), expansions=self.expansions + path.expansions)

    def _ways(self, tool: str, ability: ToolAbility, *, retry: bool) -> list[ToolStep]:
        """Returns the ways to call a tool that have not failed in this subtask."""
        first = ToolStep(
            tool=tool, takes=ability.takes, gives=ability.gives, arguments=ability.arguments,
            again=ability.again if retry else {},
        )  # fmt: skip
        return [way for way in (first, first.second) if way and way.key not in self.failed]

    # -- doing ---------------------------------------------------------------------------------

    def arguments(self) -> dict[str, Any]:
        """Returns the arguments of the next call."""
        move = self.plan[0].move
        return {"inputs": [self.have[name] for name in move.takes], **move.arguments}

    def after(self, product: Product, *, check: float) -> OrderProgress:
        """Returns the work after the next planned call, which has made this.

        A call that made nothing, or nothing good enough, is tried again with other arguments where
        there are any; else the plan is void, and so it is after a call that was dearer than booked.

        Args:
            check: the least quality that passes.
        """
        (first, *rest), move = self.plan, self.plan[0].move
        measured = 1.0 if product.quality is None else product.quality
        ok = set(move.gives) <= product.made.keys() and measured >= check
        step = TraceStep(
            tool=move.tool, takes=move.takes, gives=move.gives, arguments=move.arguments,
            again=move.again, ok=ok, usd=product.usd, seconds=product.seconds,
            quality=product.quality if product.made else None,
        )  # fmt: skip
        done = self if product.refused else replace(self, steps=(*self.steps, step))
        if ok:
            dear = product.usd is not None and first.booked is not None
            void = dear and float(product.usd or 0) > DEARER * (first.booked or 0)
            made = {name: product.made[name] for name in move.gives}
            return replace(done, have={**self.have, **made}, plan=() if void else tuple(rest))
        done = replace(done, failed=(*self.failed, move.key))
        second = move.second
        if second is None or second.key in done.failed:
            return replace(done, plan=())
        return replace(done, plan=(replace(first, move=second), *rest))

    def trace(self, want: str, material: str, run: str = "") -> SubtaskTrace:
        """Returns the record of the present subtask, done or given up."""
        made = {name for step in self.steps if step.ok for name in step.gives}
        return SubtaskTrace(
            want=want, material=material, have=tuple(sorted(self.have.keys() - made)),
            by=self.by or SEARCH, ok=want in self.have, steps=self.steps, searches=self.searches,
            expansions=self.expansions, planning=self.planning, run=run,
        )  # fmt: skip

    def onward(self) -> OrderProgress:
        """Returns the work at the beginning of the next subtask."""
        return OrderProgress(
            have=self.have, goal=self.goal + 1, earlier=(*self.earlier, *self.steps)
        )


_WORK = TypeAdapter(OrderProgress)
