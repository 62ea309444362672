"""Invariant 1: settled + held + reserved <= limit, under any interleaving."""

from __future__ import annotations

import asyncio
import random
import threading
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from outlay.ledger.account import Account, Hold, Shortfall
from outlay.ledger.amount import SOFT, ZERO, Amount
from outlay.ledger.budget import Budget, Limit

CENTS = st.integers(0, 60).map(lambda cents: Decimal(cents) / 100)


def model_call(usd: str, tokens: int = 10) -> Amount:
    return Amount.of_model_call(Decimal(usd), tokens, tokens)


def check(*accounts: Account) -> None:
    for account in accounts:
        for resource, limit in account.budget.limits.items():
            taken = account.spent[resource] + account.held[resource] + account.reserved[resource]
            assert taken <= limit, (account.name, resource)


class Tree(RuleBasedStateMachine):
    """Holds, settlements, releases and reserves on a tree of four accounts, in any order."""

    holds: Bundle[Hold] = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.root = Account(Budget(usd="1.00", tokens=200, tool_calls=12), name="root")
        self.left = self.root.child(Budget(usd="0.50", per_tool={"search": 4}), name="left")
        self.right = self.root.child(Budget(model_calls=5), name="right")
        self.leaf = self.left.child(Budget(usd="0.30", output_tokens=60), name="leaf")
        self.all = (self.root, self.left, self.right, self.leaf)
        self.booked = ZERO

    @rule(target=holds, which=st.integers(0, 3), usd=CENTS, tokens=st.integers(0, 80))
    def hold_model(self, which: int, usd: Decimal, tokens: int) -> Hold | None:
        amount = Amount.of_model_call(usd, tokens, tokens // 2)
        found = self.all[which].try_hold(amount, soft=SOFT)
        return found if isinstance(found, Hold) else None

    @rule(target=holds, which=st.integers(0, 3), usd=CENTS)
    def hold_tool(self, which: int, usd: Decimal) -> Hold | None:
        found = self.all[which].try_hold(Amount.of_tool_call("search", usd))
        return found if isinstance(found, Hold) else None

    @rule(which=st.integers(0, 3), usd=CENTS, tokens=st.integers(0, 80))
    def reserve(self, which: int, usd: Decimal, tokens: int) -> None:
        self.all[which].reserve(Amount.of_model_call(usd, tokens, tokens))

    @rule(hold=holds, percent=st.integers(0, 100))
    def settle(self, hold: Hold | None, percent: int) -> None:
        if hold is None or not hold.open:
            return
        billed = Amount(
            {
                r: q * percent // 100 if isinstance(q, int) else q * percent / 100
                for r, q in hold.amount.items()
            }
        )
        assert hold.account.settle(hold, billed) == ()
        self.booked += billed

    @rule(hold=holds)
    def release(self, hold: Hold | None) -> None:
        if hold is not None and hold.open:
            hold.account.release(hold)

    @rule(hold=holds)
    def forfeit(self, hold: Hold | None) -> None:
        if hold is not None and hold.open:
            hold.account.forfeit(hold)
            self.booked += hold.amount

    @invariant()
    def never_overspent(self) -> None:
        check(*self.all)

    @invariant()
    def the_root_has_it_all(self) -> None:
        assert self.root.spent == self.booked


Tree.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_tree = Tree.TestCase


def test_eight_threads_hammer_one_tree() -> None:
    root = Account(Budget(usd="2.00", tool_calls=300), name="root")
    children = [root.child(Budget(usd="0.50"), name=f"child {n}") for n in range(8)]
    over: list[str] = []

    def hammer(account: Account, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(500):
            usd = Decimal(chance.randrange(1, 9)) / 1000
            hold = account.try_hold(Amount.of_tool_call("t", usd), soft=("usd",))
            if root.spent.usd + root.held.usd > 2:
                over.append("root")
            if isinstance(hold, Shortfall):
                continue
            if chance.random() < 0.3:
                account.release(hold)
            else:
                account.settle(hold, Amount.of_tool_call("t", usd / 2))

    threads = [threading.Thread(target=hammer, args=(c, n)) for n, c in enumerate(children)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(root, *children)
    assert over == []
    assert root.held == ZERO
    assert root.spent["tool_calls"] == 300


async def test_200_tasks_wait_for_each_others_holds() -> None:
    root = Account(Budget(usd="1.00"), name="root")
    served = 0

    async def agent(number: int) -> bool:
        nonlocal served
        account = root.child(name=f"agent {number}")
        hold = await account.hold(model_call("0.40"), soft=SOFT)
        if isinstance(hold, Shortfall):
            return False
        check(root)
        await asyncio.sleep(0)
        account.settle(hold, model_call("0.01"))
        served += 1
        return True

    done = await asyncio.gather(*(agent(n) for n in range(200)))
    check(root)
    # Each bill is a fortieth of its hold: by waiting, the money goes much further.
    assert served == sum(done) == 61
    assert root.spent.usd == Decimal("0.61")


async def test_what_can_never_fit_is_refused_at_once() -> None:
    account = Account(Budget(usd="0.10"))
    found = await account.hold(model_call("0.11"))
    assert isinstance(found, Shortfall)
    assert not found.blocked
    assert str(found) == "run has 0.10 of 0.10 usd left, and 0.11 would be needed"


async def test_nobody_waits_for_a_hold_that_settles_in_full() -> None:
    account = Account(Budget(tool_calls=1))
    assert isinstance(account.try_hold(Amount.of_tool_call("t", Decimal(0))), Hold)
    assert isinstance(await account.hold(Amount.of_tool_call("t", Decimal(0))), Shortfall)


def test_a_hold_is_all_or_nothing() -> None:
    root = Account(Budget(usd="0.05"), name="root")
    child = root.child(Budget(usd="1"), name="child")
    assert isinstance(child.try_hold(model_call("0.06")), Shortfall)
    assert child.held == root.held == ZERO


def test_the_reserve_is_kept_for_its_owner() -> None:
    root = Account(Budget(usd="0.10"), name="root")
    one, two = root.child(name="one"), root.child(name="two")
    assert one.reserve(model_call("0.04"))
    assert isinstance(two.try_hold(model_call("0.07")), Shortfall)
    assert isinstance(two.try_hold(model_call("0.06")), Hold)
    assert isinstance(one.try_hold(model_call("0.04")), Shortfall)
    assert isinstance(one.try_hold(model_call("0.04"), reserve=ZERO), Hold)


def test_an_overrun_is_booked_in_full_and_closes_the_account() -> None:
    root = Account(Budget(usd="1"), name="root")
    child = root.child(name="child")
    hold = child.try_hold(model_call("0.10"), soft=SOFT)
    assert isinstance(hold, Hold)
    (overrun,) = child.settle(hold, model_call("0.30"))
    assert (overrun.resource, overrun.held, overrun.billed) == (
        "usd", Decimal("0.10"), Decimal("0.30"),
    )  # fmt: skip
    assert root.spent.usd == Decimal("0.30")
    refused = child.try_hold(model_call("0.01"))
    assert isinstance(refused, Shortfall)
    assert refused.resource == "closed"
    assert isinstance(root.try_hold(model_call("0.01")), Hold)


def test_a_hold_ends_once() -> None:
    account = Account(Budget(usd=1))
    hold = account.try_hold(model_call("0.1"))
    assert isinstance(hold, Hold)
    account.release(hold)
    with pytest.raises(ValueError, match="ended already"):
        account.forfeit(hold)


def test_the_deadline_of_a_child_is_at_most_its_parents() -> None:
    now = 100.0
    root = Account(Budget(seconds=10), clock=lambda: now)
    child = root.child(Budget(seconds=60), name="child")
    assert child.seconds_left == 10
    now = 111.0
    refused = child.try_hold(model_call("0"))
    assert isinstance(refused, Shortfall)
    assert refused.resource == "seconds"


def test_a_resumed_account_has_what_is_left() -> None:
    account = Account(Budget(usd=1, seconds=60), spent=model_call("0.75"), elapsed=50.0)
    assert account.remaining("usd") == Decimal("0.25")
    assert account.seconds_left is not None
    assert account.seconds_left <= 10


def test_a_watcher_is_called_once() -> None:
    account = Account(Budget(usd=1))
    seen: list[Decimal] = []
    account.on_spend("0.2", lambda a: seen.append(a.spent.usd))
    for _ in range(3):
        hold = account.try_hold(model_call("0.15"))
        assert isinstance(hold, Hold)
        account.settle(hold, model_call("0.15"))
    assert seen == [Decimal("0.30")]


def test_per_tool_limits_in_calls_and_usd() -> None:
    account = Account(Budget(per_tool={"fetch": Limit(calls=5, usd=Decimal("0.02"))}))
    for _ in range(2):
        assert isinstance(account.try_hold(Amount.of_tool_call("fetch", Decimal("0.01"))), Hold)
    refused = account.try_hold(Amount.of_tool_call("fetch", Decimal("0.01")))
    assert isinstance(refused, Shortfall)
    assert refused.resource == "usd.fetch"
    assert isinstance(account.try_hold(Amount.of_tool_call("search", Decimal("0.01"))), Hold)
