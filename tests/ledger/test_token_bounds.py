"""Token bounds: never below what any byte-level BPE counts, and exact where a bill is known."""

from __future__ import annotations

import hashlib
import socket
import unicodedata

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, ToolCall, ToolSpec
from outlay.ledger import tiktoken_encodings, token_bounds
from outlay.ledger.token_bounds import (
    HIDDEN,
    HIDDEN_WITH_TOOLS,
    BilledPrefix,
    TokenBounds,
    byte_bound,
)
from outlay.policies.endpoint.wire import tool_bytes

MERGES = (b"th", b"he", b"the", b"in", b"\xc3\xa9", b"\xe4\xb8", b"  ", b"\n\n", b'":')
TOY = tiktoken.Encoding(
    "toy",
    pat_str=r"\p{L}+|\p{N}+|[^\p{L}\p{N}]+",
    mergeable_ranks={
        **{bytes([b]): b for b in range(256)},
        **{merge: 256 + rank for rank, merge in enumerate(MERGES)},
    },
    special_tokens={"<|start|>": 1000, "<|end|>": 1001},
)
SEARCH = ToolSpec("search", "Finds facts.", {"type": "object", "properties": {"q": {}}})

texts = st.text()
calls = st.builds(ToolCall, texts, texts, texts)
messages = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    texts,
    st.lists(calls, max_size=2).map(tuple),
    st.none() | texts,
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """Fails a test that reaches for the network; the cache of encodings is empty."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a test reached for the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    tiktoken_encodings._load.cache_clear()
    yield
    tiktoken_encodings._load.cache_clear()


def tokens(text: str) -> int:
    return max(
        len(TOY.encode_ordinary(form)) for form in (text, unicodedata.normalize("NFKC", text))
    )


def rendered(prompt: list[Message]) -> int:
    """Returns the tokens of a prompt as a server with the toy encoding writes it down."""
    total = 0
    for message in prompt:
        total += 2 + tokens(message.role) + tokens(message.content)
        total += tokens(message.tool_call_id or "")
        for call in message.tool_calls:
            total += 3 + tokens(call.id) + tokens(call.name) + tokens(call.arguments)
    return total + 3


@given(texts)
def test_no_byte_level_tokeniser_exceeds_the_bytes(text):
    assert tokens(text) <= byte_bound(text)


@given(st.text(alphabet="\ufdfa\u3392ﬁ①é", min_size=1))
def test_texts_that_normalisation_makes_longer_are_covered(text):
    assert tokens(text) <= byte_bound(text)


@given(st.lists(messages, max_size=5), st.data())
def test_a_prompt_never_has_more_tokens_than_its_bound(prompt, data):
    book = TokenBounds("some-model")
    seen = data.draw(st.integers(0, len(prompt)))
    known = BilledPrefix(seen, rendered(prompt[:seen])) if seen else None
    assert rendered(prompt) <= book.request(prompt, (), known)


@given(st.lists(messages, min_size=1, max_size=5), st.integers(0, 10**6))
def test_what_was_billed_is_covered_the_next_time(prompt, billed):
    book = TokenBounds("some-model")
    book.learn(book.plain(prompt), billed)
    assert book.request(prompt) >= billed


def test_only_the_new_suffix_is_uncertain():
    book = TokenBounds("some-model")
    prompt = [Message("user", "x" * 1000), Message("assistant", "yes"), Message("user", "go on")]
    bound = book.request(prompt, (SEARCH,), BilledPrefix(1, 77))
    assert bound == 77 + 3 + 5 + 3 * token_bounds.MESSAGE


def test_the_first_call_is_an_estimate_and_bills_replace_it():
    book = TokenBounds("some-model")
    prompt = [Message("user", "hello")]
    assert book.request(prompt) == book.plain(prompt) + HIDDEN
    assert book.request(prompt, (SEARCH,)) == book.plain(prompt, (SEARCH,)) + HIDDEN_WITH_TOOLS
    book.learn(book.plain(prompt), 3)
    assert book.request(prompt) == book.plain(prompt)
    book.learn(10, 35)
    book.learn(10, 20)
    assert book.allowance(with_tools=True) == 25


def test_tool_calls_and_schemas_count():
    book = TokenBounds("some-model")
    bare = Message("assistant", "")
    asking = Message("assistant", "", (ToolCall("c1", "search", '{"q": "a long question"}'),))
    assert book.plain([asking]) >= book.plain([bare]) + len('{"q": "a long question"}')
    assert book.plain([bare], (SEARCH,)) >= book.plain([bare]) + len(tool_bytes(SEARCH))


def test_what_a_provider_gets_back_counts():
    book = TokenBounds("some-model")
    call = ToolCall("c1", "search", "{}")
    signed = ToolCall("c1", "search", "{}", {"a": {"signature": "x" * 40}})
    plain = book.plain([Message("assistant", "", (call,))])
    thought = Message("assistant", "", (signed,), provider={"a": {"reasoning": "y" * 50}})
    assert book.plain([thought]) >= plain + 90


def test_a_message_is_counted_once_in_its_life(monkeypatch):
    book = TokenBounds("some-model")
    prompt = [Message("user", "hello")]
    first = book.plain(prompt)
    monkeypatch.setattr(book, "_text", None)
    assert book.plain([Message("user", "hello")]) == first


def test_the_memory_of_counted_messages_is_bounded(monkeypatch):
    monkeypatch.setattr(token_bounds, "_REMEMBERED", 10)
    book = TokenBounds("some-model")
    for number in range(100):
        book.plain([Message("user", str(number))])
    assert len(book._messages) <= 10


@pytest.mark.parametrize("model", ["openai/gpt-5-mini", "openai:gpt-4o", "https://h/v1#gpt-4o"])
def test_without_the_file_bytes_are_counted_and_nothing_is_fetched(model):
    assert TokenBounds(model).counts == "bytes"


def test_a_model_that_tiktoken_does_not_name_counts_bytes():
    assert TokenBounds("anthropic/claude-sonnet-4-5").counts == "bytes"


def test_a_file_with_a_wrong_hash_is_neither_used_nor_deleted():
    path = tiktoken_encodings.cached_file("o200k_base")
    path.write_bytes(b"IQ== 0\n")
    assert TokenBounds("gpt-5-mini").counts == "bytes"
    assert path.exists()


def test_a_failure_is_remembered_for_the_process(monkeypatch):
    assert TokenBounds("gpt-5-mini").counts == "bytes"
    monkeypatch.setattr(tiktoken_encodings, "cached_file", None)
    assert TokenBounds("gpt-5-mini").counts == "bytes"


def test_an_encoding_whose_file_is_here_is_used(monkeypatch):
    path = tiktoken_encodings.cached_file("cl100k_base")
    path.write_bytes(b"the ranks")
    digest = hashlib.sha256(b"the ranks").hexdigest()
    monkeypatch.setitem(tiktoken_encodings._FILES, "cl100k_base", (path.name, digest))
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: TOY)
    book = TokenBounds("gpt-4")
    assert book.plain([Message("user", "the the")]) == len(TOY.encode("the the")) + 32


def test_an_empty_cache_folder_means_no_cache(monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert tiktoken_encodings.cached_file("o200k_base") is None


@pytest.mark.parametrize("name", sorted(tiktoken_encodings._FILES))
def test_the_names_in_the_cache_are_those_that_tiktoken_uses(name):
    base = name.replace("harmony", "base")
    url = f"https://openaipublic.blob.core.windows.net/encodings/{base}.tiktoken"
    assert tiktoken_encodings.cached_file(name).name == hashlib.sha1(url.encode()).hexdigest()


def test_very_long_texts_are_counted_by_bytes(monkeypatch):
    monkeypatch.setattr(TokenBounds, "_encoding", TOY)
    text = "the" * 50_000
    assert TokenBounds("m").plain([Message("user", text)]) == len(text) + 32
