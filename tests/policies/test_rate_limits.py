from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.policies import RateLimit, Router, ScriptedPolicy, policy, rate_limited
from outlay.policies.rate_limits import UNDER_WAY, RateLimiter, RateTurn, rate_of


@dataclass
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Sent:
    """A call as the server sees it."""

    turn: RateTurn
    arrives: float
    returns: float
    billed: int
    over: bool = False


@dataclass
class Play:
    """Calls that come, wait for holds, are sent and come back, on a clock that only jumps."""

    limit: RateLimit
    clock: FakeClock = field(default_factory=FakeClock)
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.limit, clock=self.clock)

    def call(self, bound: int, billed: int, lag: float, latency: float, waits: float) -> None:
        while True:
            while (turn := self.limiter.try_turn(bound)) is None:
                self.advance(max(self.limiter.due(bound), 1e-9))
            self.advance(waits)  # for its hold
            if turn.renew():
                break
            turn.end()
        now = self.clock.now
        arrives = now + min(lag, latency)
        self.sent.append(Sent(turn, arrives, now + latency, min(bound, billed)))

    def advance(self, seconds: float) -> None:
        until = self.clock.now + seconds
        for call in sorted(self.sent, key=lambda call: call.returns):
            if not call.over and call.returns <= until:
                self.clock.now = max(call.returns, self.clock.now)
                call.over = True
                call.turn.end(call.billed)
        self.clock.now = until


CALLS = st.lists(
    st.tuples(
        st.integers(1, 150),
        st.integers(1, 150),
        st.floats(0, UNDER_WAY),
        st.floats(0, 90),
        st.sampled_from([0.0, 0.5, 5.0, 70.0]),
    ),
    min_size=1,
    max_size=25,
)


@given(st.integers(1, 5), st.integers(20, 300), CALLS)
def test_no_minute_at_the_server_holds_more_than_is_allowed(
    rpm: int, tpm: int, calls: list[tuple[int, int, float, float, float]]
) -> None:
    play = Play(RateLimit(rpm=rpm, tpm=tpm))
    for call in calls:
        play.call(*call)
    arrivals = sorted((call.arrives, call.billed) for call in play.sent)
    for end, _ in arrivals:
        within = [billed for at, billed in arrivals if end - 59.999 < at <= end]
        assert len(within) <= rpm
        assert sum(within) <= tpm or len(within) == 1


async def test_turns_come_in_order_of_arrival() -> None:
    limiter = RateLimiter(RateLimit(rpm=2), minute=0.05)
    order: list[int] = []

    async def call(number: int) -> None:
        turn = await limiter.turn(1)
        assert turn is not None
        order.append(number)
        turn.renew()
        turn.end()

    await asyncio.gather(*(call(number) for number in range(9)))
    assert order == list(range(9))


async def test_a_bill_makes_room_for_whoever_waits() -> None:
    limiter = RateLimiter(RateLimit(tpm=100), minute=3600)
    first = await limiter.turn(80)
    assert first is not None
    first.renew()
    waiting = asyncio.create_task(limiter.turn(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    first.end(40)
    assert await waiting is not None


async def test_a_call_that_never_left_gives_its_turn_to_the_next() -> None:
    limiter = RateLimiter(RateLimit(rpm=1), minute=3600)
    first = await limiter.turn(1)
    assert first is not None
    gone, waiting = (asyncio.create_task(limiter.turn(1)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    first.end()
    assert await waiting is not None


async def test_a_turn_after_the_deadline_is_not_waited_for() -> None:
    limiter = RateLimiter(RateLimit(rpm=1), minute=3600)
    turn = await limiter.turn(1)
    assert turn is not None
    turn.renew()
    assert await limiter.turn(1, seconds=60) is None
    behind = [asyncio.create_task(limiter.turn(1, seconds=0.05)) for _ in range(3)]
    assert await asyncio.gather(*behind) == [None] * 3


async def test_a_pause_counts_for_all() -> None:
    clock = FakeClock()
    limiter = RateLimiter(RateLimit(rpm=10), clock=clock)
    turn = await limiter.turn(1)
    assert turn is not None
    turn.pause(7)
    assert limiter.due(1) == 7
    clock.now += 7
    assert limiter.due(1) == 0


def test_threads_and_loops_share_a_rate() -> None:
    limiter = RateLimiter(RateLimit(rpm=3), minute=0.05)
    taken: list[RateTurn] = []

    async def calls() -> None:
        for _ in range(4):
            turn = await limiter.turn(1)
            assert turn is not None
            turn.renew()
            turn.end()
            taken.append(turn)

    threads = [threading.Thread(target=lambda: asyncio.run(calls())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun = sorted(turn.begun for turn in taken)
    assert len(begun) == 16
    assert all(begun[place + 3] - begun[place] >= 0.05 for place in range(13))


def test_all_policies_of_a_name_share_the_stricter_rate() -> None:
    one = rate_limited(ScriptedPolicy(["a"], name="shared"), "rpm=60,tpm=1m")
    other = rate_limited(ScriptedPolicy(["a"], name="shared"), RateLimit(rpm=90, tpm=2000))
    assert rate_of(one) is rate_of(other)
    assert str(rate_of(one).limit) == "rpm=60,tpm=2000"  # type: ignore[union-attr]
    del one, other
    gc.collect()
    again = rate_limited(ScriptedPolicy(["a"], name="shared"), "rpm=90")
    assert str(rate_of(again).limit) == "rpm=90"  # type: ignore[union-attr]


def test_a_model_string_may_name_its_rate() -> None:
    plain = policy("openai/gpt-5-mini")
    limited = policy("openai/gpt-5-mini?rpm=60&tpm=100k")
    assert limited.name == plain.name == "openai/gpt-5-mini"
    assert rate_of(plain) is None
    assert rate_of(limited).limit == RateLimit(rpm=60, tpm=100_000)  # type: ignore[union-attr]
    both = policy("http://127.0.0.1:9/v1#m?tokenizer=t&rpm=6")
    assert (both.tokenizer, rate_of(both).limit.rpm) == ("t", 6)  # type: ignore[attr-defined, union-attr]
    router = policy("router:openai/a?rpm=5,openai/b,worth=2")
    assert isinstance(router, Router)
    assert [rate_of(model) is not None for model in router.policies] == [True, False]


@pytest.mark.parametrize("text", ["", "rpm=0", "rpm=x", "rpm", "rps=3", "rpm=1,rpm=2", "tpm=-1"])
def test_what_is_no_rate_is_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match=r"write .*rpm=60,tpm=100k"):
        RateLimit.parse(text)
