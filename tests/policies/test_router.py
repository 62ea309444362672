"""What a router expects of its policies, which one it chooses, and in which order it tries them."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Request
from outlay.ledger.errors import UsageError
from outlay.policies import (
    Endpoint,
    Router,
    RoutingStats,
    RunForecast,
    RunTally,
    ScriptedPolicy,
    policy,
)

NAMES = ("small", "middle", "large")


def router(worth: Decimal | str = "1", names: tuple[str, ...] = NAMES) -> Router:
    return Router([ScriptedPolicy([], name=name) for name in names], worth=Decimal(worth))


def runs(judged: int, solved: int, each: str = "0.01") -> RunTally:
    usd = judged * Decimal(each)
    return RunTally(runs=judged, judged=judged, solved=solved, priced=judged, usd=usd)


def history(**tallies: RunTally) -> RoutingStats:
    """A history of one class, `c`."""
    return RoutingStats({("c", f"model:{name}"): tally for name, tally in tallies.items()})


@st.composite
def tallies(draw: st.DrawFn) -> RunTally:
    judged = draw(st.integers(0, 50))
    usd = draw(st.decimals("0.0001", "0.5", places=4))
    return runs(judged, draw(st.integers(0, judged)), str(usd))


HISTORIES = st.fixed_dictionaries({name: tallies() for name in NAMES}).map(
    lambda found: history(**found)
)
WORTHS = st.decimals("0.001", "10", places=3)


def test_the_first_policy_is_chosen_where_nothing_is_known() -> None:
    assert router().choose(RoutingStats(), "c", NAMES) == "small"
    assert router().ladder(RoutingStats(), "c") == list(NAMES)


def test_price_counts_against_success_at_what_a_solved_task_is_worth() -> None:
    known = history(small=runs(50, 25, "0.001"), large=runs(50, 45, "0.1"))
    pair = ("small", "large")
    assert router("1", pair).choose(known, "c", pair) == "large"
    assert router("0.2", pair).choose(known, "c", pair) == "small"
    assert router("1", pair).choose(known, "c", ("small",)) == "small"


def test_an_untried_policy_is_tried_while_its_success_is_open() -> None:
    pair = ("small", "large")
    poor = router(names=pair).expected(history(small=runs(20, 2)), "c")
    assert poor["large"].usd == poor["small"].usd == Decimal("0.01")
    assert router(names=pair).choose(history(small=runs(20, 2)), "c", pair) == "large"
    assert router(names=pair).choose(history(small=runs(20, 18)), "c", pair) == "small"


def test_other_classes_tell_what_to_expect_until_the_class_does_itself() -> None:
    elsewhere = {("d", "model:small"): runs(100, 90, "0.02")}
    start = RoutingStats(elsewhere).expected("c", "model:small")
    assert start.success == pytest.approx(91 / 102)
    assert start.usd == Decimal("0.02")
    own = RoutingStats({**elsewhere, ("c", "model:small"): runs(98, 0, "0.01")})
    later = own.expected("c", "model:small")
    assert later.success == pytest.approx(2 * (91 / 102) / 100)
    assert later.usd == (Decimal("0.98") + Decimal("0.04")) / 100
    assert later.deviation < start.deviation


@given(HISTORIES, st.sampled_from(NAMES))
def test_expectations_are_probabilities(known: RoutingStats, name: str) -> None:
    one = known.expected("c", f"model:{name}")
    assert 0 < one.success < 1
    assert 0 < one.deviation <= 0.5
    tally = known.of("c", f"model:{name}")
    rate = (tally.solved + 1) / (tally.judged + 2)
    assert one.success == pytest.approx(rate)


@given(HISTORIES, WORTHS, WORTHS)
def test_the_more_a_success_is_worth_the_likelier_it_becomes(
    known: RoutingStats, one: Decimal, other: Decimal
) -> None:
    less, more = sorted((one, other))
    modest = router(less)
    success = {name: e.success for name, e in modest.expected(known, "c").items()}
    chosen = [r.choose(known, "c", NAMES) for r in (modest, router(more))]
    assert success[chosen[0]] <= success[chosen[1]]


@given(HISTORIES, WORTHS)
def test_a_policy_that_another_beats_in_both_is_never_chosen(
    known: RoutingStats, worth: Decimal
) -> None:
    found = router(worth).expected(known, "c")
    mine = found[router(worth).choose(known, "c", NAMES)]
    assert not [
        other
        for other in found.values()
        if other.success > mine.success and (other.usd or 0) < (mine.usd or 0)
    ]


@given(HISTORIES, WORTHS)
def test_no_order_of_the_ladder_costs_less(known: RoutingStats, worth: Decimal) -> None:
    found = router(worth).expected(known, "c")
    ladder = router(worth).ladder(known, "c")
    assert set(ladder) <= set(NAMES)
    least = min(_cost([found[n] for n in order]) for order in itertools.permutations(ladder))
    assert _cost([found[name] for name in ladder]) == pytest.approx(least)


def _cost(order: list[RunForecast]) -> float:
    """Returns the expected price of trying until one succeeds."""
    cost, still = 0.0, 1.0
    for one in order:
        cost += still * float(one.usd or 0)
        still *= 1 - one.success
    return cost


def test_a_try_that_costs_more_than_its_chance_is_left_out() -> None:
    known = history(
        small=runs(50, 25, "0.001"), middle=runs(50, 40, "2"), large=runs(50, 50, "0.5")
    )
    assert router().ladder(known, "c") == ["small", "large"]
    assert router("0.000001").ladder(known, "c") == ["small"]


@given(st.lists(tallies(), max_size=5))
def test_tallies_add_up(parts: list[RunTally]) -> None:
    whole = sum(parts, RunTally())
    assert whole.usd == sum(part.usd for part in parts)
    assert whole.solved <= whole.judged <= whole.runs
    if whole.priced:
        assert whole.mean_usd == whole.usd / whole.priced


def test_text_form() -> None:
    found = policy("router:embedded, openai/gpt-5-mini, worth=0.25", max_output=77)
    assert isinstance(found, Router)
    assert found.names == ("embedded/tiny", "openai/gpt-5-mini")
    assert (found.worth, found.max_output) == (Decimal("0.25"), 77)
    assert isinstance(found.policies[1], Endpoint)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("router:", "write router:CHEAP,DEAR"),
        ("router:worth=1", "write router:CHEAP,DEAR"),
        ("router:human,,embedded", "write router:CHEAP,DEAR"),
        ("router:human,worth=much", "is no number of USD"),
        ("router:human,worth=0", "must be above 0"),
        ("router:human,human", "different names"),
        ("router:human,nothing", "unknown model 'nothing'"),
        ("router:router:human", "cannot route to a router"),
    ],
)
def test_text_forms_that_make_no_sense(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        policy(text)


async def test_a_router_says_nothing_itself() -> None:
    with pytest.raises(UsageError, match="give it to an Agent"):
        await router().reply(Request(()))
    await router().close()
