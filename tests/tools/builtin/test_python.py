from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.journal.records import Observation, ToolCall
from outlay.tools import Tool, ToolContext
from outlay.tools.builtin import python as python_module
from outlay.tools.builtin.python import python

ESCAPES = {
    "open('/etc/passwd').read()": "PermissionError",
    "from pathlib import Path\nPath('/etc/passwd').read_text()": "PermissionError",
    "open('/tmp/outlay-was-here', 'w')": "PermissionError",
    "import os\nos.listdir('/')": "PermissionError",
    "import os\nos.system('id')": "AttributeError",
    "import os\nos.environ": "not supported",
    "import os\nos.getenv('HOME')": "not supported",
    "import os\nos.fork()": "AttributeError",
    "import subprocess": "ModuleNotFoundError",
    "import socket": "ModuleNotFoundError",
    "import ctypes": "ModuleNotFoundError",
    "import outlay.tools": "ModuleNotFoundError",
    "__import__('os')": "NameError",
    "().__class__.__bases__[0].__subclasses__()": "AttributeError",
    "(lambda: 1).__globals__": "AttributeError",
    "eval('open(\"/etc/passwd\")')": "PermissionError",
    "globals()": "NameError",
    "input()": "NameError",
    "[0] * 10**9": "memory limit",
    "'a' * 10**10": "memory limit",
    "10 ** 10**8": "memory limit",
    "x = []\nwhile True:\n    x.append('a' * 1000)": "memory limit",
    "while True:\n    pass": "time limit",
    "while True:\n    print('x' * 1000)": "time limit",
    "def f():\n    return f()\nf()": "RecursionError",
    "import sys\nsys.exit(3)": "AttributeError",
    "raise SystemExit": "SystemExit",
    "(" * 5_000: "too deeply nested",
}


@pytest.fixture
def subject() -> Tool:
    return python(seconds=0.5, memory=16_000_000)


async def call(subject: Tool, context: ToolContext, code: str) -> Observation:
    return await subject.run(ToolCall("1", "python", json.dumps({"code": code})), context)


async def test_it_shows_what_is_printed_and_the_last_value(
    subject: Tool, context: ToolContext
) -> None:
    seen = await call(subject, context, "print('two', end='')\n[1, {'a': 'b'}]")
    assert (seen.text, seen.error) == ("two\n[1, {'a': 'b'}]", False)
    assert (await call(subject, context, "x = 1")).text == "(no output)"


async def test_variables_last_for_one_run_also_in_another_process(context: ToolContext) -> None:
    await call(python(), context, "def double(x): return 2 * x\nn = 20")
    await call(python(), context, "n += 1\n1 / 0")
    assert (await call(python(), context, "double(n)")).text == "42"
    other = dataclasses.replace(context, run="run-2")
    assert "NameError" in (await call(python(), other, "n")).text


@pytest.mark.parametrize(("code", "said"), ESCAPES.items())
async def test_no_way_leads_out_of_the_sandbox(
    code: str, said: str, subject: Tool, context: ToolContext
) -> None:
    await call(subject, context, "kept = 'alive'")
    seen = await call(subject, context, code)
    assert seen.error
    assert said in seen.text, seen.text
    assert "root:" not in seen.text
    assert (await call(subject, context, "kept")).text == "'alive'"
    assert not Path("/tmp/outlay-was-here").exists()


async def test_a_failure_shows_the_line_and_what_was_printed(
    subject: Tool, context: ToolContext
) -> None:
    seen = await call(subject, context, "print('before')\nx = 0\n1 / x")
    assert seen.error
    assert seen.text.startswith("Error: before\nTraceback")
    assert "line 3" in seen.text
    assert seen.text.endswith("ZeroDivisionError: division by zero")


async def test_after_a_limit_the_variables_are_as_before(
    subject: Tool, context: ToolContext
) -> None:
    await call(subject, context, "n = 1")
    seen = await call(subject, context, "n = 2\nwhile True:\n    pass")
    assert seen.text.endswith("the variables are as they were before this call")
    assert (await call(subject, context, "n")).text == "1"


async def test_waiting_takes_no_time(subject: Tool, context: ToolContext) -> None:
    seen = await call(subject, context, "import time\ntime.sleep(10**6)\n'awake'")
    assert seen.text == "'awake'"


async def test_floods_and_large_variables_are_bounded(
    subject: Tool, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_module, "PRINTED", 1_000)
    monkeypatch.setattr(python_module, "STATE", 10_000)
    seen = await call(subject, context, "for i in range(1000):\n    print('ten chars')")
    assert "[9,000 more characters were printed and dropped]" in seen.text
    seen = await call(subject, context, "x = 'a' * 100_000")
    assert "the variables hold more than 10,000 bytes" in seen.text
    assert "NameError" in (await call(subject, context, "x")).text


async def test_of_many_runs_the_oldest_variables_go(
    subject: Tool, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_module, "KEPT_RUNS", 3)
    for run in range(6):
        await call(subject, dataclasses.replace(context, run=str(run)), "x = 1")
    assert len(list((context.outputs.folder / "python").iterdir())) == 3


async def test_broken_variables_are_reported_once(subject: Tool, context: ToolContext) -> None:
    await call(subject, context, "x = 1")
    (state,) = (context.outputs.folder / "python").iterdir()
    state.write_bytes(b"\xff" * 100)
    assert "are lost: begin again" in (await call(subject, context, "x")).text
    assert (await call(subject, context, "2")).text == "2"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.recursive(st.integers() | st.text() | st.booleans(), st.lists, max_leaves=10))
async def test_values_come_back_as_they_are_kept(value: object, context: ToolContext) -> None:
    subject = python()
    await call(subject, context, f"kept = {value!r}")
    assert (await call(subject, context, f"kept == {value!r}")).text == "True"


def test_it_is_priced_and_declares_that_it_changes_something() -> None:
    subject = python(price="0.01")
    assert (subject.least_cost, subject.spec.read_only, subject.concurrency) == (
        Decimal("0.01"), False, 1,
    )  # fmt: skip


BOMB = "a = [0]\nfor i in range(40):\n    a = [a, a]\n"


@pytest.mark.parametrize("last", ["a", "(a, a)", "{'x': a}", "print(len(a))\na"])
async def test_a_value_that_unfolds_stays_in_the_sandbox(last: str, context: ToolContext) -> None:
    tool = python(seconds=1)
    observation = await tool.run(
        ToolCall("c", "python", json.dumps({"code": BOMB + last})), context
    )
    assert observation.error
    assert len(observation.text) < 1_000


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 + 1", "2"), ("'é' + 'x'", "'éx'"), ("x = 1", "(no output)"), ("None", "(no output)"),
        ("x = [1,\n 2]; x", "[1, 2]"), ("(1,\n2)", "(1, 2)"), ("'a' 'b' # c", "'ab'"),
        ("print('hi')\n'é', 2  # after", "hi\n('é', 2)"), ("print('x')", "x\n"),
        ("x = 5\nx;", "5"),
    ],
)  # fmt: skip
async def test_the_value_of_the_last_expression_is_shown(
    code: str, shown: str, context: ToolContext
) -> None:
    call = ToolCall("c", "python", json.dumps({"code": code}))
    assert (await python().run(call, context)).text == shown
