"""Bounds on prompts whose bills are now and then partial."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outlay.agent.effects.cost_bounds import is_whole
from outlay.journal.codec import SentPrompts
from outlay.journal.records import Message
from outlay.ledger.token_bounds import BilledPrefix, TokenBounds

SIZES = st.lists(st.integers(0, 4_000), min_size=1, max_size=6)


@given(SIZES, st.lists(st.booleans(), min_size=6, max_size=6), st.integers(0, 600))
def test_a_longer_prompt_never_has_fewer_known_tokens(
    sizes: list[int], partial: list[bool], hidden: int
) -> None:
    """A token is four characters, the server adds `hidden`, and reports the new part alone where
    it likes, as long as that is less than it has reported of the prefix."""
    sent, tokens = SentPrompts(), TokenBounds("some-model")
    prompt: tuple[Message, ...] = ()
    known, has_bill = 0, False
    for number, size in enumerate(sizes):
        prompt = (*prompt, Message("user", f"{number:04}" + "abcd" * size))
        true = hidden + sum(len(message.content) // 4 for message in prompt)
        match = sent.match(prompt)
        assert match.known_tokens >= known
        known = match.known_tokens
        found = BilledPrefix(match.known_messages, known) if match.known_messages else None
        assert not has_bill or true <= tokens.request(prompt, (), found)
        billed = min(size, max(known - 1, 0)) if partial[number] and has_bill else true
        if is_whole(prompt, match, billed):
            has_bill = True
            sent.add(f"call{number}", prompt, billed)
            tokens.learn(tokens.plain(prompt), billed)
