"""Prices: the file's mistakes, the lookup order, and that no bill within a bound exceeds it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import ToolError, Unpriced, UsageError
from outlay.ledger.prices import public_prices
from outlay.ledger.prices.model_prices import dearest
from outlay.ledger.prices.price_book import BUILT_IN, NO_LIMIT, ModelPrice, PriceBook, Rate
from outlay.ledger.usage import CLASSES, Usage

PRICES = """
[models."gpt-5-mini"]
input = 0.25
output = 2.0
cache_read = 0.025
tiers = [{ above = 200_000, input = 2.5, output = 15 }]
[models."my-local"]
second = 0.0004
[models."openai/o9"]
input = 1
output = 2
reasoning = 3
call = 0.01
[tools.search]
call = 0.001
[tools.fetch]
call = 0.002
per.urls = 0.0005
per.depth = 0.01
"""

FREE = "[models.x]\ninput = 0\noutput = 0\n"


def book(folder: Path, text: str = PRICES) -> PriceBook:
    path = folder / "prices.toml"
    path.write_text(text)
    return PriceBook.load(path)


usd = st.decimals(0, 100, places=6)
rates = st.builds(
    lambda base, tiers: Rate(base, tuple(sorted(tiers.items()))),
    usd,
    st.dictionaries(st.integers(0, 400), usd, max_size=3),
)
prices = st.builds(
    ModelPrice,
    name=st.just("m"),
    source=st.just("test"),
    per_call=usd,
    per_second=st.decimals(0, 1, places=12),
    **dict.fromkeys(CLASSES, rates),
)
counts = st.integers(0, 200)
usages = st.builds(Usage, **dict.fromkeys(CLASSES, counts))
spare = st.integers(0, 300)
durations = st.floats(0, 1000)


@given(prices, usages, spare, spare, durations, st.floats(0, 10))
def test_no_bill_within_a_bound_exceeds_it(price, usage, more_in, more_out, seconds, slack):
    bound = price.bound(
        usage.input_tokens + more_in, usage.output_tokens + more_out, seconds + slack
    )
    assert price.cost(usage, seconds) <= bound


@given(prices, usages, durations)
def test_classes_sum_to_the_cost(price, usage, seconds):
    assert sum(price.cost_by_class(usage, seconds).values()) == price.cost(usage, seconds)


@given(prices, st.decimals(0, 10, places=14), st.integers(0, 1000), durations)
def test_most_output_is_the_greatest_that_fits(price, purse, prompt, seconds):
    most = price.most_output(purse, prompt, seconds)
    assert most == 0 or price.bound(prompt, min(most, 10**18), seconds) <= purse
    assert most == NO_LIMIT or price.bound(prompt, most + 1, seconds) > purse


@given(rates, rates, st.integers(0, 1000))
def test_dearest_is_the_highest_at_every_size(one, other, tokens):
    assert dearest([one, other]).at(tokens) == max(one.at(tokens), other.at(tokens))


def test_crossing_a_tier_applies_to_all_tokens(tmp_path):
    price = book(tmp_path).model("gpt-5-mini")
    assert price.cost(Usage(input=200_000)) == Decimal("0.05")
    assert price.cost(Usage(input=200_001)) == Decimal("0.5000025")


def test_reasoning_and_cache_classes_have_their_defaults(tmp_path):
    price = book(tmp_path).model("gpt-5-mini")
    assert price.cost_by_class(Usage(1, 1, 1, 1, 1, 1)) == {
        "input": Decimal("2.5e-7"),
        "cache_read": Decimal("2.5e-8"),
        "cache_write": Decimal("2.5e-7"),
        "cache_write_1h": Decimal("2.5e-7"),
        "output": Decimal("2e-6"),
        "reasoning": Decimal("2e-6"),
    }


def test_nothing_fits_into_a_negative_sum(tmp_path):
    assert book(tmp_path).model("gpt-5-mini").most_output(Decimal(-1), 0) == 0


def test_a_price_per_second_needs_a_time_out(tmp_path):
    price = book(tmp_path).model("http://127.0.0.1:1/v1#my-local")
    assert price.bound(10, 10, 2.0) == Decimal("0.0008")
    with pytest.raises(UsageError, match="time-out"):
        price.bound(10, 10)


@pytest.mark.parametrize(
    "name", ["openai/gpt-5-mini", "openai:gpt-5-mini", "http://h:1/v1#gpt-5-mini"]
)
def test_the_users_prices_come_first(tmp_path, name):
    assert book(tmp_path).model(name).source.startswith("prices.toml sha256:")


@pytest.mark.parametrize("name", ["openai:o9", "openai/o9"])
def test_both_forms_of_a_model_string_are_one_name(tmp_path, name):
    assert book(tmp_path).model(name).per_call == Decimal("0.01")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-5-mini", "openai/gpt-5-mini"),
        ("gpt-5-mini-2025-08-07", "openai/gpt-5-mini"),
        ("https://api.groq.com/openai/v1#llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"),
        ("openrouter/anthropic/claude-sonnet-4.5", "openrouter/anthropic/claude-sonnet-4.5"),
        ("http://localhost:8000/v1#gpt-5-mini", "openai/gpt-5-mini"),
    ],
)
def test_public_models_are_known(name, model):
    assert PriceBook.load().model(name).source.endswith(model)


def test_tiers_of_public_models_are_kept():
    price = PriceBook.load().model("anthropic/claude-sonnet-4-5")
    assert price.input.at(200_001) > price.input.at(200_000)


def test_prices_that_depend_on_the_hour_count_at_the_dearest():
    day = [public_prices.find("deepseek/deepseek-chat", now=datetime(2025, 3, 1, h, tzinfo=UTC))
           for h in (3, 20)]  # fmt: skip
    assert day[0].output == day[1].output == Rate(Decimal("1.1"))


def test_a_model_without_a_price_is_an_error_that_says_what_to_add():
    with pytest.raises(Unpriced, match=r"models\.\"no-such-model-x\"") as caught:
        PriceBook.load().model("no-such-model-x")
    assert (caught.value.kind, caught.value.name) == ("model", "no-such-model-x")


@pytest.mark.parametrize(
    "name", ["embedded", "embedded/reader", "scripted", "scripted:a.json", "human", "replay"]
)
def test_built_in_policies_are_free(name):
    price = PriceBook.load().model(name)
    assert (price.source, price.bound(10**9, 10**9)) == ("built in", 0)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_host_called_like_a_built_in_policy_is_not_free(kind, tmp_path):
    prices = book(tmp_path)
    assert prices.model(f"{kind}:8000/gpt-5-mini").source != "built in"
    assert prices.model(f"http://{kind}:8000/v1#gpt-5-mini").source != "built in"
    assert prices.model(f"{kind}/gpt-5-mini", hosted=True).source != "built in"
    with pytest.raises(Unpriced):
        prices.model(kind, hosted=True)


def test_the_price_data_is_imported_only_when_asked(tmp_path):
    book(tmp_path)
    code = (
        "import sys, pathlib; from outlay.ledger.prices.price_book import BUILT_IN, PriceBook;"
        f"b = PriceBook.load(pathlib.Path({str(tmp_path / 'prices.toml')!r}));"
        "b.model('openai/gpt-5-mini'); b.model('embedded'); print('genai_prices' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_a_tool_is_priced_per_call_item_and_unit(tmp_path):
    fetch = book(tmp_path).tool("fetch")
    assert fetch.cost({}) == Decimal("0.002")
    assert fetch.cost({"urls": ["a", "b"], "depth": 1.5}) == Decimal("0.018")
    assert fetch.cost({"urls": "a", "depth": -1}) == Decimal("0.0025")
    assert book(tmp_path).tool("other") is None


def test_tools_are_priced_by_pattern_and_an_exact_name_wins(tmp_path):
    path = tmp_path / "patterns.toml"
    path.write_text(
        '[tools."*_x"]\ncall = 0.1\n[tools."git_?"]\ncall = 0.2\n'
        '[tools."git_*"]\ncall = 0.3\n[tools.git_x]\ncall = 0.4\n'
    )
    tools = PriceBook.load(path)
    prices = {name: tools.tool(name) for name in ("git_x", "my_x", "git_y", "git_yy", "other")}
    assert [price and str(price.call) for price in prices.values()] == [
        "0.4", "0.1", "0.2", "0.3", None,
    ]  # fmt: skip


def test_a_tool_refuses_an_infinite_amount(tmp_path):
    with pytest.raises(ToolError, match="depth"):
        book(tmp_path).tool("fetch").cost({"depth": float("inf")})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[models.x]\ninput = -1\noutput = 1", r'`models\."x"\.input` must be between 0'),
        ("[models.x]\ninput = nan\noutput = 1", r'`models\."x"\.input` must be between 0'),
        ("[models.x]\ninput = '1'\noutput = 1", r'`models\."x"\.input` must be a number of USD'),
        ("[models.x]\ninput = true\noutput = 1", r"must be a number of USD"),
        ("[models.x]\ninput = 1", r'`models\."x"` has no `output`'),
        ("[models.x]\ncache_read = 1", r"needs `input` and `output`"),
        ("[models.x]", r"is empty"),
        ("[models.x]\nprice = 1", r'`models\."x"\.price` is unknown: known here are input'),
        ("[models]\nx = 1", r'`models\."x"` must be a table'),
        ("[models.x]\ninput = 0.0000001\noutput = 1", r"more than 6 decimals"),
        (FREE + "tiers=[{above=1.5, input=1, output=1}]", r"tiers\[0\]\.above"),
        (FREE + "tiers=[{above=1, input=1}]", r"both `input` and `output`"),
        (FREE + "tiers=[{above=1,input=1,output=1},{above=1,input=1,output=1}]", "second time"),
        (FREE + "tiers=3", r"must be a list"),
        ("[tools.x]", r"`tools\.x` is empty"),
        ("[tools.x]\nper = 3", r"`tools\.x\.per` must be a table"),
        ("[tools.x]\nper.n = -3", r"`tools\.x\.per\.n` must be between 0"),
        ("[model.x]\ninput = 1", r"`model` is unknown: known here are models, tools"),
        ("[models.x\n", r"is not TOML: .*line 1"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named(tmp_path, text, says):
    with pytest.raises(UsageError, match=says) as caught:
        book(tmp_path, text)
    assert "prices.toml" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        PriceBook.load(tmp_path / "none.toml")


def test_the_example_in_the_documentation_is_a_prices_file(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "prices.md").read_text()
    example = book(tmp_path, page.partition("```toml\n")[2].partition("```")[0])
    assert sorted(example.models) == ["gpt-5-mini", "my-local"]
    assert sorted(example.tools) == ["fetch", "search"]
