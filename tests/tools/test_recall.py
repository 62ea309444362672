from __future__ import annotations

import json

from bursar.ledger.records import ToolCall
from bursar.tools import ToolContext, recall, tool


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
