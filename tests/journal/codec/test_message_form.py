"""A message comes back from the journal as it was, from the old form too."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.codec import message_from, message_to
from outlay.journal.records import Message, ToolCall
from outlay.policies.endpoint.wire import chat_message

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ADDED = st.none() | st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), max_size=2)


def messages(added: st.SearchStrategy[Any]) -> st.SearchStrategy[Message]:
    calls = st.lists(st.builds(ToolCall, TEXT, TEXT, TEXT, added), max_size=2).map(tuple)
    return st.builds(
        Message, st.sampled_from(["system", "user", "assistant", "tool"]), TEXT, calls,
        st.none() | TEXT, added,
    )  # fmt: skip


@given(messages(ADDED))
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    again = message_from(orjson.loads(orjson.dumps(message_to(message))))
    assert (again, again.digest) == (message, message.digest)


@given(messages(st.none()))
def test_the_form_of_older_journals_is_read(message: Message) -> None:
    assert message_from(orjson.loads(orjson.dumps(chat_message(message)))) == message


def test_the_form_is_compact_and_of_no_provider() -> None:
    calls = (ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}", {"a": {"sign": "x"}}))
    assert message_to(Message("assistant", "", calls)) == {
        "role": "assistant",
        "content": "",
        "calls": [
            {"id": "c1", "name": "look", "arguments": "{}"},
            {"id": "c2", "name": "look", "arguments": "{}", "provider": {"a": {"sign": "x"}}},
        ],
    }
    assert message_to(Message("tool", "found", tool_call_id="c1")) == {
        "role": "tool",
        "content": "found",
        "call_id": "c1",
    }


@given(messages(ADDED), messages(ADDED))
def test_a_digest_tells_messages_apart(one: Message, other: Message) -> None:
    assert (one.digest == other.digest) == (one == other)
