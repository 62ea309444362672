"""The page about the Almanac says what is so."""

import json
import re
from dataclasses import fields
from pathlib import Path

from outlay.benchmarks.suites.almanac import Almanac, AlmanacKnobs
from outlay.benchmarks.suites.almanac.grammar import RELATIONS, VOCABULARY
from outlay.embedded.reader.reader import AlmanacReader
from outlay.journal.records import Message, Request

PAGE = (Path(__file__).parents[4] / "docs" / "almanac.md").read_text(encoding="utf-8")
BLOCK = "\n<budget>\nusd: used 0, remaining 0.012\n</budget>"


def transcript(world, prompt):
    """Returns what the reader of the example does and sees, as the page prints it."""
    tools = tuple(tool.spec for tool in world.tools())
    messages = [Message("user", prompt + BLOCK)]
    lines = [prompt]
    for _ in range(9):
        message, finish = AlmanacReader().reply(Request(tuple(messages), tools))
        lines += ["", message.content]
        if finish == "stop":
            break
        (call,) = message.tool_calls
        (argument,) = json.loads(call.arguments).values()
        answer = world.search(argument) if call.name == "search" else world.open(argument)
        lines += [f"→ {call.name} {argument}", answer]
        messages += [message, Message("tool", answer, tool_call_id=call.id)]
    return "\n".join(lines)


def test_the_example_is_what_happens():
    suite = Almanac()
    task = suite.tasks(88, 0)[87]
    path = ", ".join(f"`{tool} {argument}`" for tool, argument in task.gold_path)
    assert f"Task `{task.id}`, gold path {path}, USD {task.gold_cost}." in PAGE
    assert f"```\n{transcript(suite.world(task), task.prompt)}\n```" in PAGE


def test_every_knob_is_documented():
    table = set(re.findall(r"`(\w+)`", PAGE.partition("## Knobs")[2].partition("## An")[0]))
    assert {field.name for field in fields(AlmanacKnobs)} <= table


def test_the_numbers_are_right():
    assert f"{len(VOCABULARY)} words and syllables" in PAGE
    assert f"linked by {len(RELATIONS)} relations" in PAGE
