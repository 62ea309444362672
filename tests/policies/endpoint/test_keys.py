"""A key that no header can carry is told at the start, by every kind of policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.policies import Endpoint, Policy, policy
from outlay.policies.anthropic.messages import AnthropicMessages
from outlay.policies.endpoint.keys import check_key
from outlay.policies.gemini.gemini import Gemini
from outlay.policies.langchain.policy import LangChainPolicy
from outlay.policies.policy import check_ready
from outlay.policies.responses.responses import OpenAIResponses

URL = "http://127.0.0.1:9/v1"
KINDS: dict[str, Callable[[str], Policy]] = {
    "endpoint": lambda key: Endpoint("m", base_url=URL, api_key=key),
    "responses": lambda key: OpenAIResponses("m", base_url=URL, api_key=key),
    "gemini": lambda key: Gemini("m", base_url=URL, api_key=key),
    "anthropic": lambda key: AnthropicMessages("m", base_url=URL, api_key=key),
    "langchain": lambda key: LangChainPolicy("openai/m", base_url=URL, api_key=key),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["sk-secret\n", "sk-secret\r\n", " sk-secret", "sk-\nsecret", "sé"])
def test_keys_that_are_none(kind: str, key: str) -> None:
    with pytest.raises(UsageError, match=r"the key of .* has a line break.*: set \w+ to") as told:
        check_ready(KINDS[kind](key))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("kind", KINDS)
def test_sound_keys_are_taken(kind: str) -> None:
    check_ready(KINDS[kind]("sk-proj_A.b/c=="))


def test_routers_ask_each_of_their_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret\n")
    with pytest.raises(UsageError, match="set OPENAI_API_KEY to the key alone"):
        check_ready(policy("router:openai/a,openai/b"))


@given(st.text(min_size=1))
def test_what_is_taken_can_be_a_header(key: str) -> None:
    try:
        check_key(key, "m", "OUTLAY_API_KEY")
    except UsageError:
        return
    assert key.isascii()
    assert key.isprintable()
    assert key.strip() == key
