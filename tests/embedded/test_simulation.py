"""The simulated policy errs as often as it says, and else speaks like the reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from chat_bodies import request_of

from outlay.embedded.reader.reader import AlmanacReader
from outlay.embedded.simulation import STRENGTHS, ErrorRates, SimulatedPolicy, simulated
from outlay.ledger.errors import UsageError
from outlay.planners import prompt
from outlay.policies.endpoint.wire import chat_message

TOOLS = [
    {
        "type": "function",
        "function": {"name": "search", "parameters": {"properties": {"query": {}}}},
    }
]
QUESTION = "What is the country of the birthplace of Vokizu?"
DRAWS = 2000


def body(*messages: tuple[str, str], seed: int = 0) -> dict[str, Any]:
    said = [("system", "s"), ("user", QUESTION), *messages]
    shown = [{"role": role, "content": text} for role, text in said]
    return {"messages": shown, "tools": TOOLS, "seed": seed}


SEEN = ("tool", "Vokizu was born in Navazi. Rahuda lies in Temika.")
KNOWN = ("tool", "Vokizu was born in Navazi. Navazi lies in Temika.")
VERIFY = ("user", prompt("verify").text)


def share(
    rates: ErrorRates, made: dict[str, Any], erred: Callable[[dict[str, Any]], bool]
) -> float:
    policy = SimulatedPolicy(rates)
    requests = (request_of({**made, "seed": seed}) for seed in range(DRAWS))
    replies = [chat_message(policy.reply(request)[0]) for request in requests]
    return sum(map(erred, replies)) / DRAWS


def is_misread(message: dict[str, Any]) -> bool:
    return "Answer: Temika" not in message["content"]


def is_wrong_call(message: dict[str, Any]) -> bool:
    (call,) = message["tool_calls"]
    return "Navazi" not in call["function"]["arguments"]


@pytest.mark.parametrize(
    ("rates", "made", "erred"),
    [
        (ErrorRates(plan=0.2, act=0, verify=0), body(SEEN), lambda m: not m.get("tool_calls")),
        (ErrorRates(plan=0, act=0.3, verify=0), body(SEEN), is_wrong_call),
        (ErrorRates(plan=0, act=0.3, verify=0), body(KNOWN), is_misread),
        (
            ErrorRates(plan=0, act=0, verify=0.25),
            body(KNOWN, ("assistant", "Answer: Temika"), VERIFY),
            lambda m: json.loads(m["content"])["decision"] != "success",
        ),
        (
            ErrorRates(plan=0, act=0, verify=0.25),
            body(KNOWN, ("assistant", "Answer: Navazi"), VERIFY),
            lambda m: json.loads(m["content"])["decision"] == "success",
        ),
    ],
)  # fmt: skip
def test_it_errs_as_often_as_it_says(
    rates: ErrorRates, made: dict[str, Any], erred: Callable[[dict[str, Any]], bool]
) -> None:
    wanted = max(rates.plan, rates.act, rates.verify)
    assert share(rates, made, erred) == pytest.approx(wanted, abs=0.04)


@pytest.mark.parametrize("made", [body(), body(SEEN), body(KNOWN), body(KNOWN, VERIFY)])
def test_without_errors_it_is_the_reader(made: dict[str, Any]) -> None:
    request = request_of(made)
    assert SimulatedPolicy(ErrorRates(plan=0, act=0, verify=0)).reply(
        request
    ) == AlmanacReader().reply(request)


def test_the_same_request_gets_the_same_reply() -> None:
    policy = SimulatedPolicy(STRENGTHS["weak"])
    for seed in range(50):
        request = request_of(body(SEEN, seed=seed))
        assert policy.reply(request) == policy.reply(request)


@pytest.mark.parametrize(
    "spec",
    ["simulated:", "simulated:mighty", "simulated:plan=1", "simulated:plan=2,act=0,verify=0"],
)
def test_rates_that_make_no_sense_are_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="rates from 0 to 1"):
        simulated(spec)


async def test_it_is_named_as_a_simulation() -> None:
    policy = simulated("simulated:plan=0.1,act=0.1,verify=0.2")
    assert policy.name == "simulated/plan=0.1,act=0.1,verify=0.2"
    await policy.close()
