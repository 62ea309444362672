"""Retail tickets: gold traces, the shop's rules, what the agent sees, and bad data."""

from __future__ import annotations

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.tau import Retail, tau_retail
from outlay.benchmarks.suites.tau.shop import RetailShop
from outlay.ledger.errors import ToolError, UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "tau_bench/retail"
CANCEL = {
    "name": "cancel_pending_order",
    "kwargs": {"order_id": "#W1", "reason": "no longer needed"},
}
TASK = {"task_index": 0, "instruction": "Cancel #W1.", "actions": [CANCEL], "outputs": []}
MOVE = {
    "order_id": "#W1",
    "item_ids": ["i1"],
    "new_item_ids": ["i2"],
    "payment_method_id": "paypal_1",
}


def made(folder: Path, *tasks: Any) -> Retail:
    (folder / "tasks_dev.jsonl").write_text("\n".join(map(json.dumps, tasks)))
    return tau_retail(data=folder)


@pytest.fixture
def tables(retail: Path) -> dict[str, Any]:
    names = ("users", "orders", "products")
    return {name: json.loads((retail / f"{name}.json").read_text()) for name in names}


def test_gold_scores_and_something_else_does_not(retail: Path) -> None:
    suite = made(retail, TASK)
    (task,) = suite.tasks(1, seed=0)
    world = suite.world(task)
    assert world.score(None) == 0
    world.act("cancel_pending_order", '{"order_id": "#W1", "reason": "ordered by mistake"}')
    assert world.score(None) == 0
    world = suite.world(task)
    assert world.score(suite.solve(task, world)) == 1
    world.act("get_order_details", '{"order_id": "#W2"}')
    assert world.score(None) == 1


def test_what_should_be_told_has_to_be_in_the_answer(retail: Path) -> None:
    suite = made(retail, {**TASK, "actions": [], "outputs": ["1234.5", "Mug"]})
    (task,) = suite.tasks(1, seed=0)
    world = suite.world(task)
    assert world.score("That is $1,234.5 for one mug.") == 1
    assert world.score("That is $1,234.") == 0
    assert world.score(None) == 0
    assert world.score(suite.solve(task, world)) == 1


def test_a_cancelled_order_is_refunded_to_the_gift_card(tables: dict[str, Any]) -> None:
    shop, before = RetailShop(tables), copy.deepcopy(tables)
    shop.cancel_pending_order("#W1", "no longer needed")
    changes = shop.changes()
    assert set(changes) == {("users", "ann"), ("orders", "#W1")}
    assert changes["users", "ann"]["payment_methods"]["gift_card_1"]["balance"] == 50.2
    assert changes["orders", "#W1"]["status"] == "cancelled"
    assert tables == before


def test_items_are_exchanged_one_for_one_and_the_difference_is_paid(tables: dict[str, Any]) -> None:
    shop = RetailShop(tables)
    order = json.loads(shop.modify_pending_order_items(**MOVE))
    assert [item["item_id"] for item in order["items"]] == ["i2", "i1"]
    assert order["status"] == "pending (item modified)"
    paid = order["payment_history"][-1]
    assert paid["transaction_type"] == "payment"
    assert paid["amount"] == pytest.approx(2.2)
    with pytest.raises(ToolError, match="not pending"):
        shop.modify_pending_order_items(**MOVE)


@pytest.mark.parametrize(
    ("method", "arguments", "told"),
    [
        ("modify_pending_order_items", {**MOVE, "new_item_ids": ["i3"]}, "i3 is not available"),
        ("modify_pending_order_items", {**MOVE, "new_item_ids": []}, "exactly one new item"),
        ("modify_pending_order_items", {**MOVE, "new_item_ids": ["i9"]}, "not of product p1"),
        ("modify_pending_order_items", {**MOVE, "item_ids": ["i2"]}, "no 1 of item i2"),
        ("modify_pending_order_items", {**MOVE, "payment_method_id": "x"}, "no such payment"),
        ("modify_pending_order_items", {**MOVE, "order_id": "#W2"}, "delivered, not pending"),
        ("exchange_delivered_order_items", MOVE, "pending, not delivered"),
        ("cancel_pending_order", {"order_id": "#W1", "reason": "bored"}, "has to be one of"),
        ("cancel_pending_order", {"order_id": "W1", "reason": "x"}, "order not found"),
        ("modify_pending_order_payment",
         {"order_id": "#W1", "payment_method_id": "gift_card_1"}, "another one"),
        ("return_delivered_order_items",
         {"order_id": "#W2", "item_ids": ["i1"] * 3, "payment_method_id": "paypal_1"}, "no 3 of"),
    ],
)  # fmt: skip
def test_what_the_policy_forbids_is_told_and_changes_nothing(
    tables: dict[str, Any], method: str, arguments: dict[str, Any], told: str
) -> None:
    shop = RetailShop(tables)
    with pytest.raises(ToolError, match=told):
        getattr(shop, method)(**arguments)
    assert shop.changes() == {}


def test_a_payment_moves_to_another_method_and_back_leaves_the_card_as_it_was(
    tables: dict[str, Any],
) -> None:
    shop = RetailShop(tables)
    shop.modify_pending_order_payment("#W1", "paypal_1")
    card = shop.changes()["users", "ann"]["payment_methods"]["gift_card_1"]
    assert card["balance"] == 50.2
    with pytest.raises(ToolError, match="exactly once"):
        shop.modify_pending_order_payment("#W1", "gift_card_1")


@given(st.integers(0, 10**6), st.integers(1, 10**3))
def test_calculate_is_exact_to_the_cent(a: int, b: int) -> None:
    assert float(RetailShop({}).calculate(f"({a} + 1) / {b}")) == round((a + 1) / b, 2)


def test_what_the_agent_sees_does_not_depend_on_the_gold(retail: Path) -> None:
    def seen(suite: Retail) -> list[Any]:
        (task,) = suite.tasks(1, seed=0)
        tools = [tool.spec for tool in suite.world(task).tools()]
        return [suite.system_prompt, task.prompt, tools]

    other = {**TASK, "actions": [{**CANCEL, "kwargs": {"order_id": "#W9"}}], "outputs": ["Zzyzx"]}
    assert seen(made(retail, TASK)) == seen(made(retail, other))
    assert "Cancel only pending orders." in tau_retail(data=retail).system_prompt


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"task_index": "0"}, "line 1: field 'task_index' must be a number"),
        ({"instruction": ""}, "line 1: field 'instruction' must be text"),
        ({"outputs": None}, "line 1: field 'outputs' is missing"),
        ({"actions": [{"name": "fly", "kwargs": {}}]}, "line 1: field 'actions' calls the unknown"),
        ({"actions": [{"name": "think"}]}, "line 1: field 'actions' must hold"),
    ],
)
def test_bad_records_are_refused(retail: Path, changed: Any, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        len(made(retail, {**TASK, **changed}))


def test_tasks_that_share_a_number_are_refused(retail: Path) -> None:
    with pytest.raises(UsageError, match="line 2: field 'id' repeats 'retail-0'"):
        len(made(retail, TASK, TASK))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of tau-bench in {DATA}")
def test_the_published_gold_gives_the_recorded_observations_and_scores() -> None:
    suite = tau_retail(data=DATA)
    lines = (DATA / "gold_trace_dev.jsonl").read_text(encoding="utf-8").splitlines()
    traces = {f"retail-{trace['task_index']}": trace for trace in map(json.loads, lines)}
    idle = 0.0
    for task in suite.tasks(len(suite), seed=0):
        world, trace = suite.world(task), traces[task.id]
        idle += world.score(None)
        seen = [world.act(name, arguments) for name, arguments in task.gold_path]
        assert seen == [step["observation"] for step in trace["steps"]], task.id
        assert world.score("") == 1, task.id
        changes = trace["db_changes"].items()
        recorded = {(table, key): row for table, rows in changes for key, row in rows.items()}
        assert world.shop.changes() == recorded, task.id
    assert (len(suite), idle) == (20, 1)
