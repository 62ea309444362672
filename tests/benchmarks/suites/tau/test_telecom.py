"""Telecom tickets: gold traces, baselines, what the agent sees, and bad data."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.tau import Telecom, TelecomWorld, tau2_telecom
from outlay.benchmarks.suites.tau.radio import PhoneSettings, Radio, speed_name
from outlay.ledger.errors import ToolError, UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "tau2_bench/telecom"
OWNER = {"customer_id": "C1", "line_id": "L1"}
FAST = ("assert_internet_speed", {"expected_speed": 200, "expected_desc": "excellent"})


def ticket(
    faults: list[Any],
    actions: list[Any],
    hold: list[Any],
    basis: tuple[str, ...] = ("ENV_ASSERTION",),
    compared: list[str] | None = None,
) -> dict[str, Any]:
    person = ("set_user_info", {"name": "Ann", "phone_number": "555"})
    broken = [{"func_name": n, "arguments": a} for n, a in (person, *faults)]
    made = [{"name": n, "arguments": a, "compare_args": compared} for n, a in actions]
    held = [{"func_name": n, "arguments": a, "assert_value": True} for n, a in hold]
    return {
        "id": "[mobile_data_issue]x",
        "ticket": "No mobile data. Phone number 555.",
        "initial_state": {"initialization_actions": broken},
        "evaluation_criteria": {
            "actions": made,
            "env_assertions": held,
            "reward_basis": list(basis),
        },
    }


def made(folder: Path, *tickets: Any) -> Telecom:
    (folder / "tasks_57.json").write_text(json.dumps(tickets))
    return tau2_telecom(data=folder)


def world_of(suite: Telecom) -> TelecomWorld:
    return suite.world(suite.tasks(1, seed=0)[0])


CASES = [
    ([("turn_data_off", {})], [("toggle_data", {})], [FAST]),
    ([("turn_airplane_mode_on", {})], [("toggle_airplane_mode", {})], [FAST]),
    (
        [("turn_data_saver_mode_on", {}), ("set_network_mode_preference", {"mode": "2g_only"})],
        [
            ("toggle_data_saver_mode", {}),
            ("set_network_mode_preference", {"mode": "4g_5g_preferred"}),
        ],
        [FAST],
    ),
    ([("break_vpn", {})], [("disconnect_vpn", {})], [FAST]),
    (
        [("set_data_usage", {**OWNER, "data_used_gb": 15.1})],
        [("refuel_data", {**OWNER, "gb_amount": 2.0})],
        [FAST, ("assert_data_refueling_amount", {**OWNER, "expected_amount": 2.0})],
    ),
    (
        [("set_user_location", {"abroad": True}), ("disable_roaming", OWNER)],
        [("enable_roaming", OWNER), ("toggle_roaming", {})],
        [("assert_mobile_data_status", {"expected_status": True})],
    ),
    (
        [("unseat_sim_card", {}), ("break_apn_settings", {})],
        [("reseat_sim_card", {}), ("reset_apn_settings", {}), ("reboot_device", {})],
        [("assert_service_status", {"expected_status": "connected"})],
    ),
    (
        [
            ("suspend_line_for_overdue_bill",
             {**OWNER, "new_bill_id": "B9", "contract_ended": False}),
            ("simulate_network_search", {}),
        ],
        [
            ("send_payment_request", {"customer_id": "C1", "bill_id": "B9"}),
            ("make_payment", {}),
            ("resume_line", OWNER),
            ("reboot_device", {}),
        ],
        [
            ("assert_no_overdue_bill", {"overdue_bill_id": "B9"}),
            ("assert_service_status", {"expected_status": "connected"}),
        ],
    ),
    (
        [
            ("remove_app_permission", {"app_name": "messaging", "permission": "sms"}),
            ("set_wifi_calling", {"enabled": True, "mms_over_wifi": True}),
            ("break_apn_mms_setting", {}),
        ],
        [
            ("grant_app_permission", {"app_name": "messaging", "permission": "sms"}),
            ("toggle_wifi_calling", {}),
            ("reset_apn_settings", {}),
            ("reboot_device", {}),
        ],
        [("assert_can_send_mms", {"expected_status": True})],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "actions", "hold"), CASES)
def test_each_fault_shows_until_its_remedies_are_all_made(
    telecom: Path, faults: list[Any], actions: list[Any], hold: list[Any]
) -> None:
    world = world_of(made(telecom, ticket(faults, actions, hold)))
    for name, arguments in actions:
        assert world.score(None) == 0
        world.act(name, json.dumps(arguments))
    assert world.score(None) == 1


@pytest.mark.parametrize(("compared", "score"), [([], 1), (["summary"], 0), (None, 0)])
def test_an_action_is_asked_for_where_the_basis_says_so(
    telecom: Path, compared: list[str] | None, score: float
) -> None:
    locked = [("lock_sim_card", {"mode": "pin"})]
    transfer = [("transfer_to_human_agents", {"summary": "I cannot fix it."})]
    hold = [("assert_service_status", {"expected_status": "no_service"})]
    basis = ("ENV_ASSERTION", "ACTION")
    world = world_of(made(telecom, ticket(locked, transfer, hold, basis, compared)))
    assert (world.assertions_hold(), world.score(None)) == (True, 0)
    world.act("transfer_to_human_agents", '{"summary": "The SIM card is locked."}')
    assert world.score(None) == score
    world.act("transfer_to_human_agents", '{"summary": "I cannot fix it."}')
    assert world.score(None) == 1


def test_after_done_nothing_more_can_be_done(telecom: Path) -> None:
    world = world_of(made(telecom, ticket([("turn_data_off", {})], [], [FAST])))
    world.act("done", "{}")
    with pytest.raises(ToolError, match="ended by `done`"):
        world.act("toggle_data", "{}")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("toggle_data", '{"on": true}'),
        ("set_network_mode_preference", '{"mode": "6g"}'),
        ("refuel_data", '{"customer_id": "C1", "line_id": "L9", "gb_amount": 1}'),
        ("refuel_data", '{"customer_id": "C1", "line_id": "L1", "gb_amount": "1"}'),
        ("refuel_data", '{"customer_id": "C1", "line_id": "L1", "gb_amount": -1}'),
        ("resume_line", '{"customer_id": "C1", "line_id": "L1"}'),
        ("make_payment", "{}"),
        ("disconnect_vpn", "{}"),
        ("radio", "{}"),
        ("bill", '{"bill_id": "B1"}'),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    telecom: Path, name: str, arguments: str
) -> None:
    world = world_of(made(telecom, ticket([], [], [FAST])))
    bar = world.act("check_status_bar", "{}")
    with pytest.raises(ToolError):
        world.act(name, arguments)
    assert world.act("check_status_bar", "{}") == bar


def test_what_the_agent_sees_does_not_depend_on_the_gold(telecom: Path) -> None:
    def seen(suite: Telecom) -> list[Any]:
        (task,) = suite.tasks(1, seed=0)
        tools = [tool.spec for tool in suite.world(task).tools()]
        return [suite.system_prompt, task.prompt, tools]

    faults = [("turn_data_off", {})]
    first = ticket(faults, [("toggle_data", {})], [FAST])
    assert seen(made(telecom, first)) == seen(
        made(telecom, ticket([], [("reboot_device", {})], []))
    )
    assert "Refuel 2 GB at most." in tau2_telecom(data=telecom).system_prompt


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ticket": ""}, "field 'ticket' must be text"),
        ({"evaluation_criteria": {}}, "field 'evaluation_criteria' must hold a list 'actions'"),
        ({"evaluation_criteria": None}, "field 'evaluation_criteria' is missing"),
    ],
)
def test_bad_records_are_refused(telecom: Path, changed: Any, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        len(made(telecom, {**ticket([], [], []), **changed}))


def test_unknown_names_in_the_data_are_refused(telecom: Path) -> None:
    with pytest.raises(UsageError, match="names the unknown 'assert_x'"):
        len(made(telecom, ticket([], [], [("assert_x", {})])))
    with pytest.raises(UsageError, match="line 1: field 'initial_state' names the unknown melt"):
        world_of(made(telecom, ticket([("melt", {})], [], [])))
    (telecom / "user_db.toml").write_text("[device]\n")
    with pytest.raises(UsageError, match=r"the setting .* is missing or unknown"):
        world_of(made(telecom, ticket([], [], [])))


DEVICE = {
    "sim_card_status": "active", "sim_card_missing": False, "airplane_mode": False,
    "network_signal_strength": "good", "network_technology_connected": "5G",
    "network_connection_status": "connected", "battery_level": 80, "data_enabled": True,
    "roaming_enabled": False, "network_mode_preference": "4g_5g_preferred",
    "wifi_enabled": False, "wifi_connected": False, "wifi_signal_strength": "none",
    "wifi_calling_enabled": False, "wifi_calling_mms_over_wifi": False, "data_saver_mode": False,
    "vpn_enabled_setting": False, "vpn_connected": False,
    "active_apn_settings": {"apn_name": "internet", "mmsc_url": "x"},
    "app_statuses": {"messaging": {"permissions": {"sms": True, "storage": True}}},
}  # fmt: skip


@given(
    st.fixed_dictionaries(
        {
            "airplane_mode": st.booleans(),
            "sim_card_missing": st.booleans(),
            "data_enabled": st.booleans(),
            "data_saver_mode": st.booleans(),
            "network_mode_preference": st.sampled_from(["2g_only", "3g_only", "4g_only"]),
        }
    )
)
def test_there_is_speed_only_with_service_and_mms_only_with_data(settings: dict[str, Any]) -> None:
    radio = Radio(PhoneSettings.of({**DEVICE, **settings}))
    radio.search()
    connected = radio.device.network_connection_status == "connected"
    assert (radio.speed() is not None) == radio.has_data() <= connected
    assert radio.sends_mms() <= radio.has_data()
    assert ("No Signal" in radio.status_bar() or settings["airplane_mode"]) == (not connected)
    assert speed_name(radio.speed()) != "excellent"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of tau2-bench in {DATA}")
@pytest.mark.parametrize(("file", "count", "held"), [("tasks_57", 57, 9), ("tasks_small", 20, 2)])
def test_the_published_gold_gives_the_recorded_observations_and_scores(
    file: str, count: int, held: int
) -> None:
    suite = tau2_telecom(data=DATA, tasks=f"{file}.json")
    lines = (DATA / f"gold_trace_{file}.jsonl").read_text(encoding="utf-8").splitlines()
    traces = {trace["id"]: trace["steps"] for trace in map(json.loads, lines)}
    assert len(suite) == count
    holding = 0
    for task in suite.tasks(count, seed=0):
        world = suite.world(task)
        holding += world.assertions_hold()
        assert world.score(None) == 0, task.id
        seen = [world.act(name, arguments) for name, arguments in task.gold_path]
        assert seen == [step["observation"] for step in traces[task.id]], task.id
        assert world.score(None) == 1, task.id
    assert holding == held
