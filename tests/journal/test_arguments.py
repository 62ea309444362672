"""What counts as the arguments of a call, everywhere: JSON objects and nothing else."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.arguments import MalformedArguments, arguments_or, read_arguments, written
from outlay.journal.records import Message, ToolCall
from outlay.planners.toolchain.actions import canonical
from outlay.policies import text_protocol
from outlay.tools import tool

MALFORMED = {
    '{"n": NaN}': "not valid JSON",
    '{"n": -Infinity}': "not valid JSON",
    '{"n": [{"m": Infinity}]}': "not valid JSON",
    "{1: 2}": "not valid JSON",
    '{"t": "\\ud800"}': "not valid JSON",
    '{"t": "\ud800"}': "not valid JSON",
    '{"t": "\0"}': "not valid JSON",
    "[1]": "must be a JSON object",
    "null": "must be a JSON object",
    '{"n": ' + "[" * 5000: "not valid JSON",
    '{"n": ' + "[" * 300 + "]" * 300 + "}": "nested more than 200 deep",
    '{"n": 1' + "0" * 5000 + "}": "not valid JSON",
}


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_json_object_is_told(text: str) -> None:
    with pytest.raises(MalformedArguments, match=MALFORMED[text]):
        read_arguments(text)


def test_what_is_one_is_read_exactly() -> None:
    assert read_arguments(" \n") == read_arguments("") == {}
    assert read_arguments('{"n": 123456789012345678901}') == {"n": 123456789012345678901}
    assert read_arguments('{"t": "\\u0000 \\ud83d\\ude00"}') == {"t": "\0 \U0001f600"}


@pytest.mark.parametrize("text", ['{"values": NaN}', '{"values": [-Infinity]}', '{"n": NaN}'])
def test_a_typed_function_takes_no_number_that_json_has_not(text: str) -> None:
    @tool
    def any_values(values: Any = None, n: float = 0) -> str:
        """Takes anything."""
        return str(values)

    said = any_values.read(ToolCall("c", "any_values", text))
    assert "they are not valid JSON" in str(said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(st.dictionaries(st.text(st.characters()), JSON) | JSON | st.text(st.characters()))
def test_nothing_that_is_written_raises(value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    sent = orjson.dumps(arguments_or(text.encode("utf-8", "replace").decode(), "malformed"))
    assert isinstance(orjson.loads(sent), dict)
    written(value).encode()
    canonical(text).encode()
    block = f"```tool_call\n{text}\n```"
    for name, arguments in text_protocol.parse(block, {"look"}):
        call = ToolCall("c", name, arguments)
        assert text_protocol.parse(block, {"look"}) or Message("assistant", "", (call,))


@pytest.mark.parametrize("depth", [100, 253, 300, 900])
def test_depth_breaks_no_format(depth: int) -> None:
    text = '{"a":' * depth + "1" + "}" * depth
    assert orjson.loads(orjson.dumps(arguments_or(text, "malformed")))
    call = text_protocol.parse(f'```tool_call\n{{"name": "a", "arguments": {text}}}\n```', set())
    assert call
    canonical("[" * 100_000).encode()
