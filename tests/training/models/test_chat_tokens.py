"""Conversations as ids: what was sampled is never tokenised again, unless the template breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="the extra `train` is not installed")

from outlay.ledger.errors import UsageError
from outlay.training.models.chat_tokens import ChatTokenizer

from ..tiny_llama import END, PLAIN, WITH_TOOLS, tokenizer

TEXTS = ["hello world", "what is it now"]
TOKENIZER = tokenizer(TEXTS)
TOOLS = [{"type": "function", "function": {"name": "lookup", "parameters": {}}}]
ASKED = [{"role": "user", "content": "what is it"}]
NEXT = {"role": "user", "content": "and now"}


def dialogue(template: str = PLAIN) -> tuple[ChatTokenizer, Any]:
    made = tokenizer(TEXTS, template)
    return ChatTokenizer(made, frozenset({made.eos_token_id})), made


def said(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def test_a_prompt_is_that_of_the_template() -> None:
    made, its = dialogue()
    (ids,) = [made.prompt(ASKED)]
    assert its.decode(ids) == "<|start|>user\nwhat is it<|end|>\n<|start|>assistant\n"
    assert list(ids) == its.apply_chat_template(
        ASKED, tokenize=True, add_generation_prompt=True, return_dict=False
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(2, 255), min_size=1, max_size=8), st.booleans())
def test_what_was_sampled_stays_as_it_was_sampled(reply: list[int], is_whole: bool) -> None:
    """Any ids, also such as no tokenizer gives for their text; a reply cut off gets its end."""
    made = ChatTokenizer(TOKENIZER, frozenset({TOKENIZER.eos_token_id}))
    prompt = made.prompt(ASKED)
    ids = [*reply, *([TOKENIZER.eos_token_id] if is_whole else [])]
    answer = said(TOKENIZER.decode(reply, skip_special_tokens=True))
    made.keep(ASKED, (), answer, (*prompt, *ids))
    found = made.prompt([*ASKED, answer, NEXT])
    assert found[: len(prompt) + len(ids)] == (*prompt, *ids)
    after = TOKENIZER.decode(found[len(prompt) + len(reply) :])
    assert after == f"{END}\n<|start|>user\nand now{END}\n<|start|>assistant\n"


def test_where_the_template_or_the_tools_break_the_prefix_it_is_tokenised_anew() -> None:
    forgetting = PLAIN.replace("{{ m.content }}", "{{ m.content if loop.last else '' }}")
    for template, tools in ((forgetting, TOOLS), (WITH_TOOLS, [])):
        made, its = dialogue(template)
        prompt = made.prompt(ASKED, TOOLS)
        reply = [*its.convert_tokens_to_ids(list("hello")), its.eos_token_id]
        assert its.decode(reply[:-1]) == "hello"
        made.keep(ASKED, TOOLS, said("hello"), (*prompt, *reply))
        talk = [*ASKED, said("hello"), NEXT]
        whole = its.apply_chat_template(
            talk, tools=tools or None, tokenize=False, add_generation_prompt=True
        )
        assert its.decode(made.prompt(talk, tools)) == whole
    assert its.decode(made.prompt(talk, TOOLS)) != whole


def test_calls_stand_once_and_as_objects() -> None:
    made, its = dialogue(WITH_TOOLS)
    call = {"id": "c", "function": {"name": "lookup", "arguments": '{"query": "it"}'}}
    told = said("") | {"tool_calls": [call]}
    assert '[lookup {"query": "it"}]<|end|>' in its.decode(made.prompt([*ASKED, told], TOOLS))
    own = '<tool_call>{"name": "lookup", "arguments": {"query": "it"}}</tool_call>'
    shown = its.decode(made.prompt([*ASKED, told | {"content": own}], TOOLS))
    assert f"assistant\n{own}<|end|>" in shown


def test_a_tokenizer_without_a_template_is_refused() -> None:
    made = tokenizer(TEXTS)
    made.chat_template = None
    with pytest.raises(UsageError, match="has no chat template"):
        ChatTokenizer(made, frozenset({1}))
