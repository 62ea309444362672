"""A run that is gone on with is told what it was told: prompts in the versions of its record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from outlay.agent import Agent, Home
from outlay.journal.prompt_files import PromptFiles, versions_of
from outlay.journal.records import Message, Reply, Request, ToolCall
from outlay.ledger.usage import Usage
from outlay.planners import prompts
from outlay.policies import ScriptedPolicy
from outlay.policies.scripted import Step, by_turn
from outlay.tools import tool

PROMPTS = Path(prompts.__file__).parent
CHANGED = ("react", "wrap_up", "reminder")


@tool(price="0.001", read_only=True, inline=True)
def look(place: str) -> str:
    """Looks at a place."""
    return f"{place} is empty"


def agent(home: Path, requests: list[Request]) -> Agent:
    """An agent that looks about three times and answers, unless it is to wrap up."""
    calls = [ToolCall(f"c{n}", "look", f'{{"place": "p{n}"}}') for n in range(3)]
    said = [Message("assistant", f"Turn {n}.", (call,)) for n, call in enumerate(calls)]
    script = by_turn([*(Reply(m, Usage(input=90, output=9)) for m in said), "Answer: 7"])

    def decide(request: Request) -> Step:
        requests.append(request)
        return script(request) if request.tool_choice != "none" else "Answer: nothing yet"

    return Agent(
        model=ScriptedPolicy(decide), tools=[look], planner="react:remind=2", home=home,
        budget="model_calls=3",
    )  # fmt: skip


def told(request: Request) -> str:
    return "\n".join(m.content for m in request.messages if m.role != "assistant")


def second_edition(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives three prompts of the planners one more version."""
    shutil.copytree(PROMPTS, place)
    for name in CHANGED:
        number = prompts.prompt(name).version
        (place / f"{name}.md").rename(place / f"{name}@{number}.md")
        (place / f"{name}.md").write_text(f"version: {number + 1}\n\nThe second {name}.\n")
    monkeypatch.setattr(prompts, "FILES", PromptFiles(place))


async def test_a_run_of_version_1_resumes_with_version_1(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[Request] = []
    result = await agent(home, first).run("What is there?")
    assert result.status == "budget_exhausted"
    newest = {name: prompts.prompt(name).version for name in CHANGED[:2]}
    second_edition(tmp_path / "prompts", monkeypatch)

    asked: list[Request] = []
    later = agent(home, asked)
    replayed = await later.replay(result.run)
    assert (replayed.text, asked) == (result.text, [])

    resumed = await later.resume(result.run, add="model_calls=4")
    assert resumed.text == "Answer: 7"
    assert all(request.messages[0] == first[0].messages[0] for request in asked)
    assert prompts.prompt("reminder", 1).text in told(asked[-1])
    assert "The second" not in "".join(map(told, asked))

    forked = await later.fork(result.run, 2, budget="model_calls=9")
    assert "The second" not in "".join(map(told, asked))
    (start,) = (e for e in Home.at(home).events(forked.run) if e.kind == "run_started")
    assert {name: versions_of(start.body["agent"])[name] for name in CHANGED[:2]} == newest


async def test_a_new_run_has_the_newest_and_is_gone_on_with_so(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_edition(tmp_path / "prompts", monkeypatch)
    asked: list[Request] = []
    result = await agent(home, asked).run("What is there?")
    assert told(asked[0]).startswith("The second react.")
    assert told(asked[-1]).endswith("The second wrap_up.")
    (start,) = (e for e in Home.at(home).events(result.run) if e.kind == "run_started")
    assert start.body["agent"]["other_prompts"] == {"budget": 3, "reminder": 2, "toolchain": 2}

    await agent(home, asked).resume(result.run, add="model_calls=4")
    assert "The second reminder." in told(asked[-1])
