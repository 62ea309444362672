"""The carrier's side: the 13 customer tools of tau2-bench telecom over its small database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....ledger.errors import ToolError

TODAY = "2025-02-25"
"""The day on which the policy says that all of this happens."""

_TABLES = {
    "customers": "customer_id",
    "lines": "line_id",
    "devices": "device_id",
    "bills": "bill_id",
    "plans": "plan_id",
}
_OPTIONAL = {
    "customers": ("last_extension_date",),
    "lines": ("last_sim_replacement_date", "suspension_start_date"),
    "devices": ("last_esim_transfer_date",),
}

Row = dict[str, Any]


class Crm:
    """Customers, lines, devices, bills and plans. Each method that a tool names is that tool.

    Args:
        data: what `db.toml` holds; this object takes it over.
        phone_number: number of the customer's line that the phone is on; None until it is known.

    Raises:
        ValueError: a table or an id is missing.
    """

    def __init__(self, data: Mapping[str, Any], phone_number: str | None = None) -> None:
        self.phone_number = phone_number
        self._tables: dict[str, dict[str, Row]] = {}
        for table, key in _TABLES.items():
            rows = data.get(table)
            if not isinstance(rows, list) or not all(key in row for row in rows):
                raise ValueError(f"the table {table!r} is missing, or a row of it has no {key!r}")
            blank = dict.fromkeys(_OPTIONAL.get(table, ()))
            self._tables[table] = {row[key]: {**row, **(blank | row)} for row in rows}

    def get_customer_by_phone(self, phone_number: str) -> str:
        lines = {
            line["line_id"] for line in self._rows("lines") if line["phone_number"] == phone_number
        }
        for customer in self._rows("customers"):
            if customer["phone_number"] == phone_number or lines & set(customer["line_ids"]):
                return _shown(customer)
        raise ToolError(f"no customer has the phone number {phone_number}")

    def get_customer_by_id(self, customer_id: str) -> str:
        return _shown(self._row("customers", customer_id))

    def get_customer_by_name(self, full_name: str, dob: str) -> str:
        name = full_name.casefold()
        found = [
            customer
            for customer in self._rows("customers")
            if customer["full_name"].casefold() == name and customer["date_of_birth"] == dob
        ]
        return _shown(found)

    def get_details_by_id(self, id: str) -> str:
        for table in self._tables.values():
            if id in table:
                return _shown(table[id])
        raise ToolError(f"nothing has the ID {id}")

    def suspend_line(self, customer_id: str, line_id: str, reason: str) -> str:
        line = self._line(customer_id, line_id)
        if line["status"] != "Active":
            raise ToolError("only an active line can be suspended")
        line["status"] = "Suspended"
        line["suspension_start_date"] = TODAY
        return _shown({"message": f"Line suspended successfully ({reason})", "line": line})

    def resume_line(self, customer_id: str, line_id: str) -> str:
        line = self._line(customer_id, line_id)
        if line["status"] not in ("Suspended", "Pending Activation"):
            raise ToolError("only a suspended or pending line can be resumed")
        line["status"] = "Active"
        line["suspension_start_date"] = None
        return _shown({"message": "Line resumed successfully", "line": line})

    def get_bills_for_customer(self, customer_id: str, limit: int = 12) -> str:
        bills = [self._row("bills", each) for each in self._customer(customer_id)["bill_ids"]]
        recent = sorted(bills, key=lambda bill: str(bill["issue_date"]), reverse=True)
        return _shown(recent[:limit])

    def send_payment_request(self, customer_id: str, bill_id: str) -> str:
        if bill_id not in self._customer(customer_id)["bill_ids"]:
            raise ToolError(f"customer {customer_id} has no bill {bill_id}")
        if self._awaited(customer_id) is not None:
            raise ToolError("another bill of this customer is awaiting payment")
        self._row("bills", bill_id)["status"] = "Awaiting Payment"
        return f"Payment request sent to the customer for bill {bill_id}"

    def get_data_usage(self, customer_id: str, line_id: str) -> str:
        line = self._line(customer_id, line_id)
        return _shown(
            {
                "line_id": line_id,
                "data_used_gb": line["data_used_gb"],
                "data_limit_gb": self._row("plans", line["plan_id"])["data_limit_gb"],
                "data_refueling_gb": line["data_refueling_gb"],
                "cycle_end_date": "2025-02-28",
            }
        )

    def enable_roaming(self, customer_id: str, line_id: str) -> str:
        return self._set_roaming(customer_id, line_id, enabled=True)

    def disable_roaming(self, customer_id: str, line_id: str) -> str:
        return self._set_roaming(customer_id, line_id, enabled=False)

    def transfer_to_human_agents(self, summary: str) -> str:
        return "Transfer successful"

    def refuel_data(self, customer_id: str, line_id: str, gb_amount: float) -> str:
        line = self._line(customer_id, line_id)
        if line["status"] != "Active":
            raise ToolError("only an active line can be refuelled")
        if not gb_amount > 0:
            raise ToolError("the amount has to be positive")
        charge = gb_amount * self._row("plans", line["plan_id"])["data_refueling_price_per_gb"]
        line["data_refueling_gb"] += gb_amount
        self._charge(customer_id, charge, f"Data Refueling - {gb_amount} GB - Line {line_id}")
        return _shown(
            {
                "message": f"Successfully added {gb_amount} GB of data for line {line_id} "
                f"for ${charge:.2f}",
                "new_data_refueling_gb": str(line["data_refueling_gb"]),
                "charge": str(charge),
            }
        )

    def awaited_bill(self) -> Row | None:
        """Returns the bill that the owner of the phone is asked to pay, or None."""
        line = self.line()
        owners = [c for c in self._rows("customers") if line and line["line_id"] in c["line_ids"]]
        return self._awaited(owners[0]["customer_id"]) if owners else None

    def line(self) -> Row | None:
        """Returns the line that the phone is on, or None while its number is not known."""
        of_phone = (row for row in self._rows("lines") if row["phone_number"] == self.phone_number)
        return next(of_phone, None)

    def has_used_up(self, line: Row) -> bool:
        """Says whether a line has used all data of its plan and refuelling."""
        limit = self._row("plans", line["plan_id"])["data_limit_gb"] + line["data_refueling_gb"]
        return bool(line["data_used_gb"] >= limit)

    def bill(self, bill_id: str) -> Row | None:
        return self._tables["bills"].get(bill_id)

    def add_bill(self, bill: Row) -> None:
        """Adds a bill of a customer. Raises ToolError where there is no such customer."""
        self._customer(bill["customer_id"])["bill_ids"].append(bill["bill_id"])
        self._tables["bills"][bill["bill_id"]] = bill

    def line_of(self, customer_id: str, line_id: str) -> Row:
        """Returns a customer's line. Raises ToolError where there is no such line."""
        return self._line(customer_id, line_id)

    def price_of(self, line: Row) -> float:
        """Returns what the plan of a line costs a month, in USD."""
        return float(self._row("plans", line["plan_id"])["price_per_month"])

    def _set_roaming(self, customer_id: str, line_id: str, *, enabled: bool) -> str:
        self._line(customer_id, line_id)["roaming_enabled"] = enabled
        return f"Roaming {'enabled' if enabled else 'disabled'} successfully"

    def _charge(self, customer_id: str, amount: float, description: str) -> None:
        """Adds an item to the customer's draft bill, where there is one."""
        bills = (self._row("bills", each) for each in self._customer(customer_id)["bill_ids"])
        draft = next((bill for bill in bills if bill["status"] == "Draft"), None)
        if draft is not None:
            item = {"description": description, "amount": amount, "date": TODAY}
            draft["line_items"].append({**item, "item_type": "Data Refueling"})
            draft["total_due"] += amount

    def _awaited(self, customer_id: str) -> Row | None:
        bills = (self._row("bills", each) for each in self._customer(customer_id)["bill_ids"])
        return next((bill for bill in bills if bill["status"] == "Awaiting Payment"), None)

    def _customer(self, customer_id: str) -> Row:
        return self._row("customers", customer_id)

    def _line(self, customer_id: str, line_id: str) -> Row:
        if line_id not in self._customer(customer_id)["line_ids"]:
            raise ToolError(f"customer {customer_id} has no line {line_id}")
        return self._row("lines", line_id)

    def _rows(self, table: str) -> list[Row]:
        return list(self._tables[table].values())

    def _row(self, table: str, key: str) -> Row:
        try:
            return self._tables[table][key]
        except KeyError:
            raise ToolError(f"there is no {_TABLES[table]} {key}") from None


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
