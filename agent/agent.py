"""The agent: wires a policy, tools, a planner and a memory to an account, and drives runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..journal.events import Event
from ..journal.listeners import Listener, Listeners
from ..journal.record.run_record import RunRecord
from ..ledger.account import Account
from ..ledger.amount import ZERO
from ..ledger.budget import Budget
from ..ledger.errors import BudgetError, BudgetExhausted, PolicyError, UsageError
from ..ledger.forks import told_of_forks
from ..ledger.prices.price_book import PriceBook
from ..memory import Memory
from ..memory import memory as memory_named
from ..planners import Planner, State
from ..planners import planner as plan
from ..policies import Policy, policy
from ..tools import Tool, Toolset
from ..tools.builtin.recall import NAME as RECALL
from ..tools.tool_search import offered
from .coerce import coerce
from .config import AgentConfig, AgentOptions, RunLabels
from .effects.effect_log import Diverged
from .home import Home
from .mcp_servers import McpServers
from .result import Result, WhatIf
from .runs.lifecycle import RunLifecycle
from .runs.session import RunSession, StopReplay

if TYPE_CHECKING:
    from ..tools.mcp.address import McpAddress

_STEPS = 1_000_000
"""LangGraph's own limit on steps, out of the way: the budget is the limit."""


class Agent:
    """Runs tasks on a budget that cannot be overspent.

    Args:
        model: the policy, or a model string such as `openai/gpt-5-mini`,
            `http://localhost:8000/v1#qwen3`, `embedded` or `human`.
        tools: what it may call: `@tool` functions or plain typed functions.
        planner: `react`, `tracker`, or a Planner.
        budget: limits of each run, as a Budget or as text (`usd=0.10,search=20`).
        memory: what the policy sees of its trajectory.
        prices: a price book, or a TOML file of prices over the built-in ones.
        home: folder of journals and store; `$OUTLAY_HOME` or `.outlay` by default.
        mcp: MCP servers whose tools it may call too, as command lines or URLs; they are started
            here and stopped by `close`. For prices and names use `outlay.tools.mcp.mcp_tools`.
        mcp_read_only: names or patterns (`get_*`) of their tools of which you say that calling them
            twice does no harm.
        raise_on_exhausted: raise BudgetExhausted instead of returning the best answer.
        listeners: are called with each event of its runs, and of those of its sub-agents, after it
            is written. `Home.listen` hears the runs of all agents.

    Raises:
        UsageError: something does not fit together; the text says what and how to mend it.
        Unpriced: a budget in USD, and a model or tool without a price.
    """

    def __init__(
        self,
        *,
        model: str | Policy,
        budget: Budget | str,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        planner: str | Planner = "react",
        memory: str | Memory = "full",
        prices: PriceBook | Path | str | None = None,
        home: Path | str | None = None,
        options: AgentOptions | None = None,
        mcp: Iterable[str | McpAddress] = (),
        mcp_read_only: Iterable[str] = (),
        raise_on_exhausted: bool = False,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self.policy = coerce("model", model, Policy, policy, "openai/gpt-5-mini")
        self.budget = _budget(budget)
        self.home = Home.at(Path(home) if home is not None else None)
        self._planner = coerce("planner", planner, Planner, plan, "tracker")
        self._sessions: dict[str, RunSession] = {}
        self._raise = raise_on_exhausted
        self._graph: Any = None
        self._driven: Any = None
        self._is_closed = False
        self._streaming: set[asyncio.Task[Result]] = set()
        told_of_forks(self)
        self.options = options or AgentOptions()
        self.memory = coerce("memory", memory, Memory, memory_named, "workspace")
        own = Toolset(tools)
        taken = Toolset(_with_memory([*own], self.memory)).names
        self._servers = McpServers(_unless_in_a_loop(mcp), mcp_read_only, taken)
        try:
            self.given = Toolset([*own, *self._servers])
            """The tools that it was given and those of its servers, without its memory's."""
            config = AgentConfig(
                policy=self.policy,
                tools=offered(
                    _with_memory([*self.given], self.memory), self.options.tool_search_above
                ),
                planner=self._planner,
                memory=self.memory,
                options=self.options,
                home=self.home,
                book=_book(prices),
                listeners=Listeners(listeners),
            )
            self._opening = RunLifecycle(config, self._keep, self._drop)
            self._opening.check(self.budget)
        except BaseException:
            self._servers.close()
            raise

    @classmethod
    async def create(cls, **options: Any) -> Agent:
        """Returns an agent without blocking the event loop while its MCP servers start.

        Args:
            options: as for `Agent`.

        Raises:
            UsageError: as `Agent` does.
        """
        return await asyncio.to_thread(cls, **options)

    # -- running -------------------------------------------------------------------------------

    def check(self, task: str) -> None:
        """Finds out whether a run of a task could begin.

        Raises:
            BudgetError: the budget cannot pay for one call and the wrap-up reply.
        """
        self._opening.check_task(task, self.budget)

    async def run(
        self,
        task: str,
        *,
        budget: Budget | str | None = None,
        account: Account | None = None,
        labels: RunLabels | None = None,
        listen: Listener | Listeners | None = None,
        run: str | None = None,
        drain: bool = False,
    ) -> Result:
        """Runs one task to its end.

        Args:
            budget: replaces the agent's budget for this run.
            account: an account whose money the run spends too (a suite's, a parent agent's).
            labels: what the run is filed under.
            listen: is called with each event of the run after it is written; a group of
                listeners hears the run's sub-agents too.
            run: the run's id, where the caller has one for it.
            drain: when the run is cancelled, its policy call under way is read to its end, at most
                until its time-out, and booked at its bill instead of its whole hold. Cancelling
                a second time gives it up.

        Raises:
            UsageError: the agent is closed.
            BudgetError: the budget cannot pay for one call and the wrap-up reply.
            BudgetExhausted: only under `raise_on_exhausted`.
            JournalError: the book cannot be kept; nothing was sent that is not in it.
        """
        self._check_open()
        parsed = None if budget is None else _budget(budget)
        _ = self._own_graph  # compiled before the run's clock starts
        await self._opening.prepare()
        session = await self._opening.start(
            task, parsed or self.budget, account, labels or RunLabels(), listen, run
        )
        session.effect_log.drains = drain
        return await self._drive(session)

    def run_sync(self, task: str, **options: Any) -> Result:
        """Like `run`, for code without an event loop; any number of times, from any thread.

        Raises:
            UsageError: there is an event loop, or the agent is closed.
        """
        self._check_open()
        _expect_no_loop("run_sync", "await agent.run(task)")
        return asyncio.run(self.run(task, **options))

    async def stream(
        self, task: str, *, drain: bool = True, **options: Any
    ) -> AsyncIterator[Event]:
        """Yields the run's events as they are written; the last one is `run_ended`.

        Who leaves the stream cancels the run. A policy call under way is then read on in the
        background until its bill is there, and only then the run ends: what is booked is the bill.

        Args:
            drain: False gives the call up at once: its whole hold is booked.
            options: those of `run`.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        run = self.run(task, listen=queue.put_nowait, drain=drain, **options)
        running = asyncio.create_task(run)
        self._streaming.add(running)
        running.add_done_callback(self._streaming.discard)
        running.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            running.cancel()
        await running

    async def resume(
        self,
        run: str,
        *,
        add: Budget | str | None = None,
        mode: str = "cumulative",
        account: Account | None = None,
        listen: Listener | Listeners | None = None,
    ) -> Result:
        """Goes on with a run that was interrupted, or whose budget was used up.

        What is recorded is not paid again. Nothing spent comes back: the run has its old budget
        less what it spent, plus `add` (`mode="per_invocation"`: its whole budget anew).

        Raises:
            UsageError: there is no such run, or a live process drives it.
            DriftError: this agent asks for something else than what is recorded.
        """
        self._check_open()
        more = Budget.parse(add) if isinstance(add, str) else add
        if mode not in ("cumulative", "per_invocation"):
            raise UsageError(f"resume mode {mode!r} is neither cumulative nor per_invocation")
        _ = self._own_graph  # compiled before the run's clock starts
        await self._opening.prepare()
        with self.home.ownership():
            record = self.home.unowned(run)
            ended = record.end.status if record.end else ""
            spendable = more is not None or mode == "per_invocation"
            if ended == "answered" or (ended == "budget_exhausted" and not spendable):
                session = self._opening.reopen(replace(record, strict=True))
            else:
                session = self._opening.take_over(record, more, mode, account, listen)
        return await self._drive(session)

    async def replay(self, run: str) -> Result:
        """Runs a recorded run again from its record alone, for free.

        Raises:
            DriftError: this agent asks for something else than what is recorded.
        """
        self._check_open()
        return await self._drive(self._opening.reopen(self.home.record(run, strict=True)))

    async def fork(
        self,
        run: str,
        step: int,
        *,
        budget: Budget | str | None = None,
        account: Account | None = None,
        labels: RunLabels | None = None,
        listen: Listener | Listeners | None = None,
        new: str | None = None,
    ) -> Result:
        """Starts a new run that goes a recorded run's way up to a step, and its own from there on.

        The steps before it are taken from the record and cost nothing again; what they cost then
        counts against the budget. This agent may have another policy, budget or prices; another
        planner, memory or tools as far as it asks for the same up to that step.

        Args:
            step: the first step to be taken anew, as `outlay show` counts them, from 1.
            budget: None: the budget of that run.
            new: the new run's id, where the caller has one for it.

        Raises:
            UsageError: there is no such run or step.
            DriftError: this agent asks for something else before that step; the text says where.
        """
        self._check_open()
        parsed = None if budget is None else _budget(budget)
        _ = self._own_graph
        await self._opening.prepare()
        session = self._opening.fork(
            self.home.record(run), step - 1, parsed, account, labels or RunLabels(), listen, new
        )
        return await self._drive(session)

    async def what_if(
        self,
        run: str,
        *,
        budget: Budget | str | None = None,
        prices: PriceBook | Path | str | None = None,
    ) -> WhatIf:
        """Returns what a recorded run would have come to under another budget or other prices.

        Nothing is asked and nothing is paid. It is exact up to the first step at which the policy
        would have seen something else or a call would have been refused; there it ends.

        Args:
            budget: instead of the run's own; a deadline (`seconds`) in it does not count.
            prices: instead of the agent's.

        Raises:
            UsageError: there is no such run, or it did not end by itself.
            DriftError: this agent asks for something else than what is recorded.
        """
        self._check_open()
        record = self.home.record(run, supposing=True)
        if record.end is None or record.end.status not in ("answered", "budget_exhausted"):
            raise UsageError(
                f"run {run} did not end by itself: nothing can be said of its what-ifs"
            )
        limits = None if budget is None else _budget(budget)
        opening = self._opening.afresh(None if prices is None else _book(prices))
        try:
            session = opening.suppose(record, limits or record.budget)
        except BudgetError as error:
            return WhatIf(run=run, exact=False, step=0, why=str(error), spend=ZERO)
        except Diverged as other:
            return WhatIf(run=run, exact=False, step=0, why=other.why, spend=ZERO)
        try:
            result = await self._drive(session)
        except Diverged as other:
            session.leave()
            spend = session.account.spent
            return WhatIf(run=run, exact=False, step=other.step + 1, why=other.why, spend=spend)
        return WhatIf(run=run, exact=True, spend=result.spend, result=result)

    @property
    def graph(self) -> Any:
        """The planner's compiled LangGraph graph: invoke it, or include it as a subgraph.

        It takes a state with `task` and gives one with `answer`, `status`, `why`, `reason` and
        `run`. In a conversation each turn is a run of its own, whatever the last one left.
        """
        self._check_open()
        if self._graph is None:
            self._graph = self._planner.build(self._session).compile()
        return self._graph

    @property
    def _own_graph(self) -> Any:
        """The same graph for runs of this agent's own: it never uses an outer graph's saver."""
        if self._driven is None:
            self._driven = self._planner.build(self._session).compile(checkpointer=False)
        return self._driven

    async def close(self) -> None:
        """Gives back the policy's connections and stops the MCP servers; no run follows.

        Waits for the bills of streams that were left. Closing twice does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        loop = asyncio.get_running_loop()
        if left := [task for task in self._streaming if task.get_loop() is loop]:
            await asyncio.wait(left)
        try:
            await self.policy.close()
        finally:
            await asyncio.to_thread(self._servers.close)

    async def __aenter__(self) -> Agent:
        self._check_open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __enter__(self) -> Agent:
        self._check_open()
        _expect_no_loop("`with agent`", "async with agent")
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run(self.close())

    # -- inside --------------------------------------------------------------------------------

    def after_fork(self) -> None:
        """Leaves the runs that are under way to the parent."""
        self._sessions = {}
        self._streaming = set()

    def _check_open(self) -> None:
        if self._is_closed:
            raise UsageError("this agent is closed: make a new one")

    async def _drive(self, session: RunSession) -> Result:
        run = session.run
        state: State = {"task": session.task, "run": run, "step": 0}
        session.is_driven = True
        try:
            await self._own_graph.ainvoke(state, {"recursion_limit": _STEPS})
        except PolicyError as error:
            session.is_driven = False
            await session.broke(error)
        except BaseException as error:
            session.is_driven = False
            await session.broke(error)
            raise
        result = self._result(session)
        if self._raise and result.status == "budget_exhausted":
            raise BudgetExhausted(result, f"run {run} ended for want of budget: {result.why}")
        return result

    async def _session(self, state: State) -> RunSession:
        """Returns the live session of a graph's state; opens or resumes it where there is none.

        What an earlier turn of a conversation left in the state is taken out of it.
        """
        self._check_open()
        run = state.get("run")
        if run is not None and run in self._sessions:
            return self._sessions[run]
        if run is None or _is_over(self.home.record(run), state):
            task = state["task"]
            session = await self._opening.start(task, self.budget, None, RunLabels(), None)
            cast(dict[str, Any], state).clear()
            state["task"] = task
            return session
        with self.home.ownership():
            record = self.home.unowned(run)
            session = self._opening.take_over(record, None, "cumulative", None, None)
        await self._catch_up(session, state)
        return session

    async def _catch_up(self, session: RunSession, state: State) -> None:
        """Replays a run up to the step of a state that a checkpointer brought back."""
        session.stop_at = state.get("step", 0)
        try:
            await self._own_graph.ainvoke(
                {"task": session.task, "run": session.run, "step": 0}, {"recursion_limit": _STEPS}
            )
        except StopReplay:
            session.stop_at = None

    def _keep(self, session: RunSession) -> None:
        self._sessions[session.run] = session
        self.home.live.add(session.run)

    def _drop(self, session: RunSession) -> None:
        self._sessions.pop(session.run, None)
        self.home.live.discard(session.run)

    def _result(self, session: RunSession) -> Result:
        final = session.final or {}
        spend = session.account.spent - session.before
        return Result(
            run=session.run,
            status=final.get("status", "failed"),
            text=final.get("answer"),
            why=final.get("why", ""),
            reason=final.get("reason") or "error",
            spend=spend,
            cost=spend.usd if self._opening.priced else None,
            seconds=session.effect_log.log.seconds,
            trajectory=session.trajectory.messages,
        )


def _is_over(record: RunRecord, state: State) -> bool:
    """Says whether a state is what a run left at its end, and not a step on its way to go back to.

    A user's state may keep all of it or only some fields; the step is the one after the last.
    """
    step = state.get("step")
    return record.end is not None and (step is None or step > max(record.steps, default=-1))


def _expect_no_loop(what: str, instead: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        f"{what} does not work where an event loop runs (in a notebook, or in async code): "
        f"write `{instead}`"
    )


def _with_memory(tools: list[Tool], memory: Memory) -> list[Tool | Callable[..., Any]]:
    """Returns the tools with those of the memory; a `recall` that is there already counts."""
    there = any(tool.spec.name == RECALL for tool in tools)
    return [*tools, *(t for t in memory.tools() if not (there and t.spec.name == RECALL))]


def _unless_in_a_loop(mcp: Iterable[str | McpAddress]) -> Iterable[str | McpAddress]:
    servers = tuple(mcp)
    with contextlib.suppress(RuntimeError):
        if servers and asyncio.get_running_loop():
            raise UsageError(
                "starting MCP servers would block the event loop: write "
                "`agent = await Agent.create(mcp=[…], …)`"
            )
    return servers


def _budget(budget: Budget | str) -> Budget:
    return coerce("budget", budget, Budget, Budget.parse, "usd=0.10")


def _book(prices: PriceBook | Path | str | None) -> PriceBook:
    if isinstance(prices, PriceBook):
        return prices
    return PriceBook.load(None if prices is None else Path(prices))
