"""Summaries: when they are asked for, what they replace, which are refused, and what they save."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.effects import Refusal
from outlay.journal.records import Message
from outlay.ledger.prices.model_prices import ModelPrice, Rate
from outlay.ledger.usage import CLASSES, Usage
from outlay.memory import Trajectory
from outlay.memory.compaction_cost import CompactionEstimate
from outlay.memory.summary import SummaryMemory
from outlay.memory.turns import HEAD

from .conftest import OPENING, ScriptedEffects, grow, grown, played, search

LIMIT = 2_000
ROUNDS = [search(f"q{n}", f"seen {n} " * 12, f"said {n}") for n in range(60)]
RATES = ("1", "0.1", "1.25", "1.25", "10", "10")
PRICE = ModelPrice(
    "m", source="test", per_call=Decimal(0), per_second=Decimal(0),
    **{name: Rate(Decimal(rate)) for name, rate in zip(CLASSES, RATES, strict=True)},
)  # fmt: skip


async def test_past_the_limit_a_summary_replaces_the_history_but_for_the_last_turn() -> None:
    effects = ScriptedEffects(lambda asked: "It is so.")
    trajectory = await played(SummaryMemory(limit=LIMIT), ROUNDS[:11], effects)
    assert effects.choices == [("none", "compact")]
    seen = SummaryMemory(limit=LIMIT).shown(trajectory)
    assert seen[HEAD].content == "Summary of the work so far:\nIt is so."
    upto = trajectory.edits[0].upto
    assert seen[HEAD + 1 :] == trajectory.messages[upto:]
    assert trajectory.messages[upto].role == "assistant"


async def test_the_request_is_the_prompt_as_it_stood_plus_an_instruction() -> None:
    """The provider's prompt cache serves it: what was sent before is its beginning."""
    effects, before = ScriptedEffects(), [OPENING]
    kept, trajectory = SummaryMemory(limit=LIMIT), Trajectory(OPENING)
    for number, round in enumerate(ROUNDS[:30]):
        asked = len(effects.asked)
        view = await kept.view(trajectory, effects)
        if len(effects.asked) > asked:
            assert effects.asked[-1][: len(before[-1])] == before[-1]
            assert effects.asked[-1][-1].content.startswith("# Summarise the work so far")
        before.append(view)
        grow(trajectory, number, round)
    assert len(effects.asked) > 1


async def test_no_more_than_so_many_times() -> None:
    effects = ScriptedEffects()
    await played(SummaryMemory(limit=LIMIT, times=3), ROUNDS, effects)
    assert len(effects.asked) == 3


@pytest.mark.parametrize(
    "bad", ["", "  \n", "Error: 500 from the server", "I'm sorry, I cannot.", "x" * 9_000]
)
async def test_an_unsound_summary_replaces_nothing(bad: str) -> None:
    effects = ScriptedEffects(lambda asked: bad)
    trajectory = await played(SummaryMemory(limit=LIMIT), ROUNDS[:11], effects)
    assert len(effects.asked) == 1
    assert trajectory.edits[0].text == ""
    assert SummaryMemory(limit=10 * LIMIT).shown(trajectory) == trajectory.messages


async def test_a_summary_that_cannot_be_paid_is_not_asked_for_at_every_step() -> None:
    effects = ScriptedEffects(lambda asked: Refusal("usd", "no money"))
    await played(SummaryMemory(limit=LIMIT), ROUNDS[:14], effects)
    assert len(effects.asked) < 4


async def test_every_so_many_steps() -> None:
    effects = ScriptedEffects()
    await played(SummaryMemory(when="steps", steps=5, times=99), ROUNDS[:23], effects)
    replies = [sum(m.role == "assistant" for m in asked) for asked in effects.asked]
    assert replies == [6, 6, 6, 6]


async def test_it_compacts_when_it_is_expected_to_pay_and_books_what_it_reckoned() -> None:
    effects = ScriptedEffects(lambda asked: "It is so.", Usage(cache_read=300, input=50, output=5))
    kept = SummaryMemory(when="saving", times=99, cap=40).priced(PRICE)
    trajectory = await played(kept, ROUNDS, effects)
    decided = [booked["compact"] for booked in effects.booked]
    assert decided.count(True) == len(trajectory.edits) > 1
    assert not decided[0]
    assert Decimal(effects.booked[-1]["realised_saving_usd"]) > 0
    assert all(Decimal(b["expected_saving_usd"]) > 0 for b in effects.booked if b["compact"])


async def test_with_a_short_horizon_it_never_pays() -> None:
    effects = ScriptedEffects()
    kept = SummaryMemory(when="saving", horizon=8, cap=40).priced(PRICE)
    await played(kept, ROUNDS[:8], effects)
    assert not effects.asked


@given(
    replaced=st.integers(0, 10**5), behind=st.integers(0, 10**4), summary=st.integers(0, 10**4),
    steps=st.integers(0, 2_000), more=st.integers(1, 2_000),
)  # fmt: skip
def test_the_saving_is_what_is_paid_less_over_all_calls(
    replaced: int, behind: int, summary: int, steps: int, more: int
) -> None:
    """Against the bills of both ways, call by call."""
    outlook = CompactionEstimate(
        context=replaced + behind, replaced=replaced, summary=summary, carried=0, steps=steps
    )
    keeping = [PRICE.cost(Usage(cache_read=replaced + behind))] * steps
    compacting = [PRICE.cost(Usage(cache_read=replaced + behind, output=summary))]
    compacting += [PRICE.cost(Usage(cache_read=summary + behind))] * steps
    missed = PRICE.cost(Usage(cache_write=summary + behind)) - PRICE.cost(
        Usage(cache_read=summary + behind)
    )
    if summary <= replaced:
        assert outlook.saving(PRICE) == sum(keeping) - sum(compacting) - missed
    assert replace(outlook, steps=steps + more).saving(PRICE) >= outlook.saving(PRICE)


@given(growth=st.integers(1, 500), head=st.integers(0, 2_000), summary=st.integers(1, 500))
def test_with_a_steady_growth_no_other_interval_is_much_cheaper(
    growth: int, head: int, summary: int
) -> None:
    """Against the cost per step of every fixed interval, from the bills of one cycle."""

    def outlook(steps: int) -> CompactionEstimate:
        carried = growth * steps * (steps + 1) // 2
        replaced = summary + growth * steps
        return CompactionEstimate(
            context=head + replaced, replaced=replaced, summary=summary, carried=carried, steps=0
        )

    def cost(steps: int) -> Decimal:
        one = outlook(steps)
        return (PRICE.cost(Usage(cache_read=one.carried)) - one.saving(PRICE)) / steps

    due = next(steps for steps in range(1, 20_000) if outlook(steps).is_due(PRICE))
    best = min(map(cost, range(1, 2 * due + 2)))
    assert cost(due) <= best * Decimal("1.25")


def test_without_a_summary_everything_is_shown() -> None:
    trajectory = grown(ROUNDS[:5])
    assert SummaryMemory().shown(trajectory) == trajectory.messages
    assert isinstance(trajectory.messages[0], Message)
