"""The radio of a simulated phone: when it has service, mobile data, speed and picture messages.

Written from the policy, the workflow and the schemas of tau2-bench's telecom domain (Barres et al.
2025, 2506.07982) and held against its recorded gold traces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

BROKEN = "broken"
"""Name of an access point that does not work."""

TECHNOLOGIES = {
    "4g_5g_preferred": "5G",
    "4g_only": "4G",
    "3g_only": "3G",
    "2g_only": "2G",
}
"""What the phone connects to, by its preference."""

_SIGNALS = {"2G": "poor", "3G": "fair", "4G": "good", "5G": "excellent"}
_MBPS = {"2G": 0.25, "3G": 3.0, "4G": 55.0, "5G": 275.0}
_BY_SIGNAL = {"poor": 0.2, "fair": 0.5, "good": 0.8, "excellent": 1.0}
_DATA_SAVER = 0.2
_SLOW_VPN = 0.1
_SPEED_NAMES = ((1, "very poor"), (5, "poor"), (25, "fair"), (100, "good"))
_BARS = {"poor": "📶¹ Poor", "fair": "📶² Fair", "good": "📶³ Good", "excellent": "📶⁴ Excellent"}


@dataclass(kw_only=True)
class PhoneSettings:
    """The settings of a phone, with the names of `user_db.toml`."""

    sim_card_status: str
    sim_card_missing: bool
    airplane_mode: bool
    network_signal_strength: str
    network_technology_connected: str
    network_connection_status: str
    battery_level: int
    data_enabled: bool
    roaming_enabled: bool
    network_mode_preference: str
    wifi_enabled: bool
    wifi_connected: bool
    wifi_signal_strength: str
    wifi_calling_enabled: bool
    wifi_calling_mms_over_wifi: bool
    data_saver_mode: bool
    vpn_enabled_setting: bool
    vpn_connected: bool
    active_apn_settings: dict[str, Any]
    app_statuses: dict[str, dict[str, Any]]
    slow_vpn: bool = False
    apn_resets_at_reboot: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> PhoneSettings:
        """Returns the device that `user_db.toml` describes.

        Raises:
            ValueError: a setting is missing or unknown.
        """
        known = {each.name for each in fields(cls)}
        needed = known - {"slow_vpn", "apn_resets_at_reboot"}
        if wrong := sorted(needed - data.keys()) or sorted(data.keys() - needed):
            raise ValueError(f"the setting {wrong[0]!r} is missing or unknown")
        return cls(**data)


@dataclass
class PhoneSurroundings:
    """What the phone finds around it; the carrier's part is set anew before every call."""

    abroad: bool = False
    line_active: bool = True
    roaming_allowed: bool = False
    data_used_up: bool = False


@dataclass
class Radio:
    """A phone with its surroundings."""

    device: PhoneSettings
    around: PhoneSurroundings = field(default_factory=PhoneSurroundings)

    def search(self) -> None:
        """Looks for a network and connects to it where the phone, its SIM and its line allow."""
        device = self.device
        if self._can_connect():
            device.network_technology_connected = TECHNOLOGIES[device.network_mode_preference]
            device.network_signal_strength = _SIGNALS[device.network_technology_connected]
            device.network_connection_status = "connected"
        else:
            device.network_technology_connected = "none"
            device.network_signal_strength = "none"
            device.network_connection_status = "no_service"

    @property
    def sim(self) -> str:
        """Whether the SIM card is `active`, `missing` or locked, such as `locked_pin`."""
        return "missing" if self.device.sim_card_missing else self.device.sim_card_status

    def has_data(self) -> bool:
        """Says whether mobile data work."""
        device, around = self.device, self.around
        roams = device.roaming_enabled and around.roaming_allowed
        return (
            device.network_connection_status == "connected"
            and device.data_enabled
            and not around.data_used_up
            and (roams or not around.abroad)
        )

    def speed(self) -> float | None:
        """Returns the speed of mobile data in Mbit/s, or None without connection."""
        device = self.device
        if not self.has_data():
            return None
        speed = _MBPS[device.network_technology_connected]
        speed *= _BY_SIGNAL[device.network_signal_strength]
        speed *= _DATA_SAVER if device.data_saver_mode else 1
        return speed * (_SLOW_VPN if device.vpn_connected and device.slow_vpn else 1)

    def sends_mms(self) -> bool:
        """Says whether the messaging app can send picture messages."""
        device = self.device
        permissions = device.app_statuses["messaging"]["permissions"]
        over_wifi = device.wifi_calling_enabled and device.wifi_calling_mms_over_wifi
        return (
            self.has_data()
            and device.network_technology_connected != "2G"
            and not over_wifi
            and bool(device.active_apn_settings.get("mmsc_url"))
            and permissions["storage"]
            and permissions["sms"]
        )

    def status_bar(self) -> str:
        """Returns the line of icons at the top of the screen."""
        device = self.device
        icons = ["✈️ Airplane Mode"] if device.airplane_mode else self._service()
        if device.wifi_connected:
            icons.append("🛜 Wi-Fi Connected")
        if device.vpn_connected:
            icons.append("🔒 VPN Connected")
        return " | ".join([*icons, f"🔋 {device.battery_level}%"])

    def _service(self) -> list[str]:
        device = self.device
        if device.network_connection_status != "connected":
            return ["📵 No Signal", "📵 Data Disabled"]
        icons = [_BARS[device.network_signal_strength], device.network_technology_connected]
        if not device.data_enabled:
            return [*icons, "📵 Data Disabled"]
        saver = ["🔽 Data Saver"] if device.data_saver_mode else []
        return [*icons, "📱 Data Enabled", *saver]

    def _can_connect(self) -> bool:
        device = self.device
        return (
            not device.airplane_mode
            and self.sim == "active"
            and self.around.line_active
            and device.active_apn_settings["apn_name"] != BROKEN
        )


def speed_name(mbps: float | None) -> str:
    """Returns what a speed is called, `no connection` where there is none."""
    if mbps is None:
        return "no connection"
    return next((name for most, name in _SPEED_NAMES if mbps < most), "excellent")
