from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from reading import cost

from outlay.journal.records import Message, Observation, ToolCall
from outlay.tools import ToolContext, recall, tool
from outlay.tools.builtin.recall import recall_at


async def test_a_cut_output_is_read_to_its_end_page_by_page(context: ToolContext) -> None:
    whole = "".join(f"line {number}\n" for number in range(10_000))

    @tool
    def read() -> str:
        """Reads."""
        return whole

    cut = await read.run(ToolCall("1", "read", "{}"), context)
    text = ""
    while len(text) < len(whole):
        arguments = json.dumps({"ref": cut.ref, "start": len(text)})
        seen = await recall.run(ToolCall("2", "recall", arguments), context)
        assert not seen.error
        assert seen.ref is None
        page, _, note = seen.text.rpartition("\n")
        text += page if note.startswith("[characters") else seen.text
    assert text == whole


async def test_a_wrong_ref_or_place_is_an_observation(context: ToolContext) -> None:
    ref = context.outputs.put("short")
    for arguments in ({"ref": "../x"}, {"ref": "0" * 16}, {"ref": ref, "start": 5}):
        seen = await recall.run(ToolCall("1", "recall", json.dumps(arguments)), context)
        assert seen.error


class Told:
    """An attempt of which the third message was shown cut."""

    messages = (
        Message("user", "Where?"),
        Message("assistant", "", (ToolCall("a", "open", '{"name": "Vokizu"}'),)),
        Message("tool", "Vokizu was born [cut]", tool_call_id="a"),
        Message("assistant", "", (ToolCall("b", "recall", '{"ref": "r2"}'),)),
        Message("tool", "Vokizu was born in Navazi.", tool_call_id="b"),
        Message("assistant", "", (ToolCall("c", "open", '{"name": "Navazi"}'),)),
        Message("tool", "Navazi lies in Bora. " * 50, tool_call_id="c"),
    )

    def __init__(self, number: int = 0) -> None:
        self._prefix = f"r{number}." if number else "r"

    def whole(self, place: int) -> str:
        return "Vokizu was born in Navazi." if place == 2 else self.messages[place].content

    def ref(self, place: int) -> str:
        return f"{self._prefix}{place}"


async def asked(context: ToolContext, **arguments: object) -> Observation:
    past = replace(context, past=lambda: (Told(), Told(1)))
    return await recall.run(ToolCall("1", "recall", json.dumps(arguments)), past)


async def test_an_observation_comes_back_whole_by_its_ref(context: ToolContext) -> None:
    assert (await asked(context, ref="r2")).text == "Vokizu was born in Navazi."
    assert (await asked(context, ref="r1.2")).text == "Vokizu was born in Navazi."
    assert (await asked(context, ref="r6", start=1045)).text == "Bora. "[1:]


async def test_words_are_searched_in_all_observations_but_recalls_own(
    context: ToolContext,
) -> None:
    seen = (await asked(context, query="born")).text
    assert seen == '[r1.2] open {"name": "Vokizu"}\nVokizu was born in Navazi.'
    first, _, second = (await asked(context, query="Navazi")).text.partition("\n\n")
    assert first.startswith('[r1.6] open {"name": "Navazi"}\n… ')
    assert second.startswith("[r1.2] ")
    assert "holds any of these words" in (await asked(context, query="Zzz")).text


async def test_what_is_neither_ref_nor_query_is_refused(context: ToolContext) -> None:
    for arguments in ({}, {"ref": "r2", "query": "x"}, {"ref": "r99"}, {"ref": "r1"}):
        assert (await asked(context, **arguments)).error


async def test_its_price_is_the_one_that_it_was_made_with() -> None:
    assert cost(recall_at("0.001"), '{"ref": "r2"}') == Decimal("0.001")
    assert cost(recall, "{}") == 0
