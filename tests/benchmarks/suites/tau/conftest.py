"""Small data in the published formats of tau-bench retail and tau2-bench telecom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PHONE_TOOLS = (
    "check_status_bar",
    "run_speed_test",
    "toggle_data",
    "toggle_roaming",
    "toggle_airplane_mode",
    "toggle_data_saver_mode",
    "toggle_wifi_calling",
    "disconnect_vpn",
    "reseat_sim_card",
    "reboot_device",
    "reset_apn_settings",
    "can_send_mms",
    "check_payment_request",
    "make_payment",
    "set_network_mode_preference",
    "grant_app_permission",
)
CRM_TOOLS = (
    "get_customer_by_phone",
    "get_details_by_id",
    "get_bills_for_customer",
    "resume_line",
    "refuel_data",
    "send_payment_request",
    "enable_roaming",
    "get_data_usage",
    "transfer_to_human_agents",
)
DB = """
[[plans]]
plan_id = "P1"
data_limit_gb = 15.0
price_per_month = 65.0
data_refueling_price_per_gb = 2.0
[[devices]]
device_id = "D1"
[[lines]]
line_id = "L1"
phone_number = "555"
status = "Active"
plan_id = "P1"
data_used_gb = 8.0
data_refueling_gb = 0.0
roaming_enabled = true
contract_end_date = "2026-12-31"
[[customers]]
customer_id = "C1"
full_name = "Ann Lee"
date_of_birth = "1985-06-15"
phone_number = "556"
line_ids = ["L1"]
bill_ids = ["B1"]
[[bills]]
bill_id = "B1"
customer_id = "C1"
issue_date = "2025-03-01"
total_due = 0.0
status = "Draft"
line_items = []
"""
USER_DB = """
[device]
sim_card_status = "active"
sim_card_missing = false
airplane_mode = false
network_signal_strength = "good"
network_technology_connected = "5G"
network_connection_status = "connected"
battery_level = 80
data_enabled = true
roaming_enabled = false
network_mode_preference = "4g_5g_preferred"
wifi_enabled = false
wifi_connected = false
wifi_signal_strength = "none"
wifi_calling_enabled = false
wifi_calling_mms_over_wifi = false
data_saver_mode = false
vpn_enabled_setting = false
vpn_connected = false
[device.active_apn_settings]
apn_name = "internet"
mms_apn = "mms"
mmsc_url = "http://mms"
[device.app_statuses.messaging]
app_name = "messaging"
[device.app_statuses.messaging.permissions]
sms = true
storage = true
"""


def told(name: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}}
    return {"function": {"name": name, "description": name, "parameters": schema}}


@pytest.fixture
def telecom(tmp_path: Path) -> Path:
    """Returns a folder with the databases, tools and policies, but without tasks."""
    tools = {
        "assistant_tools": [told(name) for name in CRM_TOOLS],
        "user_device_tools": [told(name) for name in PHONE_TOOLS],
    }
    for name, text in (
        ("db.toml", DB),
        ("user_db.toml", USER_DB),
        ("tools.json", json.dumps(tools)),
        ("main_policy_solo.md", "Refuel 2 GB at most."),
        ("tech_support_workflow_solo.md", "Check the status bar."),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


USER = {
    "name": {"first_name": "Ann", "last_name": "Lee"},
    "address": {"address1": "1 A", "address2": "", "city": "X", "country": "U", "state": "S",
                "zip": "1"},
    "email": "ann@example.com",
    "payment_methods": {
        "gift_card_1": {"source": "gift_card", "id": "gift_card_1", "balance": 30.0},
        "paypal_1": {"source": "paypal", "id": "paypal_1"},
    },
    "orders": ["#W1", "#W2"],
}  # fmt: skip
MUG, CUP, BIG = (
    {"item_id": "i1", "options": {"size": "S"}, "available": True, "price": 10.1},
    {"item_id": "i2", "options": {"size": "M"}, "available": True, "price": 12.3},
    {"item_id": "i3", "options": {"size": "L"}, "available": False, "price": 50.0},
)


def order(id: str, status: str, paid_by: str) -> dict[str, Any]:
    items = [
        {
            "name": "Mug",
            "product_id": "p1",
            "item_id": "i1",
            "price": 10.1,
            "options": {"size": "S"},
        }
        for _ in range(2)
    ]
    paid = {"transaction_type": "payment", "amount": 20.2, "payment_method_id": paid_by}
    return {"order_id": id, "user_id": "ann", "address": USER["address"], "items": items,
            "status": status, "payment_history": [paid]}  # fmt: skip


TABLES: dict[str, Any] = {
    "users": {"ann": USER},
    "orders": {
        "#W1": order("#W1", "pending", "gift_card_1"),
        "#W2": order("#W2", "delivered", "paypal_1"),
    },
    "products": {
        "p1": {"name": "Mug", "product_id": "p1", "variants": {"i1": MUG, "i2": CUP, "i3": BIG}}
    },
}
SHOP_TOOLS = (
    "get_order_details",
    "cancel_pending_order",
    "modify_pending_order_items",
    "calculate",
    "think",
    "return_delivered_order_items",
    "transfer_to_human_agents",
)


@pytest.fixture
def retail(tmp_path: Path) -> Path:
    """Returns a folder with the shop's data, tools and policy, but without tasks."""
    for name, value in TABLES.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    (tmp_path / "tools.json").write_text(json.dumps([told(name) for name in SHOP_TOOLS]))
    (tmp_path / "wiki.md").write_text("Cancel only pending orders.")
    return tmp_path
