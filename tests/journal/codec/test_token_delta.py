"""Sampled tokens on their way through the journal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.codec import TokenDeltas, restored
from outlay.journal.events import Event
from outlay.journal.records import Sampled

IDS = st.lists(st.integers(0, 3), max_size=12).map(tuple)


@st.composite
def conversations(draw: st.DrawFn) -> list[Sampled]:
    """Calls whose prompts go on from the one before, break off within it, or are not told."""
    calls: list[Sampled] = []
    known: tuple[int, ...] = ()
    for reply in draw(st.lists(IDS, max_size=6)):
        kept = draw(st.integers(0, len(known)))
        new = draw(st.none() | IDS)
        prompt = None if new is None else known[:kept] + new
        calls.append(
            Sampled(prompt=prompt, ids=reply, logprobs=(-0.5,) * len(reply), tokenizer="w")
        )
        known = known if prompt is None else prompt + reply
    return calls


@given(conversations())
def test_what_is_written_comes_back(calls: list[Sampled]) -> None:
    sequences = TokenDeltas()
    settles = [
        Event("r", n, "settle", body={"hold": str(n), "reply": sequences.written(str(n), call)})
        for n, call in enumerate(calls)
    ]
    assert list(restored(settles).values()) == calls


@given(st.lists(IDS, min_size=1, max_size=8))
def test_prompts_that_grow_are_written_once(turns: list[tuple[int, ...]]) -> None:
    sequences, prompt, written = TokenDeltas(), (7,), 0
    for place, reply in enumerate(turns):
        sampled = Sampled(prompt=prompt, ids=reply, logprobs=(), tokenizer="w")
        told = sequences.written(str(place), sampled)["sampled"]
        written += len(told["prompt"]) + len(told["ids"])
        prompt = (*prompt, *reply, 8)
    assert written == len(prompt) - 1


def test_a_reply_without_tokens_writes_nothing() -> None:
    assert TokenDeltas().written("h", None) == {}
    assert restored([Event("r", 0, "settle", body={"hold": "h", "reply": {}})]) == {}
