"""The tree of accounts. Money is held before a call and settled after it.

For every account and resource, at every instant and under any interleaving:

    settled + held + reserved <= limit

but for a recorded overrun. A hold is taken on an account and all its ancestors, or not at all.
All operations are atomic under one lock a tree: threads and asyncio tasks may share it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from .amount import ZERO, Amount, Quantity, checked
from .budget import Budget
from .callbacks import guarded, name_of
from .forks import fork_safe, told_of_forks
from .holds import Hold, Overrun, Shortfall, Size
from .waiting_line import Demand, Place, Waiter, WaitingLine

__all__ = ["Account", "Hold", "Overrun", "Shortfall"]

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

_serials = itertools.count()


class Account:
    """A node of the budget tree: suite → task → attempt → sub-agent.

    Spending counts in every ancestor; a child reserves nothing by being opened.

    Args:
        budget: the limits of this account.
        name: shown in errors and reports.
        parent: the account whose money this one spends too, or None.
        spent: what was spent before (a resumed run).
        elapsed: seconds of the deadline that are used up already.
        closed: whether a bill came in above its hold before (a resumed run).
        clock: monotonic seconds.

    Raises:
        UsageError: `spent` is below 0; so do all methods that take an amount.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        name: str = "run",
        parent: Account | None = None,
        spent: Amount = ZERO,
        elapsed: float = 0.0,
        closed: bool = False,
        clock: Clock = time.monotonic,
    ) -> None:
        self.budget = budget or Budget()
        self.name = name
        self.parent = parent
        self.serial = next(_serials)
        """Rises with each account that is opened."""
        self.open_holds = 0
        """Its own, those of its children not counted."""
        self._limits = self.budget.limits
        self._settled: dict[str, Quantity] = dict(checked(spent))
        self._held: dict[str, Quantity] = {}
        self._soft: dict[str, Quantity] = {}
        self._reserved: dict[str, Quantity] = {}
        self._claimed: dict[str, Quantity] = {}
        self._reserve = ZERO
        self._claim = ZERO
        self._closed = closed
        self._watchers: list[tuple[Decimal, Callable[[Account], None]]] = []
        self._path: tuple[Account, ...] = (self, *(parent._path if parent else ()))
        self._lock: threading.RLock = parent._lock if parent else fork_safe(threading.RLock())
        self._line: WaitingLine = parent._line if parent else WaitingLine()
        if parent is None:
            told_of_forks(self)
        self._clock: Clock = parent._clock if parent else clock
        self.deadline = self._deadline(elapsed)
        """Instant of the clock at which work in flight is cancelled, or None."""

    def child(self, budget: Budget | None = None, *, name: str = "child") -> Account:
        """Returns a new account whose spending counts here too."""
        return Account(budget, name=name, parent=self)

    # -- holds ---------------------------------------------------------------------------------

    def try_hold(
        self, amount: Amount, *, soft: tuple[str, ...] = (), reserve: Amount | None = None
    ) -> Hold | Shortfall:
        """Takes a hold on this account and all its ancestors, or says why it cannot.

        It waits for nothing, and overtakes nobody who does.

        Args:
            amount: the upper bound of what the call can cost.
            soft: resources of which the bill may leave a part unspent.
            reserve: replaces the account's reserve in the same instant; None keeps it.
        """
        demand = Demand(account=self, size=lambda _: amount, soft=soft, reserve=reserve)
        with self._lock:
            return self.attempt(demand, set(self._line.contested))

    async def hold(
        self, wanted: Amount | Size, *, soft: tuple[str, ...] = (), reserve: Amount | None = None
    ) -> Hold | Shortfall:
        """Like `try_hold`, but waits in line while only calls and runs of others are in the way.

        Args:
            wanted: an amount, or what makes one of the room there is: all that settled spending
                leaves, since the calls of others are waited for, not shared with. Only where all
                wait for each other is it the room of that moment.
        """
        size = wanted if callable(wanted) else lambda _: wanted
        return await self._obtain(Demand(account=self, size=size, soft=soft, reserve=reserve))

    def harden(self, hold: Hold) -> None:
        """Says that nothing of a hold will come back: who cannot do without it need not wait."""
        with self._lock:
            hold.account._add("_soft", ZERO - hold.soft)
            hold.soft = ZERO
            self._line.serve()

    def settle(
        self, hold: Hold, billed: Amount, *, record: Callable[[], object] = lambda: None
    ) -> tuple[Overrun, ...]:
        """Books what the call really cost and gives the rest of the hold back.

        Args:
            record: writes down what was booked; is called before `on_spend` hears of it.

        Returns the overruns: an overrun closes the account of the hold for good.
        """
        checked(billed)
        with self._lock:
            self._end(hold)
            hold.account._add("_settled", billed)
            overruns = tuple(
                Overrun(resource, hold.amount[resource], quantity)
                for resource, quantity in billed.items()
                if quantity > hold.amount[resource]
                and any(resource in a._limits for a in hold.account._path)
            )
            hold.account._closed = hold.account._closed or bool(overruns)
            self._line.serve()
        try:
            record()
        finally:
            hold.account._after_spending()
        return overruns

    def release(self, hold: Hold) -> None:
        """Gives the whole hold back: the call never left, or was refused without a bill."""
        with self._lock:
            self._end(hold)
            self._line.serve()

    def forfeit(self, hold: Hold, *, record: Callable[[], object] = lambda: None) -> None:
        """Books the whole hold as spent: the call left and its bill is unknown.

        Args:
            record: as for `settle`.
        """
        self.settle(hold, hold.amount, record=record)

    # -- runs ----------------------------------------------------------------------------------

    async def begin(self, first: Size, reserve: Amount) -> Shortfall | None:
        """Waits in line until a run may begin beside those under way; keeps `reserve` back then.

        There must be room for the reserve, for its first call, and for a call of each run under
        way: runs that would only wait for each other are not begun. The deadline counts from
        then on. `end` gives all back.

        Args:
            first: the amount of its first call.

        Returns why it cannot begin, or None.
        """
        self.deadline = self.parent.deadline if self.parent else None
        found = await self._obtain(Demand(account=self, size=first, reserve=reserve, asks="begin"))
        if isinstance(found, Shortfall):
            return found
        self.deadline = self._deadline(0.0)
        return None

    def end(self) -> None:
        """Gives back what is kept back for a run."""
        with self._lock:
            self._add("_claimed", ZERO - self._claim)
            self._claim = ZERO
            self.reserve(ZERO)

    async def keep_back(self, amount: Amount) -> bool:
        """Like `reserve`, but waits in line while only calls and runs of others are in the way."""
        demand = Demand(account=self, size=lambda _: ZERO, reserve=amount, asks="reserve")
        return isinstance(await self._obtain(demand), Hold)

    def reserve(self, amount: Amount) -> bool:
        """Keeps `amount` back for this account alone, in place of what it kept back before.

        Returns False, and changes nothing, if that does not fit now.
        """
        demand = Demand(account=self, size=lambda _: ZERO, reserve=amount, asks="reserve")
        with self._lock:
            found = self.attempt(demand, set(self._line.contested))
            self._line.serve()
        return isinstance(found, Hold)

    # -- reading -------------------------------------------------------------------------------

    @property
    def spent(self) -> Amount:
        """What is settled so far, sub-accounts included."""
        with self._lock:
            return Amount(self._settled)

    @property
    def held(self) -> Amount:
        with self._lock:
            return Amount(self._held)

    @property
    def reserved(self) -> Amount:
        with self._lock:
            return Amount(self._reserved)

    def fits(self, amount: Amount, *, reserve: Amount | None = None) -> bool:
        """Returns whether a hold could be taken now, or once calls and runs of others have ended.

        Args:
            reserve: what would replace the account's reserve then; None keeps it.
        """
        with self._lock:
            change = ZERO if reserve is None else reserve - self._reserve
            shortfall = self._shortfall(amount + change)
        return shortfall is None or shortfall.blocked

    def remaining(self, resource: str) -> Quantity | None:
        """Returns limit less settled, the least over all ancestors, less what is held here.

        What others hold does not count: most of it comes back. None if nobody limits it.
        """
        with self._lock:
            held = self._held.get(resource, 0)
            rooms = [
                a._limits[resource] - a._settled.get(resource, 0) - held
                for a in self._path
                if resource in a._limits
            ]
        return min(rooms, default=None)

    @property
    def seconds_left(self) -> float | None:
        return None if self.deadline is None else self.deadline - self._clock()

    def limited(self) -> list[str]:
        """Returns the resources that this account or an ancestor limits, in a fixed order."""
        return list(dict.fromkeys(r for a in self._path for r in a._limits))

    def limit(self, resource: str) -> Quantity | None:
        """Returns the limit of the account on the path that has least of the resource left."""
        with self._lock:
            rooms = [
                (a._limits[resource] - a._settled.get(resource, 0), a._limits[resource])
                for a in self._path
                if resource in a._limits
            ]
        return min(rooms)[1] if rooms else None

    def on_spend(self, threshold: Decimal | str, call: Callable[[Account], None]) -> None:
        """Calls `call(account)` once, when the settled USD reach `threshold`.

        By then the bill is written down. What `call` raises is logged and changes nothing.
        """
        with self._lock:
            self._watchers.append((Decimal(threshold), call))

    def after_fork(self) -> None:
        """Goes on as a copy of the parent's account: what is held there stays held here."""
        self._line.forget_all()

    # -- inside (the lock is held) -------------------------------------------------------------

    def attempt(
        self, demand: Demand, contested: set[Place], *, last_resort: bool = False
    ) -> Hold | Shortfall:
        """Takes what a demand of this account asks for, or says why it cannot.

        Args:
            contested: limits at which others wait; those that this demand has to wait at are added.
            last_resort: the room is that of this moment.
        """
        change = ZERO if demand.reserve is None else checked(demand.reserve) - self._reserve
        amount = demand.size(lambda resource: self._room(resource, change, now=last_resort))
        checked(amount)
        shortfall = self._shortfall(
            amount + change,
            spends=demand.asks != "reserve",
            begins=demand.asks == "begin" and not last_resort,
            contested=contested,
        )
        if shortfall is not None:
            return shortfall
        if demand.reserve is not None:
            self._add("_reserved", change)
            self._reserve = demand.reserve
        if demand.asks == "begin":
            self._add("_claimed", amount - self._claim)
            self._claim = amount
        hold = Hold(self, amount, amount.only(demand.soft), open=demand.asks == "hold")
        if hold.open:
            self._add("_held", amount)
            self._add("_soft", hold.soft)
            self.open_holds += 1
        self._note_live()
        return hold

    def _shortfall(
        self,
        amount: Amount,
        *,
        spends: bool = True,
        begins: bool = False,
        contested: set[Place] | None = None,
    ) -> Shortfall | None:
        blocked: Shortfall | None = None
        for account in self._path:
            if spends and account._closed:
                return Shortfall(account=account.name, resource="closed")
            if spends and account.deadline is not None and self._clock() >= account.deadline:
                return account._late()
            for resource, quantity in amount.items():
                limit = account._limits.get(resource)
                if limit is None or quantity <= 0:
                    continue
                place = (account, resource)
                taken = account._taken(resource, self if begins else None)
                if taken + quantity <= limit and not (contested and place in contested):
                    continue
                sure = self._sure(account, resource)
                short = Shortfall(
                    account=account.name, resource=resource, limit=limit, spent=sure,
                    asked=quantity, blocked=sure + quantity <= limit,
                )  # fmt: skip
                if not short.blocked:
                    return short
                blocked = blocked or replace(short, spent=taken)
                if contested is not None:
                    contested.add(place)
        return blocked

    def _late(self) -> Shortfall:
        seconds = self.budget.seconds or 0.0
        return Shortfall(account=self.name, resource="seconds", limit=seconds, spent=seconds)

    def _taken(self, resource: str, beginner: Account | None) -> Quantity:
        """Returns settled, held and reserved; for a beginner others' next calls count as held."""
        held = self._held.get(resource, 0)
        if beginner is not None:
            claimed = self._claimed.get(resource, 0) - beginner._own("_claim", resource, self)
            soft = self._soft.get(resource, 0)
            held += max(claimed - soft, 0)
        return self._settled.get(resource, 0) + held + self._reserved.get(resource, 0)

    def _sure(self, ancestor: Account, resource: str) -> Quantity:
        """Returns what stays taken of an ancestor's limit whatever others do."""
        firm = ancestor._held.get(resource, 0) - ancestor._soft.get(resource, 0)
        kept = self._own("_reserve", resource, ancestor)
        return ancestor._settled.get(resource, 0) + firm + kept

    def _own(self, what: str, resource: str, ancestor: Account) -> Quantity:
        """Returns the sum of a quantity over the path up to an ancestor."""
        total: Quantity = 0
        for account in self._path:
            total += getattr(account, what)[resource]
            if account is ancestor:
                break
        return total

    def _room(self, resource: str, change: Amount, *, now: bool) -> Quantity | None:
        rooms = [
            a._limits[resource]
            - (a._taken(resource, None) if now else self._sure(a, resource))
            - change[resource]
            for a in self._path
            if resource in a._limits
        ]
        return min(rooms, default=None)

    async def _obtain(self, demand: Demand) -> Hold | Shortfall:
        with self._lock:
            found = self.attempt(demand, set(self._line.contested))
            if isinstance(found, Hold) or not found.blocked:
                return found
            waiter = self._line.join(demand)
        return await self._turn(waiter)

    async def _turn(self, waiter: Waiter) -> Hold | Shortfall:
        """Returns the answer that a waiter gets; at the deadline it waits no longer."""
        left = self.seconds_left
        try:
            await asyncio.wait((waiter.answered,), timeout=None if left is None else max(left, 0))
        except BaseException:
            with self._lock:
                self._line.leave(waiter)
                if isinstance(waiter.answer, Hold):
                    self._undo(waiter)
            raise
        with self._lock:
            self._line.leave(waiter)
            return waiter.answer or self._late()

    def _undo(self, waiter: Waiter) -> None:
        """Gives back what nobody takes any more."""
        if isinstance(waiter.answer, Hold) and waiter.answer.open:
            self.release(waiter.answer)
        elif waiter.demand.asks == "begin":
            self.end()

    def _deadline(self, elapsed: float) -> float | None:
        inherited = self.parent.deadline if self.parent else None
        if self.budget.seconds is None:
            return inherited
        own = self._clock() + self.budget.seconds - elapsed
        return own if inherited is None else min(own, inherited)

    def _add(self, book: str, amount: Amount) -> None:
        for account in self._path:
            sums: dict[str, Quantity] = getattr(account, book)
            for resource, quantity in amount.items():
                sums[resource] = sums.get(resource, 0) + quantity

    def _end(self, hold: Hold) -> None:
        if not hold.open:
            raise ValueError("this hold has ended already")
        hold.open = False
        hold.account.open_holds -= 1
        hold.account._add("_held", ZERO - hold.amount)
        hold.account._add("_soft", ZERO - hold.soft)
        hold.account._note_live()

    def _note_live(self) -> None:
        if self.open_holds or self._reserve:
            self._line.live.add(self)
        else:
            self._line.live.discard(self)

    def _after_spending(self) -> None:
        due: list[tuple[Account, Callable[[Account], None]]] = []
        with self._lock:
            for account in self._path:
                if not account._watchers:
                    continue
                spent = account._settled.get("usd", 0)
                due += [(account, call) for at, call in account._watchers if spent >= at]
                account._watchers = [w for w in account._watchers if spent < w[0]]
        stop: BaseException | None = None
        for account, call in due:
            stop = guarded(call, account, lambda: _report(call, account)) or stop  # noqa: B023
        if stop is not None:
            raise stop


def _report(call: Callable[[Account], None], account: Account) -> None:
    logger.exception(
        "on_spend: %s failed when %s had spent $%s; nothing of it is lost, and it is not called "
        "again", name_of(call), account.name, account.spent.usd,
    )  # fmt: skip
