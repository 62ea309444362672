"""What an agent can do with a customer's phone: the 30 device tools of tau2-bench telecom."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ....ledger.errors import ToolError
from .crm import Crm
from .radio import TECHNOLOGIES, Radio, speed_name

_ON = {True: "ON", False: "OFF"}


class Phone:
    """A phone as its tools show and change it. Each method that a tool names is that tool."""

    def __init__(self, radio: Radio, crm: Crm) -> None:
        self.radio = radio
        self._device = radio.device
        self._crm = crm
        self._first_apn = copy.deepcopy(radio.device.active_apn_settings)

    def check_status_bar(self) -> str:
        return f"Status Bar: {self.radio.status_bar()}"

    def check_network_status(self) -> str:
        device = self._device
        return "\n".join(
            [
                f"Airplane Mode: {_ON[device.airplane_mode]}",
                f"SIM Card Status: {self.radio.sim}",
                f"Cellular Connection: {device.network_connection_status}",
                f"Cellular Signal: {device.network_signal_strength}",
                f"Cellular Network Type: {device.network_technology_connected}",
                f"Mobile Data Enabled: {_yes(device.data_enabled)}",
                f"Data Roaming Enabled: {_yes(device.roaming_enabled)}",
                f"Wi-Fi Radio: {_ON[device.wifi_enabled]}",
                f"Wi-Fi Connected: {_yes(device.wifi_connected)}",
            ]
        )

    def check_network_mode_preference(self) -> str:
        return f"Network Mode Preference: {self._device.network_mode_preference}"

    def set_network_mode_preference(self, mode: str) -> str:
        if mode not in TECHNOLOGIES:
            raise ToolError(f"there is no network mode {mode!r}; known: {', '.join(TECHNOLOGIES)}")
        self._device.network_mode_preference = mode
        return self._changed(f"Preferred Network Mode set to: {mode}", search=True)

    def run_speed_test(self) -> str:
        speed = self.radio.speed()
        if speed is None:
            return "Speed test failed: no connection."
        return f"Speed test: {speed:.2f} Mbps ({speed_name(speed)})."

    def toggle_airplane_mode(self) -> str:
        device = self._device
        device.airplane_mode = not device.airplane_mode
        if device.airplane_mode:
            device.wifi_connected = False
            device.vpn_connected = False
        return self._changed(f"Airplane Mode is now {_ON[device.airplane_mode]}.", search=True)

    def check_sim_status(self) -> str:
        return f"SIM Card Status: {self.radio.sim}"

    def reseat_sim_card(self) -> str:
        self._device.sim_card_missing = False
        return self._changed("SIM card re-seated successfully.", search=True)

    def toggle_data(self) -> str:
        self._device.data_enabled = not self._device.data_enabled
        said = f"Mobile Data is now {_ON[self._device.data_enabled]}."
        return self._changed(said, search=True)

    def toggle_roaming(self) -> str:
        self._device.roaming_enabled = not self._device.roaming_enabled
        said = f"Data Roaming is now {_ON[self._device.roaming_enabled]}."
        return self._changed(said, search=True)

    def check_data_restriction_status(self) -> str:
        return f"Data Saver Mode: {_ON[self._device.data_saver_mode]}"

    def toggle_data_saver_mode(self) -> str:
        self._device.data_saver_mode = not self._device.data_saver_mode
        return self._changed(f"Data Saver Mode is now {_ON[self._device.data_saver_mode]}.")

    def check_apn_settings(self) -> str:
        apn = self._device.active_apn_settings
        return f"APN Name: {apn['apn_name']}\nMMSC URL (for picture messages): {apn['mmsc_url']}"

    def set_apn_settings(self, apn_settings: Mapping[str, Any]) -> str:
        known = self._first_apn.keys()
        if unknown := sorted(dict(apn_settings).keys() - known):
            raise ToolError(f"there is no APN setting {unknown[0]!r}; known: {', '.join(known)}")
        self._device.active_apn_settings.update(apn_settings)
        name = self._device.active_apn_settings["apn_name"]
        return self._changed(f"APN settings set to: {name}", search=True)

    def reset_apn_settings(self) -> str:
        self._device.apn_resets_at_reboot = True
        return self._changed("APN settings will reset at reboot.")

    def check_wifi_status(self) -> str:
        device = self._device
        connected = f"Connected: {_yes(device.wifi_connected)}"
        return f"Wi-Fi: {_ON[device.wifi_enabled]}, {connected}, {device.wifi_signal_strength}"

    def toggle_wifi(self) -> str:
        device = self._device
        if device.airplane_mode:
            raise ToolError("Wi-Fi cannot be switched while Airplane Mode is on")
        device.wifi_enabled = not device.wifi_enabled
        device.wifi_connected = device.wifi_connected and device.wifi_enabled
        return self._changed(f"Wi-Fi is now {_ON[device.wifi_enabled]}.")

    def check_wifi_calling_status(self) -> str:
        return f"Wi-Fi Calling: {_ON[self._device.wifi_calling_enabled]}"

    def toggle_wifi_calling(self) -> str:
        self._device.wifi_calling_enabled = not self._device.wifi_calling_enabled
        return self._changed(f"Wi-Fi Calling is now {_ON[self._device.wifi_calling_enabled]}.")

    def check_vpn_status(self) -> str:
        if not self._device.vpn_connected:
            return "VPN: not connected"
        return f"VPN: connected, server performance {'poor' if self._device.slow_vpn else 'good'}"

    def connect_vpn(self) -> str:
        if self._device.vpn_connected:
            raise ToolError("a VPN is connected already")
        if self._device.airplane_mode:
            raise ToolError("a VPN cannot be connected while Airplane Mode is on")
        self._device.vpn_connected = True
        self._device.slow_vpn = False
        return self._changed("VPN connected successfully.")

    def disconnect_vpn(self) -> str:
        if not self._device.vpn_connected:
            raise ToolError("no VPN is connected")
        self._device.vpn_connected = False
        return self._changed("VPN disconnected successfully.")

    def check_installed_apps(self) -> str:
        return f"Installed apps: {', '.join(self._device.app_statuses)}"

    def check_app_status(self, app_name: str) -> str:
        return f"App {app_name}: installed\n{self.check_app_permissions(app_name)}"

    def check_app_permissions(self, app_name: str) -> str:
        granted = [name for name, given in self._permissions(app_name).items() if given]
        return f"Permissions of {app_name}: {', '.join(granted) or 'none'}"

    def grant_app_permission(self, app_name: str, permission: str) -> str:
        permissions = self._permissions(app_name)
        if permission not in permissions:
            raise ToolError(f"{app_name} has no permission {permission!r} to be granted")
        permissions[permission] = True
        return self._changed(f"Success. Permission '{permission}' granted to app '{app_name}'.")

    def can_send_mms(self) -> str:
        can = "can" if self.radio.sends_mms() else "cannot"
        return f"Your messaging app {can} send MMS messages."

    def reboot_device(self) -> str:
        said = "Restarting network services..."
        if self._device.apn_resets_at_reboot:
            self._device.active_apn_settings = copy.deepcopy(self._first_apn)
            self._device.apn_resets_at_reboot = False
            said = f"Resetting APN settings...\n{said}"
        return self._changed(said, search=True)

    def check_payment_request(self) -> str:
        bill = self._crm.awaited_bill()
        if bill is None:
            return "There is no payment request."
        return f"Payment request: bill {bill['bill_id']}, {bill['total_due']} USD"

    def make_payment(self) -> str:
        bill = self._crm.awaited_bill()
        if bill is None:
            raise ToolError("there is no payment request to pay")
        bill["status"] = "Paid"
        return f"Payment of {bill['total_due']} USD has been made for bill {bill['bill_id']}."

    def _permissions(self, app: str) -> dict[str, bool]:
        statuses = self._device.app_statuses
        if app not in statuses:
            raise ToolError(f"there is no app {app!r}; installed: {', '.join(statuses)}")
        permissions: dict[str, bool] = statuses[app]["permissions"]
        return permissions

    def _changed(self, said: str, *, search: bool = False) -> str:
        if search:
            self.radio.search()
        return f"{said}\n{self.check_status_bar()}"


def _yes(value: bool) -> str:
    return "Yes" if value else "No"
