"""Toolpath: orders for typed tools, carried out along the cheapest path.

CoSTA* (Gupta et al. 2025, arXiv 2503.10613) searches for paths of tools and checks each step;
FaSTA* (arXiv 2506.20911) tries what has worked before, and searches only where that fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import orjson
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ...journal.effects import Effects
from ...journal.records import ToolCall
from ...ledger.errors import UsageError
from ..nodes import Nodes, end, go
from ..planner import Planner
from ..state import Session, SessionProvider, State
from .ability import CATALOGUE, Catalogue, ToolAbility, read
from .estimates import ToolEstimates, ToolTally
from .order import Order
from .product import Product
from .progress import OrderProgress
from .search.cheapest import NoPath, SearchLimits, cheapest_path
from .search.graph import PathWeights, ToolGraph
from .subroutines.learned import SubroutineLibrary


class ToolpathState(State, total=False):
    """The state of an order under way."""

    work: dict[str, Any]
    """How far it has got (`OrderProgress`)."""
    product: dict[str, Any]
    """What the last call has made."""


def toolpath(
    *,
    quality: float = 0.02,
    seconds: float = 0.0,
    check: float = 0.5,
    retry: bool = True,
    expansions: int = 100_000,
    learned: str = "",
    subroutines: bool = True,
    estimates: bool = True,
) -> Planner:
    """Cheapest paths over typed tools; no policy is asked.

    The task is an `Order`, one of the tools is a `catalogue`.

    Args:
        quality: USD that one unit of −ln(quality) is worth.
        seconds: USD that a second is worth.
        check: a step whose measured quality is below this counts as failed.
        retry: a failed step is tried once more, with changed arguments, where the catalogue
            names any.
        expansions: nodes that one search may look at.
        learned: file of what `outlay subroutines mine` has learned; "": nothing is known.
        subroutines: whether its subroutines are tried before anything is searched for.
        estimates: whether searches reckon with what tools have been found to cost.
    """
    weights = PathWeights(quality=quality, seconds=seconds)
    limits = SearchLimits(expansions=expansions)
    if not 0 <= check <= 1:
        raise UsageError(f"toolpath option check={check}: a quality is from 0 to 1")
    source = Path(learned) if learned else None

    def build(session: SessionProvider) -> Any:
        nodes = _Pathing(
            session, weights, limits, check=check, retry=retry,
            subroutines=source if subroutines else None, estimates=source if estimates else None,
        )  # fmt: skip
        graph = StateGraph(ToolpathState)
        graph.add_node("plan", nodes.plan, destinations=("execute", END))
        graph.add_node("execute", nodes.execute, destinations=("check",))
        graph.add_node("check", nodes.check, destinations=("execute", "plan", END))
        graph.add_edge(START, "plan")
        return graph

    return Planner(name="toolpath", build=build, prompts=())


class _Pathing(Nodes):
    def __init__(
        self,
        session: SessionProvider,
        weights: PathWeights,
        limits: SearchLimits,
        *,
        check: float,
        retry: bool,
        subroutines: Path | None,
        estimates: Path | None,
    ) -> None:
        super().__init__(session)
        self._weights = weights
        self._limits = limits
        self._check = check
        self._retry = retry
        self._subroutines = subroutines
        self._estimates = estimates

    async def plan(self, state: ToolpathState) -> Command[Literal["execute", "__end__"]]:
        """Plans the present subtask from where it stands: by a subroutine, else by search."""
        async with self.entered("plan", state) as (session, effects):
            try:
                order = Order.parse(session.task)
                work = _work(state, order)
                if work.goal == len(order.want):
                    return self._done(session, state, work, order)
                work, none = await self._planned(effects, work, order)
            except UsageError as error:
                return end(session, state, "failed", None, str(error))
            if none is not None:
                want = order.want[work.goal]
                await effects.value(work.trace(want, order.material).to_dict)
                return end(session, state, "failed", None, f"{want} is not made: {none.why}")
            return go("execute", session, state, work=work.to_dict())

    async def execute(self, state: ToolpathState) -> Command[Literal["check"]]:
        """Makes the next call of the plan."""
        async with self.entered("execute", state) as (session, effects):
            work = OrderProgress.from_dict(state["work"])
            name = work.plan[0].move.tool
            id = f"step_{len(work.earlier) + len(work.steps)}"
            call = ToolCall(id, name, orjson.dumps(work.arguments()).decode())
            (observation,) = await effects.call([call])
            product = Product.read(observation)
            return go("check", session, state, work=state["work"], product=product.to_dict())

    async def check(self, state: ToolpathState) -> Command[Literal["execute", "plan", "__end__"]]:
        """Checks what the call has made; goes on, tries again, plans anew, or ends."""
        async with self.entered("check", state) as (session, effects):
            order = Order.parse(session.task)
            work = OrderProgress.from_dict(state["work"])
            work = work.after(Product.from_dict(state["product"]), check=self._check)
            want = order.want[work.goal]
            if want in work.have:
                await effects.value(work.trace(want, order.material).to_dict)
                work = work.onward()
                if work.goal == len(order.want):
                    return self._done(session, state, work, order)
            return go("execute" if work.plan else "plan", session, state, work=work.to_dict())

    async def _planned(
        self, effects: Effects, work: OrderProgress, order: Order
    ) -> tuple[OrderProgress, NoPath | None]:
        """Returns the work with a plan for its subtask, or with why there is none.

        Raises:
            UsageError: the abilities of the tools are not known, or cannot be planned with.
        """
        want, source = order.want[work.goal], self._subroutines
        if source is not None and not work.by:

            def best() -> dict[str, Any]:
                found = SubroutineLibrary.load(source).best(want, work.have, order.material)
                return SubroutineLibrary(subroutines=(found,) if found else ()).to_dict()

            for subroutine in SubroutineLibrary.from_dict(await effects.value(best)).subroutines:
                return work.following(subroutine), None
        listed = await self._catalogue(effects)
        work = work.looked(listed.price)
        declared = work.usable(listed.abilities, retry=self._retry)
        found = await self._estimated(effects, work, declared, order.material)
        path = cheapest_path(ToolGraph(found), work.have, (want,), self._weights, self._limits)
        if isinstance(path, NoPath):
            return work, path
        booked = [float(found[tool].usd or 0) for tool in path.tools]
        return work.planned(path, declared, booked, retry=self._retry), None

    async def _catalogue(self, effects: Effects) -> Catalogue:
        (observation,) = await effects.call([ToolCall(CATALOGUE, CATALOGUE)])
        if observation.error:
            raise UsageError(f"the abilities of the tools are not known: {observation.text}")
        return read(observation.text)

    async def _estimated(
        self, effects: Effects, work: OrderProgress, declared: dict[str, ToolAbility], material: str
    ) -> dict[str, ToolAbility]:
        """Returns abilities as they are found to be, by earlier runs and by this one."""
        source, tallies = self._estimates, tuple[ToolTally, ...]()
        if source is not None:

            def known() -> dict[str, Any]:
                found = ToolEstimates.of(SubroutineLibrary.load(source).tallies).of_tools(declared)
                return SubroutineLibrary(tallies=tuple(found.tallies.values())).to_dict()

            tallies = SubroutineLibrary.from_dict(await effects.value(known)).tallies
        estimates = ToolEstimates.of(tallies).plus((*work.earlier, *work.steps), material)
        return estimates.abilities(declared, material)

    def _done(
        self, session: Session, state: State, work: OrderProgress, order: Order
    ) -> Command[Any]:
        made = [f"{want}: {work.have[want]}" for want in order.want]
        answer = f"Answer: {work.have[order.want[-1]]}"
        return end(session, state, "answered", "\n".join((*made, answer)))


def _work(state: ToolpathState, order: Order) -> OrderProgress:
    """Returns the work as the state has it, past subtasks whose goal is at hand already."""
    work = (
        OrderProgress.from_dict(state["work"])
        if "work" in state
        else OrderProgress(have=order.have)
    )
    while work.goal < len(order.want) and order.want[work.goal] in work.have:
        work = work.onward()
    return work
