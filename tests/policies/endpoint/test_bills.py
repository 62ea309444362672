from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.usage import Usage
from outlay.policies.endpoint.bills import usage

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
