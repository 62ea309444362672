"""The 16 functions of tau-bench's retail shop (Yao et al. 2024, 2406.12045).

Written from its tool schemas and its policy, and held against its recorded gold traces.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ....ledger.errors import ToolError
from ....tools.builtin.arithmetic import evaluate

Row = dict[str, Any]
Tables = Mapping[str, Mapping[str, Row]]
"""Rows by id by table: `users`, `orders` and `products`."""

REASONS = ("no longer needed", "ordered by mistake")


class RetailShop:
    """The shop's data, shared until they are changed. Each method that a tool names is that tool.

    Args:
        tables: the initial data; they are never changed.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._edited: dict[tuple[str, str], Row] = {}

    def changes(self) -> dict[tuple[str, str], Row]:
        """Returns the rows that are not as they were at first, by table and id."""
        return {
            (table, key): row
            for (table, key), row in self._edited.items()
            if row != self._tables[table][key]
        }

    def find_user_id_by_email(self, email: str) -> str:
        for key in self._tables["users"]:
            if self._row("users", key)["email"].casefold() == email.casefold():
                return key
        raise ToolError("user not found")

    def find_user_id_by_name_zip(self, first_name: str, last_name: str, zip: str) -> str:
        wanted = (first_name.casefold(), last_name.casefold(), zip)
        for key in self._tables["users"]:
            user = self._row("users", key)
            name = user["name"]
            found = (name["first_name"].casefold(), name["last_name"].casefold())
            if (*found, user["address"]["zip"]) == wanted:
                return key
        raise ToolError("user not found")

    def get_user_details(self, user_id: str) -> str:
        return _shown(self._row("users", user_id))

    def get_order_details(self, order_id: str) -> str:
        return _shown(self._row("orders", order_id))

    def get_product_details(self, product_id: str) -> str:
        return _shown(self._row("products", product_id))

    def list_all_product_types(self) -> str:
        products = self._tables["products"].values()
        return _shown(
            {p["name"]: p["product_id"] for p in sorted(products, key=lambda p: p["name"])}
        )

    def calculate(self, expression: str) -> str:
        return str(round(float(evaluate(expression)), 2))

    def think(self, thought: str) -> str:
        return ""

    def transfer_to_human_agents(self, summary: str) -> str:
        return "Transfer successful"

    def cancel_pending_order(self, order_id: str, reason: str) -> str:
        order = self._order(order_id, "pending")
        if reason not in REASONS:
            raise ToolError(f"the reason has to be one of: {', '.join(REASONS)}")
        order = self._edit("orders", order_id)
        refunds = [{**each, "transaction_type": "refund"} for each in order["payment_history"]]
        for refund in refunds:
            self._pay(order["user_id"], refund["payment_method_id"], -refund["amount"])
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        order["payment_history"].extend(refunds)
        return _shown(order)

    def modify_pending_order_address(
        self, order_id: str, address1: str, address2: str, city: str, state: str, country: str,
        zip: str,
    ) -> str:  # fmt: skip
        self._order(order_id, "pending")
        order = self._edit("orders", order_id)
        order["address"] = _address(
            address1=address1, address2=address2, city=city, state=state, country=country, zip=zip
        )
        return _shown(order)

    def modify_user_address(
        self, user_id: str, address1: str, address2: str, city: str, state: str, country: str,
        zip: str,
    ) -> str:  # fmt: skip
        user = self._edit("users", user_id)
        user["address"] = _address(
            address1=address1, address2=address2, city=city, state=state, country=country, zip=zip
        )
        return _shown(user)

    def modify_pending_order_payment(self, order_id: str, payment_method_id: str) -> str:
        order = self._order(order_id, "pending")
        user, history = order["user_id"], order["payment_history"]
        self._check_method(user, payment_method_id)
        if len(history) != 1 or history[0]["transaction_type"] != "payment":
            raise ToolError("a pending order should have been paid exactly once")
        amount, old = history[0]["amount"], history[0]["payment_method_id"]
        if payment_method_id == old:
            raise ToolError("the new payment method should be another one")
        self._check_balance(user, payment_method_id, amount)
        order = self._edit("orders", order_id)
        order["payment_history"] += [
            _transaction("payment", amount, payment_method_id),
            _transaction("refund", amount, old),
        ]
        self._pay(user, payment_method_id, amount)
        self._pay(user, old, -amount)
        return _shown(order)

    def modify_pending_order_items(
        self,
        order_id: str,
        item_ids: Sequence[str],
        new_item_ids: Sequence[str],
        payment_method_id: str,
    ) -> str:
        order = self._order(order_id, "pending")
        difference = self._price_difference(order, item_ids, new_item_ids)
        self._check_method(order["user_id"], payment_method_id)
        self._check_balance(order["user_id"], payment_method_id, difference)
        order = self._edit("orders", order_id)
        kind = "payment" if difference > 0 else "refund"
        order["payment_history"].append(_transaction(kind, abs(difference), payment_method_id))
        self._pay(order["user_id"], payment_method_id, difference)
        for old, new in zip(item_ids, new_item_ids, strict=True):
            item = next(each for each in order["items"] if each["item_id"] == old)
            variant = self._variant(item["product_id"], new)
            item.update(item_id=new, price=variant["price"], options=dict(variant["options"]))
        order["status"] = "pending (item modified)"
        return _shown(order)

    def exchange_delivered_order_items(
        self,
        order_id: str,
        item_ids: Sequence[str],
        new_item_ids: Sequence[str],
        payment_method_id: str,
    ) -> str:
        order = self._order(order_id, "delivered")
        difference = round(self._price_difference(order, item_ids, new_item_ids), 2)
        self._check_method(order["user_id"], payment_method_id)
        self._check_balance(order["user_id"], payment_method_id, difference)
        order = self._edit("orders", order_id)
        order["status"] = "exchange requested"
        order["exchange_items"] = sorted(item_ids)
        order["exchange_new_items"] = sorted(new_item_ids)
        order["exchange_payment_method_id"] = payment_method_id
        order["exchange_price_difference"] = difference
        return _shown(order)

    def return_delivered_order_items(
        self, order_id: str, item_ids: Sequence[str], payment_method_id: str
    ) -> str:
        order = self._order(order_id, "delivered")
        self._check_method(order["user_id"], payment_method_id)
        first = order["payment_history"][0]["payment_method_id"]
        if payment_method_id != first and not _is_gift_card(payment_method_id):
            raise ToolError("the refund goes to the original payment method or a gift card")
        _check_items(order, item_ids)
        order = self._edit("orders", order_id)
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        order["return_payment_method_id"] = payment_method_id
        return _shown(order)

    def _price_difference(
        self, order: Row, item_ids: Sequence[str], new_item_ids: Sequence[str]
    ) -> float:
        """Returns what new items cost more than the old ones, in USD.

        Raises:
            ToolError: the order has no such items, or a new one is not to be had for its old one.
        """
        _check_items(order, item_ids)
        if len(item_ids) != len(new_item_ids):
            raise ToolError("each item needs exactly one new item")
        difference = 0.0
        for old, new in zip(item_ids, new_item_ids, strict=True):
            item = next(each for each in order["items"] if each["item_id"] == old)
            variant = self._variant(item["product_id"], new)
            if not variant["available"]:
                raise ToolError(f"new item {new} is not available")
            difference += variant["price"] - item["price"]
        return difference

    def _variant(self, product_id: str, item_id: str) -> Row:
        variants: dict[str, Row] = self._row("products", product_id)["variants"]
        if item_id not in variants:
            raise ToolError(f"new item {item_id} is not of product {product_id}")
        return variants[item_id]

    def _order(self, order_id: str, status: str) -> Row:
        order = self._row("orders", order_id)
        if order["status"] != status:
            raise ToolError(f"the order is {order['status']}, not {status}")
        return order

    def _check_method(self, user_id: str, method_id: str) -> None:
        if method_id not in self._row("users", user_id)["payment_methods"]:
            raise ToolError("the user has no such payment method")

    def _check_balance(self, user_id: str, method_id: str, amount: float) -> None:
        method = self._row("users", user_id)["payment_methods"][method_id]
        if _is_gift_card(method_id) and method["balance"] < amount:
            raise ToolError("the balance of the gift card does not suffice")

    def _pay(self, user_id: str, method_id: str, amount: float) -> None:
        """Takes an amount from a gift card at once; other methods are settled elsewhere."""
        if _is_gift_card(method_id):
            method = self._edit("users", user_id)["payment_methods"][method_id]
            method["balance"] = round(method["balance"] - amount, 2)

    def _row(self, table: str, key: str) -> Row:
        if key not in self._tables[table]:
            raise ToolError(f"{table.removesuffix('s')} not found")
        return self._edited.get((table, key), self._tables[table][key])

    def _edit(self, table: str, key: str) -> Row:
        """Returns a row that may be changed."""
        if (table, key) not in self._edited:
            self._edited[table, key] = copy.deepcopy(self._row(table, key))
        return self._edited[table, key]


def _check_items(order: Row, item_ids: Sequence[str]) -> None:
    ordered = Counter(item["item_id"] for item in order["items"])
    for item, times in Counter(item_ids).items():
        if times > ordered[item]:
            raise ToolError(f"the order has no {times} of item {item}")


def _is_gift_card(method_id: str) -> bool:
    return "gift_card" in method_id


def _transaction(kind: str, amount: float, method_id: str) -> Row:
    return {"transaction_type": kind, "amount": amount, "payment_method_id": method_id}


def _address(*, address1: str, address2: str, city: str, state: str, country: str, zip: str) -> Row:
    return {
        "address1": address1,
        "address2": address2,
        "city": city,
        "state": state,
        "country": country,
        "zip": zip,
    }


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
