"""How a telecom task breaks phone and account, and what has to hold in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .crm import TODAY, Crm
from .phone import Phone
from .radio import BROKEN, speed_name


class Faults:
    """The initialisation functions of tau2-bench telecom. Each method is one, by its name.

    Those after which the recorded traces show a phone that has looked for a network do so here.
    """

    def __init__(self, phone: Phone, crm: Crm) -> None:
        self._radio = phone.radio
        self._device = phone.radio.device
        self._crm = crm
        self.set_network_mode_preference = phone.set_network_mode_preference
        self.enable_roaming = crm.enable_roaming
        self.disable_roaming = crm.disable_roaming

    def set_user_info(self, name: str, phone_number: str) -> None:
        self._crm.phone_number = phone_number

    def set_user_location(self, abroad: bool) -> None:
        self._radio.around.abroad = abroad

    def turn_data_off(self) -> None:
        self._device.data_enabled = False
        self._radio.search()

    def turn_airplane_mode_on(self) -> None:
        self._device.airplane_mode = True
        self._device.wifi_connected = False
        self._device.vpn_connected = False
        self._radio.search()

    def turn_roaming_off(self) -> None:
        self._device.roaming_enabled = False
        self._radio.search()

    def turn_roaming_on(self) -> None:
        self._device.roaming_enabled = True
        self._radio.search()

    def turn_data_saver_mode_on(self) -> None:
        self._device.data_saver_mode = True

    def break_vpn(self) -> None:
        self._device.vpn_connected = True
        self._device.slow_vpn = True

    def break_apn_settings(self) -> None:
        self._device.active_apn_settings["apn_name"] = BROKEN
        self._radio.search()

    def break_apn_mms_setting(self) -> None:
        self._device.active_apn_settings["mmsc_url"] = None
        self._radio.search()

    def lock_sim_card(self, mode: str) -> None:
        self._device.sim_card_status = f"locked_{mode}"
        self._radio.search()

    def unseat_sim_card(self) -> None:
        self._device.sim_card_missing = True
        self._radio.search()

    def remove_app_permission(self, app_name: str, permission: str) -> None:
        self._device.app_statuses[app_name]["permissions"][permission] = False

    def set_wifi_calling(self, enabled: bool, mms_over_wifi: bool) -> None:
        self._device.wifi_calling_enabled = enabled
        self._device.wifi_calling_mms_over_wifi = mms_over_wifi

    def simulate_network_search(self) -> None:
        self._radio.search()

    def set_data_usage(self, customer_id: str, line_id: str, data_used_gb: float) -> None:
        self._crm.line_of(customer_id, line_id)["data_used_gb"] = data_used_gb

    def suspend_line_for_overdue_bill(
        self, customer_id: str, line_id: str, new_bill_id: str, contract_ended: bool
    ) -> None:
        line = self._crm.line_of(customer_id, line_id)
        due = self._crm.price_of(line)
        item = {"description": f"Monthly plan - Line {line['phone_number']}", "amount": due}
        self._crm.add_bill(
            {
                "bill_id": new_bill_id,
                "customer_id": customer_id,
                "period_start": "2025-01-01",
                "period_end": "2025-01-31",
                "issue_date": "2025-01-01",
                "total_due": due,
                "due_date": "2025-01-15",
                "line_items": [{**item, "date": "2025-01-01", "item_type": "Plan Charge"}],
                "status": "Overdue",
            }
        )
        line["status"] = "Suspended"
        line["suspension_start_date"] = TODAY
        if contract_ended:
            line["contract_end_date"] = "2025-01-31"


class Assertions:
    """The assertions on the end state of tau2-bench telecom. Each method is one, by its name."""

    def __init__(self, phone: Phone, crm: Crm) -> None:
        self._radio = phone.radio
        self._crm = crm

    def assert_mobile_data_status(self, expected_status: bool) -> bool:
        return self._radio.has_data() is expected_status

    def assert_internet_speed(self, expected_speed: float, expected_desc: str) -> bool:
        speed = self._radio.speed()
        return speed is not None and speed >= expected_speed and speed_name(speed) == expected_desc

    def assert_service_status(self, expected_status: str) -> bool:
        return self._radio.device.network_connection_status == expected_status

    def assert_can_send_mms(self, expected_status: bool) -> bool:
        return self._radio.sends_mms() is expected_status

    def assert_data_refueling_amount(
        self, customer_id: str, line_id: str, expected_amount: float
    ) -> bool:
        line = self._crm.line_of(customer_id, line_id)
        return bool(line["data_refueling_gb"] == expected_amount)

    def assert_no_overdue_bill(self, overdue_bill_id: str) -> bool:
        bill = self._crm.bill(overdue_bill_id)
        return bill is None or bill["status"] == "Paid"


def method(of: Faults | Assertions, name: str) -> Callable[..., Any] | None:
    """Returns the function of this name, or None where there is none."""
    found = None if name.startswith("_") else getattr(of, name, None)
    return found if callable(found) else None


def arguments(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of an entry of the task data."""
    return dict(entry.get("arguments") or {})
