"""Notices: their words are pinned, they survive the journal, and the old words are read back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from outlay.journal.codec import observation_from, refusal_from
from outlay.journal.events import Event
from outlay.journal.notice_form import cleaned, notice_from, notice_to
from outlay.journal.notice_text import for_policy, told
from outlay.journal.notices import (
    AnswerChecked,
    CallTargetReached,
    CancelledCall,
    CriticAdvice,
    CutOutput,
    DeniedCall,
    FailedCall,
    InvalidArguments,
    Notice,
    RefusedCall,
    RestoredTools,
    SeveralNotices,
    TimedOutCall,
    UnchangedPlan,
    UnknownOutcome,
    UnknownTool,
    UnpricedCall,
    UnreadOutput,
    WithdrawnTools,
    combined,
    notices_of,
)
from outlay.journal.old.sentences import notice_in
from outlay.journal.records import Message, Observation, ToolCall
from outlay.ledger.account import Shortfall
from outlay.policies.endpoint.wire import chat_message

TOLD: list[tuple[Notice, str]] = [
    (
        RefusedCall(
            tool="open", resource="usd", account="the run", limit=Decimal("0.016"),
            spent=Decimal("0.015"), asked=Decimal("0.003"),
        ),
        "Not run: the run has 0.001 of 0.016 usd left, and 0.003 would be needed.",
    ),
    (
        RefusedCall(
            tool="open", resource="tool_calls.open", account="the run", limit=2, spent=2, asked=1
        ),
        "Not run: the run has 0 of 2 tool_calls.open left, and 1 would be needed.",
    ),
    (
        RefusedCall(tool="open", resource="seconds", account="the run", limit=0.5),
        "Not run: the deadline of the run (0.5 s) has passed.",
    ),
    (
        RefusedCall(tool="open", resource="closed", account="the run"),
        "Not run: the run is closed: a bill came in above its hold.",
    ),
    (
        DeniedCall(tool="pay", why="this call of pay was not approved"),
        "Not run: this call of pay was not approved.",
    ),
    (
        CriticAdvice(tool="pay", why="Too dear."),
        "Not run. A critic says: Too dear.\nTo run it all the same, call it again.",
    ),
    (
        UnknownTool(tool="opne", known=("open", "search")),
        "Error: there is no tool 'opne'; the tools are: open, search",
    ),
    (UnknownTool(tool="x"), "Error: there is no tool 'x'; no tools are given"),
    (
        UnknownTool(tool="x", search="tool_search", hidden=99),
        "Error: there is no tool 'x'; find one of the 99 tools with tool_search",
    ),
    (
        InvalidArguments(tool="open", why="wrong arguments for open: 'name' is missing"),
        "Error: wrong arguments for open: 'name' is missing",
    ),
    (UnpricedCall(tool="open", why="the price is odd"), "Error: the price is odd"),
    (
        FailedCall(tool="open", why="ValueError: no", how="raised"),
        "Error: ValueError: no",
    ),
    (TimedOutCall(tool="open", seconds=0.5), "Error: open gave no result within 0.5 seconds"),
    (
        TimedOutCall(tool="pay", seconds=2, effects=True),
        "Error: pay gave no result within 2 seconds. It may or may not have taken effect; check "
        "before you call it again.",
    ),
    (
        UnknownOutcome(tool="pay", why="the deadline of the budget passed"),
        "The outcome of this call of pay is unknown: the deadline of the budget passed while it "
        "was under way. It may or may not have taken effect; check before you call it again.",
    ),
    (CancelledCall(tool="open"), "Cancelled: the deadline of the budget has passed."),
    (
        UnknownOutcome(tool="pay"),
        "The outcome of this call of pay is unknown: the run was interrupted while it was under "
        "way. It may or may not have taken effect; check before you call it again.",
    ),
    (
        CutOutput(left_out=1234, start=60, ref="ab12"),
        '[… 1,234 characters left out; read on with recall(ref="ab12", start=60) …]',
    ),
    (
        CutOutput(left_out=1, start=60, why="No space left on device"),
        "[… 1 characters left out; they could not be kept (No space left on device) …]",
    ),
    (UnreadOutput(shown=60), "[cut: no budget is left to read more]"),
    (
        WithdrawnTools(tools=("open", "search")),
        "Used up, and no longer available: open, search.",
    ),
    (RestoredTools(tools=("open",)), "Available again: open."),
    (
        AnswerChecked(why="One is open.", unmet=(("open", "a city"),), advice="Look it up."),
        "Your answer was checked. One is open.\n- open: a city\nLook it up.\nDig deeper.",
    ),
    (AnswerChecked(why=""), "Your answer was checked.\nDig deeper."),
    (
        UnchangedPlan(faults=("there is no step 4", "step 1 is done")),
        "Your plan was not changed where it could not be followed: there is no step 4; step 1 is "
        "done.",
    ),
    (
        CallTargetReached(calls=3),
        "That was tool call 3, as many as this task was meant to take: finish now, unless a "
        "single call more decides it.",
    ),
]  # fmt: skip
NAMES = [f"{type(notice).__name__}-{place}" for place, (notice, _) in enumerate(TOLD)]


@pytest.mark.parametrize(("notice", "words"), TOLD, ids=NAMES)
def test_the_words_are_pinned(notice: Notice, words: str) -> None:
    assert for_policy(notice) == words


@pytest.mark.parametrize("notice", [notice for notice, _ in TOLD], ids=NAMES)
def test_a_notice_survives_the_journal(notice: Notice) -> None:
    seen = told(ToolCall("1", "open"), combined(notice, UnreadOutput(shown=9)) or notice)
    event = Event("r", 0, "settle", body={"observation": seen.to_dict()})
    assert notice_from(notice_to(notice)) == notice
    assert notices_of(observation_from(event).notice) == (notice, UnreadOutput(shown=9))


OLD = (
    RefusedCall, DeniedCall, CriticAdvice, UnknownTool, InvalidArguments, FailedCall,
    TimedOutCall, CancelledCall, UnknownOutcome,
)  # fmt: skip
LATER = (
    TimedOutCall(tool="pay", seconds=2, effects=True),
    UnknownOutcome(tool="pay", why="the deadline of the budget passed"),
)
"""What old versions did not tell."""
ERRORS = [pair for pair in TOLD if isinstance(pair[0], OLD) and pair[0] not in LATER]


@pytest.mark.parametrize(("notice", "words"), ERRORS)
def test_the_words_of_old_journals_are_read_back(notice: Notice, words: str) -> None:
    body = {"observation": {"call_id": "1", "tool": "open", "text": words, "error": True}}
    assert type(observation_from(Event("r", 0, "settle", body=body)).notice) is type(notice)
    fine = {"observation": {"call_id": "1", "tool": "open", "text": words}}
    assert observation_from(Event("r", 0, "settle", body=fine)).notice is None


def test_old_refusals_have_their_numbers() -> None:
    body = {"name": "open", "why": TOLD[0][1], "resource": "usd", "account": "the run"}
    found = refusal_from(Event("r", 0, "refused", body=body)).notice
    assert isinstance(found, RefusedCall)
    assert (found.left, found.limit, found.asked) == (
        Decimal("0.001"), Decimal("0.016"), Decimal("0.003"),
    )  # fmt: skip
    assert notice_in("Vokizu was born in Navazi.") is None


def test_a_shortfall_is_told_as_it_says_itself() -> None:
    short = Shortfall(
        account="suite", resource="usd", limit=Decimal("1.50"), spent=Decimal("1.5"),
        asked=Decimal("0.1"),
    )  # fmt: skip
    assert for_policy(RefusedCall.of("open", short)) == f"Not run: {short}."


def test_a_notice_is_part_of_no_hash() -> None:
    notice = UnreadOutput(shown=1)
    plain = Message("tool", "x", tool_call_id="1")
    noticed = Message("tool", "x", tool_call_id="1", notice=notice)
    assert (plain, plain.digest) == (noticed, noticed.digest)
    assert chat_message(plain) == chat_message(noticed)
    assert Observation("1", "open", "x") == Observation("1", "open", "x", notice=notice)


def test_notices_of_a_later_version_are_left_out() -> None:
    assert notice_from({"kind": "of tomorrow", "much": 1}) is None
    later = {**notice_to(UnreadOutput(shown=1)), "much": 1}
    assert notice_from(later) == UnreadOutput(shown=1)


def test_every_text_of_a_notice_is_cleaned() -> None:
    notice = SeveralNotices(
        notices=(FailedCall(tool="a", why="key"), WithdrawnTools(tools=("key",)))
    )
    clean = cleaned(notice, lambda text: text.replace("key", "…"))
    assert [for_policy(part) for part in clean.notices] == [
        "Error: …", "Used up, and no longer available: ….",
    ]  # fmt: skip
