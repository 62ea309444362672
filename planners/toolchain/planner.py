"""ToolChain* as a planner: search a decision tree of tool calls, then carry the best plan out.

Zhuang et al. 2024, "ToolChain*: Efficient Action Space Navigation in Large Language Models with
A* Search", arXiv 2310.13227. Tools with side effects are never run before there is a plan: the
tree is one of plans, and only what leaves no trace is tried out on the way: read-only tools, or
any tool where the world can be forked.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.types import Command

from ...journal.effects import Effects, Refusal
from ...journal.records import Message, Observation, ToolCall
from ..critic import criticised
from ..nodes import Nodes, go
from ..planner import Planner
from ..state import Session, SessionProvider, State
from ..structured_output import cap
from .actions import Action, Lookahead
from .lookahead import ForkableWorld, ForkLookahead, ReadOnlyLookahead
from .options import ToolchainOptions, remembered
from .policy_proposer import PolicyProposer
from .search_loop import LIMIT, opened
from .tree import NodeExpansion, SearchTree

_PLAN_TOKENS = 1000


class ToolchainState(State, total=False):
    plans: list[list[str]]
    """Remembered plans, as they were when the search began."""
    tree: list[dict[str, Any]]
    """What was opened so far, in order: the tree grows again from it."""
    plan: list[list[Any]]
    """What is left to carry out: function, arguments, and what a read-only call told already."""
    refused: str
    """Why the search could not be paid for any longer, or ""."""


def toolchain(
    *,
    k: int = ToolchainOptions.k,
    alpha: float = ToolchainOptions.alpha,
    beta: float = ToolchainOptions.beta,
    scaled: bool = ToolchainOptions.scaled,
    depth: int = ToolchainOptions.depth,
    expansions: int = ToolchainOptions.expansions,
    search: str = ToolchainOptions.search,
    width: int = ToolchainOptions.width,
    plans: str = ToolchainOptions.plans,
) -> Planner:
    """Searches a decision tree of tool calls for a plan, carries it out, then answers.

    The options are those of `ToolchainOptions`.

    Raises:
        UsageError: an option makes no sense.
    """
    return toolchain_planner(
        ToolchainOptions(
            k=k, alpha=alpha, beta=beta, scaled=scaled, depth=depth, expansions=expansions,
            search=search, width=width, plans=plans,
        )
    )  # fmt: skip


def toolchain_planner(options: ToolchainOptions, world: ForkableWorld | None = None) -> Planner:
    """Returns the planner.

    Args:
        options: how it searches.
        world: what the agent's tools act on, as it is before the run: every step is then tried
            out on forks of it.
    """

    def build(session: SessionProvider) -> Any:
        nodes = _Toolchain(session, options, world)
        graph = StateGraph(ToolchainState)
        nodes.add_to(graph)
        graph.add_node("expand", nodes.expand, destinations=("expand", "execute", "think"))
        graph.add_node("execute", nodes.execute, destinations=("execute", "think", "wrap_up"))
        graph.add_edge(START, "expand")
        return graph

    return Planner(name="toolchain", build=build, phases=("toolchain",))


class _Toolchain(Nodes):
    def __init__(
        self, session: SessionProvider, options: ToolchainOptions, world: ForkableWorld | None
    ) -> None:
        super().__init__(session)
        self.options = options
        self.world = world.fork() if world else None

    async def expand(self, state: ToolchainState) -> Command[Any]:
        """Opens one node of the tree, or ends the search with its best plan."""
        async with self.entered("expand", state) as (session, effects):
            plans = state.get("plans")
            if plans is None:
                plans = await effects.value(lambda: remembered(self.options.plans))
            records = state.get("tree", [])
            tree = self.options.tree(plans)
            for record in records:
                tree.add(NodeExpansion.from_dict(record))
            node = None if tree.goal else self.options.choose(tree)
            if node is None:
                return _carry_out(session, state, tree)
            came = await opened(
                tree, node, _proposer(session, effects, self.options.depth), k=self.options.k,
                expansions=self.options.expansions, lookahead=self._lookahead(session, effects),
            )  # fmt: skip
            if isinstance(came, Refusal):
                refused = "" if came.resource == LIMIT else came.why
                return _carry_out(session, state, tree, refused)
            return go("expand", session, state, plans=plans, tree=[*records, came.to_dict()])

    async def execute(self, state: ToolchainState) -> Command[Any]:
        """Carries out the next step of the plan. What was tried out already is not paid again."""
        async with self.entered("execute", state) as (session, effects):
            (name, arguments, told), *rest = state["plan"]
            call = ToolCall(f"step_{state.get('step', 0)}", name, arguments)
            message = Message("assistant", "", (call,))
            if told is None:
                observations = await criticised(session, effects, message)
            else:
                observations = [Observation(call.id, name, told)]
            await session.observe(effects, message, observations)
            if rest and session.tools_left and not observations[0].error:
                return go("execute", session, state, plan=rest)
            if state["refused"] or not session.tools_left:
                over = "the search for a plan has used up what was free" if state["refused"] else ""
                why = state["refused"] or "no tool is left that the budget can pay"
                return go("wrap_up", session, state, plan=[], why=why, over=over)
            return go("think", session, state, plan=[])

    def _lookahead(self, session: Session, effects: Effects) -> Lookahead:
        if self.world is not None:
            return ForkLookahead(self.world, effects)
        return ReadOnlyLookahead(
            effects, lambda action: session.is_read_only(action.call("proposed"))
        )


def _carry_out(
    session: Session, state: ToolchainState, tree: SearchTree, refused: str = ""
) -> Command[Any]:
    """Goes on to carry out the best plan, complete or not; without any the policy acts freely."""
    steps = [
        [step.action.name, step.action.arguments, step.sight.told if step.sight else None]
        for step in tree.plan(tree.best())
    ]
    if not steps:
        return go("think", session, state, tree=[])
    return go("execute", session, state, tree=[], plan=steps, refused=refused)


def _proposer(session: Session, effects: Effects, depth: int) -> PolicyProposer:
    def sound(action: Action) -> bool:
        return not session.wasted((action.call("proposed"),))

    return PolicyProposer(
        effects, session.trajectory.messages, sound, cap(session, _PLAN_TOKENS),
        tools=session.tools, depth=depth,
    )  # fmt: skip
