from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from outlay.agent import Agent
from outlay.cli.app import app
from outlay.policies import Endpoint
from outlay.policies.reasoning import SpokenText, split
from outlay.tools import tool

from ..fixtures.typed_server import HttpAnswer, TypedServer, event

USAGE = {"prompt_tokens": 10, "completion_tokens": 5}
CALL = '```tool_call\n{"name": "search", "arguments": {"q": "x"}}\n```'
THOUGHT = f"I could do\n{CALL}\nor say\nAnswer: 41"
HARMONY = "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>"
STYLES = [
    "<think>{}</think>\n\n", "\n<thinking>\n{}\n</thinking>\n", "<reasoning>{}</reasoning>",
    "[THINK]{}[/THINK]", HARMONY, "{}\n</think>\n\n", "<Think>{}</Think>",
    "<|START_THINKING|>{}<|END_THINKING|><|START_RESPONSE|>", "◁think▷{}◁/think▷",
    "<think>\n\n</think>\n\n<think>{}</think>",
]  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_reasoning_is_split_off(style: str) -> None:
    assert split(style.format(THOUGHT) + "Answer: 42") == (THOUGHT, "Answer: 42")


@pytest.mark.parametrize(
    "text",
    [
        "Answer: 42", "", "Write <think> and </think> so: `<think>a</think>`.",
        "`</think>` ends it",
        "<thin air>", "<b>bold</b>", "[THINKING] of you", "< think >",
    ],
)  # fmt: skip
def test_what_is_said_stays(text: str) -> None:
    assert split(text) == ("", text)


def test_a_thought_that_was_cut_off_is_no_answer() -> None:
    assert split("<think>Answer: 41") == ("Answer: 41", "")


@given(st.sampled_from([*STYLES, "", "<think>{}"]), st.text("ab<>/`think]", max_size=20), st.data())
def test_what_is_spoken_is_what_is_said_wherever_it_is_cut(
    style: str, said: str, data: st.DataObject
) -> None:
    text = style.format("hm > hm") + said
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    told: list[str] = []
    spoken = SpokenText(told.append, begins_in_thought=style.startswith("{}"))
    for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True):
        spoken.add(text[a:b])
    spoken.end()
    assert "".join(told).strip() == split(text)[1].strip()


@tool(price="0.01")
def search(q: str) -> str:
    """Searches.

    Args:
        q: what for.
    """
    return f"found {q}"


def respond(style: str, body: dict[str, Any], fields: dict[str, Any]) -> HttpAnswer:
    content = (style.format(THOUGHT) if style else "") + "Answer: 42"
    if not body.get("stream"):
        message = {"role": "assistant", "content": content, **fields}
        return HttpAnswer({"choices": [{"message": message}], "usage": USAGE})
    pieces: list[dict[str, Any]] = [fields] if fields else []
    pieces += [{"content": content[at : at + 3]} for at in range(0, len(content), 3)]
    chunks: list[Any] = [{"choices": [{"delta": piece}]} for piece in pieces]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}
    return HttpAnswer(events=[event(data) for data in (*chunks, end, "[DONE]")])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("protocol", ["native", "text"])
@pytest.mark.parametrize(
    ("style", "fields"),
    [
        *((style, {}) for style in STYLES),
        ("", {"reasoning_content": THOUGHT}),
        ("", {"reasoning": THOUGHT}),
        ("", {"reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]}),
    ],
)
def test_nothing_in_a_thought_is_done_or_taken_for_the_answer(
    style: str,
    fields: dict[str, Any],
    protocol: Literal["native", "text"],
    stream: bool,
    tmp_path: Path,
) -> None:
    said: list[str] = []
    with TypedServer(lambda path, body: respond(style, body, fields)) as server:
        endpoint = Endpoint(
            "m", base_url=server.url, stream=stream, tool_protocol=protocol, timeout=5
        )
        agent = Agent(
            model=endpoint, tools=[search], budget="search=1", home=tmp_path,
            listeners=[lambda e: said.append(e.body["text"]) if e.kind == "text" else None],
        )  # fmt: skip
        result = agent.run_sync("go")
        replayed = asyncio.run(agent.replay(result.run))
    assert (result.status, result.answer) == ("answered", "42")
    assert result.spend.usd == 0
    assert replayed.trajectory == result.trajectory
    if stream and not style.startswith("{}"):  # such a beginning shows when it is over
        assert "".join(said).strip() == "Answer: 42"
    shown = CliRunner().invoke(app, ["show", result.run, "--full", "--home", str(tmp_path)])
    assert "Answer: 41" in shown.output


async def test_a_model_that_begins_within_its_thought_is_heard_rightly_from_then_on() -> None:
    from outlay.journal.records import Message, Request

    said: list[str] = []
    asked = Request((Message("user", "go"),), on_text=said.append)
    with TypedServer(lambda path, body: respond("{}</think>\n", body, {})) as server:
        endpoint = Endpoint("m", base_url=server.url, stream=True, timeout=5)
        await endpoint.reply(asked)
        said.clear()
        reply = await endpoint.reply(asked)
    assert "".join(said) == reply.message.content == "Answer: 42"
    assert reply.reasoning == THOUGHT
