"""Advantages by hand for each convention, and what must hold for any group."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.training.objectives.advantages import (
    GroupMember,
    TurnRewards,
    dr_grpo,
    grpo,
    leave_one_out,
    tracked,
    turn_advantages,
    whiten,
)

REWARDS = st.lists(st.floats(-10, 10), min_size=2, max_size=12)


def group(*rewards: float, task: str = "t") -> list[GroupMember]:
    return [
        GroupMember(trajectory=f"{task}{n}", run=f"run-{task}{n}", task=task, reward=reward)
        for n, reward in enumerate(rewards)
    ]


def test_leave_one_out_by_hand() -> None:
    found = leave_one_out(group(1.0, 0.0, 0.5))
    assert list(found.values()) == pytest.approx([0.75, -0.75, 0.0])


def test_groups_are_apart() -> None:
    found = leave_one_out([*group(1.0, 0.0), *group(5.0, 3.0, task="u")])
    assert found == {"t0": 1.0, "t1": -1.0, "u0": 2.0, "u1": -2.0}


@pytest.mark.parametrize(
    ("ddof", "epsilon", "expected"),
    [(1, 1e-4, 0.6 / 0.6001), (0, 1e-8, 0.6 / (0.6 * math.sqrt(2 / 3) + 1e-8))],
    ids=["TRL", "TRL async"],
)
def test_grpo_by_hand(ddof: int, epsilon: float, expected: float) -> None:
    """Mean 0.5, deviation 0.6 with ddof 1."""
    found = grpo(group(1.1, 0.5, -0.1), ddof=ddof, epsilon=epsilon)
    assert found["t0"] == pytest.approx(expected)
    assert found["t1"] == pytest.approx(0.0)


def test_grpo_over_the_batch_and_without_deviation() -> None:
    both = [*group(1.0, 0.0), *group(3.0, 2.0, task="u")]
    batch = grpo(both, ddof=0, epsilon=0.0, scale="batch")
    assert batch["t0"] == pytest.approx(0.5 / math.sqrt(1.25))
    assert dr_grpo(both) == {"t0": 0.5, "t1": -0.5, "u0": 0.5, "u1": -0.5}


@given(REWARDS)
def test_leaving_one_out_sums_to_nothing(rewards: list[float]) -> None:
    assert sum(leave_one_out(group(*rewards)).values()) == pytest.approx(0, abs=1e-9)


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=12), st.integers(-50, 50),
       st.integers(1, 20))  # fmt: skip
def test_grpo_does_not_see_shift_and_scale(rewards: list[int], shift: int, scale: int) -> None:
    plain = grpo(group(*map(float, rewards)), epsilon=0.0) if len(set(rewards)) > 1 else {}
    moved = [float(scale * reward + shift) for reward in rewards]
    other = grpo(group(*moved), epsilon=0.0) if plain else {}
    assert list(other.values()) == pytest.approx(list(plain.values()))


def test_equal_rewards_teach_nothing() -> None:
    assert set(grpo(group(0.3, 0.3, 0.3), epsilon=1e-8).values()) == {0.0}


@pytest.mark.parametrize("advantages", [leave_one_out, grpo, dr_grpo])
def test_a_group_of_one_is_refused(advantages: object) -> None:
    with pytest.raises(UsageError, match=r"t0 \(run run-t0\) is the only one of task 't'"):
        advantages(group(1.0))  # type: ignore[operator]


@pytest.mark.parametrize("reward", [math.nan, math.inf])
def test_a_reward_that_is_no_number_is_refused(reward: float) -> None:
    with pytest.raises(UsageError, match=r"trajectory t1 \(run run-t1\) has the reward"):
        leave_one_out(group(1.0, reward))
    with pytest.raises(UsageError, match="run-t0"):
        tracked(group(reward), {"t": 0.5})


def test_single_stream_by_hand() -> None:
    found = tracked([*group(1.0), *group(0.0, task="u")], {"t": 0.75, "u": 0.5})
    assert found == {"t0": 0.25, "u0": -0.5}
    white = whiten(found, epsilon=0.0)
    assert white == pytest.approx({"t0": 1.0, "u0": -1.0})
    assert whiten({"a": 1.0, "b": 3.0}, ddof=1, epsilon=0.0)["b"] == pytest.approx(math.sqrt(0.5))
    assert whiten({"a": 7.0}) == {"a": 0.0}


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20))
def test_white_is_centred(values: list[float]) -> None:
    found = whiten({str(n): value for n, value in enumerate(values)})
    assert sum(found.values()) == pytest.approx(0, abs=1e-6)


def test_turns_by_hand() -> None:
    """Apart: gains 1 and 3 become -1 and 1, outcomes 0 and 1 too; then A_1 = r_1 + A_2 / 2."""
    rewards = [
        TurnRewards(trajectory="a", task="t", gains=(1.0,), final=0.0),
        TurnRewards(trajectory="b", task="t", gains=(3.0,), final=1.0),
    ]
    found = turn_advantages(rewards, gamma=0.5, epsilon=0.0)
    assert found == {"a": (-1.5, -1.0), "b": (1.5, 1.0)}
    joint = turn_advantages(rewards, normalise="joint", gamma=0.0, epsilon=0.0)
    spread = math.sqrt(1.1875)  # of 1, 3, 0, 1: mean 1.25
    assert joint["b"] == pytest.approx((1.75 / spread, -0.25 / spread))


def test_an_invalid_gain_counts_as_nothing_and_keeps_its_turn() -> None:
    rewards = [
        TurnRewards(trajectory="a", task="t", gains=(math.nan, 1.0), final=1.0),
        TurnRewards(trajectory="b", task="t", gains=(2.0, 3.0), final=0.0),
    ]
    found = turn_advantages(rewards, gamma=0.0)
    assert found["a"][0] == 0.0
    assert [len(turns) for turns in found.values()] == [3, 3]
