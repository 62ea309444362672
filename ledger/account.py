"""The tree of accounts. Money is held before a call and settled after it.

For every account and resource, at every instant and under any interleaving:

    settled + held + reserved <= limit

but for a recorded overrun. A hold is taken on an account and all its ancestors, or not at all.
All operations are atomic under one lock a tree: threads and asyncio tasks may share it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from .amount import ZERO, Amount, Quantity
from .budget import Budget
from .callbacks import guarded, name_of
from .forks import fork_safe

logger = logging.getLogger(__name__)

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """Why a hold cannot be taken."""

    account: str
    resource: str
    limit: Quantity | float = 0
    spent: Quantity | float = 0
    asked: Quantity | float = 0
    blocked: bool = False
    """True if it fits once the open holds of others are settled: waiting may help."""

    def __str__(self) -> str:
        if self.resource == "seconds":
            return f"the deadline of {self.account} ({self.limit:g} s) has passed"
        if self.resource == "closed":
            return f"{self.account} is closed: a bill came in above its hold"
        left = self.limit - self.spent  # type: ignore[operator]
        return (
            f"{self.account} has {_show(left)} of {_show(self.limit)} {self.resource} left, "
            f"and {_show(self.asked)} would be needed"
        )


@dataclass(eq=False)
class Hold:
    """Money set aside before a call leaves. It ends in `settle` or `release`, once."""

    account: Account
    amount: Amount
    soft: Amount
    """The part that the bill may leave unspent."""
    open: bool = True


@dataclass(frozen=True)
class Overrun:
    """A bill above its hold, in a resource that somebody limits."""

    resource: str
    held: Quantity
    billed: Quantity


class Account:
    """A node of the budget tree: suite → task → attempt → sub-agent.

    Spending counts in every ancestor; a child reserves nothing by being opened.

    Args:
        budget: the limits of this account.
        name: shown in errors and reports.
        parent: the account whose money this one spends too, or None.
        spent: what was spent before (a resumed run).
        elapsed: seconds of the deadline that are used up already.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        name: str = "run",
        parent: Account | None = None,
        spent: Amount = ZERO,
        elapsed: float = 0.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self.budget = budget or Budget()
        self.name = name
        self.parent = parent
        self._limits = self.budget.limits
        self._settled: dict[str, Quantity] = dict(spent)
        self._held: dict[str, Quantity] = {}
        self._soft: dict[str, Quantity] = {}
        self._reserved: dict[str, Quantity] = {}
        self._reserve = ZERO
        self._closed = False
        self._ended = 0
        self._watchers: list[tuple[Decimal, Callable[[Account], None]]] = []
        self._path: tuple[Account, ...] = (self, *(parent._path if parent else ()))
        self._lock: threading.RLock = parent._lock if parent else fork_safe(threading.RLock())
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]
        self._waiters = parent._waiters if parent else []
        self._clock: Clock = parent._clock if parent else clock
        own = None
        if self.budget.seconds is not None:
            own = self._clock() + self.budget.seconds - elapsed
        inherited = parent.deadline if parent else None
        self.deadline: float | None = min(
            (d for d in (own, inherited) if d is not None), default=None
        )
        """Instant of the clock at which work in flight is cancelled, or None."""

    def child(self, budget: Budget | None = None, *, name: str = "child") -> Account:
        """Returns a new account whose spending counts here too."""
        return Account(budget, name=name, parent=self)

    # -- holds ---------------------------------------------------------------------------------

    def try_hold(
        self, amount: Amount, *, soft: tuple[str, ...] = (), reserve: Amount | None = None
    ) -> Hold | Shortfall:
        """Takes a hold on this account and all its ancestors, or says why it cannot.

        Args:
            amount: the upper bound of what the call can cost.
            soft: resources of which the bill may leave a part unspent.
            reserve: replaces the account's reserve in the same instant; None keeps it.
        """
        with self._lock:
            change = ZERO if reserve is None else reserve - self._reserve
            shortfall = self._shortfall(amount + change)
            if shortfall is not None:
                return shortfall
            hold = Hold(self, amount, amount.only(soft))
            self._add("_held", amount)
            self._add("_soft", hold.soft)
            if reserve is not None:
                self._add("_reserved", change)
                self._reserve = reserve
            return hold

    async def hold(
        self, amount: Amount, *, soft: tuple[str, ...] = (), reserve: Amount | None = None
    ) -> Hold | Shortfall:
        """Like `try_hold`, but waits while only others' open holds stand in the way."""
        while True:
            seen = self.holds_ended
            found = self.try_hold(amount, soft=soft, reserve=reserve)
            if isinstance(found, Hold) or not found.blocked:
                return found
            await self.freed(seen)

    @property
    def holds_ended(self) -> int:
        """Rises whenever something of the tree becomes free."""
        return self._path[-1]._ended

    async def freed(self, seen: int) -> None:
        """Waits until something has become free since `holds_ended` was `seen`.

        At most until the deadline.
        """
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        entry = (loop, waiter)
        with self._lock:
            if self.holds_ended != seen:
                return
            self._waiters.append(entry)
        timeout = None if self.deadline is None else max(self.deadline - self._clock(), 0)
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            pass
        finally:
            with self._lock:
                if entry in self._waiters:
                    self._waiters.remove(entry)

    def settle(
        self, hold: Hold, billed: Amount, *, record: Callable[[], object] = lambda: None
    ) -> tuple[Overrun, ...]:
        """Books what the call really cost and gives the rest of the hold back.

        Args:
            record: writes down what was booked; is called before `on_spend` hears of it.

        Returns the overruns: an overrun closes the account of the hold for good.
        """
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
        try:
            record()
        finally:
            hold.account._after_spending()
        return overruns

    def release(self, hold: Hold) -> None:
        """Gives the whole hold back: the call never left, or was refused without a bill."""
        with self._lock:
            self._end(hold)
        self._wake()

    def forfeit(self, hold: Hold, *, record: Callable[[], object] = lambda: None) -> None:
        """Books the whole hold as spent: the call left and its bill is unknown.

        Args:
            record: as for `settle`.
        """
        self.settle(hold, hold.amount, record=record)

    def reserve(self, amount: Amount) -> bool:
        """Keeps `amount` back for this account alone, in place of what it kept back before.

        Returns False, and changes nothing, if that does not fit.
        """
        with self._lock:
            change = amount - self._reserve
            if self._shortfall(change, spending=False) is not None:
                return False
            self._add("_reserved", change)
            self._reserve = amount
        if change != ZERO:
            self._wake()
        return True

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
        """Returns whether a hold could be taken now, or once open holds are settled.

        Args:
            reserve: what would replace the account's reserve then; None keeps it.
        """
        with self._lock:
            change = ZERO if reserve is None else reserve - self._reserve
            shortfall = self._shortfall(amount + change)
        return shortfall is None or shortfall.blocked

    def available(self, resource: str) -> Quantity | None:
        """Returns what a new hold may take of a resource here, or None if nobody limits it.

        The account's own reserve counts as available.
        """
        with self._lock:
            rooms = [
                a._limits[resource] - a._taken(resource) + self._reserve[resource]
                for a in self._path
                if resource in a._limits
            ]
        return min(rooms, default=None)

    def remaining(self, resource: str) -> Quantity | None:
        """Returns limit less settled and held, the least over all ancestors, or None."""
        with self._lock:
            rooms = [
                a._limits[resource] - a._settled.get(resource, 0) - a._held.get(resource, 0)
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

    # -- inside (the lock is held) -------------------------------------------------------------

    def _taken(self, resource: str) -> Quantity:
        return (
            self._settled.get(resource, 0)
            + self._held.get(resource, 0)
            + self._reserved.get(resource, 0)
        )

    def _shortfall(self, amount: Amount, *, spending: bool = True) -> Shortfall | None:
        blocked: Shortfall | None = None
        for account in self._path:
            if spending and account._closed:
                return Shortfall(account=account.name, resource="closed")
            if spending and account.deadline is not None and self._clock() >= account.deadline:
                seconds = account.budget.seconds or 0.0
                return Shortfall(
                    account=account.name, resource="seconds", limit=seconds, spent=seconds
                )
            for resource, quantity in amount.items():
                limit = account._limits.get(resource)
                if limit is None or quantity <= 0:
                    continue
                taken = account._taken(resource)
                if taken + quantity > limit:
                    firm = taken - account._soft.get(resource, 0)
                    short = Shortfall(
                        account=account.name, resource=resource, limit=limit, spent=taken,
                        asked=quantity, blocked=firm + quantity <= limit,
                    )  # fmt: skip
                    if not short.blocked:
                        return short
                    blocked = blocked or short
        return blocked

    def _add(self, book: str, amount: Amount) -> None:
        for account in self._path:
            sums: dict[str, Quantity] = getattr(account, book)
            for resource, quantity in amount.items():
                sums[resource] = sums.get(resource, 0) + quantity

    def _end(self, hold: Hold) -> None:
        if not hold.open:
            raise ValueError("this hold has ended already")
        hold.open = False
        hold.account._add("_held", ZERO - hold.amount)
        hold.account._add("_soft", ZERO - hold.soft)

    def _after_spending(self) -> None:
        due: list[tuple[Account, Callable[[Account], None]]] = []
        with self._lock:
            for account in self._path:
                if not account._watchers:
                    continue
                spent = account._settled.get("usd", 0)
                due += [(account, call) for at, call in account._watchers if spent >= at]
                account._watchers = [w for w in account._watchers if spent < w[0]]
        self._wake()
        stop: BaseException | None = None
        for account, call in due:
            stop = guarded(call, account, lambda: _report(call, account)) or stop  # noqa: B023
        if stop is not None:
            raise stop

    def _wake(self) -> None:
        with self._lock:
            self._path[-1]._ended += 1
            waiters, self._waiters[:] = list(self._waiters), []
        for loop, waiter in waiters:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(_finish, waiter)


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _report(call: Callable[[Account], None], account: Account) -> None:
    logger.exception(
        "on_spend: %s failed when %s had spent $%s; nothing of it is lost, and it is not called "
        "again", name_of(call), account.name, account.spent.usd,
    )  # fmt: skip


def _show(quantity: Quantity | float) -> str:
    return f"{quantity:f}" if isinstance(quantity, Decimal) else f"{quantity}"
