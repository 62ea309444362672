"""How runs begin: checked against their budget, started, taken over, or reopened from record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from ...journal.codec import SentPrompts, budget_to
from ...journal.event_writer import EventWriter, NullWriter, new_run_id
from ...journal.events import Event
from ...journal.listeners import Listener, Listeners
from ...journal.record.fork_record import inherited
from ...journal.record.recorded_calls import recorded_calls
from ...journal.record.run_record import RunRecord
from ...journal.records import Message, Request
from ...ledger.account import Account
from ...ledger.amount import ZERO, Amount, Quantity
from ...ledger.budget import Budget
from ...ledger.errors import BudgetError, PolicyError, Unpriced, UsageError
from ...ledger.prices.price_book import PriceBook
from ...ledger.resources import is_money
from ...planners import calls_in_words
from ...policies.policy import prepare
from ...tools import ToolContext
from ..config import AgentConfig, RunLabels
from ..effects.effect_log import EffectLog
from ..effects.model_calls import ModelCalls
from ..effects.reserves import Reserves
from ..effects.tool_calls import ToolCalls
from ..effects.tool_costs import ToolPrices
from .audience import Audience
from .instructions import Instructions
from .routes import Route, Routes, RunBrief
from .session import RunSession

logger = logging.getLogger(__name__)

MUCH_KEPT = Decimal("0.4")
"""From this share of a budget on, what is kept back for the end of a run is warned of."""


class RunLifecycle:
    """Opens the runs of one agent.

    Args:
        config: what the agent is made of.
        opened: called with each session that is opened.
        ended: called with each session that has ended.
    """

    def __init__(
        self,
        config: AgentConfig,
        opened: Callable[[RunSession], None],
        ended: Callable[[RunSession], None],
    ) -> None:
        self._config = config
        self._opened = opened
        self._ended = ended
        self._prices = ToolPrices(config.book)
        self._routes = Routes(config.policy, config.book, config.home)
        self._warned: set[str] = set()

    def afresh(self, book: PriceBook | None = None) -> RunLifecycle:
        """Returns the lifecycle of the same agent, which knows nothing of its endpoints' bills yet.

        Args:
            book: other prices; None keeps them.
        """
        config = self._config if book is None else replace(self._config, book=book)
        return RunLifecycle(config, self._opened, self._ended)

    @property
    def priced(self) -> bool:
        """Whether all that the agent can spend has a price."""
        return not self._routes.unpriced and all(map(self._prices.known, self._config.tools))

    def check(self, budget: Budget) -> None:
        """Raises what `start` would raise under this budget, as far as can be told before."""
        budget.check_tools(self._config.tools.names)
        self._check_prices(Account(budget))

    def check_task(self, task: str, budget: Budget) -> None:
        """Raises BudgetError if the budget is too small for one call of a run of the task."""
        self._payable(task, Account(budget), tuple(self._routes), Instructions(self._config))

    async def prepare(self) -> None:
        """Does what the first call needs before a run's clock starts; what is wrong, calls say."""
        with suppress(UsageError, PolicyError):
            await prepare(self._config.policy)

    async def start(
        self,
        task: str,
        budget: Budget,
        parent: Account | None,
        labels: RunLabels,
        listen: Listener | Listeners | None,
        run: str | None = None,
    ) -> RunSession:
        """Starts a run, once there is room for it beside others', and writes its first event.

        Raises:
            BudgetError: it limits a tool that does not exist, or is too small for one call.
            Unpriced: it is in USD, and the policy or a tool has no price.
        """
        budget.check_tools(self._config.tools.names)
        account = Account(budget, name="the run", parent=parent)
        self._check_prices(account)
        told = Instructions(self._config)
        payable = self._payable(task, account, tuple(self._routes), told)
        escalates = self._config.planner.escalates
        model = self._routes.choose(labels.task_class, payable, escalates=escalates)
        await self._begin(task, account, model, told)
        brief = RunBrief(task=task, task_class=labels.task_class, model=model)
        run = run or new_run_id()
        audience = Audience.of(self._config, listen)
        log = EventWriter(self._config.home.journal, run, listeners=audience.run)
        self._write_start(log, brief, budget, labels)
        return self._open(log, RunRecord(), account, brief, below=audience.below)

    def _write_start(
        self, log: EventWriter, brief: RunBrief, budget: Budget, labels: RunLabels, **more: Any
    ) -> None:
        log.write(
            "run_started", task=brief.task, task_id=labels.task_id, experiment=labels.experiment,
            parent=labels.parent, planner=self._config.planner.name,
            memory=self._config.memory.name, model=brief.model,
            agent=self._describe(brief, labels), budget=budget_to(budget), seed=labels.seed,
            repeat=labels.repeat, **more,
        )  # fmt: skip

    def take_over(
        self,
        record: RunRecord,
        more: Budget | None,
        mode: str,
        parent: Account | None,
        listen: Listener | Listeners | None,
    ) -> RunSession:
        """Goes on with a recorded run. Nothing that it spent comes back."""
        start = record.start
        budget = record.budget + more if more else record.budget
        fresh = mode == "per_invocation"
        spent = ZERO if fresh else record.charged + self._config.home.spent_below(start.run)
        limited = [*budget.limits, *(parent.limited() if parent else ())]
        account = Account(
            budget, name="the run", parent=parent, spent=spent,
            elapsed=0.0 if fresh else record.seconds,
            closed=not (more or fresh) and record.overran(limited),
        )  # fmt: skip
        self._check_prices(account)
        cut = record.exhaustion if more or fresh else None
        at = record.events[-1].seq + 1
        audience = Audience.of(self._config, listen)
        log = EventWriter(
            self._config.home.journal, start.run, seq=at, seconds=record.seconds,
            listeners=audience.run,
        )  # fmt: skip
        added = budget_to(more) if more else None
        branch = record.branch + (cut is not None)
        resumed: dict[str, Any] = {"mode": mode, "add": added, "cut": cut, "branch": branch}
        log.write("run_resumed", **resumed)
        if cut is not None:
            last = Event(start.run, at, "run_resumed", body=resumed)
            record = RunRecord.of((*record.events, last), inherited=record.inherited)
        brief = self._routes.brief(start)
        session = self._open(log, record, account, brief, below=audience.below)
        session.before = ZERO if fresh else record.inherited.spent
        return session

    def fork(
        self,
        parent: RunRecord,
        step: int,
        budget: Budget | None,
        account: Account | None,
        labels: RunLabels,
        listen: Listener | Listeners | None,
        run: str | None = None,
    ) -> RunSession:
        """Starts a run that goes on from a step (from 0) of a recorded one.

        Raises:
            BudgetError: it limits a tool that does not exist.
            Unpriced: it is in USD, and the policy or a tool has no price.
            UsageError: there is no such step.
        """
        record = RunRecord.of((), inherited=inherited(parent, step))
        limits = budget or parent.budget
        limits.check_tools(self._config.tools.names)
        above = record.inherited
        own = Account(
            limits, name="the run", parent=account, spent=above.spent, elapsed=above.seconds
        )
        self._check_prices(own)
        audience = Audience.of(self._config, listen)
        log = EventWriter(
            self._config.home.journal, run or new_run_id(), seconds=above.seconds,
            listeners=audience.run,
        )  # fmt: skip
        brief = self._routes.brief(parent.start)
        fork = {"run": above.run, "step": step, "spent": dict(above.spent)}
        self._write_start(log, brief, limits, labels, fork=fork)
        session = self._open(log, record, own, brief, below=audience.below)
        session.before = above.spent
        return session

    def reopen(self, record: RunRecord) -> RunSession:
        """Opens a recorded run that nothing is to be added to."""
        account = Account(record.budget, name="the run", spent=record.spent)
        return self._open(_silent(record), record, account, self._routes.brief(record.start))

    def suppose(self, record: RunRecord, budget: Budget) -> RunSession:
        """Opens a recorded run as if it had had this budget. Only for a lifecycle made afresh.

        Raises:
            BudgetError: it is too small for one call.
            Unpriced: it is in USD, and the policy or a tool has no price.
        """
        budget.check_tools(self._config.tools.names)
        account = Account(replace(budget, seconds=None), name="the run")
        self._check_prices(account)
        brief = self._routes.brief(record.start)
        self._recall(record)
        told = Instructions(self._config, brief.prompts, brief.loop)
        self._payable(brief.task, account, (brief.model,), told)
        return self._open(_silent(record), record, account, brief)

    def _recall(self, record: RunRecord) -> None:
        """Takes over what was known of the endpoints when a run began."""
        holds = (recorded_calls((e,)) for e in record.events if e.kind == "hold")
        first = next((call for (call,) in holds if not call.is_tool), None)
        if first is None:
            return
        bounds = self._routes[first.name].bounds(self._config.options.min_output)
        request = Request(first.prompt, self._config.tools.specs)
        nothing = SentPrompts().match(request.messages)
        bounds.recall(request, nothing, first.bound)

    def _open(
        self,
        log: EventWriter,
        record: RunRecord,
        account: Account,
        brief: RunBrief,
        *,
        below: Listeners | None = None,
    ) -> RunSession:
        config = self._config
        effect_log = EffectLog(log, record, account)
        outputs = config.home.outputs
        memory = config.memory.priced(self._routes[brief.model].price)
        closed = config.home.closed(config.book.file)

        def context(key: str, call_id: str) -> ToolContext:
            return ToolContext(
                run=log.run, call_id=call_id, outputs=outputs, key=key, account=account,
                listeners=below, closed=closed, past=lambda: tuple(session.attempts),
            )  # fmt: skip

        tool_calls = ToolCalls(effect_log, config.tools, context, self._prices)
        told = Instructions(config, brief.prompts, brief.loop)
        model_calls = {
            name: self._calls_of(effect_log, route, told) for name, route in self._routes.items()
        }
        session = RunSession(
            effect_log, model_calls, tool_calls, config.tools, memory, planner=config.planner,
            system=told.system, kept=told.kept, brief=brief, routes=self._routes,
            ended=lambda: self._ended(session),
        )  # fmt: skip
        self._opened(session)
        return session

    def _calls_of(self, effect_log: EffectLog, route: Route, told: Instructions) -> ModelCalls:
        config, options = self._config, self._config.options
        return ModelCalls(
            effect_log, route.policy, route.bounds(options.min_output), config.tools.specs,
            kept=self._kept(route, told), prompts=told.labels, attempts=options.attempts,
            max_output=options.max_output, temperature=options.temperature, seed=options.seed,
        )  # fmt: skip

    def _describe(self, brief: RunBrief, labels: RunLabels) -> dict[str, Any]:
        expected = self._routes.expected(brief.task_class)
        return {
            "tools": list(self._config.tools.names),
            "loop": brief.loop,
            **Instructions(self._config, brief.prompts, brief.loop).record(),
            **({"task_class": brief.task_class} if brief.task_class else {}),
            **({"expected": expected} if expected else {}),
            **labels.agent,
        }

    def _kept(self, route: Route, told: Instructions) -> Reserves:
        bounds = route.bounds(self._config.options.min_output)
        return Reserves(bounds, SentPrompts(), self._config.tools.specs, told.kept)

    def _check_prices(self, account: Account) -> None:
        """Raises Unpriced if the account is limited in USD and something has no price."""
        if not any(map(is_money, account.limited())):
            return
        for name in self._routes.unpriced:
            raise Unpriced("model", name)
        for tool in self._config.tools:
            if not self._prices.known(tool):
                raise Unpriced("tool", tool.spec.name)

    async def _begin(self, task: str, account: Account, model: str, told: Instructions) -> None:
        """Waits until there is room for a run.

        Raises:
            BudgetError: others have left too little.
        """
        kept, messages = self._kept(self._routes[model], told), _first_prompt(task, told)
        most = self._config.options.max_output.get("think")
        reserve = kept.after(None, messages)
        self._warn_of(reserve, account.budget, told)
        short = await account.begin(kept.first(messages, most), reserve)
        if short is not None:
            self._payable(task, account, (model,), told)
            raise BudgetError(str(short))

    def _warn_of(self, reserve: Amount, budget: Budget, told: Instructions) -> None:
        """Warns, once for each budget, where little of it is left to act with."""
        limits = budget.limits
        dear = [r for r, limit in limits.items() if reserve[r] > limit * MUCH_KEPT]
        if not dear or str(budget) in self._warned:
            return
        self._warned.add(str(budget))
        name = max(dear, key=lambda r: reserve[r] / limits[r])
        ends = calls_in_words(each.purpose for each in told.kept if not each.on_demand)
        logger.warning(
            "of the budget %s=%s, %.0f %% is kept back for %s, so that little is free to act with: "
            "give %s=%s or more, or choose a planner that keeps back less", name,
            _show(limits[name]), 100 * reserve[name] / limits[name], ends, name,
            _show(_round_up(reserve[name] / MUCH_KEPT)),
        )  # fmt: skip

    def _payable(
        self, task: str, account: Account, models: Sequence[str], told: Instructions
    ) -> list[str]:
        """Returns the policies of which the budget can pay one call and the wrap-up reply.

        Raises:
            BudgetError: there is none.
        """
        messages = _first_prompt(task, told)
        leasts = {name: self._kept(self._routes[name], told).least(messages) for name in models}
        payable = [name for name, least in leasts.items() if account.fits(least)]
        if payable:
            return payable
        least = leasts[models[0]]
        short = [
            f"{resource}={_show(least[resource])}"
            for resource in account.limited()
            if not account.fits(least.only((resource,)))
        ]
        others = account.parent is not None and Account(account.budget).fits(least)
        payer = account.parent.name if account.parent and others else account.budget
        raise BudgetError(
            f"the budget ({payer}) cannot pay for one call and the {_later(told)}: "
            f"it takes at least {','.join(short)}"
        )


def _first_prompt(task: str, told: Instructions) -> tuple[Message, ...]:
    return Message("system", told.system), Message("user", task)


def _later(told: Instructions) -> str:
    """Returns what is kept back for, in words."""
    others = [
        each.purpose for each in told.kept if not (each.on_demand or each.purpose == "wrap_up")
    ]
    if not others:
        return "wrap-up reply"
    return f"wrap-up reply, and what is kept back for {', '.join(others)}"


def _silent(record: RunRecord) -> NullWriter:
    return NullWriter(record.start.run, record.events[-1].seq + 1, record.seconds)


def _round_up(quantity: Decimal) -> Decimal:
    """Returns a quantity that is no less, in two digits."""
    return quantity.quantize(Decimal(1).scaleb(quantity.adjusted() - 1), ROUND_CEILING)


def _show(quantity: Quantity) -> str:
    return f"{quantity.normalize():f}" if isinstance(quantity, Decimal) else str(quantity)
