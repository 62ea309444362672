"""Whoever is merely blocked waits, in order of arrival; an account that suffices is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.ledger.account import Account, Hold, Shortfall
from outlay.ledger.amount import SOFT, ZERO, Amount
from outlay.ledger.budget import Budget
from outlay.ledger.holds import Room

MOST_OUTPUT = 4096
HANGS = 60.0
"""Seconds after which a test says that it hangs instead of hanging."""


def usd(cents: int | str) -> Amount:
    return Amount({"usd": Decimal(cents) / 100})


def holder(account: Account, cents: int) -> Hold:
    found = account.try_hold(usd(cents), soft=SOFT)
    assert isinstance(found, Hold)
    return found


async def settled_down() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Turn:
    """A policy call and the tool call that it asks for."""

    prompt: int
    """Tokens of the prompt, all of which are billed."""
    output: int
    tool: int
    """Picodollars."""


@dataclass(frozen=True)
class Script:
    turns: tuple[Turn, ...]

    @property
    def cost(self) -> int:
        return sum(turn.prompt + turn.output + turn.tool for turn in self.turns)


def money(tokens: int) -> Amount:
    return Amount({"usd": Decimal(tokens) / 10**6})


async def play(root: Account, script: Script, reserve: int) -> list[str]:
    """Plays a run as the agent does; says of each call what came of it."""
    account, told = root.child(name="run"), []

    def size(prompt: int) -> Amount | object:
        def most(room: Room) -> Amount:
            left = room("usd")
            output = MOST_OUTPUT if left is None else int(left * 10**6) - prompt
            return money(prompt + max(min(MOST_OUTPUT, output), 64))

        return most

    try:
        short = await account.begin(size(script.turns[0].prompt), money(reserve))  # type: ignore[arg-type]
        if short is not None:
            return ["not begun"]
        for turn in script.turns:
            kept = money(reserve + turn.prompt)
            hold = await account.hold(size(turn.prompt), soft=SOFT, reserve=kept)  # type: ignore[arg-type]
            if isinstance(hold, Shortfall):
                return [*told, "refused"]
            await asyncio.sleep(0)
            granted = int(hold.amount.usd * 10**6) - turn.prompt
            account.settle(hold, money(turn.prompt + min(turn.output, granted)))
            told.append("whole" if turn.output <= granted else "cut")
            paid = await account.hold(money(turn.tool))
            if isinstance(paid, Shortfall):
                return [*told, "no tool"]
            await asyncio.sleep(0)
            account.settle(paid, paid.amount)
            if not await account.keep_back(money(reserve + turn.prompt * 2)):
                told.append("short")
    finally:
        account.end()
    return told


async def experiment(
    limit: int, scripts: Sequence[Script], reserve: int, concurrency: int
) -> tuple[list[list[str]], int]:
    root = Account(Budget(usd=Decimal(limit) / 10**6), name="total")
    gate = asyncio.Semaphore(concurrency)

    async def one(script: Script) -> list[str]:
        async with gate:
            told = await play(root, script, reserve)
            assert root.spent.usd + root.held.usd + root.reserved.usd <= Decimal(limit) / 10**6
            return told

    made = await asyncio.wait_for(asyncio.gather(*map(one, scripts)), HANGS)
    assert root.held == ZERO
    assert root.reserved == ZERO
    return list(made), int(root.spent.usd * 10**6)


turns = st.builds(
    Turn, prompt=st.integers(1, 1500), output=st.integers(1, 300), tool=st.integers(1, 4000)
)
scripts = st.lists(
    st.builds(lambda made: Script(tuple(made)), st.lists(turns, min_size=1, max_size=6)),
    min_size=2,
    max_size=16,
)


@settings(max_examples=100, deadline=None)
@given(scripts=scripts, reserve=st.integers(0, 1500), concurrency=st.integers(2, 16))
def test_what_suffices_for_one_at_a_time_suffices_at_any_concurrency(
    scripts: list[Script], reserve: int, concurrency: int
) -> None:
    """With a fifth more than the runs cost, as long as that covers what they keep back together.

    What they keep back does not matter either where a run costs less than the hold of one call:
    then no more are begun than can go on to their end.
    """

    async def body() -> None:
        costs = sum(script.cost for script in scripts)
        limit = 12 * costs // 10
        growth = 2 * max(turn.prompt for script in scripts for turn in script.turns)
        small = all(script.cost + growth <= MOST_OUTPUT for script in scripts)
        together = 1 if small else min(concurrency, len(scripts))
        limit = max(limit, costs + together * (reserve + growth) + 364)
        alone = await experiment(limit, scripts, reserve, 1)
        assert all(told == "whole" for run in alone[0] for told in run)
        assert await experiment(limit, scripts, reserve, concurrency) == alone

    asyncio.run(body())


@settings(max_examples=100, deadline=None)
@given(
    scripts=scripts, reserve=st.integers(0, 4000), concurrency=st.integers(1, 20),
    limit=st.integers(100, 60_000),
)  # fmt: skip
def test_nobody_waits_for_ever_whatever_the_limit(
    scripts: list[Script], reserve: int, concurrency: int, limit: int
) -> None:
    asyncio.run(experiment(limit, scripts, reserve, concurrency))


def test_a_blocked_hold_waits_and_is_served_in_order_of_arrival() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        first, second, third = (root.child(name=name) for name in "abc")
        on_its_way = holder(root.child(), 90)
        order: list[str] = []

        async def wants(account: Account, cents: int) -> None:
            assert isinstance(await account.hold(usd(cents)), Hold)
            order.append(account.name)

        large = asyncio.create_task(wants(first, 60))
        await settled_down()
        small = asyncio.create_task(wants(second, 20))
        await settled_down()
        assert isinstance(third.try_hold(usd(5)), Shortfall)  # it would overtake them
        assert order == []
        root.settle(on_its_way, usd(10))
        await asyncio.gather(large, small)
        assert order == ["a", "b"]
        assert isinstance(third.try_hold(usd(5)), Hold)

    asyncio.run(body())


def test_a_hold_waits_for_a_run_to_end_and_for_no_other_limit() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        other, mine = root.child(name="other"), root.child(name="mine")
        assert other.reserve(usd(50))
        waiting = asyncio.create_task(mine.hold(usd(60)))
        await settled_down()
        assert not waiting.done()
        assert isinstance(mine.try_hold(Amount({"tool_calls": 1})), Hold)  # nobody waits for these
        other.end()
        assert isinstance(await waiting, Hold)

    asyncio.run(body())


def test_what_settled_spending_rules_out_is_refused_at_once() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        holder(root.child(), 90)
        found = await root.child().hold(usd(101))
        assert isinstance(found, Shortfall)
        assert not found.blocked

    asyncio.run(body())


def test_when_all_wait_the_youngest_is_refused_and_the_others_go_on() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        runs = [root.child(name=f"run {n}") for n in range(4)]
        for run in runs:
            assert run.reserve(usd(25))
        waiting = [asyncio.create_task(run.hold(usd(10))) for run in runs]
        await settled_down()
        assert [task.done() for task in waiting] == [False, False, False, True]
        assert isinstance(waiting[3].result(), Shortfall)
        wrapping_up = runs[3].try_hold(usd(25), reserve=ZERO)
        assert isinstance(wrapping_up, Hold)
        runs[3].settle(wrapping_up, usd(5))
        runs[3].end()
        for task, run in zip(waiting[:2], runs, strict=False):
            hold = await task
            assert isinstance(hold, Hold)
            run.settle(hold, usd(10))
        runs[0].end()
        assert isinstance(await waiting[2], Hold)

    asyncio.run(body())


def test_a_sub_agent_never_waits_for_what_its_caller_keeps_back() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        assert root.reserve(usd(50))
        delegating = root.try_hold(Amount({"tool_calls": 1}))
        assert isinstance(delegating, Hold)
        left, right = root.child(name="left"), root.child(name="right")
        assert isinstance(await left.hold(usd(60)), Shortfall)
        assert left.reserve(usd(20))
        assert right.reserve(usd(20))
        older = asyncio.create_task(left.hold(usd(20)))
        assert isinstance(await right.hold(usd(20)), Shortfall)  # both wait: the youngest yields
        right.end()
        assert isinstance(await older, Hold)

    asyncio.run(body())


def test_who_is_cancelled_while_waiting_leaves_nothing_behind() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        on_its_way = holder(root.child(), 90)
        waiting = [asyncio.create_task(root.child().hold(usd(50))) for _ in range(2)]
        beginning = asyncio.create_task(root.child().begin(lambda _: usd(50), usd(20)))
        await settled_down()
        root.settle(on_its_way, ZERO)  # all are served, and cancelled before they know
        for task in (*waiting, beginning):
            task.cancel()
        await asyncio.gather(*waiting, beginning, return_exceptions=True)
        assert root.held == ZERO
        assert root.reserved == ZERO

    asyncio.run(body())


def test_a_deadline_ends_the_wait() -> None:
    async def body() -> None:
        root = Account(Budget(usd="1.00"), name="total")
        holder(root.child(), 90)
        found = await root.child(Budget(seconds=0.05)).hold(usd(50))
        assert isinstance(found, Shortfall)
        assert found.resource == "seconds"

    asyncio.run(body())


def test_a_run_that_waits_to_begin_does_not_use_up_its_deadline() -> None:
    async def body() -> None:
        now = [0.0]
        root = Account(Budget(usd="1.00"), name="total", clock=lambda: now[0])
        on_its_way = holder(root.child(), 90)
        late = root.child(Budget(seconds=10))
        beginning = asyncio.create_task(late.begin(lambda _: usd(50), usd(20)))
        await settled_down()
        now[0] = 100.0
        root.settle(on_its_way, ZERO)
        assert await beginning is None
        assert late.deadline == 110.0

    asyncio.run(body())
