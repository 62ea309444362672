from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.usage import Usage
from outlay.policies.endpoint.bills import bill as whole_bill
from outlay.policies.endpoint.bills import latest, usage, usage_in

COUNT = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("data", "bill"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, Usage(10, 0, 0, 5)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(30, 60, 10, 30, 20),
        ),
        (  # DeepSeek
            {"prompt_tokens": 10, "completion_tokens": 1, "prompt_cache_hit_tokens": 4},
            Usage(6, 4, 0, 1),
        ),
        (  # Anthropic behind a proxy: cached tokens are named beside the parts
            {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "cache_read_input_tokens": 70,
                "cache_creation_input_tokens": 20,
            },
            Usage(10, 70, 20, 5),
        ),
        (  # reasoning left out of the completion, and only the total tells
            {
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "total_tokens": 130,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            Usage(10, 0, 0, 20, 100),
        ),
        (  # cached tokens left out of the prompt, and only the total tells
            {
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "total_tokens": 1030,
                "prompt_tokens_details": {"cached_tokens": 1000},
            },
            Usage(10, 1000, 0, 20),
        ),
        (  # more cached than there are: the dearer class keeps its tokens
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            Usage(0, 6, 4, 0, 5),
        ),
        (  # Anthropic behind a proxy: cached tokens stand beside the prompt
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "cache_read_input_tokens": 900,
                "cache_creation_input_tokens": 90,
            },
            Usage(10, 900, 90, 5),
        ),
        (  # the same, and the total says so
            {
                "prompt_tokens": 1000,
                "completion_tokens": 5,
                "total_tokens": 1105,
                "cache_read_input_tokens": 70,
                "cache_creation_input_tokens": 30,
            },
            Usage(1000, 70, 30, 5),
        ),
        (  # Anthropic's own words, with writes for an hour
            {
                "input_tokens": 100,
                "output_tokens": 5,
                "cache_read_input_tokens": 70,
                "cache_creation_input_tokens": 30,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 10,
                    "ephemeral_1h_input_tokens": 20,
                },
            },
            Usage(100, 70, 10, 5, 0, 20),
        ),
        (  # Bedrock behind a gateway: only the total has what was written to the cache
            {
                "prompt_tokens": 350,
                "completion_tokens": 100,
                "total_tokens": 8450,
                "prompt_tokens_details": {"cached_tokens": 5000},
            },
            Usage(350, 5000, 3000, 100),
        ),
        (  # Gemini: silent on reasoning and cache, so what only the total has was written
            {
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "total_tokens": 130,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
            Usage(10, 0, 0, 120),
        ),
        (
            {"promptTokenCount": 9, "candidatesTokenCount": 2, "thoughtsTokenCount": 5},
            Usage(9, 0, 0, 2, 5),
        ),
        ({"billed_units": {"input_tokens": 5.0, "output_tokens": 2.0}}, Usage(5, 0, 0, 2)),
        ({"input_tokens": 3, "output_tokens": 4.0}, Usage(3, 0, 0, 4)),
        (
            {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": None},
            Usage(3, 0, 0, 4),
        ),
        ({"prompt_tokens": -3, "completion_tokens": 4}, None),
        ({"prompt_tokens": "3", "completion_tokens": 4}, None),
        ({"prompt_tokens": True, "completion_tokens": 4}, None),
        ({"prompt_tokens": float("nan"), "completion_tokens": 4}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_bills(data: Any, bill: Usage | None) -> None:
    assert usage(data) == bill


@given(COUNT, COUNT, st.none() | COUNT, COUNT, COUNT, COUNT)
def test_classes_are_disjoint_and_complete(
    prompt: int, completion: int, total: int | None, read: int, write: int, reasoning: int
) -> None:
    bill = usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": write},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert bill is not None
    assert bill.input_tokens + bill.output_tokens == max(prompt + completion, total or 0)
    assert min(vars(bill).values()) >= 0
    assert bill.input_tokens >= prompt
    assert bill.output_tokens >= completion


GARBAGE = st.sampled_from([None, True, -1, 2**80, 0.5, float("inf"), "7", "", [], [1], {}])
DETAILS = GARBAGE | st.dictionaries(
    st.sampled_from(["cached_tokens", "cache_write_tokens", "reasoning_tokens"]), GARBAGE
)


@given(COUNT | GARBAGE, COUNT | GARBAGE, GARBAGE, DETAILS, DETAILS)
def test_garbage_never_raises(
    prompt: Any, completion: Any, total: Any, prompt_details: Any, completion_details: Any
) -> None:
    bill = usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": total,
            "prompt_tokens_details": prompt_details,
            "completion_tokens_details": completion_details,
        }
    )
    assert bill is None or min(vars(bill).values()) >= 0


def test_what_only_the_total_has_is_prompt_where_so_much_may_not_be_written() -> None:
    data = {"prompt_tokens": 350, "completion_tokens": 600, "total_tokens": 3950}
    assert usage(data, most_output=4096) == Usage(350, 0, 0, 3600)
    assert usage(data, most_output=1000) == Usage(350, 0, 3000, 600)


@pytest.mark.parametrize(
    "data",
    [
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 0, "completion_tokens": 7},
    ],
)
def test_a_prompt_of_no_tokens_is_no_bill(data: Any) -> None:
    assert whole_bill(data) is None


@pytest.mark.parametrize(
    "body",
    [
        {"usage": {"prompt_tokens": 1}},
        {"usage": None, "x_groq": {"usage": {"prompt_tokens": 1}}},
        {"choices": [{"usage": {"prompt_tokens": 1}}]},
        {"message": {"usage": {"prompt_tokens": 1}}},
    ],
)
def test_a_bill_is_found_where_servers_put_it(body: Any) -> None:
    assert usage_in(body) == {"prompt_tokens": 1}


def _anthropic(prompt: int, read: int, write: int, output: int, reasoning: int) -> dict[str, Any]:
    return {
        "input_tokens": prompt,
        "output_tokens": output + reasoning,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": write,
    }


def _proxied(prompt: int, read: int, write: int, output: int, reasoning: int) -> dict[str, Any]:
    told = _anthropic(prompt, read, write, output, reasoning)
    told["prompt_tokens"] = told.pop("input_tokens")
    told["completion_tokens"] = told.pop("output_tokens")
    return {**told, "total_tokens": prompt + read + write + output + reasoning}


def _openai(prompt: int, read: int, write: int, output: int, reasoning: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt + read + write,
        "completion_tokens": output + reasoning,
        "total_tokens": prompt + read + write + output + reasoning,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": write},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def _litellm(prompt: int, read: int, write: int, output: int, reasoning: int) -> dict[str, Any]:
    beside = {"cache_read_input_tokens": read, "cache_creation_input_tokens": write}
    return {**_openai(prompt, read, write, output, reasoning), **beside}


def _apart(prompt: int, read: int, write: int, output: int, reasoning: int) -> dict[str, Any]:
    told = _openai(prompt, read, write, output, reasoning)
    return {**told, "completion_tokens": output}


def _silent(prompt: int, read: int, write: int, output: int, reasoning: int) -> dict[str, Any]:
    told = _openai(prompt + read + write, 0, 0, output, reasoning)
    return {name: told[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}


HABITS = [_anthropic, _proxied, _openai, _litellm, _apart, _silent]
RATES = (10, 1, 12, 50, 50, 20)
"""Of input, cache reads and writes, output, reasoning, and writes for an hour."""


def cost(bill: Usage) -> int:
    counts = (
        bill.input, bill.cache_read, bill.cache_write, bill.output, bill.reasoning,
        bill.cache_write_1h,
    )  # fmt: skip
    return sum(rate * count for rate, count in zip(RATES, counts, strict=True))


@pytest.mark.parametrize("habit", HABITS)
@given(st.integers(1, 10**6), COUNT, COUNT, COUNT, COUNT)
def test_no_habit_is_read_as_too_small(
    habit: Any, prompt: int, read: int, write: int, output: int, reasoning: int
) -> None:
    true = Usage(prompt, read, write, output, reasoning)
    if habit is _silent:  # it does not say what was cached: all is at the full price
        true = Usage(prompt + read + write, 0, 0, output, reasoning)
    booked = whole_bill(habit(prompt, read, write, output, reasoning))
    assert booked is not None
    assert booked.input_tokens == true.input_tokens
    assert booked.output_tokens == true.output_tokens
    assert cost(booked) >= cost(true)


@given(st.lists(st.fixed_dictionaries({
    "prompt_tokens": COUNT | st.none(), "completion_tokens": COUNT,
    "prompt_tokens_details": st.none() | st.fixed_dictionaries({"cached_tokens": st.just(0)}),
}), min_size=1))  # fmt: skip
def test_the_bill_of_a_stream_only_grows(told: list[dict[str, Any]]) -> None:
    merged: Any = None
    for numbers in told:
        merged = latest(merged, numbers)
    found = usage(merged)
    for one in filter(None, map(usage, told)):
        assert found is not None
        assert found.input_tokens >= one.input_tokens
        assert found.output_tokens >= one.output_tokens
