"""Hashes of requests: each version stays as it is."""

from __future__ import annotations

from importlib import import_module

import pytest

from outlay.journal.codec.request_hash import is_old, request_hash, tools_hash
from outlay.journal.old.request_hash import old_request_hash, old_tools_hash
from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.policies.endpoint import wire

TOOLS = (ToolSpec("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}}),)
MESSAGES = (
    Message("system", "Be brief."),
    Message("user", "Où?"),
    Message("assistant", "", (ToolCall("c1", "look", '{"at": "x"}'),)),
    Message("tool", "found", tool_call_id="c1"),
)

OLD = "0acde9262dba270547a49c5f8de6364b"


def old(request: Request) -> str:
    return old_request_hash("m", request, old_tools_hash(request.tools))


def new(request: Request) -> str:
    return request_hash("m", request, tools_hash(request.tools))


def test_both_versions_stay() -> None:
    request = Request(MESSAGES, TOOLS, "none", max_tokens=7, temperature=0.5, seed=3)
    assert old(request) == "8a984a270f2a199624c957d95a3d9335"
    assert old(Request(MESSAGES, TOOLS, samples=3)) == OLD
    assert new(request) == "2:a12d5186ac92eb95100ba8945ffc4722"
    assert is_old(old(request))
    assert not is_old(new(request))


def test_the_old_version_has_an_encoder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("chat_message", "chat_tool", "_chat_call"):
        monkeypatch.setattr(wire, name, lambda *_: {"nothing": "as before"})
    module = import_module("outlay.journal.old.request_hash")
    module._digest.cache_clear()
    assert old(Request(MESSAGES, TOOLS, samples=3)) == OLD


@pytest.mark.parametrize(
    "other",
    [
        Request(MESSAGES, TOOLS, seed=4),
        Request(MESSAGES, (), seed=3),
        Request(MESSAGES[:-1], TOOLS, seed=3),
        Request(MESSAGES, TOOLS, "none", seed=3),
        Request(MESSAGES, TOOLS, seed=3, samples=2),
        Request((*MESSAGES[:-1], Message("tool", "gone", tool_call_id="c1")), TOOLS, seed=3),
    ],
)
def test_what_changes_the_reply_changes_the_hash(other: Request) -> None:
    request = Request(MESSAGES, TOOLS, seed=3)
    assert new(other) != new(request)
    assert old(other) != old(request)
