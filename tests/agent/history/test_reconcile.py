"""A provider's bill settles what stayed unknown; nothing else changes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from outlay.agent import Agent, AgentOptions, Home, RunRecord
from outlay.agent.history.reconcile import read_bill, reconcile
from outlay.ledger.errors import OutcomeUnknown, UsageError
from outlay.ledger.prices.price_book import PriceBook
from outlay.policies import ScriptedPolicy

PRICES = '[models."scripted"]\ninput = 1.0\noutput = 2.0\n'


async def lost_call(home: Path) -> str:
    """Returns the run of an agent whose one call never got an answer."""
    prices = home / "prices.toml"
    prices.write_text(PRICES)
    agent = Agent(
        model=ScriptedPolicy([OutcomeUnknown("the line went dead")]), budget="usd=1",
        prices=PriceBook.load(prices), home=home, options=AgentOptions(attempts=1),
    )  # fmt: skip
    result = await agent.run("anything")
    assert result.status == "failed"
    return result.run


def unknown(home: Home) -> list[tuple[str, Decimal]]:
    sql = "select hold, usd_held from calls where state in ('open', 'unknown')"
    return home.store.query(sql).rows  # type: ignore[return-value]


async def test_a_bill_replaces_the_full_hold(tmp_path: Path) -> None:
    run = await lost_call(tmp_path)
    home = Home.at(tmp_path)
    ((hold, held),) = unknown(home)
    assert RunRecord.of(home.events(run)).spent.usd == held > 0
    bill = tmp_path / "bill.csv"
    bill.write_text(f"hold,usd,input,output\n{hold},0.000123,100,11\n")
    (settled,) = reconcile(home, read_bill(bill))
    assert (settled.held, settled.billed) == (held, Decimal("0.000123"))
    assert unknown(home) == []
    spent = RunRecord.of(home.events(run)).spent
    assert (spent.usd, spent["tokens"]) == (Decimal("0.000123"), 111)
    assert home.store.query("select usd from runs").rows == [(Decimal("0.000123"),)]
    with pytest.raises(UsageError, match="settled already"):
        reconcile(home, read_bill(bill))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("call,usd\n", "column 'hold' is missing"),
        ("hold,usd\nx,-1\n", "line 2: column 'usd' is '-1'"),
        ("hold,usd\nx,1\nx,1\n", "line 3: column 'hold' is there twice"),
        ("hold,usd\n,1\n", "line 2: column 'hold' is empty"),
    ],
)
def test_a_wrong_bill_names_line_and_column(tmp_path: Path, text: str, said: str) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_bill(bill)


async def test_an_unknown_hold_changes_nothing(tmp_path: Path) -> None:
    run = await lost_call(tmp_path)
    home = Home.at(tmp_path)
    bill = tmp_path / "bill.csv"
    bill.write_text(f"hold,usd\n{unknown(home)[0][0]},0.1\n{run}:0/think/9/0/0#1,0.1\n")
    with pytest.raises(UsageError, match="line 3: there is no policy call"):
        reconcile(home, read_bill(bill))
    assert len(unknown(home)) == 1
