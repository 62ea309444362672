from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.prices.stated_ratio import StatedRatio

USD = st.decimals(0, 10, places=12)


@given(st.lists(st.tuples(USD, USD), max_size=5), USD, st.decimals(0, 10, places=14))
def test_holds_cover_every_ratio_that_was_met_and_fit_the_purse(bills, usd, purse):
    ratio = StatedRatio()
    for stated, computed in bills:
        ratio.learn(stated, computed)
    assert ratio.factor >= 1
    for stated, computed in bills:
        assert computed == 0 or ratio.raised(computed) >= stated
    assert ratio.raised(usd) >= usd
    assert ratio.raised(ratio.lowered(purse)) <= purse


def test_what_nobody_states_changes_nothing():
    ratio = StatedRatio()
    ratio.learn(Decimal("0.1"), Decimal("0.2"))
    ratio.learn(Decimal("0.1"), Decimal(0))
    assert ratio.raised(Decimal("0.1")) == ratio.lowered(Decimal("0.1")) == Decimal("0.1")
