"""Orders, catalogues and products: what is written is read, and nothing else is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import cost

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.planners.toolpath import Order, Product, ToolAbility, catalogue
from outlay.planners.toolpath.ability import read
from outlay.tools import Outputs, ToolContext

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
handles = st.from_regex(r"[A-Za-z0-9#/=_-]{1,12}", fullmatch=True)
orders = st.builds(
    Order,
    have=st.dictionaries(names, handles, max_size=4),
    want=st.lists(names, min_size=1, max_size=4).map(tuple),
    material=st.sampled_from(["", "hard"]),
)


@given(orders)
def test_an_order_is_read_as_it_was_written(order: Order) -> None:
    assert Order.parse(f"Good morning.\n{order}\nThank you.") == order


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Who is the mayor?", "no order for tools: write `You have: TYPE"),
        ("You have: a (1).", "no order for tools"),
        ("You have: a.\nMake, one after the other: b.", "'a' is nothing to have"),
        ("You have: a (1), a (2).\nMake, one after the other: b.", "two handles for 'a'"),
        ("You have: a (1).\nMake, one after the other: b c.", "'b c' is no type"),
        ("You have: a (1).\nYou have: b (1).\nMake, one after the other: c.", "`You have` twice"),
    ],
)
def test_another_text_is_refused(text: str, fault: str) -> None:
    with pytest.raises(UsageError) as refused:
        Order.parse(text)
    assert fault in str(refused.value)


async def test_a_catalogue_tells_what_it_was_given(context: ToolContext) -> None:
    known = {
        "saw": ToolAbility(
            takes=("log",), gives=("board", "dust"), usd=Decimal("0.0040"), seconds=2.5
        ),
        "glue": ToolAbility(gives=("glue",), quality=0.9, success=0.8, again={"care": "careful"}),
    }
    tool = catalogue(known, price=Decimal("0.002"))
    seen = await tool.run(ToolCall("c", "catalogue"), context)
    found = read(seen.text)
    assert found.abilities == known
    assert found.price == cost(tool, "{}") == Decimal("0.002")


@pytest.mark.parametrize("text", ["", "[]", '{"price": "0"}', '{"price": "0", "tools": [{}]}'])
def test_another_text_is_no_catalogue(text: str) -> None:
    with pytest.raises(UsageError, match="lists no abilities"):
        read(text)


def test_what_is_no_product_has_made_nothing() -> None:
    product = Product(made={"b": "b-1"}, quality=0.5, usd=Decimal("0.1"))
    assert Product.from_dict(product.to_dict()) == product
    assert not Product.read(Observation("c", "saw", "a board", False)).made
    for wrong in ('"quality": 2', '"usd": "-1"', '"usd": "NaN"', '"seconds": -1'):
        text = f'{{"made": {{"b": "b-1"}}, {wrong}}}'
        assert not Product.read(Observation("c", "saw", text, False)).made
    failed = Product.read(Observation("c", "saw", "Error: no money", True))
    assert (failed.made, failed.why) == ({}, "Error: no money")


@pytest.fixture
def context(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    outputs = Outputs(tmp_path_factory.mktemp("outputs"))
    return ToolContext(run="r", call_id="c", outputs=outputs)
