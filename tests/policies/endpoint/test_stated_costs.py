from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.policies.endpoint.stated_costs import stated_cost
from outlay.policies.responses import replies

GARBAGE = st.sampled_from([None, True, -1, 2**80, float("inf"), float("nan"), "7", [], {}, 1e-30])


@pytest.mark.parametrize(
    ("header", "usd"), [("0.0123", "0.0123"), ("1e-3", "0.001"), ("0", None), ("no", None)]
)
def test_header(header: str, usd: str | None) -> None:
    assert stated_cost({}, None, header) == (None if usd is None else Decimal(usd))


def test_a_free_model_of_openrouter_is_free() -> None:
    assert stated_cost({}, {"cost": 0, "is_byok": False}) == 0
    assert stated_cost({}, {"cost": 0}) is None


def test_the_responses_api_states_it_too() -> None:
    usage = {"input_tokens": 5, "output_tokens": 2, "cost": 0.0123}
    assert replies.reply({"output": [], "usage": usage}, "x").stated_usd == Decimal("0.0123")


@given(st.dictionaries(
    st.sampled_from(["cost", "is_byok", "cost_details", "cost_in_usd_ticks"]),
    GARBAGE | st.dictionaries(st.sampled_from(["total_cost", "upstream_inference_cost"]), GARBAGE),
), GARBAGE, st.none() | st.text(max_size=5))  # fmt: skip
def test_garbage_never_raises(usage: dict[str, Any], hidden: Any, header: str | None) -> None:
    found = stated_cost({"_hidden_params": hidden}, usage, header)
    assert found is None or (found.is_finite() and 0 <= found < 10**7)
