"""Who waits for money in a tree of accounts, and whose turn it is.

Whoever is merely blocked waits, in order of arrival: by the calls on their way, which will leave a
part of their holds unspent, or by what runs keep back, which they give back when they end. Nobody
overtakes one who waits for the same.

When all who keep something back wait themselves, waiting helps nobody. Then the first whom the
money pays in full goes on, else the first who can do with less; else the youngest is refused, and
ends with what it has kept back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .amount import Amount
from .holds import Hold, Shortfall, Size

if TYPE_CHECKING:
    from .account import Account

Place = tuple["Account", str]
"""A limit: of this account, on this resource."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What an account is asked for."""

    account: Account
    size: Size
    soft: tuple[str, ...] = ()
    reserve: Amount | None = None
    """Replaces what the account keeps back; None keeps it."""
    asks: Literal["hold", "reserve", "begin"] = "hold"
    """A hold, a reserve alone, or a reserve beside which there is room for the size."""


@dataclass(eq=False)
class Waiter:
    demand: Demand
    loop: asyncio.AbstractEventLoop
    answered: asyncio.Future[None]
    answer: Hold | Shortfall | None = None


@dataclass
class WaitingLine:
    """The line of one tree. Its methods are called under the tree's lock."""

    waiters: list[Waiter] = field(default_factory=list)
    live: set[Account] = field(default_factory=set)
    """Accounts that hold something or keep it back."""
    contested: set[Place] = field(default_factory=set)
    """The limits at which somebody waits."""

    def join(self, demand: Demand) -> Waiter:
        """Puts a demand at the end of the line, and serves it at once where it can be."""
        loop = asyncio.get_running_loop()
        waiter = Waiter(demand, loop, loop.create_future())
        self.waiters.append(waiter)
        self.serve()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Lets a waiter go that was not answered."""
        if waiter in self.waiters:
            self.waiters.remove(waiter)
            self.serve()

    def forget_all(self) -> None:
        """Forgets who waits and who is at work: none of them is in a forked child."""
        self.waiters.clear()
        self.live.clear()
        self.contested.clear()

    def serve(self) -> None:
        """Answers all whose turn it is."""
        if not self.waiters:
            return
        self._answer_in_order()
        if self.waiters and self._is_stuck():
            self._go_on()
            self._answer_in_order()

    def _answer_in_order(self) -> None:
        self.contested = set()
        for waiter in tuple(self.waiters):
            if waiter.loop.is_closed():
                self.waiters.remove(waiter)
            else:
                self._try(waiter, self.contested)

    def _go_on(self) -> None:
        turns = sorted(self.waiters, key=lambda waiter: waiter.demand.asks == "begin")
        if any(self._try(waiter, set()) for waiter in turns):
            return
        if any(self._try(waiter, set(), last_resort=True) for waiter in turns):
            return
        running = [waiter for waiter in turns if waiter.demand.asks != "begin"]
        youngest = max(running or turns, key=lambda waiter: waiter.demand.account.serial)
        found = youngest.demand.account.attempt(youngest.demand, set(), last_resort=True)
        self._answer(youngest, found)

    def _try(self, waiter: Waiter, contested: set[Place], *, last_resort: bool = False) -> bool:
        demand = waiter.demand
        found = demand.account.attempt(demand, contested, last_resort=last_resort)
        if isinstance(found, Shortfall) and found.blocked:
            return False
        self._answer(waiter, found)
        return True

    def _answer(self, waiter: Waiter, found: Hold | Shortfall) -> None:
        self.waiters.remove(waiter)
        waiter.answer = found
        with contextlib.suppress(RuntimeError):  # its loop is closed meanwhile
            waiter.loop.call_soon_threadsafe(_finish, waiter.answered)

    def _is_stuck(self) -> bool:
        """Says whether no call is on its way and no run at work that others wait for."""
        waiting = {waiter.demand.account for waiter in self.waiters}
        below = _subtrees(waiting)
        return not any(
            account.open_holds > below.get(account, 0)
            or not (account.open_holds or account in waiting or account in below)
            for account in self.live
        )


def _subtrees(accounts: Iterable[Account]) -> dict[Account, int]:
    """Returns of each ancestor how many of its children have one of the accounts below them."""
    edges = {edge for account in accounts for edge in _edges(account)}
    counts: dict[Account, int] = {}
    for parent, _ in edges:
        counts[parent] = counts.get(parent, 0) + 1
    return counts


def _edges(account: Account) -> Iterator[tuple[Account, Account]]:
    while account.parent is not None:
        yield account.parent, account
        account = account.parent


def _finish(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
